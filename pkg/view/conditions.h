/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conditions: computes the conditions of one service after reading files and after a pass. */
#pragma once

#include <ezlb/catalog.h>
#include <ezlb/status.h>
#include <ezlb/view.h>

#include "blocked.h"

struct conditions_value {
	enum ezlb_reason reason;
	char message[EZLB_MESSAGE_STRLEN];
};

/* The parts of a pass that conditions need; all borrowed. */
struct conditions_pass {
	bool is_part; /* of some services only: see struct ezlb_pass_result */
	const struct ezlb_pass *pass;
	const struct ezlb_pass_found *found;
	const struct ezlb_pass_outcome *outcome;
	const struct ezlb_verdicts *verdicts;
	struct blocked blocked;
};

void conditions_accepted(const struct ezlb_catalog *catalog, const struct ezlb_catalog_entry *entry,
			 struct conditions_value *out);
/* `pass` NULL: no pass since the file was read. */
void conditions_conflict(const struct ezlb_catalog *catalog, const struct ezlb_catalog_entry *entry,
			 const struct conditions_pass *pass, struct conditions_value *out);
void conditions_programmed(const struct ezlb_catalog_entry *entry,
			   const struct conditions_pass *pass, struct conditions_value *out);
/* Whether backends of the service get the client's address, if its file asks for that. */
void conditions_client_address(const struct ezlb_catalog_entry *entry,
			       const struct conditions_pass *pass, struct conditions_value *out);
/* `roles`: of the last pass. */
void conditions_ready(const struct ezlb_catalog_entry *entry, const struct ezlb_view_roles *roles,
		      const struct conditions_pass *pass, struct conditions_value *out);
