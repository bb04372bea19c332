// SPDX-License-Identifier: GPL-2.0-or-later
/* reason: the service that an op belongs to, and the reason for the op. */
#include "sheet.h"

#include <stdio.h>

#include <ezlb/node.h>

#define SERVICE_REMOVED "its service is removed"
#define NOT_WANTED	"no file asks for it any more"

#define DRAINED	    "this balancer is drained"
#define NOT_DRAINED "this balancer is not drained any more"

#define NO_CLIENT_ADDRESS "no file has client_address: toa any more"

static void set_why(struct item *item, const char *why)
{
	ezlb_strcpy(item->why, sizeof(item->why), why);
}

/* Returns owner. NULL: no file asks for it; `why` is the reason then. */
static const struct owner *set_owner(struct item *item, const struct owner *owner, const char *why)
{
	item->group = owner ? GROUP_SERVICE : GROUP_UNWANTED;
	item->owner = owner;
	if (!owner)
		set_why(item, why);
	return owner;
}

static void set_why_verdict(const struct sheet *sheet, struct item *item,
			    const struct ezlb_endpoint *backend)
{
	const struct ezlb_verdict_row *row = ezlb_verdict_find(sheet->preview->verdicts,
							       item->owner->spec, backend);
	char outcome[OUTCOME_STRLEN];

	if (!row) /* it has no health check */
		return;
	if (row->verdict != EZLB_DOWN || !row->probed)
		snprintf(item->why, WHY_STRLEN, "backend is %s", ezlb_verdict_str(row->verdict));
	else
		snprintf(item->why, WHY_STRLEN, "backend is down: %s",
			 outcome_format(row, outcome));
}

/* The line of one listener. */
static int line_of(const struct owner *owner, const struct ezlb_service_key *key)
{
	for (size_t i = 0; i < owner->spec->n_listeners; i++)
		if (ezlb_service_key_cmp(&owner->spec->listeners[i].key, key) == 0)
			return owner->spec->listeners[i].at.line;
	return owner->spec->listen_at.line;
}

static void service_reason(const struct sheet *sheet, struct item *item)
{
	if (set_owner(item, sheet_owner(sheet, &item->op->service.key), NOT_WANTED))
		item->line = line_of(item->owner, &item->op->service.key);
}

/* What the roster says of the dest; false: nothing more than the verdict. */
static bool set_why_role(const struct sheet *sheet, struct item *item)
{
	const struct ezlb_dest_row *dest = &item->op->dest;
	const struct ezlb_roster *roster = sheet->preview->roster;
	const struct ezlb_roster_row *row =
		roster ? ezlb_roster_find(roster, &dest->service, &dest->endpoint) : NULL;
	char text[ROLE_STRLEN];

	if (!row)
		return false;
	if (role_format(sheet, item->owner, row, text))
		set_why(item, text);
	else if (row->role == EZLB_ROLE_STANDBY)
		set_why(item, "the fallback is not needed");
	else
		return false;
	return true;
}

static void dest_reason(const struct sheet *sheet, struct item *item)
{
	const struct ezlb_dest_row *dest = &item->op->dest;
	const struct ezlb_backend *backend;

	if (!set_owner(item, sheet_owner(sheet, &dest->service), SERVICE_REMOVED))
		return;
	backend = sheet_backend(item->owner, &dest->service, &dest->endpoint);
	if (backend)
		item->line = backend->at.line;
	if (set_why_role(sheet, item))
		return;
	if (!backend)
		set_why(item, NOT_WANTED);
	else if (item->op->kind != EZLB_OP_DEST_SET)
		set_why_verdict(sheet, item, &backend->endpoint);
}

static int snat_line(const struct owner *owner, int otherwise)
{
	int line = owner->spec->snat_ip_at.line;

	return line > 0 ? line : otherwise;
}

static void snat_of_listener(const struct sheet *sheet, struct item *item,
			     const struct ezlb_service_key *key)
{
	if (!set_owner(item, sheet_owner(sheet, key), SERVICE_REMOVED))
		return;
	if (item->op->kind == EZLB_OP_SNAT_DEL)
		set_why(item, "full_nat is off");
	else
		item->line = snat_line(item->owner, line_of(item->owner, key));
}

static void snat_of_backend(const struct sheet *sheet, struct item *item)
{
	const struct use *use = sheet_use(sheet, &item->op->snat.key);

	set_owner(item, use ? use->owner : NULL, use ? SERVICE_REMOVED : NOT_WANTED);
	if (!use)
		return;
	switch (use->rank) {
	case RANK_SNAT:
		item->line = snat_line(use->owner, use->backend->at.line);
		if (item->op->kind != EZLB_OP_SNAT_SET)
			set_why_verdict(sheet, item, &use->backend->endpoint);
		break;
	case RANK_PLAIN:
		set_why(item, "full_nat is off");
		break;
	case RANK_GONE:
		if (use->owner)
			set_why(item, "its backend is removed");
		break;
	}
}

static void snat_reason(const struct sheet *sheet, struct item *item)
{
	struct ezlb_service_key key;

	if (ezlb_op_service(item->op, &key))
		snat_of_listener(sheet, item, &key);
	else
		snat_of_backend(sheet, item);
}

static void accept_reason(const struct sheet *sheet, struct item *item)
{
	if (!set_owner(item, sheet_owner(sheet, &item->op->accept.service), SERVICE_REMOVED))
		return;
	if (item->op->kind == EZLB_OP_ACCEPT_ADD)
		set_why(item, "a filter on this host drops packets");
	else
		set_why(item, "it is not needed any more");
}

static void mark_reason(const struct sheet *sheet, struct item *item)
{
	const struct ezlb_mark_row *row = &item->op->mark;

	if (row->last_port == 0) {
		item->group = GROUP_HOST;
		set_why(item, "another program has changed the table");
		return;
	}
	if (!set_owner(item, sheet_owner(sheet, &row->service), SERVICE_REMOVED))
		return;
	if (item->op->kind == EZLB_OP_MARK_ADD)
		item->line = line_of(item->owner, &row->service);
	else
		set_why(item, NOT_WANTED);
}

static void toa_reason(const struct sheet *sheet, struct item *item)
{
	const struct ezlb_toa_row *row = &item->op->toa;

	if (!set_owner(item, sheet_owner(sheet, &row->service), SERVICE_REMOVED))
		return;
	if (item->op->kind == EZLB_OP_TOA_DEL) {
		set_why(item, item->owner->spec->full_nat ? NO_CLIENT_ADDRESS : "full_nat is off");
	} else if (row->mode == EZLB_TOA_ADD) {
		item->line = item->owner->spec->client_address_at.line;
		set_why(item, "client_address: toa");
	} else {
		set_why(item, "another service has client_address: toa");
	}
}

static void guard_reason(const struct sheet *sheet, struct item *item)
{
	const struct ezlb_guard_row *row = &item->op->guard;

	if (row->addr.family == 0) {
		item->group = GROUP_HOST;
		set_why(item, "another program has changed the table");
		return;
	}
	if (!set_owner(item, sheet_listener(sheet, &row->addr), NOT_WANTED))
		return;
	if (item->op->kind == EZLB_OP_GUARD_ADD)
		set_why(item, "other ports of this host do not answer there: --vip-guard");
	else
		set_why(item, "--vip-guard does not apply to it any more");
}

/* The link that has the addresses while the balancer is drained. */
static bool is_drain_link(const struct sheet *sheet, const char *device)
{
	const char *vip_device = sheet->preview->vip_device;
	char name[EZLB_DEVICE_STRLEN];

	if (!vip_device || !vip_device[0])
		return false;
	ezlb_node_drain_device(vip_device, name);
	return strcmp(device, name) == 0;
}

/* It is on the other link: it moves. */
static bool is_moved(const struct sheet *sheet, const struct ezlb_op *op)
{
	const struct ezlb_plan *plan = sheet->preview->plan;

	for (size_t i = 0; i < plan->len; i++)
		if (plan->items[i].kind == EZLB_OP_VIP_DEL &&
		    ezlb_addr_cmp(&plan->items[i].vip.addr, &op->vip.addr) == 0 &&
		    is_drain_link(sheet, plan->items[i].vip.device))
			return true;
	return false;
}

static const char *why_vip_comes(const struct sheet *sheet, const struct ezlb_op *op)
{
	const struct ezlb_roster *roster = sheet->preview->roster;
	const struct ezlb_vip_need from = { .addr = op->vip.addr };
	size_t i;

	if (is_drain_link(sheet, op->vip.device))
		return DRAINED;
	if (is_moved(sheet, op))
		return NOT_DRAINED;
	if (!roster)
		return "";
	i = EZLB_FIRST(&roster->vip_needs, &from, ezlb_vip_need_cmp);
	return i < roster->vip_needs.len &&
			       ezlb_addr_cmp(&roster->vip_needs.items[i].addr, &op->vip.addr) == 0
		       ? "a backend serves"
		       : "";
}

static const char *why_vip_goes(const struct sheet *sheet, const struct ezlb_op *op)
{
	const struct ezlb_preview *preview = sheet->preview;
	const char *link = preview->vip_device ? preview->vip_device : "";

	if (preview->roster &&
	    EZLB_FIND(&preview->roster->withdrawn, &op->vip.addr, ezlb_addr_row_cmp))
		return "withdrawn: no backend of a service on it serves";
	if (preview->drained && strcmp(op->vip.device, link) == 0)
		return DRAINED;
	if (!preview->drained && is_drain_link(sheet, op->vip.device))
		return NOT_DRAINED;
	return "--vip-device does not name this link any more";
}

static void vip_reason(const struct sheet *sheet, struct item *item)
{
	if (!set_owner(item, sheet_listener(sheet, &item->op->vip.addr), NOT_WANTED))
		return;
	if (item->op->kind == EZLB_OP_VIP_DEL) {
		set_why(item, why_vip_goes(sheet, item->op));
		return;
	}
	item->line = item->owner->spec->listen_at.line;
	set_why(item, why_vip_comes(sheet, item->op));
}

static const char *who_needs(enum ezlb_setting setting)
{
	static const char *const whys[EZLB_NEEDS] = {
		[EZLB_NEED_NAT4] = "full_nat needs it",
		[EZLB_NEED_NAT6] = "full_nat needs it",
		[EZLB_NEED_NAT_TCP] = "full_nat needs it for tcp",
		[EZLB_NEED_UDP] = "udp services need it",
		[EZLB_NEED_PERSISTENCE] = "persistence needs it",
		[EZLB_NEED_VIP4] = "--vip-device needs it",
		[EZLB_NEED_LOG] = "connection_log needs it",
		[EZLB_NEED_MH_TCP] = "scheduler mh needs it when another balancer takes over",
		[EZLB_NEED_MH_SCTP] = "scheduler mh needs it when another balancer takes over",
	};
	int need = 0;

	if (setting == EZLB_ACCEPT_RA)
		return "its default route would be lost with forwarding on";
	while (!(ezlb_setting_facts(setting)->needed_by & 1u << need))
		need++;
	return whys[need];
}

static const char *why_frame_goes(const struct sheet *sheet, const struct item *item)
{
	if (!item->old)
		return "no file asks for full_nat any more";
	return sheet->preview->snat_key == EZLB_SNAT_KEY_LISTENER
		       ? "source NAT is done by nftables now"
		       : "source NAT is done by iptables now";
}

static const char *why_hook_goes(const struct sheet *sheet)
{
	const struct ezlb_plan *plan = sheet->preview->plan;

	for (size_t i = 0; i < plan->len; i++)
		if (plan->items[i].kind == EZLB_OP_TOA_TEARDOWN)
			return NO_CLIENT_ADDRESS;
	return "no packets to backends leave here any more";
}

static const char *why_sync(const struct ezlb_op *op)
{
	if (op->kind == EZLB_OP_SYNC_DEL)
		return "there is no --sync-interface any more";
	if (op->kind == EZLB_OP_SYNC_SET && op->old_sync.stale)
		return "its interface was replaced";
	return "--sync-interface";
}

static void host_reason(const struct sheet *sheet, struct item *item)
{
	static const char *const whys[EZLB_OPS] = {
		[EZLB_OP_HOST_RESET] = "restores the state before ezlb",
		[EZLB_OP_TIMEOUT_RESET] = "restores the state before ezlb",
		[EZLB_OP_LINK_ADD] = "--vip-device keeps addresses on it",
		[EZLB_OP_LINK_DEL] = "no address of ezlb is left on it",
		[EZLB_OP_FIREWALL_SETUP] = "a filter on this host drops packets",
		[EZLB_OP_FIREWALL_TEARDOWN] = "no service needs it any more",
		[EZLB_OP_SNAT_SETUP] = "full_nat needs it",
		[EZLB_OP_TOA_SETUP] = "client_address: toa needs it",
		[EZLB_OP_TOA_TEARDOWN] = NO_CLIENT_ADDRESS,
		[EZLB_OP_HOOK_ADD] = "packets to backends leave here",
	};
	enum ezlb_op_kind kind = item->op->kind;

	item->group = GROUP_HOST;
	if (kind == EZLB_OP_HOST_SET)
		set_why(item, who_needs(item->op->setting.setting));
	else if (kind == EZLB_OP_SNAT_TEARDOWN)
		set_why(item, why_frame_goes(sheet, item));
	else if (kind == EZLB_OP_HOOK_DEL)
		set_why(item, why_hook_goes(sheet));
	else if (ezlb_op_object(kind) == EZLB_OBJECT_SYNC)
		set_why(item, why_sync(item->op));
	else if (kind == EZLB_OP_TIMEOUT_SET)
		snprintf(item->why, WHY_STRLEN, "--ipvs-timeout-%s",
			 ezlb_timeout_str(item->op->timeout.timeout));
	else if (kind == EZLB_OP_LINK_ADD && is_drain_link(sheet, item->op->link.device))
		set_why(item, DRAINED);
	else
		set_why(item, whys[kind]);
}

void reason_find(const struct sheet *sheet, struct item *item)
{
	switch (ezlb_op_object(item->op->kind)) {
	case EZLB_OBJECT_SETTING:
	case EZLB_OBJECT_TIMEOUT:
	case EZLB_OBJECT_SYNC:
	case EZLB_OBJECT_LINK:
	case EZLB_OBJECT_FIREWALL_FRAME:
	case EZLB_OBJECT_SNAT_FRAME:
	case EZLB_OBJECT_TOA_FRAME:
	case EZLB_OBJECT_HOOK:
		host_reason(sheet, item);
		break;
	case EZLB_OBJECT_TOA:
		toa_reason(sheet, item);
		break;
	case EZLB_OBJECT_ACCEPT:
		accept_reason(sheet, item);
		break;
	case EZLB_OBJECT_MARK:
		mark_reason(sheet, item);
		break;
	case EZLB_OBJECT_GUARD:
		guard_reason(sheet, item);
		break;
	case EZLB_OBJECT_VIP:
		vip_reason(sheet, item);
		break;
	case EZLB_OBJECT_SERVICE:
		service_reason(sheet, item);
		break;
	case EZLB_OBJECT_DEST:
		dest_reason(sheet, item);
		break;
	case EZLB_OBJECT_SNAT:
		snat_reason(sheet, item);
		break;
	case EZLB_OBJECTS:
		break;
	}
}

const char *reason_format(const struct item *item, char buf[REASON_STRLEN])
{
	if (item->owner && item->line > 0)
		snprintf(buf, REASON_STRLEN, "%s:%d%s%s", item->owner->file, item->line,
			 item->why[0] ? ", " : "", item->why);
	else
		snprintf(buf, REASON_STRLEN, "%s", item->why);
	return buf;
}
