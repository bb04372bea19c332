/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reading: what a pass over all services reads, and what it takes from the last one. */
#pragma once

#include <ezlb/pass.h>

/* Could all layers be read? For the drift, which skips TOA if that cannot be read. */
bool reading_is_whole(const struct ezlb_pass_found *found);
/* The services that a pass, and the peeks after it, are about: pass->peeked. */
void reading_scope(struct ezlb_pass *pass, const struct ezlb_desired *desired);
/* Fills found->prints, actual, errs and drift; `found` is zeroed before. */
void reading_take(struct ezlb_pass *pass, const struct ezlb_desired *desired, uint64_t now_ms,
		  struct ezlb_pass_found *found);
