// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>

#include <ezlb/utf8.h>

#include "cmd.h"

static int print(const struct ezlb_review *review, enum ezlb_review_format format)
{
	struct ezlb_text text = { 0 };
	EZLB_AUTO_FREE char *out = NULL;
	size_t len;

	ezlb_review_write(review, format, &text);
	out = ezlb_text_take(&text, &len);
	if (format == EZLB_REVIEW_TEXT || format == EZLB_REVIEW_GITHUB)
		ezlb_utf8_plain(out, true);
	return cmd_print(out);
}

/* A gate must not open because it looked at nothing. */
static int nothing_checked(const struct ezlb_review *review, const struct flags *flags)
{
	if (review->n_files > 0 || flags->allow_empty ||
	    review->diags->len > ezlb_review_warnings(review))
		return 0;
	if (review->n_objects + review->n_passed > 0)
		fprintf(stderr,
			"ezlb: nothing was checked: no ConfigMap has service files; "
			"--configmap NAME names it, --allow-empty allows none; to convert Services "
			"use `ezlb import`\n");
	else
		fprintf(stderr, "ezlb: nothing was checked: there are no service files, which end "
				"in .yaml or .yml; --allow-empty allows that\n");
	return 1;
}

static int judge(const struct ezlb_review *review, const struct flags *flags)
{
	size_t warnings = ezlb_review_warnings(review);
	int status = print(review, flags->format);

	if (status == 0 && (review->diags->len > warnings || (flags->strict && warnings > 0)))
		status = 1;
	return status ? status : nothing_checked(review, flags);
}

int cmd_check(const struct flags *flags)
{
	const struct ezlb_options *options = &flags->options;
	bool named = flags->n_args > 0;
	struct ezlb_validate_options what = {
		.paths = named ? flags->args : options->config_dirs,
		.n = named ? (size_t)flags->n_args : options->n_config_dirs,
		.as_run = !named,
		.configmaps = flags->configmaps,
		.n_configmaps = flags->n_configmaps,
		.driver = options->snat_driver,
	};
	struct ezlb_validated found;
	struct ezlb_err err = { 0 };
	int rc = ezlb_controller_validate(&what, &found, &err);
	struct ezlb_review review = {
		.diags = &found.diags,
		.n_files = found.n_files,
		.n_objects = found.n_objects,
		.passed = found.passed.items,
		.n_passed = found.passed.len,
		.ignored = found.ignored.items,
		.n_ignored = found.ignored.len,
		.named = flags->n_configmaps > 0,
		.manifest_dir = found.manifest_dir,
		.stopped = found.stopped,
	};
	int status = 0;

	if (rc == 0 || found.n_files > 0)
		status = judge(&review, flags);
	if (rc < 0)
		status = cmd_fail(&err);
	ezlb_validated_clear(&found);
	return status;
}
