// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "view_inside.h"

static const char *what_drains(enum ezlb_node_drain_kind kind)
{
	static const char *const texts[] = {
		[EZLB_NODE_SERVES] = NULL,
		[EZLB_NODE_DRAINED] = "by `ezlb drain`, until `ezlb undrain`",
		[EZLB_NODE_UNTIL_EXIT] = "by `ezlb drain --until-exit`, until ezlb ends",
		[EZLB_NODE_EXITING] = "by --drain-on-exit: ezlb has got SIGTERM",
	};

	return texts[kind];
}

void ezlb_view_drain(struct ezlb_view *view, const struct ezlb_node_drain *drain, int64_t now_ms)
{
	enum ezlb_node_drain_kind was = view->drain.kind;
	bool drains = drain->kind != EZLB_NODE_SERVES;
	bool before = drains && drain->since_ms < view->started_ms + view->wall_shift_ms;
	char message[128] = "";

	view->drain = *drain;
	if (drain->kind == was)
		return;
	if (drains)
		snprintf(message, sizeof(message), "%s%s", what_drains(drain->kind),
			 before ? "; since before ezlb started" : "");
	ezlb_view_event(view, drains ? EZLB_EVENT_BALANCER_DRAINED : EZLB_EVENT_BALANCER_UNDRAINED,
			NULL, message, now_ms);
}

bool view_drains(const struct ezlb_view *view, char why[EZLB_MESSAGE_STRLEN])
{
	const char *reason = NULL;

	switch (view->drain.kind) {
	case EZLB_NODE_SERVES:
		return false;
	case EZLB_NODE_DRAINED:
		reason = "`ezlb undrain` puts it back";
		break;
	case EZLB_NODE_UNTIL_EXIT:
		reason = "`ezlb undrain` puts it back, or the end of ezlb";
		break;
	case EZLB_NODE_EXITING:
		reason = "ezlb ends when no connection is active (--drain-on-exit)";
		break;
	}
	snprintf(why, EZLB_MESSAGE_STRLEN, "this balancer drains: %s", reason);
	return true;
}
