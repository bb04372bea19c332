/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan: the list of operations that brings the kernel from actual to target. The order of the enum
 * is the order of execution: make before break.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/table.h>

enum ezlb_op_kind {
	EZLB_OP_HOST_SET,
	EZLB_OP_LINK_ADD,
	EZLB_OP_VIP_ADD,
	EZLB_OP_FIREWALL_SETUP, /* make or mend the frame of the accepts */
	EZLB_OP_ACCEPT_ADD,
	EZLB_OP_SNAT_SETUP, /* make or mend the frame */
	EZLB_OP_SNAT_ADD,
	EZLB_OP_SNAT_SET,
	EZLB_OP_SERVICE_ADD,
	EZLB_OP_SERVICE_SET,
	EZLB_OP_DEST_ADD,
	EZLB_OP_DEST_SET,
	EZLB_OP_DEST_DEL,
	EZLB_OP_SERVICE_DEL,
	EZLB_OP_SNAT_DEL,
	EZLB_OP_SNAT_TEARDOWN, /* remove the frame; what is left in it goes too */
	EZLB_OP_ACCEPT_DEL,
	EZLB_OP_FIREWALL_TEARDOWN,
	EZLB_OP_VIP_DEL,
	EZLB_OP_LINK_DEL,
	EZLB_OP_HOST_RESET, /* back to the value of before ezlb, unless others have changed it */
	EZLB_OPS
};

/* What became of an op: 0 done, -errno failed, or one of these. */
#define EZLB_PENDING 1 /* not tried yet */
#define EZLB_HELD    2 /* its prerequisite failed; the next pass tries again */

struct ezlb_op {
	enum ezlb_op_kind kind;
	int rc;
	union {
		struct ezlb_service_row service;
		struct ezlb_dest_row dest;
		struct ezlb_snat_row snat;
		struct ezlb_setting_row setting;
		struct ezlb_accept_row accept;
		struct ezlb_link_row link;
		struct ezlb_vip_row vip;
	};
	union { /* *_SET only: what the kernel holds now, for the human who reads the plan */
		struct ezlb_service_row old_service;
		struct ezlb_dest_row old_dest;
		struct ezlb_snat_row old_snat;
		struct ezlb_setting_row old_setting;
	};
};

struct ezlb_plan EZLB_VEC(struct ezlb_op);

struct ezlb_op *ezlb_plan_add(struct ezlb_plan *plan, enum ezlb_op_kind kind);
void ezlb_plan_clear(struct ezlb_plan *plan);
bool ezlb_plan_ok(const struct ezlb_plan *plan); /* every op done */

const char *ezlb_op_kind_str(enum ezlb_op_kind kind); /* "dest-add" */

/* "dest-add tcp 10.0.0.1:80 -> 192.168.10.11:80 masq weight 1"; cut where buf is short. */
#define EZLB_OP_STRLEN 256
const char *ezlb_op_format(const struct ezlb_op *op, char buf[EZLB_OP_STRLEN]);

/* Why it failed or waits, in words that name the remedy where one is known; "done" for rc 0. */
const char *ezlb_op_explain(const struct ezlb_op *op, char buf[EZLB_OP_STRLEN]);
