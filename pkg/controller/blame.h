/* SPDX-License-Identifier: GPL-2.0-or-later */
/* blame: logs once that another program keeps undoing ezlb's changes, and which one is likely. */
#pragma once

#include <ezlb/host.h>
#include <ezlb/pass.h>

/*
 * Records the drift. If it has become a fight, logs one error, names the likely program in `who`,
 * and returns an op of it, borrowed from drift; NULL: no new fight.
 */
const struct ezlb_op *blame(struct ezlb_pass *pass, const struct ezlb_plan *drift, uint64_t now_ms,
			    char who[EZLB_SUSPECT_STRLEN]);
/* Logs and returns true if the other program has stopped for a while. */
bool blame_calm(struct ezlb_pass *pass, uint64_t now_ms);
