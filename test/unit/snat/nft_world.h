/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_world: what both tests of the layer share: the layer over a fake kernel, batches of ops in
 * one line, and what list says as text.
 */
#pragma once

/* A system call is replaced here, which glibc's inline checks would get in the way of. */
#undef _FORTIFY_SOURCE
#include "fake_nft.h"

#include <ezlb/snat.h>

#include "nftables.h"

static struct ezlb_nft_signs signs;
static struct ezlb_layer *layer;
static struct ezlb_err err;

static int setup(void **state)
{
	struct ezlb_nl_source source = fake_source();

	(void)state;
	fake_init();
	signs = (struct ezlb_nft_signs){ .module = "/",
					 .builtin = "/dev/null",
					 .symbols = "/dev/null" };
	err = (struct ezlb_err){ 0 };
	layer = ezlb_snat_nftables_new(&source, &signs);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	layer->close(layer);
	ezlb_close_fd(&fake.far);
	return 0;
}

/* --- batches of ops in one line -------------------------------------------------------------- */

struct todo {
	enum ezlb_op_kind kind;
	const char *listen, *to;
};
static int rcs[6];

static int apply(const struct todo *todo, size_t n)
{
	struct ezlb_op all[6], *ops[6];
	int rc;

	memset(all, 0, sizeof(all));
	for (size_t i = 0; i < n; i++) {
		all[i].kind = todo[i].kind;
		all[i].rc = EZLB_PENDING;
		if (todo[i].listen)
			all[i].snat = nft_row(EZLB_TCP, todo[i].listen, todo[i].to);
		ops[i] = &all[i];
	}
	err = (struct ezlb_err){ 0 };
	rc = layer->apply(layer, ops, n, &err);
	for (size_t i = 0; i < n; i++)
		rcs[i] = all[i].rc;
	return rc;
}

#define APPLY(...)                                  \
	apply((const struct todo[]){ __VA_ARGS__ }, \
	      sizeof((const struct todo[]){ __VA_ARGS__ }) / sizeof(struct todo))
#define OP(kind, listen, to)                        \
	{                                           \
		EZLB_OP_SNAT_##kind, (listen), (to) \
	}
#define SETUP	 OP(SETUP, NULL, NULL)
#define TEARDOWN OP(TEARDOWN, NULL, NULL)
#define V4	 "10.0.0.1:80"
#define V4_TOO	 "10.0.0.2:80"
#define V6	 "[fd00::1]:80"

/* What list says: "absent", "unsound" or "sound", and the rows behind it. */
static const char *world(void)
{
	static char out[512];
	struct ezlb_table table = { .snat_present = true, .snat_sound = true };
	char listen[EZLB_ENDPOINT_STRLEN], to[EZLB_RANGE_STRLEN];
	size_t at;

	err = (struct ezlb_err){ 0 };
	assert_int_equal(layer->list(layer, NULL, &table, &err), 0);
	assert_int_equal(err.code, 0);
	at = (size_t)snprintf(out, sizeof(out), "%s",
			      !table.snat_present ? "absent"
			      : table.snat_sound  ? "sound"
						  : "unsound");
	ezlb_table_sort(&table);
	for (size_t i = 0; i < table.snats.len; i++) {
		const struct ezlb_snat_row *row = &table.snats.items[i];

		at += (size_t)snprintf(out + at, sizeof(out) - at, " %s>%s",
				       ezlb_endpoint_format(&row->key.endpoint, listen),
				       row->to.first.family ? ezlb_range_format(&row->to, to)
							    : "masq");
	}
	ezlb_table_clear(&table);
	return out;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
