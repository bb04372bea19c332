/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * node: whether this balancer is drained: taken out, so that another one gets its traffic. Not the
 * drain of a backend (roster.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/table.h>

enum ezlb_node_drain_kind {
	EZLB_NODE_SERVES,     /* it does not drain */
	EZLB_NODE_DRAINED,    /* by `ezlb drain`: until `ezlb undrain`, also after a restart */
	EZLB_NODE_UNTIL_EXIT, /* until this process ends, by `ezlb drain --until-exit` */
	EZLB_NODE_EXITING     /* the same by --drain-on-exit: the process has got SIGTERM */
};
const char *ezlb_node_drain_str(enum ezlb_node_drain_kind kind); /* "until_exit" */

struct ezlb_node_drain {
	enum ezlb_node_drain_kind kind;
	int64_t since_ms; /* by the wall clock; 0 with SERVES */
};

/*
 * The link that has the addresses while the balancer is drained: packets that still come are
 * accepted, and a routing daemon can tell the two apart. "ezlb0-drain" for "ezlb0"; of a name with
 * more than 9 bytes the first 9 are used.
 */
void ezlb_node_drain_device(const char *vip_device, char buf[EZLB_DEVICE_STRLEN]);
