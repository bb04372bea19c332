/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * review: the result of `ezlb check` for people, programs and CI systems. Pure: prints nothing.
 */
#pragma once

#include <stddef.h>

#include <ezlb/diag.h>
#include <ezlb/text.h>

enum ezlb_review_format {
	EZLB_REVIEW_TEXT,
	EZLB_REVIEW_JSON,   /* one object; docs/cli.md has its members */
	EZLB_REVIEW_GITHUB, /* workflow commands of GitHub Actions: ::error file=...:: */
	EZLB_REVIEW_SARIF,  /* SARIF 2.1.0 (OASIS), one run */
	EZLB_REVIEW_FORMATS
};

/* "text", "json", "github", "sarif"; _parse returns 0 or -EINVAL. */
const char *ezlb_review_format_str(enum ezlb_review_format format);
int ezlb_review_format_parse(const char *text, enum ezlb_review_format *out);

/* All borrowed. */
struct ezlb_review {
	const struct ezlb_diags *diags;
	size_t n_files;	     /* service files */
	size_t n_objects;    /* of Kubernetes, other than ConfigMaps */
	char *const *passed; /* ConfigMaps without service files, or that nobody named */
	size_t n_passed;
	char *const *ignored; /* what `ezlb run` does not read */
	size_t n_ignored;
	bool named;	   /* the ConfigMaps to check were named */
	bool manifest_dir; /* a directory of manifests, which `ezlb run` does not read */
	bool stopped;	   /* there are more diagnostics */
};

size_t ezlb_review_warnings(const struct ezlb_review *review);
/* Appends the whole output. Text can have any bytes of the files: ezlb_utf8_plain(). */
void ezlb_review_write(const struct ezlb_review *review, enum ezlb_review_format format,
		       struct ezlb_text *out);
