/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blame: tells of a fight over a part of the kernel, once, and who the other one is likely to be.
 */
#pragma once

#include <ezlb/host.h>
#include <ezlb/pass.h>

/*
 * Takes in what somebody else did. Where that has become a fight, logs one error and returns the
 * op that shows it, with who it is likely to be in `who`; NULL where it has not. Borrowed from
 * drift.
 */
const struct ezlb_op *blame(struct ezlb_pass *pass, const struct ezlb_plan *drift, uint64_t now_ms,
			    char who[EZLB_SUSPECT_STRLEN]);
/* Logs when all that was fought over has been left alone for a while; true then. */
bool blame_calm(struct ezlb_pass *pass, uint64_t now_ms);
