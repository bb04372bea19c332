/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * op_text: an op as text. The log, events and conditions use one line; preview lays out the same
 * pieces itself.
 */
#pragma once

#include <ezlb/op.h>

/* "dest-add tcp 10.0.0.1:80 -> 192.168.10.11:80 masq weight 1"; truncated to fit buf. */
#define EZLB_OP_STRLEN 384
const char *ezlb_op_format(const struct ezlb_op *op, char buf[EZLB_OP_STRLEN]);

/* Why the op failed or waits, and what to do about it if that is known; "done" for rc 0. */
const char *ezlb_op_explain(const struct ezlb_op *op, char buf[EZLB_OP_STRLEN]);

/* --- pieces -------------------------------------------------------------------------------- */

/* A value of a service, a dest or a row of TOA that an op adds or sets. */
struct ezlb_op_value {
	const char *name; /* "weight"; "" if the value needs no name, like "masq" */
	char now[40];
	char was[40]; /* "": new or unchanged */
	bool usual;   /* it is the default value */
};
/*
 * The values of the op's row in a fixed order: the scheduler, or the forwarding method and the
 * weight, or the mode of TOA; of the other attributes those that are not the default or, if the op
 * sets the row, those that change. None for removals and for other kinds of rows.
 */
#define EZLB_OP_VALUES 6
size_t ezlb_op_values(const struct ezlb_op *op, struct ezlb_op_value out[EZLB_OP_VALUES]);

/* "10.9.0.1", "10.9.0.1-10.9.0.4" or "masquerade" */
const char *ezlb_snat_to_format(const struct ezlb_snat_row *row, char buf[EZLB_RANGE_STRLEN]);
/* "10.0.0.1 on ezlb0" */
#define EZLB_VIP_STRLEN (EZLB_ADDR_STRLEN + EZLB_DEVICE_STRLEN + 4)
const char *ezlb_vip_row_format(const struct ezlb_vip_row *row, char buf[EZLB_VIP_STRLEN]);

#define EZLB_FIREWALL_FRAME_STR "chains EZLB-INPUT and EZLB-FORWARD"
#define EZLB_SNAT_FRAME_STR	"chain EZLB-SNAT"
#define EZLB_TOA_FRAME_STR	"tc program for client addresses"
#define EZLB_MARK_OTHER_STR	"what is not ezlb's in its table of marks"
#define EZLB_GUARD_OTHER_STR	"what is not ezlb's in its table of guarded addresses"
