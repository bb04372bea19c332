// SPDX-License-Identifier: GPL-2.0-or-later
/* host: the layer over managed links, with a kernel that is made up. */
#undef _FORTIFY_SOURCE
#include "fake_route.h"

#include <ezlb/host.h>

static struct ezlb_layer *layer;

static int setup(void **state)
{
	(void)state;
	return ezlb_host_open(&(struct ezlb_host_options){ .root = "/nonexistent" }, &layer, NULL);
}

static int teardown(void **state)
{
	(void)state;
	layer->close(layer);
	return 0;
}

#define ADDR(text)                         \
	{                                  \
		.addr = text, .prefix = 32 \
	}

/* A socket nobody asked for would be refused with something else than silence, so also that. */
static void test_no_rtnetlink(void **state)
{
	struct ezlb_table table = { .snat_wanted = false };
	uint64_t print = 0;

	(void)state;
	begin(NULL);
	fail_socket = EPERM;
	assert_int_equal(layer->list(layer, NULL, &table, NULL), 0);
	assert_int_equal(layer->peek(layer, NULL, &print), 0);
	fail_socket = 0;
	assert_string_equal(said, "");
	assert_int_equal(table.settings.len, EZLB_SETTINGS - 1);
	assert_int_equal(table.elsewhere.len, 0);
	ezlb_table_clear(&table);
}

/* Each device once, however often it is named. */
static void test_list(void **state)
{
	const struct answer answers[] = { THERE, NONE, ADDR("192.0.2.1") };
	struct ezlb_table table = { .snat_wanted = false };

	(void)state;
	ezlb_host_manage(layer, "vip0");
	ezlb_host_manage(layer, "vip1");
	ezlb_host_manage(layer, "vip0");
	begin(answers);
	assert_int_equal(layer->list(layer, NULL, &table, NULL), 0);
	assert_string_equal(said, "getlink vip0\ngetlink vip1\ngetaddr\n");
	assert_int_equal(table.links.len, 1);
	assert_string_equal(table.links.items[0].device, "vip0");
	assert_int_equal(table.vips.len, 1);
	assert_int_equal(table.elsewhere.len, 0);
	ezlb_table_clear(&table);
}

/* A list that fails half way has no row, and leaves those alone that were there. */
static void test_list_fails(void **state)
{
	const struct answer answers[] = { THERE, { .error = EPERM } };
	struct ezlb_table table = { .snat_wanted = false };
	struct ezlb_err err = { 0 };
	uint64_t print = 5;

	(void)state;
	EZLB_PUSH(&table.links);
	ezlb_host_manage(layer, "vip0");
	begin(answers);
	assert_int_equal(layer->list(layer, NULL, &table, &err), -EPERM);
	assert_int_equal(err.code, EPERM);
	assert_int_equal(table.links.len, 1);
	assert_int_equal(table.settings.len + table.vips.len + table.elsewhere.len, 0);
	begin(answers);
	assert_int_equal(layer->peek(layer, NULL, &print), -EPERM);
	assert_int_equal(print, 5);
	ezlb_table_clear(&table);
}

/* Every change of a row is a change of the print, and what is no change is none. */
static void test_peek(void **state)
{
	static const struct answer worlds[][2] = {
		{ NONE, { 0 } },
		{ THERE, { 0 } },
		{ THERE, ADDR("192.0.2.1") },
		{ THERE, ADDR("192.0.2.2") },
		{ { .kind = "dummy" }, ADDR("192.0.2.2") },
		{ THERE, { .addr = "192.0.2.2", .prefix = 24 } },
		{ NONE, { .addr = "192.0.2.1", .prefix = 24 } },
	};
	uint64_t prints[sizeof(worlds) / sizeof(worlds[0])], again;

	(void)state;
	ezlb_host_manage(layer, "vip0");
	for (size_t i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++) {
		begin(worlds[i]);
		assert_int_equal(layer->peek(layer, NULL, &prints[i]), 0);
		begin(worlds[i]);
		assert_int_equal(layer->peek(layer, NULL, &again), 0);
		assert_int_equal(again, prints[i]);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(prints[i], prints[j]);
	}
}

#define OPS 5
static void apply(const struct answer *answers, struct ezlb_op ops[OPS])
{
	static const enum ezlb_op_kind kinds[OPS] = { EZLB_OP_LINK_ADD, EZLB_OP_VIP_ADD,
						      EZLB_OP_VIP_DEL, EZLB_OP_LINK_DEL,
						      EZLB_OP_HOST_RESET };
	const struct ezlb_vip_row vip = { "vip0", { AF_INET, { 192, 0, 2, 1 } } };
	struct ezlb_op *list[OPS];

	for (size_t i = 0; i < OPS; i++) {
		ops[i] = (struct ezlb_op){ .kind = kinds[i], .rc = EZLB_PENDING };
		ops[i].vip = vip; /* a link row is its beginning */
		list[i] = &ops[i];
	}
	ops[4].setting = (struct ezlb_setting_row){ .setting = EZLB_IP_FORWARD };
	begin(answers);
	assert_int_equal(layer->apply(layer, list, OPS, NULL), 0);
}

/* In their order, each with its own verdict; none needs a managed device. */
static void test_apply(void **state)
{
	const struct answer answers[] = { NONE,	 { 0 }, THERE, THERE, { .error = EEXIST },
					  THERE, { 0 }, THERE, { 0 }, { .error = EPERM } };
	struct ezlb_op ops[OPS];

	(void)state;
	apply(answers, ops);
	assert_string_equal(said, "getlink vip0\n"
				  "newlink index=0 flags=81/81 excl vip0 kind=dummy\n"
				  "getlink vip0\n"
				  "getlink vip0\n"
				  "newaddr index=7 prefix=32 flags=0 excl local=192.0.2.1 "
				  "address=192.0.2.1\n"
				  "getlink vip0\n"
				  "deladdr index=7 prefix=32 flags=0 local=192.0.2.1 "
				  "address=192.0.2.1\n"
				  "getlink vip0\n"
				  "getaddr\n"
				  "dellink index=7 flags=0/0\n");
	assert_int_equal(ops[0].rc, 0);
	assert_int_equal(ops[1].rc, -EEXIST);
	assert_int_equal(ops[2].rc, 0);
	assert_int_equal(ops[3].rc, -EPERM);
	assert_int_equal(ops[4].rc, 0);
}

/* A kernel that does not answer is waited for once, and settings need no answer. */
static void test_mute(void **state)
{
	const struct answer mute[] = { THERE, THERE, MUTE };
	const struct answer good[] = { THERE, THERE, { 0 }, THERE, { 0 }, THERE, { 0 }, { 0 } };
	struct ezlb_op ops[OPS];

	(void)state;
	apply(mute, ops);
	assert_int_equal(ops[0].rc, 0);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(ops[i].rc, -ETIMEDOUT);
	assert_int_equal(ops[4].rc, 0);
	apply(good, ops);
	for (size_t i = 0; i < OPS; i++)
		assert_int_equal(ops[i].rc, 0);
}

static void test_names(void **state)
{
	static const struct {
		const char *in;
		bool want;
	} rows[] = {
		{ "a", true },	    { "ezlb-vip.0_x", true }, { "123456789012345", true },
		{ "", false },	    { ".", false },	      { "..", false },
		{ "a/b", false },   { "a b", false },	      { "a:0", false },
		{ "vip%d", false }, { "a\n", false },	      { "1234567890123456", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(ezlb_host_device_valid(rows[i].in), rows[i].want);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_rtnetlink), TEST(test_list), TEST(test_list_fails), TEST(test_peek),
		TEST(test_apply),	 TEST(test_mute), TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
