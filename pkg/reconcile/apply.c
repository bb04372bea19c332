// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each phase of the plan goes to its layer as one batch. Before each phase, ops whose prerequisite
 * failed are held: otherwise, after a failed SNAT commit, new connections would start without SNAT
 * and stay so for their whole life.
 */
#include <ezlb/reconcile.h>

#include <errno.h>
#include <sys/socket.h>

struct snat_keys EZLB_VEC(struct ezlb_snat_key);

/* What became of the plan so far, mostly failures, sorted, for the prerequisites of later ops. */
struct failures {
	enum ezlb_snat_key_kind snat_key; /* of the SNAT layer */
	unsigned stopped;		  /* mask of needs: a setting for source NAT failed */
	bool accept_ra; /* without it a host that forwards IPv6 loses its default route */
	bool snat_frame, toa_frame, any_dest_del;
	bool any_dest;		    /* dest-add, -set, -del or service-del */
	bool dests_unknown;	    /* the IPVS layer failed as a whole */
	struct ezlb_scope services; /* service-add failed */
	struct snat_keys snats;	    /* snat-add or snat-set failed */
	struct snat_keys lingering; /* dest-del failed or was held: its SNAT row is still in use */
	const struct ezlb_vip_needs *needs; /* of the plan */
	struct ezlb_scope working; /* no failure: services that have got a dest with a weight */
	struct ezlb_addrs unmoved; /* vip-add failed or was held: it stays on another link */
	struct ezlb_addrs present; /* vip-del failed or was held */
	struct ezlb_addrs guarded; /* guard-del failed or was held */
};

static void failures_clear(struct failures *f)
{
	EZLB_VEC_CLEAR(&f->services);
	EZLB_VEC_CLEAR(&f->snats);
	EZLB_VEC_CLEAR(&f->lingering);
	EZLB_VEC_CLEAR(&f->working);
	EZLB_VEC_CLEAR(&f->unmoved);
	EZLB_VEC_CLEAR(&f->present);
	EZLB_VEC_CLEAR(&f->guarded);
}

static struct ezlb_snat_key snat_of(const struct failures *f, const struct ezlb_dest_row *dest)
{
	return ezlb_snat_key_of(f->snat_key, &dest->service, &dest->endpoint);
}

static void note_setting(struct failures *f, enum ezlb_setting setting)
{
	const struct ezlb_setting_facts *facts = ezlb_setting_facts(setting);

	if (facts->serves_snat)
		f->stopped |= facts->stops;
	f->accept_ra |= setting == EZLB_ACCEPT_RA;
}

/* Records the failures that hold later ops. */
static void note(struct failures *f, const struct ezlb_op *op)
{
	bool del = ezlb_op_action(op->kind) == EZLB_ACTION_DEL;

	if (op->kind == EZLB_OP_HOST_SET)
		note_setting(f, op->setting.setting);
	else if (op->kind == EZLB_OP_SNAT_SETUP)
		f->snat_frame = true;
	else if (op->kind == EZLB_OP_TOA_SETUP)
		f->toa_frame = true;
	else if (ezlb_op_object(op->kind) == EZLB_OBJECT_SNAT && !del)
		*EZLB_PUSH(&f->snats) = op->snat.key;
	else if (op->kind == EZLB_OP_SERVICE_ADD)
		*EZLB_PUSH(&f->services) = op->service.key;
	else if (op->kind == EZLB_OP_VIP_ADD)
		*EZLB_PUSH(&f->unmoved) = op->vip.addr;
	else if (op->kind == EZLB_OP_VIP_DEL)
		*EZLB_PUSH(&f->present) = op->vip.addr;
	else if (op->kind == EZLB_OP_GUARD_DEL)
		*EZLB_PUSH(&f->guarded) = op->guard.addr;
	f->any_dest |= ezlb_op_object(op->kind) == EZLB_OBJECT_DEST ||
		       op->kind == EZLB_OP_SERVICE_DEL;
	if (op->kind != EZLB_OP_DEST_DEL)
		return;
	*EZLB_PUSH(&f->lingering) = snat_of(f, &op->dest);
	f->any_dest_del = true;
}

static void note_done(struct failures *f, const struct ezlb_op *op)
{
	if ((op->kind == EZLB_OP_DEST_ADD || op->kind == EZLB_OP_DEST_SET) && op->dest.weight > 0)
		*EZLB_PUSH(&f->working) = op->dest.service;
}

/* Whether the dest's source NAT row is missing, or a setting makes it ineffective. */
static bool lacks_snat(const struct failures *f, const struct ezlb_dest_row *dest)
{
	const struct ezlb_snat_key snat = snat_of(f, dest);
	bool ip6 = dest->service.listen.addr.family == AF_INET6;
	unsigned need = 1u << (ip6 ? EZLB_NEED_NAT6 : EZLB_NEED_NAT4);

	return f->stopped & need || f->snat_frame || EZLB_FIND(&f->snats, &snat, ezlb_snat_key_cmp);
}

/* None of the services on it can take a connection. */
static bool lacks_service(const struct failures *f, const struct ezlb_addr *addr)
{
	const struct ezlb_vip_need from = { .addr = *addr };
	size_t first = EZLB_FIRST(f->needs, &from, ezlb_vip_need_cmp), i = first;

	for (; i < f->needs->len && ezlb_addr_cmp(&f->needs->items[i].addr, addr) == 0; i++)
		if (f->needs->items[i].ready ||
		    ezlb_scope_has(&f->working, &f->needs->items[i].service))
			return false;
	return i > first;
}

/* The packets of a dest on this host would be rejected. */
static bool is_guarded(const struct failures *f, const struct ezlb_dest_row *dest)
{
	const struct ezlb_addr *addr = dest->forward == EZLB_MASQ ? &dest->endpoint.addr
								  : &dest->service.listen.addr;

	if (dest->forward != EZLB_MASQ && dest->service.fwmark)
		return f->guarded.len > 0;
	return EZLB_FIND(&f->guarded, addr, ezlb_addr_row_cmp) != NULL;
}

/* A guard stays until the address has gone, and begins after a dest on this host has gone. */
static bool guard_waits(const struct failures *f, const struct ezlb_op *op)
{
	if (op->kind == EZLB_OP_GUARD_ADD)
		return f->dests_unknown || (op->guard.by_dest && f->any_dest);
	return EZLB_FIND(&f->present, &op->guard.addr, ezlb_addr_row_cmp) != NULL;
}

static bool must_wait(const struct failures *f, const struct ezlb_op *op)
{
	if (op->kind == EZLB_OP_DEST_ADD || op->kind == EZLB_OP_DEST_SET)
		return EZLB_FIND(&f->services, &op->dest.service, ezlb_service_key_cmp) ||
		       (op->dest.full_nat && lacks_snat(f, &op->dest)) ||
		       (op->dest.weight > 0 && is_guarded(f, &op->dest));
	if (ezlb_op_object(op->kind) == EZLB_OBJECT_GUARD)
		return guard_waits(f, op);
	if (op->kind == EZLB_OP_VIP_ADD)
		return lacks_service(f, &op->vip.addr);
	if (op->kind == EZLB_OP_VIP_DEL)
		return EZLB_FIND(&f->unmoved, &op->vip.addr, ezlb_addr_row_cmp);
	if (op->kind == EZLB_OP_SNAT_DEL)
		return f->dests_unknown ||
		       EZLB_FIND(&f->lingering, &op->snat.key, ezlb_snat_key_cmp);
	if (op->kind == EZLB_OP_SNAT_TEARDOWN)
		return f->dests_unknown || f->any_dest_del;
	if (ezlb_op_phase(op) == EZLB_PHASE_TOA)
		return f->toa_frame;
	return op->kind == EZLB_OP_HOST_SET && f->accept_ra &&
	       op->setting.setting == EZLB_IP6_FORWARD;
}

static void run_batch(struct ezlb_layer *layer, struct ezlb_op **batch, size_t n,
		      struct ezlb_err *err)
{
	int rc;

	/* The layer could not be read in this pass, so its rows are unknown: change nothing. */
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
		else
			note_done(f, &ops[i]);
	EZLB_SORT(&f->services, ezlb_service_key_cmp);
	EZLB_SORT(&f->snats, ezlb_snat_key_cmp);
	EZLB_SORT(&f->lingering, ezlb_snat_key_cmp);
	EZLB_SORT(&f->working, ezlb_service_key_cmp);
	EZLB_SORT(&f->unmoved, ezlb_addr_row_cmp);
	EZLB_SORT(&f->present, ezlb_addr_row_cmp);
	EZLB_SORT(&f->guarded, ezlb_addr_row_cmp);
}

bool ezlb_reconcile_apply(const struct ezlb_dataplane *dp, struct ezlb_plan *plan,
			  struct ezlb_layer_errs *errs)
{
	struct failures f = { .snat_key = dp->layer[EZLB_LAYER_SNAT]->snat_key,
			      .needs = &plan->vip_needs };
	size_t begin = 0;

	while (begin < plan->len) {
		enum ezlb_phase phase = ezlb_op_phase(&plan->items[begin]);
		size_t end = begin;

		f.dests_unknown = errs->layer[EZLB_LAYER_IPVS].code != 0;
		while (end < plan->len && ezlb_op_phase(&plan->items[end]) == phase)
			end++;
		run_phase(dp, &plan->items[begin], end - begin, &f, errs);
		begin = end;
	}
	failures_clear(&f);
	return ezlb_plan_ok(plan);
}
