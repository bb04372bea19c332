// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd.h"

static bool has_failure(const struct ezlb_findings *findings)
{
	for (size_t i = 0; i < findings->len; i++)
		if (findings->items[i].level == EZLB_LEVEL_FAIL)
			return true;
	return false;
}

int cmd_doctor(const struct flags *flags)
{
	struct ezlb_findings findings = { 0 };
	struct ezlb_text text = { 0 };
	struct ezlb_err err = { 0 };
	int status;

	if (ezlb_controller_doctor(&flags->options, &findings, &err) < 0)
		return cmd_fail(&err);
	if (flags->json)
		ezlb_doctor_json(&findings, &text);
	else
		ezlb_doctor_text(&findings, &text);
	status = has_failure(&findings) ? 1 : 0;
	EZLB_VEC_CLEAR(&findings);
	return cmd_print_text(&text) == 0 ? status : 1;
}
