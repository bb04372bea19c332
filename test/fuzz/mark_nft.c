// SPDX-License-Identifier: GPL-2.0-or-later
/* ezlb's table of nf_tables for ranges of ports, as the kernel lists it, and changes of it. */
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

/* A range comes, and that of the inputs goes. */
static void check_apply(const uint8_t *data, size_t size)
{
	static const struct ezlb_nft_signs signs = { "/", "/dev/null", "/dev/null" };
	struct fuzz_kernel kernel;
	struct ezlb_nl_source source = fuzz_kernel_open(&kernel, data, size);
	struct ezlb_layer *layer = ezlb_mark_new(&source, &signs);
	struct ezlb_mark_row row = { .service = { .fwmark = 7, .listen.addr.family = AF_INET },
				     .proto = EZLB_TCP,
				     .last_port = 5100 };
	struct ezlb_op del = { .kind = EZLB_OP_MARK_DEL }, add = { .kind = EZLB_OP_MARK_ADD };
	struct ezlb_op *ops[] = { &del, &add };
	struct ezlb_err err = { 0 };
	int rc;

	if (ezlb_endpoint_parse("10.0.0.1:5000", &row.first, NULL) < 0)
		abort();
	del.mark = row;
	add.mark = row;
	add.mark.service.fwmark = 8;
	add.mark.first.addr.bytes[3] = 2;
	rc = layer->apply(layer, ops, 2, &err);
	FUZZ_CHECK(rc <= 0 && (rc == 0 || (err.code != 0 && err.msg[0])));
	FUZZ_CHECK(del.rc <= 0 && add.rc <= 0 && del.rc == add.rc);
	layer->close(layer);
	fuzz_kernel_close(&kernel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_marks(data, size);
	check_apply(data, size);
	return 0;
}
