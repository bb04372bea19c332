// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Phases of the plan go to the layers as batches. Before each phase the ops whose prerequisite
 * failed are held back: without that a failed SNAT commit would let connections through un-NATed,
 * and conntrack would keep them so for their whole life.
 */
#include <ezlb/reconcile.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Ops that one call of a layer may carry: nothing in a phase waits for another op in it. */
static int phase_of(const struct ezlb_op *op)
{
	switch (op->kind) {
	case EZLB_OP_HOST_SET:
		return op->setting.setting < EZLB_IP6_FORWARD ? 0 : 1;
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_VIP_ADD:
		return 1;
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_ACCEPT_ADD:
		return 2;
	case EZLB_OP_SNAT_SETUP:
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
		return 3;
	case EZLB_OP_SERVICE_ADD:
	case EZLB_OP_SERVICE_SET:
		return 4;
	case EZLB_OP_DEST_ADD:
	case EZLB_OP_DEST_SET:
	case EZLB_OP_DEST_DEL:
		return 5;
	case EZLB_OP_SERVICE_DEL:
		return 6;
	case EZLB_OP_SNAT_DEL:
	case EZLB_OP_SNAT_TEARDOWN:
		return 7;
	case EZLB_OP_ACCEPT_DEL:
	case EZLB_OP_FIREWALL_TEARDOWN:
		return 8;
	case EZLB_OP_VIP_DEL:
	case EZLB_OP_LINK_DEL:
	case EZLB_OP_HOST_RESET:
		return 9;
	case EZLB_OPS:
		break;
	}
	abort();
}

/* What went wrong so far in this plan, sorted, for the prerequisites of later ops. */
struct failures {
	bool by_listener; /* how SNAT rows are keyed */
	bool settings[2]; /* that SNAT needs, for IPv4 and for IPv6 */
	bool accept_ra;	  /* without it a host that forwards IPv6 loses its default route */
	bool snat_frame, any_dest_del;
	bool dests_unknown;	     /* ipvs could not be read or written as a whole */
	struct ezlb_scope services;  /* service-add failed */
	struct ezlb_snats snats;     /* snat-add or snat-set failed */
	struct ezlb_snats lingering; /* dest-del failed or was held: its SNAT is still in use */
};

static void failures_clear(struct failures *f)
{
	EZLB_VEC_CLEAR(&f->services);
	EZLB_VEC_CLEAR(&f->snats);
	EZLB_VEC_CLEAR(&f->lingering);
}

/* The key of the row that a dest relies on. */
static struct ezlb_snat_row snat_of(const struct failures *f, const struct ezlb_dest_row *dest)
{
	return (struct ezlb_snat_row){ .proto = dest->service.proto,
				       .backend = f->by_listener ? dest->service.listen
								 : dest->endpoint };
}

/* Without these a connection goes to its backend with the client's address, or not back at all. */
static void note_setting(struct failures *f, enum ezlb_setting setting)
{
	switch (setting) {
	case EZLB_VS_CONNTRACK:
		f->settings[0] = f->settings[1] = true;
		break;
	case EZLB_IP_TABLES:
	case EZLB_IP_FORWARD:
		f->settings[0] = true;
		break;
	case EZLB_IP6_TABLES:
	case EZLB_IP6_FORWARD:
		f->settings[1] = true;
		break;
	case EZLB_ACCEPT_RA:
		f->accept_ra = true;
		break;
	case EZLB_VS_EXPIRE_NODEST:
	case EZLB_ARP_IGNORE:
	case EZLB_ARP_ANNOUNCE:
	case EZLB_SETTINGS:
		break;
	}
}

static void note(struct failures *f, const struct ezlb_op *op)
{
	switch (op->kind) {
	case EZLB_OP_HOST_SET:
		note_setting(f, op->setting.setting);
		break;
	case EZLB_OP_SNAT_SETUP:
		f->snat_frame = true;
		break;
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
		*EZLB_PUSH(&f->snats) = op->snat;
		break;
	case EZLB_OP_SERVICE_ADD:
		*EZLB_PUSH(&f->services) = op->service.key;
		break;
	case EZLB_OP_DEST_DEL:
		*EZLB_PUSH(&f->lingering) = snat_of(f, &op->dest);
		f->any_dest_del = true;
		break;
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_VIP_ADD:
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_ACCEPT_ADD:
	case EZLB_OP_SERVICE_SET:
	case EZLB_OP_DEST_ADD:
	case EZLB_OP_DEST_SET:
	case EZLB_OP_SERVICE_DEL:
	case EZLB_OP_SNAT_DEL:
	case EZLB_OP_SNAT_TEARDOWN:
	case EZLB_OP_ACCEPT_DEL:
	case EZLB_OP_FIREWALL_TEARDOWN:
	case EZLB_OP_VIP_DEL:
	case EZLB_OP_LINK_DEL:
	case EZLB_OP_HOST_RESET:
	case EZLB_OPS:
		break;
	}
}

/* Its source NAT is not in place, or would not be consulted. */
static bool lacks_snat(const struct failures *f, const struct ezlb_dest_row *dest)
{
	const struct ezlb_snat_row snat = snat_of(f, dest);
	int family = dest->service.listen.addr.family == AF_INET6;

	return f->settings[family] || f->snat_frame ||
	       EZLB_FIND(&f->snats, &snat, ezlb_snat_row_cmp);
}

static bool must_wait(const struct failures *f, const struct ezlb_op *op)
{
	switch (op->kind) {
	case EZLB_OP_DEST_ADD:
	case EZLB_OP_DEST_SET:
		if (EZLB_FIND(&f->services, &op->dest.service, ezlb_service_key_cmp))
			return true;
		return op->dest.full_nat && lacks_snat(f, &op->dest);
	case EZLB_OP_SNAT_DEL:
		return f->dests_unknown || EZLB_FIND(&f->lingering, &op->snat, ezlb_snat_row_cmp);
	case EZLB_OP_SNAT_TEARDOWN:
		return f->dests_unknown || f->any_dest_del;
	case EZLB_OP_HOST_SET:
		return f->accept_ra && op->setting.setting == EZLB_IP6_FORWARD;
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_VIP_ADD:
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_ACCEPT_ADD:
	case EZLB_OP_SNAT_SETUP:
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
	case EZLB_OP_SERVICE_ADD:
	case EZLB_OP_SERVICE_SET:
	case EZLB_OP_DEST_DEL:
	case EZLB_OP_SERVICE_DEL:
	case EZLB_OP_ACCEPT_DEL:
	case EZLB_OP_FIREWALL_TEARDOWN:
	case EZLB_OP_VIP_DEL:
	case EZLB_OP_LINK_DEL:
	case EZLB_OP_HOST_RESET:
	case EZLB_OPS:
		break;
	}
	return false;
}

static void run_batch(struct ezlb_layer *layer, struct ezlb_op **batch, size_t n,
		      struct ezlb_err *err)
{
	int rc;

	/* The layer could not be read in this pass: what it holds is unknown, so hands off. */
	if (err->code != 0) {
		for (size_t i = 0; i < n; i++)
			batch[i]->rc = -err->code;
		return;
	}
	rc = layer->apply(layer, batch, n, err);
	if (rc < 0 && err->code == 0)
		ezlb_err_sys(err, -rc, "cannot write");
}

static void run_phase(const struct ezlb_dataplane *dp, struct ezlb_op *ops, size_t n,
		      struct failures *f, struct ezlb_layer_errs *errs)
{
	EZLB_AUTO_FREE struct ezlb_op **batch = ezlb_calloc(n, sizeof(struct ezlb_op *));
	enum ezlb_layer_kind layer = ezlb_op_layer(ops[0].kind);
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		if (ops[i].rc == EZLB_HELD || must_wait(f, &ops[i]))
			ops[i].rc = EZLB_HELD;
		else
			batch[len++] = &ops[i];
	if (len > 0)
		run_batch(dp->layer[layer], batch, len, &errs->layer[layer]);
	for (size_t i = 0; i < n; i++)
		if (ops[i].rc != 0)
			note(f, &ops[i]);
	EZLB_SORT(&f->services, ezlb_service_key_cmp);
	EZLB_SORT(&f->snats, ezlb_snat_row_cmp);
	EZLB_SORT(&f->lingering, ezlb_snat_row_cmp);
}

bool ezlb_reconcile_apply(const struct ezlb_dataplane *dp, struct ezlb_plan *plan,
			  struct ezlb_layer_errs *errs)
{
	struct failures f = { .by_listener = dp->layer[EZLB_LAYER_SNAT]->by_listener };
	size_t begin = 0;

	while (begin < plan->len) {
		int phase = phase_of(&plan->items[begin]);
		size_t end = begin;

		f.dests_unknown = errs->layer[EZLB_LAYER_IPVS].code != 0;
		while (end < plan->len && phase_of(&plan->items[end]) == phase)
			end++;
		run_phase(dp, &plan->items[begin], end - begin, &f, errs);
		begin = end;
	}
	failures_clear(&f);
	return ezlb_plan_ok(plan);
}
