// SPDX-License-Identifier: GPL-2.0-or-later
#include "blame.h"

#include <ezlb/log.h>
#include <ezlb/snat.h>

static const struct ezlb_addr *listen_of(const struct ezlb_op *op)
{
	static const struct ezlb_addr none = { 0 };

	switch (op->kind) {
	case EZLB_OP_SERVICE_ADD:
	case EZLB_OP_SERVICE_SET:
	case EZLB_OP_SERVICE_DEL:
		return &op->service.key.listen.addr;
	case EZLB_OP_DEST_ADD:
	case EZLB_OP_DEST_SET:
	case EZLB_OP_DEST_DEL:
		return &op->dest.service.listen.addr;
	case EZLB_OP_ACCEPT_ADD:
	case EZLB_OP_ACCEPT_DEL:
		return &op->accept.service.listen.addr;
	case EZLB_OP_VIP_ADD:
	case EZLB_OP_VIP_DEL:
		return &op->vip.addr;
	case EZLB_OP_HOST_SET:
	case EZLB_OP_HOST_RESET:
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_LINK_DEL:
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_FIREWALL_TEARDOWN:
	case EZLB_OP_SNAT_SETUP:
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
	case EZLB_OP_SNAT_DEL:
	case EZLB_OP_SNAT_TEARDOWN:
	case EZLB_OPS:
		break;
	}
	return &none;
}

static void suspect(const struct ezlb_op *op, char buf[EZLB_SUSPECT_STRLEN])
{
	enum ezlb_layer_kind layer = ezlb_op_layer(op->kind);

	/* Who takes away source NAT takes away accepts. */
	if (layer == EZLB_LAYER_FIREWALL)
		layer = EZLB_LAYER_SNAT;
	if (ezlb_host_suspect("/proc", layer, listen_of(op), buf))
		return;
	if (layer != EZLB_LAYER_HOST && ezlb_snat_iptables_has_chain("KUBE-"))
		ezlb_strcpy(buf, EZLB_SUSPECT_STRLEN,
			    "perhaps kube-proxy: there are chains KUBE-* on this host");
	else
		ezlb_strcpy(buf, EZLB_SUSPECT_STRLEN,
			    "nothing on this host gives away who: look for another load balancer, "
			    "a firewall manager or a cron job");
}

const struct ezlb_op *blame(struct units *units, const struct ezlb_plan *drift, uint64_t now_ms,
			    char who[EZLB_SUSPECT_STRLEN])
{
	char what[EZLB_OP_STRLEN];
	size_t n;
	const struct ezlb_op *op = units_taken(units, drift, now_ms, &n);

	if (!op)
		return NULL;
	suspect(op, who);
	ezlb_log(EZLB_ERROR, "controller",
		 EZLB_S("msg", "somebody else keeps changing what is ezlb's: repairs are limited "
			       "to one every 5 s"),
		 EZLB_S("change", ezlb_op_format(op, what)), EZLB_I("objects", n),
		 EZLB_S("suspect", who));
	return op;
}

bool blame_calm(struct units *units, uint64_t now_ms)
{
	if (units_calm(units, now_ms) == 0)
		return false;
	ezlb_log(EZLB_INFO, "controller",
		 EZLB_S("msg", "what somebody else kept changing is left alone again"));
	return true;
}
