// SPDX-License-Identifier: GPL-2.0-or-later
#include "blocked.h"

#include <sys/socket.h>

static int blocked_cmp(const void *pa, const void *pb)
{
	const struct blocked_op *a = pa, *b = pb;

	return ezlb_service_key_cmp(&a->key, &b->key);
}

/* A failure tells more than what waits for it. */
static void keep(const struct ezlb_op **kept, const struct ezlb_op *op)
{
	if (!*kept || ((*kept)->rc >= 0 && op->rc < 0))
		*kept = op;
}

static void add(struct blocked *blocked, const struct ezlb_service_key *key,
		const struct ezlb_op *op)
{
	struct blocked_op *item = EZLB_PUSH(&blocked->ops);

	item->key = *key;
	item->op = op;
}

static void add_setting(struct blocked *blocked, const struct ezlb_op *op)
{
	switch (op->setting.setting) {
	case EZLB_VS_EXPIRE_NODEST:
		keep(&blocked->udp, op);
		break;
	case EZLB_ARP_IGNORE:
	case EZLB_ARP_ANNOUNCE:
		keep(&blocked->everybody, op);
		break;
	case EZLB_VS_CONNTRACK:
		keep(&blocked->full_nat[0], op);
		keep(&blocked->full_nat[1], op);
		break;
	case EZLB_IP_TABLES:
	case EZLB_IP_FORWARD:
		keep(&blocked->full_nat[0], op);
		break;
	case EZLB_IP6_TABLES:
	case EZLB_ACCEPT_RA:
	case EZLB_IP6_FORWARD:
		keep(&blocked->full_nat[1], op);
		break;
	case EZLB_SETTINGS:
		break;
	}
}

static void add_vip(struct blocked *blocked, const struct ezlb_op *op)
{
	/* Port 0 stands for every listener at that address. */
	const struct ezlb_service_key key = { .listen.addr = op->vip.addr };

	add(blocked, &key, op);
}

static void take(struct blocked *blocked, const struct ezlb_op *op)
{
	const struct ezlb_service_key snat = { op->snat.proto, op->snat.backend };

	switch (op->kind) {
	case EZLB_OP_SERVICE_ADD:
	case EZLB_OP_SERVICE_SET:
		add(blocked, &op->service.key, op);
		break;
	case EZLB_OP_DEST_ADD:
	case EZLB_OP_DEST_SET:
	case EZLB_OP_DEST_DEL:
		add(blocked, &op->dest.service, op);
		break;
	case EZLB_OP_ACCEPT_ADD:
		add(blocked, &op->accept.service, op);
		break;
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
		add(blocked, &snat, op);
		break;
	case EZLB_OP_VIP_ADD:
		add_vip(blocked, op);
		break;
	case EZLB_OP_HOST_SET:
		add_setting(blocked, op);
		break;
	case EZLB_OP_SNAT_SETUP:
		keep(&blocked->full_nat[0], op);
		keep(&blocked->full_nat[1], op);
		break;
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_LINK_ADD:
		keep(&blocked->everybody, op);
		break;
	case EZLB_OP_SERVICE_DEL: /* what is left over of others keeps nobody from serving */
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

void blocked_find(struct blocked *blocked, const struct ezlb_plan *plan)
{
	*blocked = (struct blocked){ .udp = NULL };
	for (size_t i = 0; i < plan->len; i++)
		if (plan->items[i].rc != 0)
			take(blocked, &plan->items[i]);
	EZLB_SORT(&blocked->ops, blocked_cmp);
}

static void search(const struct blocked *blocked, const struct ezlb_service_key *key,
		   const struct ezlb_op **found)
{
	const struct blocked_op want = { .key = *key };
	const struct blocked_op *at = EZLB_FIND(&blocked->ops, &want, blocked_cmp);
	const struct blocked_op *end = blocked->ops.items + blocked->ops.len;

	if (!at)
		return;
	while (at > blocked->ops.items && blocked_cmp(at - 1, &want) == 0)
		at--;
	for (; at < end && blocked_cmp(at, &want) == 0; at++)
		keep(found, at->op);
}

const struct ezlb_op *blocked_by(const struct blocked *blocked, const struct ezlb_spec *spec,
				 bool snat_by_listener)
{
	const struct ezlb_service_key key = { spec->proto, spec->listen };
	const struct ezlb_service_key vip = { .listen.addr = spec->listen.addr };
	int family = spec->listen.addr.family == AF_INET6;
	const struct ezlb_op *found = NULL;

	if (blocked->everybody)
		keep(&found, blocked->everybody);
	if (blocked->full_nat[family] && spec->full_nat)
		keep(&found, blocked->full_nat[family]);
	if (blocked->udp && spec->proto == EZLB_UDP)
		keep(&found, blocked->udp);
	if (blocked->ops.len == 0)
		return found;
	search(blocked, &key, &found);
	search(blocked, &vip, &found);
	for (size_t i = 0; spec->full_nat && !snat_by_listener && i < spec->n_backends; i++) {
		const struct ezlb_service_key backend = { spec->proto, spec->backends[i].endpoint };

		search(blocked, &backend, &found);
	}
	return found;
}

void blocked_clear(struct blocked *blocked)
{
	EZLB_VEC_CLEAR(&blocked->ops);
}
