// SPDX-License-Identifier: GPL-2.0-or-later
/* A manifest of Kubernetes as `ezlb check` reads it: its service files, and the review of all. */
#include "specs.h"

#include <jansson.h>

#include <ezlb/manifest.h>
#include <ezlb/review.h>

static void check_file(const struct ezlb_manifest *manifest, const struct ezlb_manifest_file *file,
		       struct ezlb_diags *diags)
{
	struct ezlb_inset inset = { .outer = &manifest->lines, .start = file->value->at };
	const char *text = file->bytes ? file->bytes : file->value->text;
	struct ezlb_spec *spec;

	FUZZ_CHECK(ezlb_manifest_reads(file->name) && file->where);
	if (!file->bytes && file->len <= EZLB_FILE_MAX)
		ezlb_inset_make(&inset, &manifest->lines, file->value);
	spec = ezlb_config_parse_inset("k8s.yaml", file->name, text, file->len, &inset, diags);
	ezlb_inset_clear(&inset);
	if (spec)
		fuzz_check_spec(spec);
	ezlb_spec_free(spec);
}

static void check_review(const struct ezlb_review *review)
{
	for (int format = 0; format < EZLB_REVIEW_FORMATS; format++) {
		struct ezlb_text text = { 0 };
		json_t *read = NULL;
		char *out;
		size_t len;

		ezlb_review_write(review, (enum ezlb_review_format)format, &text);
		out = ezlb_text_take(&text, &len);
		FUZZ_CHECK(strlen(out) == len);
		if (format == EZLB_REVIEW_JSON || format == EZLB_REVIEW_SARIF) {
			read = json_loadb(out, len, JSON_REJECT_DUPLICATES, NULL);
			FUZZ_CHECK(read);
		}
		json_decref(read);
		free(out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const only[] = { "lb/services", "other" };
	size_t n_only = size > 0 && data[size - 1] == ' ' ? 2 : 0;
	char *bytes = fuzz_bytes(data, size);
	struct ezlb_diags diags = { 0 };
	struct ezlb_manifest manifest;

	ezlb_manifest_is(bytes, size);
	if (!ezlb_manifest_read(&manifest, "k8s.yaml", bytes, size, only, n_only, &diags))
		FUZZ_CHECK(diags.len > 0);
	for (size_t i = 0; i < manifest.files.len; i++)
		check_file(&manifest, &manifest.files.items[i], &diags);
	ezlb_diags_sort(&diags);
	fuzz_check_diags(&diags, 0, fuzz_lines(data, size));
	check_review(&(struct ezlb_review){ .diags = &diags,
					    .n_files = manifest.files.len,
					    .n_objects = manifest.n_others,
					    .passed = manifest.passed.items,
					    .n_passed = manifest.passed.len,
					    .ignored = manifest.ignored.items,
					    .n_ignored = manifest.ignored.len,
					    .named = n_only > 0 });
	ezlb_manifest_clear(&manifest);
	ezlb_diags_clear(&diags);
	free(bytes);
	return 0;
}
