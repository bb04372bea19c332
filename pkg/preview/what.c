// SPDX-License-Identifier: GPL-2.0-or-later
#include "what.h"

static bool was_set(const struct ezlb_op *op)
{
	return !ezlb_setting_is_module(op->setting.setting) && op->old_setting.value >= 0;
}

enum action what_action(const struct ezlb_op *op)
{
	switch (op->kind) {
	case EZLB_OP_HOST_SET:
		return was_set(op) ? ACTION_CHANGE : ACTION_ADD;
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_VIP_ADD:
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_ACCEPT_ADD:
	case EZLB_OP_SNAT_SETUP:
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SERVICE_ADD:
	case EZLB_OP_DEST_ADD:
		return ACTION_ADD;
	case EZLB_OP_SNAT_SET:
	case EZLB_OP_SERVICE_SET:
	case EZLB_OP_DEST_SET:
	case EZLB_OP_HOST_RESET:
		return ACTION_CHANGE;
	case EZLB_OP_DEST_DEL:
	case EZLB_OP_SERVICE_DEL:
	case EZLB_OP_SNAT_DEL:
	case EZLB_OP_SNAT_TEARDOWN:
	case EZLB_OP_ACCEPT_DEL:
	case EZLB_OP_FIREWALL_TEARDOWN:
	case EZLB_OP_VIP_DEL:
	case EZLB_OP_LINK_DEL:
	case EZLB_OPS:
		break;
	}
	return ACTION_REMOVE;
}

const char *what_object(const struct ezlb_op *op)
{
	switch (op->kind) {
	case EZLB_OP_HOST_SET:
	case EZLB_OP_HOST_RESET:
		return ezlb_setting_is_module(op->setting.setting) ? "module" : "sysctl";
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_LINK_DEL:
		return "link";
	case EZLB_OP_VIP_ADD:
	case EZLB_OP_VIP_DEL:
		return "address";
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_FIREWALL_TEARDOWN:
		return "firewall";
	case EZLB_OP_ACCEPT_ADD:
	case EZLB_OP_ACCEPT_DEL:
		return "accept";
	case EZLB_OP_SNAT_SETUP:
	case EZLB_OP_SNAT_TEARDOWN:
		return "snat-frame";
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
	case EZLB_OP_SNAT_DEL:
		return "snat";
	case EZLB_OP_SERVICE_ADD:
	case EZLB_OP_SERVICE_SET:
	case EZLB_OP_SERVICE_DEL:
		return "listener";
	case EZLB_OP_DEST_ADD:
	case EZLB_OP_DEST_SET:
	case EZLB_OP_DEST_DEL:
		return "backend";
	case EZLB_OPS:
		break;
	}
	return "";
}

/* Of an op whose row says which service it is of. */
static bool row_listener(const struct sheet *sheet, const struct ezlb_op *op,
			 struct ezlb_service_key *out)
{
	switch (op->kind) {
	case EZLB_OP_SERVICE_ADD:
	case EZLB_OP_SERVICE_SET:
	case EZLB_OP_SERVICE_DEL:
		*out = op->service.key;
		return true;
	case EZLB_OP_DEST_ADD:
	case EZLB_OP_DEST_SET:
	case EZLB_OP_DEST_DEL:
		*out = op->dest.service;
		return true;
	case EZLB_OP_ACCEPT_ADD:
	case EZLB_OP_ACCEPT_DEL:
		*out = op->accept.service;
		return true;
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
	case EZLB_OP_SNAT_DEL:
		*out = (struct ezlb_service_key){ op->snat.proto, op->snat.backend };
		return sheet->preview->by_listener;
	case EZLB_OP_HOST_SET:
	case EZLB_OP_HOST_RESET:
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_LINK_DEL:
	case EZLB_OP_VIP_ADD:
	case EZLB_OP_VIP_DEL:
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_FIREWALL_TEARDOWN:
	case EZLB_OP_SNAT_SETUP:
	case EZLB_OP_SNAT_TEARDOWN:
	case EZLB_OPS:
		break;
	}
	return false;
}

bool what_listener(const struct sheet *sheet, const struct item *item, struct ezlb_service_key *out)
{
	if (item->group != GROUP_SERVICE)
		return row_listener(sheet, item->op, out);
	*out = (struct ezlb_service_key){ item->owner->spec->proto, item->owner->spec->listen };
	return true;
}

/* --- words --------------------------------------------------------------------------------- */

/* Appends to buf of EZLB_OP_STRLEN. */
#define put(buf, ...) ezlb_strcatf((buf), EZLB_OP_STRLEN, __VA_ARGS__)

static void put_service(char *buf, const struct ezlb_op *op)
{
	char key[EZLB_SERVICE_KEY_STRLEN];

	put(buf, "listener %s", ezlb_service_key_format(&op->service.key, key));
	if (op->kind == EZLB_OP_SERVICE_ADD)
		put(buf, ", scheduler %s", op->service.scheduler);
	else if (op->kind == EZLB_OP_SERVICE_DEL)
		return;
	else if (strcmp(op->service.scheduler, op->old_service.scheduler) != 0)
		put(buf, ", scheduler %s -> %s", op->old_service.scheduler, op->service.scheduler);
	else
		put(buf, ", its flags, persistence or netmask");
}

static void put_dest_change(char *buf, const struct ezlb_dest_row *old,
			    const struct ezlb_dest_row *row)
{
	if (row->weight != old->weight)
		put(buf, ", weight %u -> %u", old->weight, row->weight);
	if (row->forward != old->forward)
		put(buf, ", %s -> %s", ezlb_forward_str(old->forward),
		    ezlb_forward_str(row->forward));
	if (row->upper != old->upper || row->lower != old->lower)
		put(buf, ", its connection thresholds");
}

static void put_dest(char *buf, const struct ezlb_op *op)
{
	char ep[EZLB_ENDPOINT_STRLEN];

	put(buf, "backend %s", ezlb_endpoint_format(&op->dest.endpoint, ep));
	if (op->kind == EZLB_OP_DEST_SET)
		put_dest_change(buf, &op->old_dest, &op->dest);
	if (op->kind != EZLB_OP_DEST_ADD)
		return;
	put(buf, ", weight %u", op->dest.weight);
	if (op->dest.forward != EZLB_MASQ)
		put(buf, ", %s", ezlb_forward_str(op->dest.forward));
}

static void put_source(char *buf, const struct ezlb_snat_row *row)
{
	char range[EZLB_RANGE_STRLEN];

	put(buf, " %s", row->to.first.family ? ezlb_range_format(&row->to, range) : "masquerade");
}

static void put_snat(char *buf, const struct sheet *sheet, const struct ezlb_op *op)
{
	char ep[EZLB_ENDPOINT_STRLEN];

	put(buf, "snat");
	if (op->kind == EZLB_OP_SNAT_SET) {
		put_source(buf, &op->old_snat);
		put(buf, " ->");
	}
	put_source(buf, &op->snat);
	if (!sheet->preview->by_listener)
		put(buf, " for %s", ezlb_endpoint_format(&op->snat.backend, ep));
}

static void put_setting(char *buf, const struct ezlb_op *op)
{
	char name[EZLB_SETTING_STRLEN];

	put(buf, "%s", ezlb_setting_format(&op->setting, name));
	if (ezlb_setting_is_module(op->setting.setting))
		return;
	if (was_set(op))
		put(buf, " %d -> %d", op->old_setting.value, op->setting.value);
	else
		put(buf, " = %d", op->setting.value);
}

static void put_vip(char *buf, const struct ezlb_op *op)
{
	char addr[EZLB_ADDR_STRLEN];

	put(buf, "address %s on %s", ezlb_addr_format(&op->vip.addr, addr), op->vip.device);
}

static void put_row(char *buf, const struct sheet *sheet, const struct item *item)
{
	const struct ezlb_op *op = item->op;

	switch (op->kind) {
	case EZLB_OP_HOST_SET:
	case EZLB_OP_HOST_RESET:
		put_setting(buf, op);
		break;
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_LINK_DEL:
		put(buf, "link %s", op->link.device);
		break;
	case EZLB_OP_VIP_ADD:
	case EZLB_OP_VIP_DEL:
		put_vip(buf, op);
		break;
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_FIREWALL_TEARDOWN:
		put(buf, "chains EZLB-INPUT and EZLB-FORWARD");
		break;
	case EZLB_OP_ACCEPT_ADD:
	case EZLB_OP_ACCEPT_DEL:
		put(buf, "accept in filter %s", ezlb_gate_str(op->accept.gate));
		break;
	case EZLB_OP_SNAT_SETUP:
	case EZLB_OP_SNAT_TEARDOWN:
		put(buf, "%s",
		    sheet->preview->by_listener != item->old ? "nftables table ezlb"
							     : "chain EZLB-SNAT");
		break;
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
	case EZLB_OP_SNAT_DEL:
		put_snat(buf, sheet, op);
		break;
	case EZLB_OP_SERVICE_ADD:
	case EZLB_OP_SERVICE_SET:
	case EZLB_OP_SERVICE_DEL:
		put_service(buf, op);
		break;
	case EZLB_OP_DEST_ADD:
	case EZLB_OP_DEST_SET:
	case EZLB_OP_DEST_DEL:
		put_dest(buf, op);
		break;
	case EZLB_OPS:
		break;
	}
}

const char *what_format(const struct sheet *sheet, const struct item *item,
			char buf[EZLB_OP_STRLEN])
{
	char key[EZLB_SERVICE_KEY_STRLEN];
	struct ezlb_service_key of;

	buf[0] = '\0';
	put_row(buf, sheet, item);
	/* Where no service is named above it, it has to say itself which it is of. */
	if (item->group == GROUP_NOWHERE && item->op->kind != EZLB_OP_SERVICE_DEL &&
	    row_listener(sheet, item->op, &of))
		put(buf, " of %s", ezlb_service_key_format(&of, key));
	return buf;
}
