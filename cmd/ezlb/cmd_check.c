// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>

#include <ezlb/utf8.h>

#include "cmd.h"

static void print(const struct ezlb_diags *diags)
{
	for (size_t i = 0; i < diags->len; i++) {
		char *text = ezlb_diag_text(&diags->items[i]);

		ezlb_utf8_plain(text, true);
		fputs(text, stdout);
		free(text);
	}
}

static size_t warnings_in(const struct ezlb_diags *diags)
{
	size_t n = 0;

	for (size_t i = 0; i < diags->len; i++)
		n += diags->items[i].warning;
	return n;
}

static void print_counts(size_t n_files, size_t errors, size_t warnings)
{
	printf("%zu file%s checked, %zu error%s", n_files, n_files == 1 ? "" : "s", errors,
	       errors == 1 ? "" : "s");
	if (warnings > 0)
		printf(", %zu warning%s", warnings, warnings == 1 ? "" : "s");
	putchar('\n');
}

int cmd_check(const struct flags *flags)
{
	const struct ezlb_options *options = &flags->options;
	struct ezlb_diags diags = { 0 };
	struct ezlb_err err = { 0 };
	size_t n_files = 0;
	bool named = flags->n_args > 0;
	int rc = ezlb_controller_validate(named ? flags->args : options->config_dirs,
					  named ? (size_t)flags->n_args : options->n_config_dirs,
					  options->snat_driver, &diags, &n_files, &err);
	size_t warnings = warnings_in(&diags);
	int status = 0;

	print(&diags);
	if (rc < 0)
		status = cmd_fail(&err);
	else if (diags.len > warnings)
		status = 1;
	if (rc == 0)
		print_counts(n_files, diags.len - warnings, warnings);
	ezlb_diags_clear(&diags);
	return status;
}
