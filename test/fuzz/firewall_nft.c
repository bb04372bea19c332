// SPDX-License-Identifier: GPL-2.0-or-later
/* Filters of nf_tables, of any program: read whole; what ezlb would change of them. */
#include "kernel.h"

#include "pkg/firewall/find.h"
#include "pkg/firewall/nft_filter.h"

static void check_rule(const struct ezlb_fw_rule *rule, uint8_t family)
{
	FUZZ_CHECK(rule->kind <= EZLB_FW_ROW);
	FUZZ_CHECK(rule->kind != EZLB_FW_GO || rule->to);
	if (rule->kind == EZLB_FW_ROW) {
		FUZZ_CHECK(rule->row.gate < EZLB_GATES);
		FUZZ_CHECK(rule->row.service.listen.addr.family == family);
	}
}

static void check_edit(const struct ezlb_fw_actual *actual)
{
	static const enum ezlb_fw_aim aims[] = { EZLB_FW_TRIM, EZLB_FW_FRAME, EZLB_FW_CLEAR };

	for (size_t i = 0; i < sizeof(aims) / sizeof(aims[0]); i++) {
		struct ezlb_fw_want want = { .aim = aims[i] };
		struct ezlb_fw_steps steps = { 0 };

		ezlb_fw_rows(actual, &want.rows);
		ezlb_fw_edit(actual, &want, &steps);
		EZLB_VEC_CLEAR(&steps);
		EZLB_VEC_CLEAR(&want.rows);
	}
}

static void check_read(const uint8_t *data, size_t size, uint8_t family)
{
	struct fuzz_kernel kernel;
	struct ezlb_nl_source source = fuzz_kernel_open(&kernel, data, size);
	struct ezlb_nl *nl = ezlb_nl_new(&source);
	struct ezlb_fw_actual actual = { 0 };
	struct ezlb_drops drops = { 0 };
	int rc = ezlb_fw_nft_read(nl, family, EZLB_FW_TABLE, &actual);

	FUZZ_CHECK(rc <= 0 && (rc == 0 || actual.chains.len == 0));
	for (size_t i = 0; i < actual.chains.len; i++) {
		const struct ezlb_fw_chain *chain = &actual.chains.items[i];

		FUZZ_CHECK(chain->name);
		for (size_t j = 0; j < chain->rules.len; j++)
			check_rule(&chain->rules.items[j], family);
		ezlb_fw_drops(&actual, chain);
	}
	check_edit(&actual);
	ezlb_fw_find_in(&actual, EZLB_FW_TABLE, "", &drops);
	EZLB_VEC_CLEAR(&drops);
	ezlb_fw_actual_clear(&actual);
	ezlb_nl_free(nl);
	fuzz_kernel_close(&kernel);
}

static void check_tables(const uint8_t *data, size_t size)
{
	EZLB_FW_AUTO_NAMES struct ezlb_fw_names names = { 0 };
	struct fuzz_kernel kernel;
	struct ezlb_nl_source source = fuzz_kernel_open(&kernel, data, size);
	struct ezlb_nl *nl = ezlb_nl_new(&source);

	ezlb_fw_nft_tables(nl, AF_INET, &names);
	for (size_t i = 0; i < names.len; i++)
		for (size_t j = 0; j < i; j++)
			FUZZ_CHECK(strcmp(names.items[i], names.items[j]) != 0);
	ezlb_nl_free(nl);
	fuzz_kernel_close(&kernel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_read(data, size, fuzz_kernel_family(data, size));
	check_tables(data, size);
	return 0;
}
