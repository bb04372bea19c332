// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of legacy tables as bytes: a rule that is taken for ezlb's is made again from its row. */
#include "pkg/snat/rules.h" /* first: the order of its includes matters */

#include "pkg/firewall/rules.h"

#include "fuzz.h"

#include <ezlb/snat.h>

static void check_snat(const struct ezlb_xt_form *form, const void *bytes, size_t len)
{
	struct ezlb_snat_row row, again;
	struct ezlb_xt_entry made;

	if (ezlb_snat_rule_parse(form, bytes, len, &row) < 0)
		return;
	FUZZ_CHECK(row.key.endpoint.addr.family == form->family);
	FUZZ_CHECK(ezlb_snat_rule_build(&row, &made) == 0 && made.len == len);
	FUZZ_CHECK(ezlb_snat_rule_parse(form, made.bytes, made.len, &again) == 0);
	FUZZ_CHECK(ezlb_snat_row_cmp(&row, &again) == 0 && ezlb_snat_row_same(&row, &again));
}

/* libiptc has checked the offsets of what it hands over, as this does. */
static bool is_entry(const struct ezlb_xt_form *form, const void *bytes, size_t len)
{
	size_t target_at, end;

	if (len < form->size)
		return false;
	target_at = ezlb_xt_entry_target_at(form, bytes);
	end = ezlb_xt_entry_len(form, bytes);
	return end == len && target_at >= form->size &&
	       target_at + sizeof(struct xt_entry_target) <= end;
}

static void check_filter(const struct ezlb_xt_form *form, const void *bytes)
{
	struct ezlb_accept_row row, again;
	struct ezlb_xt_entry made;

	ezlb_xt_entry_is_plain(form, bytes);
	if (ezlb_fw_entry_read(form, bytes, "ACCEPT", &row) < 0)
		return;
	ezlb_fw_entry_build(&row, &made);
	FUZZ_CHECK(ezlb_fw_entry_read(form, made.bytes, "ACCEPT", &again) == 0);
	FUZZ_CHECK(ezlb_accept_row_cmp(&row, &again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ezlb_xt_form *const forms[] = { &ezlb_xt_form_ip, &ezlb_xt_form_ip6 };
	void *bytes = fuzz_bytes(data, size);

	for (size_t i = 0; i < 2; i++) {
		if (!is_entry(forms[i], bytes, size))
			continue;
		check_snat(forms[i], bytes, size);
		check_filter(forms[i], bytes);
	}
	free(bytes);
	return 0;
}
