/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toa: the layer for the TCP option with the client's address ("TCP option address"). A BPF program
 * on the tc egress of the interfaces towards the backends adds it to the SYN and to the packets
 * that follow the SYN directly. The program, its map of services and its counters are pinned under
 * /sys/fs/bpf/ezlb, so that they go on while ezlb does not run, and so that a process that may not
 * load programs can use what `ezlb host-setup` has loaded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/layer.h>

/*
 * Rows and frame: see struct ezlb_table. list also returns the routes to the addresses of
 * `towards`. If this host cannot run the program, list succeeds and says why in toa_problem.
 * Open never fails because of the kernel.
 *
 * A route is what IPVS looks up: the address alone, without a source or a mark. There is no row for
 * an address of this host. Routes and hooks are read again when the kernel notifies of a change,
 * and once a minute; peek sees the same changes. After a change that concerns all routes one list
 * reads some 2,000 of them again, and the others are as before until the next ones.
 *
 * The frame is not sound if an interface has another program of ezlb than the pinned one, or more
 * than one; TOA_SETUP repairs that. HOOK_ADD: -EEXIST also if somebody else's filter has ezlb's
 * preference and handle, or its preference and another kind or protocol; -EBUSY if the interface
 * has the qdisc ingress, which excludes clsact.
 *
 * Where this process could not load the program again (`ezlb host-setup` has done it, with more
 * rights), TOA_TEARDOWN leaves the pins, without rows and hooks; then they do not count as present.
 */
int ezlb_toa_open(struct ezlb_layer **out, struct ezlb_err *err);

/* What the program did with packets since it was loaded. */
enum ezlb_toa_count {
	EZLB_TOA_ADDED,	   /* packets that got the option */
	EZLB_TOA_STRIPPED, /* packets whose client had sent such an option */
	EZLB_TOA_NO_ROOM,  /* the TCP header was full */
	EZLB_TOA_TOO_LONG, /* the packet would have exceeded the MTU, or has several segments */
	EZLB_TOA_NO_ENTRY, /* conntrack does not know the connection */
	EZLB_TOA_FAILED,   /* the kernel refused to change the packet */
	EZLB_TOA_COUNTS
};
const char *ezlb_toa_count_str(enum ezlb_toa_count count); /* "added" */
/* Reads the counters; any thread may call it. -ENOENT if the program is not loaded. */
int ezlb_toa_read_counts(uint64_t counts[EZLB_TOA_COUNTS], struct ezlb_err *err);

/*
 * For host-setup: loads and pins the program if it is not pinned yet, or is another version. -errno
 * with the reason if this host cannot run it.
 */
int ezlb_toa_load(struct ezlb_err *err);

/* For cleanup: removes the pins that TOA_TEARDOWN leaves. 0 if there are none. */
int ezlb_toa_unload(struct ezlb_err *err);
