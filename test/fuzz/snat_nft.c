// SPDX-License-Identifier: GPL-2.0-or-later
/* ezlb's own table of nf_tables, as the kernel lists it. */
#include "kernel.h"

#include <ezlb/snat.h>

#include "pkg/snat/nft_actual.h"
#include "pkg/snat/nft_frame.h"

static void check_read(const uint8_t *data, size_t size, const struct ezlb_nft_family *family)
{
	struct fuzz_kernel kernel;
	struct ezlb_nl_source source = fuzz_kernel_open(&kernel, data, size);
	struct ezlb_nl *nl = ezlb_nl_new(&source);
	struct ezlb_nft_actual actual = { .sound = false };
	int rc = ezlb_nft_actual_read(nl, family, &actual);

	FUZZ_CHECK(rc <= 0);
	FUZZ_CHECK(rc == 0 || (!actual.sound && actual.chain.slots.len == 0));
	FUZZ_CHECK(!actual.sound || actual.chain.exists);
	for (size_t i = 0; i < actual.chain.slots.len; i++) {
		const struct ezlb_snat_slot *slot = &actual.chain.slots.items[i];

		FUZZ_CHECK(ezlb_snat_row_check(&slot->row) == 0);
		FUZZ_CHECK(slot->ours || !actual.sound);
	}
	ezlb_nft_actual_clear(&actual);
	ezlb_nl_free(nl);
	fuzz_kernel_close(&kernel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_read(data, size, &ezlb_nft_families[fuzz_kernel_family(data, size) == AF_INET6]);
	return 0;
}
