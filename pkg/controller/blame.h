/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blame: tells of a fight over a part of the kernel, once, and who the other one is likely to be.
 */
#pragma once

#include "units.h"

/* Takes in what somebody else did; logs one error where that has become a fight. */
void blame(struct units *units, const struct ezlb_plan *drift, uint64_t now_ms);
/* Logs when all that was fought over has been left alone for a while. */
void blame_calm(struct units *units, uint64_t now_ms);
