/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard: reads and writes the table of guarded addresses. Part of the layer of the marks. */
#pragma once

#include <ezlb/netfilter.h>
#include <ezlb/op.h>

/* What the kernel has; cleared with guard_clear. */
struct guard_actual {
	bool exists, odd;	 /* the table; something in it is not ezlb's */
	struct ezlb_guards rows; /* sorted */
};
void guard_clear(struct guard_actual *actual);

/* For ezlb_nft_read: replaces *actual. -EAGAIN: the set changed meanwhile. */
int guard_read(struct ezlb_nl *nl, struct guard_actual *actual);

/*
 * Executes ops of addresses in one transaction, which creates the table again, or deletes it with
 * the last address. Sets the rc of each to the same value, which it returns.
 */
int guard_apply(struct ezlb_nl *nl, struct ezlb_op *const *ops, size_t n);
