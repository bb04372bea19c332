// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/op.h>

#include <string.h>

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

/* clang-format off */
#define ROW(kind, name, layer, phase, action, object)                                       \
	[EZLB_OP_##kind] = { name, EZLB_LAYER_##layer, EZLB_PHASE_##phase, EZLB_ACTION_##action, \
			     EZLB_OBJECT_##object }
static const struct ezlb_op_facts table[] = {
	ROW(HOST_SET,          "host-set",          HOST,     SETTINGS,     SET,   SETTING),
	ROW(LINK_ADD,          "link-add",          HOST,     HOST,         ADD,   LINK),
	ROW(FIREWALL_SETUP,    "firewall-setup",    FIREWALL, FIREWALL,     ADD,   FIREWALL_FRAME),
	ROW(ACCEPT_ADD,        "accept-add",        FIREWALL, FIREWALL,     ADD,   ACCEPT),
	ROW(SNAT_SETUP,        "snat-setup",        SNAT,     SNAT,         ADD,   SNAT_FRAME),
	ROW(SNAT_ADD,          "snat-add",          SNAT,     SNAT,         ADD,   SNAT),
	ROW(SNAT_SET,          "snat-set",          SNAT,     SNAT,         SET,   SNAT),
	ROW(MARK_ADD,          "mark-add",          MARK,     MARK,         ADD,   MARK),
	ROW(GUARD_ADD,         "guard-add",         MARK,     GUARD,        ADD,   GUARD),
	ROW(TOA_SETUP,         "toa-setup",         TOA,      TOA_FRAME,    ADD,   TOA_FRAME),
	ROW(TOA_ADD,           "toa-add",           TOA,      TOA,          ADD,   TOA),
	ROW(TOA_SET,           "toa-set",           TOA,      TOA,          SET,   TOA),
	ROW(HOOK_ADD,          "hook-add",          TOA,      TOA,          ADD,   HOOK),
	ROW(SYNC_ADD,          "sync-add",          IPVS,     SYNC,         ADD,   SYNC),
	ROW(SYNC_SET,          "sync-set",          IPVS,     SYNC,         SET,   SYNC),
	ROW(TIMEOUT_SET,       "timeout-set",       IPVS,     SERVICES,     SET,   TIMEOUT),
	ROW(SERVICE_ADD,       "service-add",       IPVS,     SERVICES,     ADD,   SERVICE),
	ROW(SERVICE_SET,       "service-set",       IPVS,     SERVICES,     SET,   SERVICE),
	ROW(DEST_ADD,          "dest-add",          IPVS,     DESTS,        ADD,   DEST),
	ROW(DEST_SET,          "dest-set",          IPVS,     DESTS,        SET,   DEST),
	ROW(VIP_ADD,           "vip-add",           HOST,     VIPS,         ADD,   VIP),
	ROW(VIP_DEL,           "vip-del",           HOST,     VIPS_DEL,     DEL,   VIP),
	ROW(DEST_DEL,          "dest-del",          IPVS,     DESTS,        DEL,   DEST),
	ROW(SERVICE_DEL,       "service-del",       IPVS,     SERVICES_DEL, DEL,   SERVICE),
	ROW(TIMEOUT_RESET,     "timeout-reset",     IPVS,     SERVICES_DEL, RESET, TIMEOUT),
	ROW(SYNC_DEL,          "sync-del",          IPVS,     SYNC_DEL,     DEL,   SYNC),
	ROW(GUARD_DEL,         "guard-del",         MARK,     GUARD_DEL,    DEL,   GUARD),
	ROW(MARK_DEL,          "mark-del",          MARK,     MARK_DEL,     DEL,   MARK),
	ROW(TOA_DEL,           "toa-del",           TOA,      TOA_DEL,      DEL,   TOA),
	ROW(HOOK_DEL,          "hook-del",          TOA,      TOA_DEL,      DEL,   HOOK),
	ROW(TOA_TEARDOWN,      "toa-teardown",      TOA,      TOA_DEL,      DEL,   TOA_FRAME),
	ROW(SNAT_DEL,          "snat-del",          SNAT,     SNAT_DEL,     DEL,   SNAT),
	ROW(SNAT_TEARDOWN,     "snat-teardown",     SNAT,     SNAT_DEL,     DEL,   SNAT_FRAME),
	ROW(ACCEPT_DEL,        "accept-del",        FIREWALL, FIREWALL_DEL, DEL,   ACCEPT),
	ROW(FIREWALL_TEARDOWN, "firewall-teardown", FIREWALL, FIREWALL_DEL, DEL,   FIREWALL_FRAME),
	ROW(LINK_DEL,          "link-del",          HOST,     HOST_DEL,     DEL,   LINK),
	ROW(HOST_RESET,        "host-reset",        HOST,     HOST_DEL,     RESET, SETTING),
};
/* clang-format on */

const struct ezlb_op_facts *ezlb_op_facts(enum ezlb_op_kind kind)
{
	return &table[kind];
}

const char *ezlb_op_kind_str(enum ezlb_op_kind kind)
{
	return table[kind].name;
}

enum ezlb_layer_kind ezlb_op_layer(enum ezlb_op_kind kind)
{
	return table[kind].layer;
}

enum ezlb_object ezlb_op_object(enum ezlb_op_kind kind)
{
	return table[kind].object;
}

enum ezlb_action ezlb_op_action(enum ezlb_op_kind kind)
{
	return table[kind].action;
}

static bool is_guard_by_dest(const struct ezlb_op *op)
{
	return table[op->kind].object == EZLB_OBJECT_GUARD && op->guard.by_dest;
}

/* A dest that gets weight 0 takes no new connections: as if it were removed. */
static enum ezlb_op_kind order_of(const struct ezlb_op *op)
{
	bool leaves = op->kind == EZLB_OP_DEST_SET && op->dest.weight == 0;

	if (is_guard_by_dest(op))
		return op->kind == EZLB_OP_GUARD_ADD ? EZLB_OP_GUARD_DEL : EZLB_OP_GUARD_ADD;
	return leaves ? EZLB_OP_DEST_DEL : op->kind;
}

enum ezlb_phase ezlb_op_phase(const struct ezlb_op *op)
{
	if (op->kind == EZLB_OP_HOST_SET && ezlb_setting_facts(op->setting.setting)->after_ra)
		return EZLB_PHASE_HOST;
	if (is_guard_by_dest(op))
		return table[order_of(op)].phase;
	return table[op->kind].phase;
}

enum ezlb_op_kind ezlb_op_kind_of(enum ezlb_object object, enum ezlb_action action)
{
	for (int i = 0; i < EZLB_OPS; i++)
		if (table[i].object == object && table[i].action == action)
			return (enum ezlb_op_kind)i;
	return EZLB_OPS;
}

const char *ezlb_layer_kind_str(enum ezlb_layer_kind kind)
{
	static const char *const names[] = {
		[EZLB_LAYER_HOST] = "host", [EZLB_LAYER_FIREWALL] = "firewall",
		[EZLB_LAYER_SNAT] = "snat", [EZLB_LAYER_MARK] = "mark",
		[EZLB_LAYER_TOA] = "toa",   [EZLB_LAYER_IPVS] = "ipvs",
	};

	return names[kind];
}

int ezlb_op_cmp(const void *pa, const void *pb)
{
	static const ezlb_cmp_fn cmps[EZLB_OBJECTS] = {
		[EZLB_OBJECT_SETTING] = ezlb_setting_row_cmp,
		[EZLB_OBJECT_LINK] = ezlb_link_row_cmp,
		[EZLB_OBJECT_VIP] = ezlb_vip_row_cmp,
		[EZLB_OBJECT_ACCEPT] = ezlb_accept_row_cmp,
		[EZLB_OBJECT_SNAT] = ezlb_snat_row_cmp,
		[EZLB_OBJECT_MARK] = ezlb_mark_row_cmp,
		[EZLB_OBJECT_GUARD] = ezlb_guard_row_cmp,
		[EZLB_OBJECT_TOA] = ezlb_toa_row_cmp,
		[EZLB_OBJECT_HOOK] = ezlb_hook_row_cmp,
		[EZLB_OBJECT_SYNC] = ezlb_sync_row_cmp,
		[EZLB_OBJECT_TIMEOUT] = ezlb_timeout_row_cmp,
		[EZLB_OBJECT_SERVICE] = ezlb_service_row_cmp,
		[EZLB_OBJECT_DEST] = ezlb_dest_row_cmp,
	};
	const struct ezlb_op *a = pa, *b = pb;
	ezlb_cmp_fn cmp = cmps[table[a->kind].object];

	if (order_of(a) != order_of(b))
		return CMP(order_of(a), order_of(b));
	if (a->kind != b->kind)
		return CMP(a->kind, b->kind);
	return cmp ? cmp(&a->service, &b->service) : 0; /* all rows share one address */
}

/* --- subjects ------------------------------------------------------------------------------ */

static struct ezlb_subject of_service(const struct ezlb_service_key *key)
{
	return (struct ezlb_subject){ .kind = EZLB_SUBJECT_SERVICE, .service = *key };
}

struct ezlb_subject ezlb_op_subject(const struct ezlb_op *op)
{
	struct ezlb_subject out = { .kind = EZLB_SUBJECT_FRAME };

	switch (table[op->kind].object) {
	case EZLB_OBJECT_SERVICE:
		return of_service(&op->service.key);
	case EZLB_OBJECT_DEST:
		return of_service(&op->dest.service);
	case EZLB_OBJECT_ACCEPT:
		return of_service(&op->accept.service);
	case EZLB_OBJECT_SNAT:
		if (op->snat.key.kind == EZLB_SNAT_KEY_LISTENER)
			return of_service(&(struct ezlb_service_key){
				op->snat.key.proto, op->snat.key.endpoint, op->snat.key.fwmark });
		out.kind = EZLB_SUBJECT_BACKEND;
		out.backend = op->snat.key;
		break;
	case EZLB_OBJECT_MARK:
		if (op->mark.last_port)
			return of_service(&op->mark.service);
		break;
	case EZLB_OBJECT_GUARD:
		if (op->guard.addr.family) {
			out.kind = EZLB_SUBJECT_ADDR;
			out.addr = op->guard.addr;
		}
		break;
	case EZLB_OBJECT_TOA:
		return of_service(&op->toa.service);
	case EZLB_OBJECT_HOOK:
		out.kind = EZLB_SUBJECT_LINK;
		memcpy(out.link.device, op->hook.device, sizeof(out.link.device));
		break;
	case EZLB_OBJECT_VIP:
		out.kind = EZLB_SUBJECT_ADDR;
		out.addr = op->vip.addr;
		break;
	case EZLB_OBJECT_LINK:
		out.kind = EZLB_SUBJECT_LINK;
		out.link = op->link;
		break;
	case EZLB_OBJECT_SETTING:
		out.kind = EZLB_SUBJECT_SETTING;
		out.setting = op->setting;
		break;
	case EZLB_OBJECT_TIMEOUT:
		out.kind = EZLB_SUBJECT_TIMEOUT;
		out.timeout = op->timeout;
		break;
	case EZLB_OBJECT_SYNC:
		out.kind = EZLB_SUBJECT_SYNC;
		out.sync = op->sync;
		break;
	case EZLB_OBJECT_FIREWALL_FRAME:
	case EZLB_OBJECT_SNAT_FRAME:
	case EZLB_OBJECT_TOA_FRAME:
	case EZLB_OBJECTS:
		break;
	}
	return out;
}

int ezlb_subject_cmp(const void *pa, const void *pb)
{
	const struct ezlb_subject *a = pa, *b = pb;

	if (a->kind != b->kind)
		return CMP(a->kind, b->kind);
	switch (a->kind) {
	case EZLB_SUBJECT_SERVICE:
		return ezlb_service_key_cmp(&a->service, &b->service);
	case EZLB_SUBJECT_BACKEND:
		return ezlb_snat_key_cmp(&a->backend, &b->backend);
	case EZLB_SUBJECT_ADDR:
		return ezlb_addr_cmp(&a->addr, &b->addr);
	case EZLB_SUBJECT_LINK:
		return ezlb_link_row_cmp(&a->link, &b->link);
	case EZLB_SUBJECT_SETTING:
		return ezlb_setting_row_cmp(&a->setting, &b->setting);
	case EZLB_SUBJECT_TIMEOUT:
		return ezlb_timeout_row_cmp(&a->timeout, &b->timeout);
	case EZLB_SUBJECT_SYNC:
		return ezlb_sync_row_cmp(&a->sync, &b->sync);
	case EZLB_SUBJECT_FRAME:
		break;
	}
	return 0;
}

bool ezlb_op_service(const struct ezlb_op *op, struct ezlb_service_key *out)
{
	const struct ezlb_subject subject = ezlb_op_subject(op);

	if (subject.kind != EZLB_SUBJECT_SERVICE)
		return false;
	*out = subject.service;
	return true;
}
