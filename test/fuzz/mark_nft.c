// SPDX-License-Identifier: GPL-2.0-or-later
/* ezlb's table of nf_tables for ranges of ports, as the kernel lists it. */
#include "kernel.h"

#include <ezlb/snat.h>

#include "pkg/snat/mark.h"

/* The layer for the marks of ranges; `signs` say that nf_tables is there. */
static void check_marks(const uint8_t *data, size_t size)
{
	static const struct ezlb_nft_signs signs = { "/", "/dev/null", "/dev/null" };
	struct fuzz_kernel kernel;
	struct ezlb_nl_source source = fuzz_kernel_open(&kernel, data, size);
	struct ezlb_layer *layer = ezlb_mark_new(&source, &signs);
	struct ezlb_scope scope = { 0 };
	struct ezlb_table table = { 0 };
	struct ezlb_err err = { 0 };

	if (layer->list(layer, &scope, &table, &err) < 0)
		FUZZ_CHECK(err.code != 0 && err.msg[0]);
	ezlb_table_clear(&table);
	layer->close(layer);
	fuzz_kernel_close(&kernel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_marks(data, size);
	return 0;
}
