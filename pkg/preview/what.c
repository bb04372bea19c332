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
		[EZLB_OBJECT_SETTING] = "sysctl",   [EZLB_OBJECT_LINK] = "link",
		[EZLB_OBJECT_VIP] = "address",	    [EZLB_OBJECT_FIREWALL_FRAME] = "firewall",
		[EZLB_OBJECT_ACCEPT] = "accept",    [EZLB_OBJECT_SNAT_FRAME] = "snat-frame",
		[EZLB_OBJECT_SNAT] = "snat",	    [EZLB_OBJECT_MARK] = "mark",
		[EZLB_OBJECT_SERVICE] = "listener", [EZLB_OBJECT_DEST] = "backend",
		[EZLB_OBJECT_TIMEOUT] = "timeout",  [EZLB_OBJECT_TOA_FRAME] = "toa-program",
		[EZLB_OBJECT_TOA] = "toa",	    [EZLB_OBJECT_HOOK] = "hook",
		[EZLB_OBJECT_SYNC] = "sync",	    [EZLB_OBJECT_GUARD] = "guard",
	};
	enum ezlb_object object = ezlb_op_object(op->kind);

	if (object == EZLB_OBJECT_SETTING && ezlb_setting_facts(op->setting.setting)->module)
		return "module";
	return words[object];
}

bool what_listener(const struct item *item, struct ezlb_service_key *out)
{
	if (item->op && ezlb_op_service(item->op, out))
		return true;
	if (item->group != GROUP_SERVICE)
		return false;
	*out = ezlb_spec_key(item->owner->spec);
	return true;
}

/* --- words --------------------------------------------------------------------------------- */

/* Appends to buf of EZLB_OP_STRLEN. */
#define put(buf, ...) ezlb_strcatf((buf), EZLB_OP_STRLEN, __VA_ARGS__)

static void put_value(char *buf, const struct ezlb_op_value *value, bool set)
{
	if (value->was[0])
		put(buf, ",%s%s %s -> %s", value->name[0] ? " " : "", value->name, value->was,
		    value->now);
	else if (!set && !value->usual)
		put(buf, ",%s%s %s", value->name[0] ? " " : "", value->name, value->now);
}

/* The new and the changed values, numbers first. */
static void put_values(char *buf, const struct ezlb_op *op)
{
	bool set = ezlb_op_action(op->kind) == EZLB_ACTION_SET;
	struct ezlb_op_value values[EZLB_OP_VALUES];
	size_t n = ezlb_op_values(op, values);

	for (int first = 1; first >= 0; first--)
		for (size_t i = 0; i < n; i++)
			if ((values[i].name[0] != '\0') == first)
				put_value(buf, &values[i], set);
}

static void put_snat(char *buf, const struct ezlb_op *op)
{
	char ep[EZLB_ENDPOINT_STRLEN], to[EZLB_RANGE_STRLEN];

	put(buf, "snat");
	if (op->kind == EZLB_OP_SNAT_SET)
		put(buf, " %s ->", ezlb_snat_to_format(&op->old_snat, to));
	put(buf, " %s", ezlb_snat_to_format(&op->snat, to));
	if (op->snat.key.kind == EZLB_SNAT_KEY_BACKEND)
		put(buf, " for %s", ezlb_endpoint_format(&op->snat.key.endpoint, ep));
}

static void put_mark(char *buf, const struct ezlb_mark_row *row)
{
	char text[EZLB_MARK_STRLEN];

	if (row->last_port)
		put(buf, "mark %u on %s", (unsigned)row->service.fwmark,
		    ezlb_mark_row_format(row, text));
	else
		put(buf, EZLB_MARK_OTHER_STR);
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

static void put_timeout(char *buf, const struct ezlb_op *op)
{
	put(buf, "ipvs timeout %s", ezlb_timeout_str(op->timeout.timeout));
	if (op->old_timeout.seconds > 0)
		put(buf, " %us -> %us", op->old_timeout.seconds, op->timeout.seconds);
	else
		put(buf, " = %us", op->timeout.seconds);
}

static void put_sync(char *buf, const struct ezlb_op *op)
{
	char text[EZLB_SYNC_STRLEN], was[EZLB_SYNC_STRLEN];

	put(buf, "ipvs sync daemon ");
	if (op->kind == EZLB_OP_SYNC_SET && !op->old_sync.stale)
		put(buf, "%s -> ", ezlb_sync_row_format(&op->old_sync, was));
	put(buf, "%s", ezlb_sync_row_format(&op->sync, text));
}

/* The driver of a frame. An old frame belongs to the driver that is not used any more. */
static bool is_nftables(const struct sheet *sheet, const struct item *item)
{
	return (sheet->preview->snat_key == EZLB_SNAT_KEY_LISTENER) != item->old;
}

static void put_row(char *buf, const struct sheet *sheet, const struct item *item)
{
	const struct ezlb_op *op = item->op;
	char text[EZLB_SERVICE_KEY_STRLEN], vip[EZLB_VIP_STRLEN];

	switch (ezlb_op_object(op->kind)) {
	case EZLB_OBJECT_SETTING:
		put_setting(buf, op);
		break;
	case EZLB_OBJECT_TIMEOUT:
		put_timeout(buf, op);
		break;
	case EZLB_OBJECT_SYNC:
		put_sync(buf, op);
		break;
	case EZLB_OBJECT_LINK:
		put(buf, "link %s", op->link.device);
		break;
	case EZLB_OBJECT_VIP:
		put(buf, "address %s", ezlb_vip_row_format(&op->vip, vip));
		break;
	case EZLB_OBJECT_FIREWALL_FRAME:
		put(buf, EZLB_FIREWALL_FRAME_STR);
		break;
	case EZLB_OBJECT_ACCEPT:
		put(buf, "accept in filter %s", ezlb_gate_str(op->accept.gate));
		break;
	case EZLB_OBJECT_SNAT_FRAME:
		put(buf, "%s",
		    is_nftables(sheet, item) ? "nftables table ezlb" : EZLB_SNAT_FRAME_STR);
		break;
	case EZLB_OBJECT_SNAT:
		put_snat(buf, op);
		break;
	case EZLB_OBJECT_MARK:
		put_mark(buf, &op->mark);
		break;
	case EZLB_OBJECT_GUARD:
		if (op->guard.addr.family)
			put(buf, "guard of %s", ezlb_addr_format(&op->guard.addr, vip));
		else
			put(buf, EZLB_GUARD_OTHER_STR);
		break;
	case EZLB_OBJECT_TOA_FRAME:
		put(buf, EZLB_TOA_FRAME_STR);
		break;
	case EZLB_OBJECT_TOA:
		put(buf, "TOA option");
		break;
	case EZLB_OBJECT_HOOK:
		put(buf, "tc program on %s", op->hook.device);
		break;
	case EZLB_OBJECT_SERVICE:
		put(buf, "listener %s", ezlb_service_key_format(&op->service.key, text));
		break;
	case EZLB_OBJECT_DEST:
		put(buf, "backend %s", ezlb_endpoint_format(&op->dest.endpoint, text));
		break;
	case EZLB_OBJECTS:
		break;
	}
	put_values(buf, op);
}

/* Does the title of the group say which virtual service it is? Otherwise the op has to. */
static bool is_in_title(const struct item *item)
{
	return item->group == GROUP_SERVICE && item->owner->spec->n_listeners == 1;
}

const char *what_format(const struct sheet *sheet, const struct item *item,
			char buf[EZLB_OP_STRLEN])
{
	char key[EZLB_SERVICE_KEY_STRLEN];
	struct ezlb_service_key of;

	buf[0] = '\0';
	if (!item->op) {
		put(buf, "%s", item->warning);
		return buf;
	}
	put_row(buf, sheet, item);
	if (!is_in_title(item) && ezlb_op_object(item->op->kind) != EZLB_OBJECT_SERVICE &&
	    ezlb_op_object(item->op->kind) != EZLB_OBJECT_MARK && ezlb_op_service(item->op, &of))
		put(buf, " of %s", ezlb_service_key_format(&of, key));
	return buf;
}
