// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/op_text.h>

#include <stdio.h>

/* Appends to buf of EZLB_OP_STRLEN. */
#define put(buf, ...) ezlb_strcatf((buf), EZLB_OP_STRLEN, __VA_ARGS__)

/* --- pieces -------------------------------------------------------------------------------- */

const char *ezlb_snat_to_format(const struct ezlb_snat_row *row, char buf[EZLB_RANGE_STRLEN])
{
	if (row->to.first.family)
		return ezlb_range_format(&row->to, buf);
	ezlb_strcpy(buf, EZLB_RANGE_STRLEN, "masquerade");
	return buf;
}

const char *ezlb_vip_row_format(const struct ezlb_vip_row *row, char buf[EZLB_VIP_STRLEN])
{
	char addr[EZLB_ADDR_STRLEN];

	snprintf(buf, EZLB_VIP_STRLEN, "%s on %s", ezlb_addr_format(&row->addr, addr), row->device);
	return buf;
}

/* --- the line ------------------------------------------------------------------------------ */

static void put_values(char *buf, const struct ezlb_op *op)
{
	struct ezlb_op_value values[EZLB_OP_VALUES];
	size_t n = ezlb_op_values(op, values);

	for (size_t i = 0; i < n; i++) {
		const struct ezlb_op_value *value = &values[i];

		put(buf, "%s%s %s", value->name[0] ? " " : "", value->name, value->now);
		if (value->was[0])
			put(buf, " (was %s)", value->was);
	}
}

static void put_dest(char *buf, const struct ezlb_dest_row *row)
{
	char key[EZLB_SERVICE_KEY_STRLEN], ep[EZLB_ENDPOINT_STRLEN];

	put(buf, " %s -> %s", ezlb_service_key_format(&row->service, key),
	    ezlb_endpoint_format(&row->endpoint, ep));
}

static void put_source(char *buf, const struct ezlb_snat_row *row)
{
	char to[EZLB_RANGE_STRLEN];

	put(buf, "%s%s", row->to.first.family ? "snat to " : "", ezlb_snat_to_format(row, to));
}

static void put_snat(char *buf, const struct ezlb_op *op)
{
	char key[EZLB_SERVICE_KEY_STRLEN];

	put(buf, " %s ", ezlb_snat_key_format(&op->snat.key, key));
	put_source(buf, &op->snat);
	if (op->kind == EZLB_OP_SNAT_SET) {
		put(buf, " (was ");
		put_source(buf, &op->old_snat);
		put(buf, ")");
	}
}

static void put_setting(char *buf, const struct ezlb_op *op)
{
	char name[EZLB_SETTING_STRLEN];

	put(buf, " %s = %d", ezlb_setting_format(&op->setting, name), op->setting.value);
	if (op->old_setting.value >= 0)
		put(buf, " (was %d)", op->old_setting.value);
}

static void put_timeout(char *buf, const struct ezlb_op *op)
{
	put(buf, " %s %us", ezlb_timeout_str(op->timeout.timeout), op->timeout.seconds);
	if (op->old_timeout.seconds > 0)
		put(buf, " (was %us)", op->old_timeout.seconds);
}

static void put_sync(char *buf, const struct ezlb_op *op)
{
	char now[EZLB_SYNC_STRLEN], was[EZLB_SYNC_STRLEN];

	put(buf, " %s", ezlb_sync_row_format(&op->sync, now));
	if (op->kind != EZLB_OP_SYNC_SET)
		return;
	if (op->old_sync.stale)
		put(buf, " (its interface was replaced)");
	else
		put(buf, " (was %s)", ezlb_sync_row_format(&op->old_sync, was));
}

static void put_accept(char *buf, const struct ezlb_op *op)
{
	char key[EZLB_SERVICE_KEY_STRLEN];

	put(buf, " %s %s", ezlb_gate_str(op->accept.gate),
	    ezlb_service_key_format(&op->accept.service, key));
}

static void put_mark(char *buf, const struct ezlb_mark_row *row)
{
	char text[EZLB_MARK_STRLEN], key[EZLB_SERVICE_KEY_STRLEN];

	if (row->last_port)
		put(buf, " %s %s", ezlb_mark_row_format(row, text),
		    ezlb_service_key_format(&row->service, key));
	else
		put(buf, " " EZLB_MARK_OTHER_STR);
}

static void put_guard(char *buf, const struct ezlb_guard_row *row)
{
	char addr[EZLB_ADDR_STRLEN];

	if (row->addr.family)
		put(buf, " %s", ezlb_addr_format(&row->addr, addr));
	else
		put(buf, " " EZLB_GUARD_OTHER_STR);
}

const char *ezlb_op_format(const struct ezlb_op *op, char buf[EZLB_OP_STRLEN])
{
	char key[EZLB_SERVICE_KEY_STRLEN], vip[EZLB_VIP_STRLEN];

	buf[0] = '\0';
	put(buf, "%s", ezlb_op_kind_str(op->kind));
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
		put(buf, " %s", op->link.device);
		break;
	case EZLB_OBJECT_VIP:
		put(buf, " %s", ezlb_vip_row_format(&op->vip, vip));
		break;
	case EZLB_OBJECT_FIREWALL_FRAME:
		put(buf, " " EZLB_FIREWALL_FRAME_STR " and the jumps to them");
		break;
	case EZLB_OBJECT_ACCEPT:
		put_accept(buf, op);
		break;
	case EZLB_OBJECT_SNAT_FRAME:
		put(buf, " " EZLB_SNAT_FRAME_STR " and the jump to it");
		break;
	case EZLB_OBJECT_SNAT:
		put_snat(buf, op);
		break;
	case EZLB_OBJECT_MARK:
		put_mark(buf, &op->mark);
		break;
	case EZLB_OBJECT_GUARD:
		put_guard(buf, &op->guard);
		break;
	case EZLB_OBJECT_TOA_FRAME:
		put(buf, " " EZLB_TOA_FRAME_STR);
		break;
	case EZLB_OBJECT_TOA:
		put(buf, " %s", ezlb_service_key_format(&op->toa.service, key));
		break;
	case EZLB_OBJECT_HOOK:
		put(buf, " %s", op->hook.device);
		break;
	case EZLB_OBJECT_SERVICE:
		put(buf, " %s", ezlb_service_key_format(&op->service.key, key));
		break;
	case EZLB_OBJECT_DEST:
		put_dest(buf, &op->dest);
		break;
	case EZLB_OBJECTS:
		break;
	}
	put_values(buf, op);
	return buf;
}
