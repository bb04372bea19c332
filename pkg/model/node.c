// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/node.h>

#include <stdio.h>

#define SUFFIX	 "-drain"
#define NAME_MAX ((int)(EZLB_DEVICE_STRLEN - sizeof(SUFFIX)))

const char *ezlb_node_drain_str(enum ezlb_node_drain_kind kind)
{
	static const char *const names[] = { [EZLB_NODE_SERVES] = "no",
					     [EZLB_NODE_DRAINED] = "drained",
					     [EZLB_NODE_UNTIL_EXIT] = "until_exit",
					     [EZLB_NODE_EXITING] = "exiting" };

	return names[kind];
}

void ezlb_node_drain_device(const char *vip_device, char buf[EZLB_DEVICE_STRLEN])
{
	snprintf(buf, EZLB_DEVICE_STRLEN, "%.*s" SUFFIX, NAME_MAX, vip_device);
}
