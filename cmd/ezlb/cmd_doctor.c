// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "cmd.h"

struct tally {
	size_t n[EZLB_LEVEL_FAIL + 1];
};

static struct tally count(const struct ezlb_findings *findings)
{
	struct tally tally = { { 0 } };

	for (size_t i = 0; i < findings->len; i++)
		tally.n[findings->items[i].level]++;
	return tally;
}

static void print_text(const struct ezlb_findings *findings)
{
	struct tally tally = count(findings);

	for (size_t i = 0; i < findings->len; i++) {
		const struct ezlb_finding *f = &findings->items[i];

		printf("%-4s  %-15s  %s%s%s%s%s\n", ezlb_level_str(f->level), f->check, f->service,
		       f->service[0] ? ": " : "", f->text, f->fix[0] ? ". Mend: " : "", f->fix);
	}
	printf("%zu ok, %zu warn, %zu fail\n", tally.n[EZLB_LEVEL_OK], tally.n[EZLB_LEVEL_WARN],
	       tally.n[EZLB_LEVEL_FAIL]);
}

/* What is not ASCII, in a name of somebody else's, may be no UTF-8 either: a '?' always is. */
static void print_member(const char *key, const char *text, const char *end)
{
	printf("\"%s\": \"", key);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c < 0x7f ? c : '?');
	}
	printf("\"%s", end);
}

static void print_json(const struct ezlb_findings *findings)
{
	printf("[");
	for (size_t i = 0; i < findings->len; i++) {
		const struct ezlb_finding *f = &findings->items[i];

		printf("%s\n  {", i ? "," : "");
		print_member("check", f->check, ", ");
		print_member("level", ezlb_level_str(f->level), ", ");
		print_member("service", f->service, ", ");
		print_member("text", f->text, ", ");
		print_member("fix", f->fix, "}");
	}
	printf("\n]\n");
}

int cmd_doctor(const struct flags *flags)
{
	struct ezlb_findings findings = { 0 };
	struct ezlb_err err = { 0 };
	int status;

	if (ezlb_controller_doctor(&flags->options, &findings, &err) < 0)
		return cmd_fail(&err);
	if (flags->json)
		print_json(&findings);
	else
		print_text(&findings);
	status = count(&findings).n[EZLB_LEVEL_FAIL] > 0 ? 1 : 0;
	EZLB_VEC_CLEAR(&findings);
	return status;
}
