// SPDX-License-Identifier: GPL-2.0-or-later
/* One service file: a spec or reasons with their places; what is read is written as itself. */
#include "specs.h"

#include <ezlb/desired.h>

#define ERRORS_MAX 20 /* of one file */

static void check_written(const struct ezlb_spec *spec)
{
	struct ezlb_diags diags = { 0 };
	char *once = ezlb_config_write(spec), *twice;
	struct ezlb_spec *again = ezlb_config_parse("web.yaml", once, strlen(once), &diags);

	if (!again)
		fprintf(stderr, "%s\n%s", diags.items[0].message, once);
	FUZZ_CHECK(again && diags.len == 0);
	fuzz_check_spec(again);
	FUZZ_CHECK(again->n_listeners == spec->n_listeners);
	FUZZ_CHECK(again->n_backends == spec->n_backends);
	FUZZ_CHECK(ezlb_request_same(again->check.request, spec->check.request));
	twice = ezlb_config_write(again);
	FUZZ_CHECK(strcmp(once, twice) == 0);
	free(once);
	free(twice);
	ezlb_spec_free(again);
}

/* A service alone has no conflict, except a full_nat mark with rules for backends. */
static void check_desired(const struct ezlb_spec *spec, enum ezlb_snat_key_kind kind)
{
	struct ezlb_candidate candidate = { .fresh = spec };
	struct ezlb_desired desired = { 0 };
	struct ezlb_diags diags = { 0 };

	ezlb_desired_merge(&candidate, 1, kind, &desired, &diags);
	FUZZ_CHECK((candidate.chosen == spec) == (desired.len == 1));
	FUZZ_CHECK((candidate.chosen == spec) == (diags.len == 0));
	FUZZ_CHECK(kind == EZLB_SNAT_KEY_BACKEND || diags.len == 0);
	EZLB_VEC_CLEAR(&desired);
	ezlb_diags_clear(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ezlb_diags diags = { 0 };
	char *bytes = fuzz_bytes(data, size);
	struct ezlb_spec *spec = ezlb_config_parse("web.yaml", bytes, size, &diags);

	FUZZ_CHECK((spec != NULL) == (diags.len == 0));
	FUZZ_CHECK(diags.len <= ERRORS_MAX);
	fuzz_check_diags(&diags, 0, fuzz_lines(data, size));
	if (spec) {
		fuzz_check_spec(spec);
		check_written(spec);
		check_desired(spec, EZLB_SNAT_KEY_BACKEND);
		check_desired(spec, EZLB_SNAT_KEY_LISTENER);
	}
	ezlb_spec_free(spec);
	ezlb_diags_clear(&diags);
	free(bytes);
	return 0;
}
