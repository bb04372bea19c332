// SPDX-License-Identifier: GPL-2.0-or-later
/* summing: the facts of the summary, counted anew only when a service changes them. */
#include "view_inside.h"

enum { SUMMED = 1, APPLIED = 2, REFUSED = 4, DOWN = 8, FAIL_OPEN = 16, FALLBACK = 32, PORTS = 64 };

/* All that ezlb_summary_add asks, in bits. */
static uint8_t bits_of(const struct ezlb_view_service *service)
{
	enum ezlb_reason ready = service->conditions[EZLB_BACKENDS_READY].reason;
	enum ezlb_reason deliverable = service->conditions[EZLB_DELIVERABLE].reason;
	unsigned bits = SUMMED;

	bits |= service->applied ? APPLIED : 0;
	bits |= service->diags ? REFUSED : 0;
	bits |= ezlb_state_of(service->conditions) == EZLB_STATE_DOWN ? DOWN : 0;
	bits |= ready == EZLB_REASON_FAIL_OPEN ? FAIL_OPEN : 0;
	bits |= ready == EZLB_REASON_FALLBACK_SERVES ? FALLBACK : 0;
	bits |= deliverable == EZLB_REASON_SOURCE_PORTS_LOW ? PORTS : 0;
	return (uint8_t)bits;
}

static void add(struct ezlb_summary *summary, const struct ezlb_view_service *service)
{
	summary->services += service->applied;
	if (service->diags && summary->refused++ == 0) {
		summary->refused_file = service->path;
		summary->refused_line = service->diag_line;
	}
	ezlb_summary_add(summary, service->name, ezlb_state_of(service->conditions),
			 service->conditions);
}

void view_sum(struct ezlb_view *view, const struct view_some *some)
{
	for (size_t k = 0; k < some->len; k++) {
		struct ezlb_view_service *service = &view->services.items[view_nth(some, k)];
		uint8_t bits = bits_of(service);

		view->summary_stale |= bits != service->summed;
		service->summed = bits;
	}
	if (!view->summary_stale)
		return;
	view->summary_stale = false;
	view->summary = (struct ezlb_summary){ 0 };
	for (size_t i = 0; i < view->services.len; i++) /* sorted by path */
		add(&view->summary, &view->services.items[i]);
}
