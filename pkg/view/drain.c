// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "view_inside.h"

void ezlb_view_drain(struct ezlb_view *view, const struct ezlb_node_drain *drain, int64_t now_ms)
{
	(void)now_ms;
	view->drain = *drain;
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
