/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts_world: facts as a table has them, and findings as one line each. */
#pragma once

#include "cm.h"
#include "specs.h"

#include <netinet/in.h>

#include "facts.h"

static struct ezlb_findings found;
static char lines[8192];

/* "fail vip-local web: text | fix", one a line, or only those of one check. */
static inline const char *told(const char *check)
{
	size_t len = 0;

	lines[0] = '\0';
	for (size_t i = 0; i < found.len; i++) {
		const struct ezlb_finding *f = &found.items[i];

		if (check && strcmp(f->check, check) != 0)
			continue;
		len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s%s %s%s%s: %s%s%s",
					len ? "\n" : "", ezlb_level_str(f->level), f->check,
					f->service[0] ? " " : "", f->service, f->text,
					f->fix[0] ? " | " : "", f->fix);
	}
	found.len = 0;
	return lines;
}

static inline int clear_found(void **state)
{
	(void)state;
	EZLB_VEC_CLEAR(&found);
	return 0;
}
