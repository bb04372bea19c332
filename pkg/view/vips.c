// SPDX-License-Identifier: GPL-2.0-or-later
#include "vips.h"

#include <stdio.h>

#include "roles.h"
#include "view_inside.h"

/* If one pass changes more addresses, they share one event. */
#define FEW 5

static int vip_cmp(const void *a, const void *b)
{
	const struct ezlb_view_vip *x = a, *y = b;

	return ezlb_addr_cmp(&x->addr, &y->addr);
}

static int row_cmp(const void *a, const void *b)
{
	const struct ezlb_view_vip *x = a, *y = b;
	int rc = vip_cmp(x, y);

	return rc ? rc : strcmp(x->service, y->service);
}

/* Does a first health check have no result yet? Then nobody knows yet whether it serves. */
static bool waits(const struct ezlb_view_roles *roles)
{
	return roles_count(roles, EZLB_ROLE_WAITING) > 0;
}

static bool serves(const struct ezlb_view_roles *roles)
{
	for (size_t i = 0; i < roles->len; i++)
		if (roles_serves(&roles->items[i]))
			return true;
	return false;
}

/* One row for each listener. */
static void add_service(const struct ezlb_spec *spec, struct ezlb_view_service *service,
			struct ezlb_view_vips *out)
{
	service->waits = waits(&service->roles);
	service->serves = serves(&service->roles);
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_listener *listener = &spec->listeners[i];
		struct ezlb_view_vip *vip;

		if (ezlb_listener_is_mark(listener))
			continue;
		vip = EZLB_PUSH(out);
		vip->addr = listener->listen.addr;
		vip->services = 1;
		vip->waiting = service->waits;
		vip->serving = service->serves;
		ezlb_strcpy(vip->service, sizeof(vip->service), service->name);
	}
}

/* Makes one row of those of an address, which stand together, by service. */
static void merge(struct ezlb_view_vips *out)
{
	size_t n = 0;

	for (size_t i = 0; i < out->len; i++) {
		struct ezlb_view_vip *vip = &out->items[i];
		struct ezlb_view_vip *to = n > 0 ? &out->items[n - 1] : NULL;

		if (!to || vip_cmp(to, vip) != 0) {
			out->items[n++] = *vip;
			continue;
		}
		to->services += strcmp(vip[-1].service, vip->service) != 0;
		to->waiting += vip->waiting;
		to->serving += vip->serving;
	}
	out->len = n;
}

/* Sorted; each address once. */
static void find_addresses(struct ezlb_view *view, const struct ezlb_catalog *catalog,
			   struct ezlb_view_vips *out)
{
	/* Both are sorted by path and have the same files. */
	for (size_t i = 0; i < catalog->entries.len; i++)
		if (catalog->entries.items[i].last)
			add_service(catalog->entries.items[i].last, &view->services.items[i], out);
	EZLB_SORT(out, row_cmp);
	merge(out);
}

/* What the links have after the pass. */
static void find_placed(const struct ezlb_pass_result *result, struct ezlb_vips *out)
{
	struct ezlb_vips gone = { 0 };

	EZLB_VEC_APPEND(out, &result->found.actual.vips);
	for (size_t i = 0; i < result->plan.ops.len; i++) {
		const struct ezlb_op *op = &result->plan.ops.items[i];

		if (op->rc == 0 && op->kind == EZLB_OP_VIP_ADD)
			*EZLB_PUSH(out) = op->vip;
		if (op->rc == 0 && op->kind == EZLB_OP_VIP_DEL)
			*EZLB_PUSH(&gone) = op->vip;
	}
	EZLB_SORT(&gone, ezlb_vip_row_cmp);
	EZLB_VEC_KEEP(out, i, !EZLB_FIND(&gone, &out->items[i], ezlb_vip_row_cmp));
	EZLB_SORT(out, ezlb_vip_row_cmp);
	EZLB_VEC_CLEAR(&gone);
}

static bool is_on(const struct ezlb_vips *placed, const char *device, const struct ezlb_addr *addr)
{
	struct ezlb_vip_row key = { .addr = *addr };

	ezlb_strcpy(key.device, sizeof(key.device), device);
	return EZLB_FIND(placed, &key, ezlb_vip_row_cmp) != NULL;
}

static enum ezlb_vip_state state_of(const struct ezlb_view_vip *vip, const char *device,
				    const struct ezlb_vips *placed,
				    const struct ezlb_pass_result *result)
{
	char drain[EZLB_DEVICE_STRLEN];

	ezlb_node_drain_device(device, drain);
	if (is_on(placed, device, &vip->addr))
		return EZLB_VIP_ANNOUNCED;
	if (is_on(placed, drain, &vip->addr))
		return EZLB_VIP_DRAINED;
	if (EZLB_FIND(&result->plan.roster.withdrawn, &vip->addr, ezlb_addr_row_cmp))
		return vip->serving > 0 ? EZLB_VIP_HELD : EZLB_VIP_WITHDRAWN;
	if (EZLB_FIND(&result->found.actual.elsewhere, &vip->addr, ezlb_addr_row_cmp))
		return EZLB_VIP_ELSEWHERE;
	return EZLB_VIP_MISSING;
}

/* --- events ---------------------------------------------------------------------------------- */

static void add_event(struct ezlb_view *view, enum ezlb_event_type type,
		      const struct ezlb_view_vip *vip, int64_t now_ms)
{
	struct ezlb_event *event = view_add_event(view, type, now_ms);
	const char *who = type == EZLB_EVENT_VIP_WITHDRAWN ? "no backend" : "a backend";

	ezlb_addr_format(&vip->addr, event->object);
	ezlb_strcpy(event->service, sizeof(event->service), vip->service);
	if (vip->services == 1)
		snprintf(event->message, sizeof(event->message), "%s of %s serves", who,
			 vip->service);
	else
		snprintf(event->message, sizeof(event->message),
			 "%s of the %zu services on it serves", who, vip->services);
}

static void add_events(struct ezlb_view *view, enum ezlb_event_type type,
		       const struct ezlb_view_vips *changed, int64_t now_ms)
{
	char first[EZLB_ADDR_STRLEN], message[EZLB_EVENT_STRLEN];

	if (changed->len <= FEW) {
		for (size_t i = 0; i < changed->len; i++)
			add_event(view, type, &changed->items[i], now_ms);
		return;
	}
	snprintf(message, sizeof(message), "%zu addresses, the first: %s", changed->len,
		 ezlb_addr_format(&changed->items[0].addr, first));
	ezlb_view_event(view, type, NULL, message, now_ms);
}

struct changes {
	struct ezlb_view_vips left, back;
};

/*
 * An address that was never withdrawn, or only until the first verdicts, has no event when it
 * comes: Applied tells it.
 */
static void look(struct ezlb_view_vip *vip, struct changes *changes)
{
	bool leaves = vip->state == EZLB_VIP_WITHDRAWN && !vip->told && vip->waiting == 0;

	if (leaves)
		*EZLB_PUSH(&changes->left) = *vip;
	if (vip->state == EZLB_VIP_ANNOUNCED && vip->told)
		*EZLB_PUSH(&changes->back) = *vip;
	vip->told = leaves || (vip->told &&
			       (vip->state == EZLB_VIP_WITHDRAWN || vip->state == EZLB_VIP_HELD));
}

static void report(struct ezlb_view *view, struct changes *changes, int64_t now_ms)
{
	add_events(view, EZLB_EVENT_VIP_WITHDRAWN, &changes->left, now_ms);
	add_events(view, EZLB_EVENT_VIP_ANNOUNCED, &changes->back, now_ms);
	EZLB_VEC_CLEAR(&changes->left);
	EZLB_VEC_CLEAR(&changes->back);
}

void vips_take(struct ezlb_view *view, const struct ezlb_view_pass *pass, int64_t now_ms)
{
	const char *device = pass->pass->policy.vip_device;
	struct ezlb_view_vips now = { 0 };
	struct ezlb_vips placed = { 0 };
	struct changes changes = { 0 };

	if (!device[0] || pass->result->found.errs.layer[EZLB_LAYER_HOST].code != 0)
		return;
	find_addresses(view, pass->catalog, &now);
	find_placed(pass->result, &placed);
	for (size_t i = 0; i < now.len; i++) {
		struct ezlb_view_vip *vip = &now.items[i];
		const struct ezlb_view_vip *was = EZLB_FIND(&view->vips, vip, vip_cmp);

		vip->state = state_of(vip, device, &placed, pass->result);
		vip->told = was && was->told;
		look(vip, &changes);
	}
	EZLB_VEC_CLEAR(&placed);
	EZLB_VEC_CLEAR(&view->vips);
	view->vips = now;
	report(view, &changes, now_ms);
}

/* The rows of addresses, in their order. */
struct touched EZLB_VEC(struct ezlb_view_vip *);

static int touched_cmp(const void *a, const void *b)
{
	struct ezlb_view_vip *const *x = a, *const *y = b;

	return vip_cmp(*x, *y);
}

/* Counts the service anew. */
static void count_again(struct ezlb_view *view, const struct ezlb_spec *spec,
			struct ezlb_view_service *service, struct touched *touched)
{
	const bool wait = waits(&service->roles), serve = serves(&service->roles);

	if (wait == service->waits && serve == service->serves)
		return;
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_view_vip key = { .addr = spec->listeners[i].listen.addr };
		struct ezlb_view_vip *vip = EZLB_FIND(&view->vips, &key, vip_cmp);

		if (ezlb_listener_is_mark(&spec->listeners[i]) || !vip)
			continue;
		vip->waiting += (size_t)wait - (size_t)service->waits;
		vip->serving += (size_t)serve - (size_t)service->serves;
		*EZLB_PUSH(touched) = vip;
	}
	service->waits = wait;
	service->serves = serve;
}

void vips_take_part(struct ezlb_view *view, const struct ezlb_catalog *catalog,
		    const struct view_some *some, int64_t now_ms)
{
	struct changes changes = { 0 };
	struct touched touched = { 0 };

	if (!view->vip_device[0])
		return;
	for (size_t k = 0; k < some->len; k++) {
		size_t i = view_nth(some, k);

		count_again(view, catalog->entries.items[i].last, &view->services.items[i],
			    &touched);
	}
	EZLB_SORT(&touched, touched_cmp);
	EZLB_UNIQUE(&touched, touched_cmp);
	for (size_t i = 0; touched.items && i < touched.len; i++) {
		struct ezlb_view_vip *vip = touched.items[i];

		if (vip->state == EZLB_VIP_WITHDRAWN || vip->state == EZLB_VIP_HELD)
			vip->state = vip->serving > 0 ? EZLB_VIP_HELD : EZLB_VIP_WITHDRAWN;
		look(vip, &changes);
	}
	EZLB_VEC_CLEAR(&touched);
	report(view, &changes, now_ms);
}

enum ezlb_vip_state vips_state(const struct ezlb_view_vips *vips, const struct ezlb_addr *addr)
{
	const struct ezlb_view_vip key = { .addr = *addr };
	const struct ezlb_view_vip *vip = EZLB_FIND(vips, &key, vip_cmp);

	return vip ? vip->state : EZLB_VIP_UNKNOWN;
}
