/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conditions: what is to be said of one service after files were read, and after a pass. */
#pragma once

#include <ezlb/catalog.h>
#include <ezlb/status.h>

#include "blocked.h"

struct conditions_said {
	enum ezlb_reason reason;
	char message[EZLB_MESSAGE_STRLEN];
};

/* A pass, as far as it concerns conditions; all borrowed. */
struct conditions_pass {
	const struct ezlb_pass *pass;
	const struct ezlb_pass_found *found;
	const struct ezlb_pass_outcome *outcome;
	const struct ezlb_verdicts *verdicts;
	struct blocked blocked;
};

void conditions_accepted(const struct ezlb_catalog *catalog, const struct ezlb_catalog_entry *entry,
			 struct conditions_said *out);
/* `pass` may be NULL: there was none since the file was read. */
void conditions_conflict(const struct ezlb_catalog *catalog, const struct ezlb_catalog_entry *entry,
			 const struct conditions_pass *pass, struct conditions_said *out);
void conditions_programmed(const struct ezlb_catalog_entry *entry,
			   const struct conditions_pass *pass, struct conditions_said *out);
void conditions_ready(const struct ezlb_catalog_entry *entry, const struct conditions_pass *pass,
		      struct conditions_said *out);
