// SPDX-License-Identifier: GPL-2.0-or-later
#include "what.h"

static bool was_set(const struct ezlb_op *op)
{
	return !ezlb_setting_facts(op->setting.setting)->module && op->old_setting.value >= 0;
}

enum action what_action(const struct ezlb_op *op)
{
	static const enum action actions[EZLB_ACTIONS] = {
		[EZLB_ACTION_ADD] = ACTION_ADD,
		[EZLB_ACTION_SET] = ACTION_CHANGE,
		[EZLB_ACTION_DEL] = ACTION_REMOVE,
		[EZLB_ACTION_RESET] = ACTION_CHANGE,
	};

	if (op->kind == EZLB_OP_HOST_SET && !was_set(op))
		return ACTION_ADD;
	return actions[ezlb_op_action(op->kind)];
}

const char *what_object(const struct ezlb_op *op)
{
	static const char *const words[EZLB_OBJECTS] = {
		[EZLB_OBJECT_SETTING] = "sysctl", [EZLB_OBJECT_LINK] = "link",
		[EZLB_OBJECT_VIP] = "address",	  [EZLB_OBJECT_FIREWALL_FRAME] = "firewall",
		[EZLB_OBJECT_ACCEPT] = "accept",  [EZLB_OBJECT_SNAT_FRAME] = "snat-frame",
		[EZLB_OBJECT_SNAT] = "snat",	  [EZLB_OBJECT_SERVICE] = "listener",
		[EZLB_OBJECT_DEST] = "backend",
	};
	enum ezlb_object object = ezlb_op_object(op->kind);

	if (object == EZLB_OBJECT_SETTING && ezlb_setting_facts(op->setting.setting)->module)
		return "module";
	return words[object];
}

bool what_listener(const struct item *item, struct ezlb_service_key *out)
{
	if (item->group != GROUP_SERVICE)
		return ezlb_op_service(item->op, out);
	*out = ezlb_spec_key(item->owner->spec);
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

static void put_snat(char *buf, const struct ezlb_op *op)
{
	char ep[EZLB_ENDPOINT_STRLEN];

	put(buf, "snat");
	if (op->kind == EZLB_OP_SNAT_SET) {
		put_source(buf, &op->old_snat);
		put(buf, " ->");
	}
	put_source(buf, &op->snat);
	if (op->snat.key.kind == EZLB_SNAT_KEY_BACKEND)
		put(buf, " for %s", ezlb_endpoint_format(&op->snat.key.endpoint, ep));
}

static void put_setting(char *buf, const struct ezlb_op *op)
{
	char name[EZLB_SETTING_STRLEN];

	put(buf, "%s", ezlb_setting_format(&op->setting, name));
	if (ezlb_setting_facts(op->setting.setting)->module)
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

/* Whose frame it is: an old one is of the driver that is not used any more. */
static bool is_nftables(const struct sheet *sheet, const struct item *item)
{
	return (sheet->preview->snat_key == EZLB_SNAT_KEY_LISTENER) != item->old;
}

static void put_row(char *buf, const struct sheet *sheet, const struct item *item)
{
	const struct ezlb_op *op = item->op;

	switch (ezlb_op_object(op->kind)) {
	case EZLB_OBJECT_SETTING:
		put_setting(buf, op);
		break;
	case EZLB_OBJECT_LINK:
		put(buf, "link %s", op->link.device);
		break;
	case EZLB_OBJECT_VIP:
		put_vip(buf, op);
		break;
	case EZLB_OBJECT_FIREWALL_FRAME:
		put(buf, "chains EZLB-INPUT and EZLB-FORWARD");
		break;
	case EZLB_OBJECT_ACCEPT:
		put(buf, "accept in filter %s", ezlb_gate_str(op->accept.gate));
		break;
	case EZLB_OBJECT_SNAT_FRAME:
		put(buf, "%s",
		    is_nftables(sheet, item) ? "nftables table ezlb" : "chain EZLB-SNAT");
		break;
	case EZLB_OBJECT_SNAT:
		put_snat(buf, op);
		break;
	case EZLB_OBJECT_SERVICE:
		put_service(buf, op);
		break;
	case EZLB_OBJECT_DEST:
		put_dest(buf, op);
		break;
	case EZLB_OBJECTS:
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
	    ezlb_op_service(item->op, &of))
		put(buf, " of %s", ezlb_service_key_format(&of, key));
	return buf;
}
