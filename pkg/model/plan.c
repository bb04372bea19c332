// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/plan.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <ezlb/layer.h>

static const struct {
	const char *name;
	enum ezlb_layer_kind layer;
} kinds[] = {
	[EZLB_OP_HOST_SET] = { "host-set", EZLB_LAYER_HOST },
	[EZLB_OP_SNAT_SETUP] = { "snat-setup", EZLB_LAYER_SNAT },
	[EZLB_OP_SNAT_ADD] = { "snat-add", EZLB_LAYER_SNAT },
	[EZLB_OP_SNAT_SET] = { "snat-set", EZLB_LAYER_SNAT },
	[EZLB_OP_SERVICE_ADD] = { "service-add", EZLB_LAYER_IPVS },
	[EZLB_OP_SERVICE_SET] = { "service-set", EZLB_LAYER_IPVS },
	[EZLB_OP_DEST_ADD] = { "dest-add", EZLB_LAYER_IPVS },
	[EZLB_OP_DEST_SET] = { "dest-set", EZLB_LAYER_IPVS },
	[EZLB_OP_DEST_DEL] = { "dest-del", EZLB_LAYER_IPVS },
	[EZLB_OP_SERVICE_DEL] = { "service-del", EZLB_LAYER_IPVS },
	[EZLB_OP_SNAT_DEL] = { "snat-del", EZLB_LAYER_SNAT },
	[EZLB_OP_SNAT_TEARDOWN] = { "snat-teardown", EZLB_LAYER_SNAT },
};

struct ezlb_op *ezlb_plan_add(struct ezlb_plan *plan, enum ezlb_op_kind kind)
{
	struct ezlb_op *op = EZLB_PUSH(plan);

	op->kind = kind;
	op->rc = EZLB_PENDING;
	return op;
}

void ezlb_plan_clear(struct ezlb_plan *plan)
{
	EZLB_VEC_CLEAR(plan);
}

bool ezlb_plan_ok(const struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++)
		if (plan->items[i].rc != 0)
			return false;
	return true;
}

const char *ezlb_op_kind_str(enum ezlb_op_kind kind)
{
	return kinds[kind].name;
}

enum ezlb_layer_kind ezlb_op_layer(enum ezlb_op_kind kind)
{
	return kinds[kind].layer;
}

const char *ezlb_layer_kind_str(enum ezlb_layer_kind kind)
{
	static const char *const names[] = {
		[EZLB_LAYER_HOST] = "host",
		[EZLB_LAYER_SNAT] = "snat",
		[EZLB_LAYER_IPVS] = "ipvs",
	};

	return names[kind];
}

/* Appends to buf of EZLB_OP_STRLEN, cutting where it is full. */
static void put(char *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(char *buf, const char *fmt, ...)
{
	size_t used = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + used, EZLB_OP_STRLEN - used, fmt, ap);
	va_end(ap);
}

static void put_service(char *buf, const struct ezlb_op *op)
{
	char key[EZLB_SERVICE_KEY_STRLEN];

	put(buf, " %s", ezlb_service_key_format(&op->service.key, key));
	if (op->kind == EZLB_OP_SERVICE_DEL)
		return;
	put(buf, " scheduler %s", op->service.scheduler);
	if (op->kind == EZLB_OP_SERVICE_SET) {
		if (strcmp(op->service.scheduler, op->old_service.scheduler) != 0)
			put(buf, " (was %s)", op->old_service.scheduler);
		else
			put(buf, " (flags, persistence or netmask differ)");
	}
}

static void put_dest(char *buf, const struct ezlb_op *op)
{
	char key[EZLB_SERVICE_KEY_STRLEN], ep[EZLB_ENDPOINT_STRLEN];

	put(buf, " %s -> %s", ezlb_service_key_format(&op->dest.service, key),
	    ezlb_endpoint_format(&op->dest.endpoint, ep));
	if (op->kind == EZLB_OP_DEST_DEL)
		return;
	put(buf, " %s", ezlb_forward_str(op->dest.forward));
	if (op->kind == EZLB_OP_DEST_SET && op->dest.forward != op->old_dest.forward)
		put(buf, " (was %s)", ezlb_forward_str(op->old_dest.forward));
	put(buf, " weight %u", op->dest.weight);
	if (op->kind == EZLB_OP_DEST_SET && op->dest.weight != op->old_dest.weight)
		put(buf, " (was %u)", op->old_dest.weight);
	if (op->kind == EZLB_OP_DEST_SET &&
	    (op->dest.upper != op->old_dest.upper || op->dest.lower != op->old_dest.lower))
		put(buf, " (thresholds differ)");
}

static void put_snat_target(char *buf, const struct ezlb_snat_row *row)
{
	char addr[EZLB_ADDR_STRLEN];

	if (row->to.family)
		put(buf, "snat to %s", ezlb_addr_format(&row->to, addr));
	else
		put(buf, "masquerade");
}

static void put_snat(char *buf, const struct ezlb_op *op)
{
	char ep[EZLB_ENDPOINT_STRLEN];

	put(buf, " %s %s ", ezlb_proto_str(op->snat.proto),
	    ezlb_endpoint_format(&op->snat.backend, ep));
	put_snat_target(buf, &op->snat);
	if (op->kind == EZLB_OP_SNAT_SET) {
		put(buf, " (was ");
		put_snat_target(buf, &op->old_snat);
		put(buf, ")");
	}
}

const char *ezlb_op_format(const struct ezlb_op *op, char buf[EZLB_OP_STRLEN])
{
	buf[0] = '\0';
	put(buf, "%s", ezlb_op_kind_str(op->kind));
	switch (op->kind) {
	case EZLB_OP_HOST_SET:
		put(buf, " %s = %d", ezlb_setting_str(op->setting.setting), op->setting.value);
		if (op->old_setting.value >= 0)
			put(buf, " (was %d)", op->old_setting.value);
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
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
	case EZLB_OP_SNAT_DEL:
		put_snat(buf, op);
		break;
	case EZLB_OP_SNAT_SETUP:
	case EZLB_OP_SNAT_TEARDOWN:
		put(buf, " chain EZLB-SNAT and what leads to it");
		break;
	case EZLB_OPS:
		break;
	}
	return buf;
}

static bool explain_known(const struct ezlb_op *op, char *buf)
{
	bool service = op->kind == EZLB_OP_SERVICE_ADD || op->kind == EZLB_OP_SERVICE_SET;

	if (service && op->rc == -ENOENT) {
		put(buf, "this kernel has no scheduler '%s' (modprobe ip_vs_%s)",
		    op->service.scheduler, op->service.scheduler);
		return true;
	}
	if (op->kind == EZLB_OP_SERVICE_ADD && op->rc == -EEXIST) {
		put(buf, "somebody else made this service at the same moment");
		return true;
	}
	if (op->kind == EZLB_OP_HOST_SET && op->setting.setting == EZLB_IP_TABLES) {
		put(buf, "cannot load it (%s): run `modprobe ip_tables` on the host",
		    ezlb_errno_str(-op->rc));
		return true;
	}
	if (op->kind == EZLB_OP_HOST_SET && (op->rc == -EROFS || op->rc == -EACCES)) {
		put(buf, "/proc/sys is read-only: run privileged, or sysctl -w %s=%d on the host",
		    ezlb_setting_str(op->setting.setting), op->setting.value);
		return true;
	}
	if (op->kind == EZLB_OP_HOST_SET && op->rc == -ENOENT) {
		put(buf, "the kernel has no %s: load ip_vs; it needs CONFIG_IP_VS_NFCT",
		    ezlb_setting_str(op->setting.setting));
		return true;
	}
	if (op->rc == -EPERM) {
		put(buf, "not permitted: run as root with CAP_NET_ADMIN");
		return true;
	}
	return false;
}

const char *ezlb_op_explain(const struct ezlb_op *op, char buf[EZLB_OP_STRLEN])
{
	buf[0] = '\0';
	if (op->rc == 0)
		put(buf, "done");
	else if (op->rc == EZLB_PENDING)
		put(buf, "pending");
	else if (op->rc == EZLB_HELD)
		put(buf, "waits for an operation before it that failed");
	else if (!explain_known(op, buf))
		put(buf, "%s", ezlb_errno_str(-op->rc));
	return buf;
}
