// SPDX-License-Identifier: GPL-2.0-or-later
/* say: adds a finding. */
#include <stdarg.h>
#include <stdio.h>

#include "facts.h"

const char *ezlb_level_str(enum ezlb_level level)
{
	static const char *const names[] = {
		[EZLB_LEVEL_OK] = "ok", [EZLB_LEVEL_WARN] = "warn", [EZLB_LEVEL_FAIL] = "fail"
	};

	return names[level];
}

struct ezlb_finding *say(struct ezlb_findings *out, enum ezlb_level level, const char *check,
			 const char *service, const char *fmt, ...)
{
	struct ezlb_finding *finding = EZLB_PUSH(out);
	va_list args;

	finding->level = level;
	ezlb_strcpy(finding->check, sizeof(finding->check), check);
	ezlb_strcpy(finding->service, sizeof(finding->service), service);
	va_start(args, fmt);
	vsnprintf(finding->text, sizeof(finding->text), fmt, args);
	va_end(args);
	return finding;
}

void set_fix(struct ezlb_finding *finding, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	/* Leave out a command that does not fit: a part of it could do harm. */
	if (vsnprintf(finding->fix, sizeof(finding->fix), fmt, args) >= (int)sizeof(finding->fix))
		finding->fix[0] = '\0';
	va_end(args);
}
