// SPDX-License-Identifier: GPL-2.0-or-later
/* vip: what is said to the kernel, and each answer that no kernel gives on demand. */
#undef _FORTIFY_SOURCE
#include "fake_route.h"

#include "vip.h"

static struct vip vip;

static int setup(void **state)
{
	(void)state;
	vip = (struct vip){ .kind = "dummy" };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vip_close(&vip);
	return 0;
}

/* --- what is said ---------------------------------------------------------------------------- */

static const struct ezlb_vip_row v4 = { "vip0", { AF_INET, { 192, 0, 2, 1 } } };
static const struct ezlb_vip_row v6 = { "vip0", { AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } } };

static void test_requests(void **state)
{
	const struct answer makes[] = { { .error = ENODEV }, { 0 }, THERE };
	const struct answer raises[] = { { .kind = "dummy", .flags = IFF_UP }, { 0 } };
	const struct answer adds[] = { THERE, { 0 }, THERE, { 0 }, LOCAL };
	const struct answer removes[] = { THERE, { 0 }, THERE, { .addr = "fe80::1" }, { 0 } };

	(void)state;
	begin(makes);
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_string_equal(said, "getlink vip0\n"
				  "newlink index=0 flags=81/81 excl vip0 kind=dummy\n"
				  "getlink vip0\n");
	begin(raises);
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_string_equal(said, "getlink vip0\n"
				  "newlink index=7 flags=81/81\n");
	begin(adds);
	assert_int_equal(vip_add(&vip, &v4), 0);
	assert_int_equal(vip_add(&vip, &v6), 0);
	assert_string_equal(said, "getlink vip0\n"
				  "newaddr index=7 prefix=32 flags=0 excl local=192.0.2.1 "
				  "address=192.0.2.1\n"
				  "getlink vip0\n"
				  "newaddr index=7 prefix=128 flags=2 excl local=2001:db8::1 "
				  "address=2001:db8::1\ngetroute\n");
	begin(removes);
	assert_int_equal(vip_del(&vip, &v4), 0);
	assert_int_equal(vip_link_del(&vip, "vip0"), 0);
	assert_string_equal(said,
			    "getlink vip0\n"
			    "deladdr index=7 prefix=32 flags=0 local=192.0.2.1 address=192.0.2.1\n"
			    "getlink vip0\ngetaddr\n"
			    "dellink index=7 flags=0/0\n");
}

/* An IPv6 address is added when packets for it are local, which is a moment later. */
static void test_route_of_an_address(void **state)
{
	const struct answer late[] = { THERE,
				       { 0 },
				       { .error = ENETUNREACH },
				       { .route = RTN_UNICAST },
				       { .route = RTN_LOCAL, .metric = 4096 },
				       LOCAL };
	const struct answer soon[] = { THERE, { 0 }, LOCAL };
	const struct answer mute[] = { THERE, { 0 }, MUTE };
	static struct answer never[5002] = { THERE, { 0 } };

	(void)state;
	begin(late);
	assert_int_equal(vip_add(&vip, &v6), 0);
	assert_non_null(strstr(said, "getroute\ngetroute\ngetroute\ngetroute\n"));
	begin(mute);
	assert_int_equal(vip_add(&vip, &v6), -ETIMEDOUT);
	vip.late = false;
	for (size_t i = 2; i < sizeof(never) / sizeof(never[0]); i++)
		never[i] = (struct answer){ .error = ENETUNREACH };
	begin(never);
	assert_int_equal(vip_add(&vip, &v6), -EAGAIN);
	begin(late); /* the next ones do not wait ... */
	assert_int_equal(vip_add(&vip, &v6), -EAGAIN);
	begin(soon);
	assert_int_equal(vip_add(&vip, &v6), 0);
	begin(late); /* ... until one was in time */
	assert_int_equal(vip_add(&vip, &v6), 0);
}

/* The kernel would make "vip0" of "vip%d", and the next pass another. */
static void test_bad_name(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(vip_link_add(&vip, "vip%d"), -EINVAL);
	assert_string_equal(said, "");
}

static void test_no_socket(void **state)
{
	const struct answer good[] = { THERE };

	(void)state;
	begin(good);
	fail_socket = EMFILE;
	assert_int_equal(vip_link_add(&vip, "vip0"), -EMFILE);
	fail_socket = EPERM;
	assert_int_equal(vip_link_add(&vip, "vip0"), -EPERM);
	fail_socket = 0;
	assert_string_equal(said, "");
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
}

/* --- what is answered ------------------------------------------------------------------------ */

enum call { LINK, ADD4, ADD6, DEL, DEL6, LIST, REMOVE };

static struct ezlb_link_row links[] = { { "vip0" } };
static const struct ezlb_links managed = { links, 1, 1 };

static int list(void)
{
	struct ezlb_table table = { .snat_wanted = false };
	struct ezlb_err err = { 0 };
	int rc = vip_list(&vip, &managed, &table, &err);

	assert_int_equal(err.code, -rc);
	assert_true(rc == 0 || strstr(err.msg, "cannot list links and addresses"));
	ezlb_table_clear(&table);
	return rc;
}

static int make_call(enum call call)
{
	switch (call) {
	case LINK:
		return vip_link_add(&vip, "vip0");
	case ADD4:
		return vip_add(&vip, &v4);
	case ADD6:
		return vip_add(&vip, &v6);
	case DEL:
		return vip_del(&vip, &v4);
	case DEL6:
		return vip_del(&vip, &v6);
	case LIST:
		return list();
	case REMOVE:
		return vip_link_del(&vip, "vip0");
	}
	return 0;
}

static const struct {
	const char *name;
	enum call call;
	struct answer answers[8];
	int want;
} cases[] = {
	{ "link there", LINK, { THERE }, 0 },
	{ "not allowed to make", LINK, { NONE, { .error = EPERM } }, -EPERM },
	{ "no module", LINK, { NONE, { .error = EOPNOTSUPP } }, -EOPNOTSUPP },
	{ "made by another", LINK, { NONE, { .error = EEXIST }, THERE }, 0 },
	{ "made by another, down",
	  LINK,
	  { NONE, { .error = EEXIST }, { .kind = "dummy" }, { 0 } },
	  0 },
	{ "made by another, no dummy",
	  LINK,
	  { NONE, { .error = EEXIST }, { .kind = "vlan" } },
	  -EEXIST },
	{ "no dummy", LINK, { { .kind = "vlan" } }, -EEXIST },
	{ "no kind", LINK, { { .kind = "" } }, -EEXIST },
	{ "gone when made", LINK, { NONE, { 0 }, NONE }, -ENODEV },
	{ "cannot look again", LINK, { NONE, { 0 }, { .error = EPERM } }, -EPERM },
	{ "cannot set up", LINK, { { .kind = "dummy" }, { .error = EBUSY } }, -EBUSY },
	{ "not allowed to add", ADD4, { THERE, { .error = EPERM } }, -EPERM },
	{ "add without link", ADD4, { NONE }, -ENODEV },
	{ "add to no dummy", ADD4, { { .kind = "vlan" } }, -ENODEV },
	{ "add where the link goes", ADD4, { THERE, { .error = ENODEV } }, -ENODEV },
	{ "refused for a rare reason", ADD4, { THERE, { .error = EXDEV } }, -EXDEV },
	{ "already there", ADD4, { THERE, { .error = EEXIST } }, -EEXIST },
	{ "IPv6 disabled", ADD6, { THERE, { .error = EACCES } }, -EAFNOSUPPORT },
	{ "no IPv6", ADD6, { THERE, { .error = EOPNOTSUPP } }, -EAFNOSUPPORT },
	{ "IPv4 is not IPv6", ADD4, { THERE, { .error = EACCES } }, -EACCES },
	{ "del of nothing", DEL, { THERE, { .error = EADDRNOTAVAIL } }, 0 },
	{ "del where the link goes", DEL, { THERE, { .error = ENODEV } }, 0 },
	{ "del without link", DEL, { NONE }, 0 },
	{ "del from no dummy", DEL, { { .kind = "vlan" } }, 0 },
	{ "del refused", DEL, { THERE, { .error = EPERM } }, -EPERM },
	{ "del without IPv6", DEL6, { THERE, { .error = EOPNOTSUPP } }, 0 },
	{ "del of IPv4 is not that", DEL, { THERE, { .error = EOPNOTSUPP } }, -EOPNOTSUPP },
	{ "list", LIST, { THERE, { 0 } }, 0 },
	{ "dump torn twice", LIST, { THERE, TORN, TORN, { 0 } }, 0 },
	{ "dump always torn", LIST, { THERE, TORN, TORN, TORN, TORN, TORN }, -EAGAIN },
	{ "dump refused", LIST, { THERE, { .error = EPERM } }, -EPERM },
	{ "link refused", LIST, { { .error = EPERM } }, -EPERM },
	{ "remove", REMOVE, { THERE, { 0 }, { 0 } }, 0 },
	{ "remove what is not there", REMOVE, { NONE }, 0 },
	{ "remove no dummy", REMOVE, { { .kind = "vlan" } }, 0 },
	{ "remove a used one", REMOVE, { THERE, { .addr = "2001:db8::5", .prefix = 64 } }, -EBUSY },
	{ "remove, 169.254 is an address",
	  REMOVE,
	  { THERE, { .addr = "169.254.1.1", .prefix = 16 } },
	  -EBUSY },
	{ "remove, the same bytes as fe80::",
	  REMOVE,
	  { THERE, { .addr = "254.128.0.1", .prefix = 32 } },
	  -EBUSY },
	{ "remove, others have addresses",
	  REMOVE,
	  { THERE, { .addr = "192.0.2.9", .prefix = 32, .elsewhere = true }, { 0 } },
	  0 },
	{ "remove what goes by itself", REMOVE, { THERE, { 0 }, { .error = ENODEV } }, 0 },
	{ "remove, cannot see", REMOVE, { THERE, { .error = EPERM } }, -EPERM },
	{ "remove refused", REMOVE, { THERE, { 0 }, { .error = EPERM } }, -EPERM },
	{ "mute at the link", LIST, { MUTE }, -ETIMEDOUT },
	{ "mute at making", LINK, { NONE, MUTE }, -ETIMEDOUT },
	{ "mute at setting up", LINK, { { .kind = "dummy" }, MUTE }, -ETIMEDOUT },
	{ "mute at adding", ADD4, { THERE, MUTE }, -ETIMEDOUT },
	{ "mute at deleting", DEL, { THERE, MUTE }, -ETIMEDOUT },
	{ "mute at the dump", LIST, { THERE, MUTE }, -ETIMEDOUT },
	{ "mute at removing", REMOVE, { THERE, { 0 }, MUTE }, -ETIMEDOUT },
};

/* After each of them, on the same object, everything works. */
static void test_answers(void **state)
{
	const struct answer good[] = { THERE, { 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc;

		begin(cases[i].answers);
		rc = make_call(cases[i].call);
		if (rc != cases[i].want)
			fail_msg("%s: %d\n%s", cases[i].name, rc, said);
		begin(good);
		rc = make_call(ADD4);
		if (rc != 0)
			fail_msg("after %s: %d", cases[i].name, rc);
	}
}

/* Whose address is it: on our link with its full length, and once for all attempts. */
static void test_list(void **state)
{
	static const struct {
		struct answer link, last;
		size_t links, vips, elsewhere;
	} rows[] = {
		{ THERE, { .addr = "192.0.2.9", .prefix = 32 }, 1, 1, 0 },
		{ THERE, { .addr = "192.0.2.9", .prefix = 31 }, 1, 0, 1 },
		{ THERE, { .addr = "192.0.2.9", .prefix = 32, .peer = "192.0.2.10" }, 1, 0, 1 },
		{ THERE, { .addr = "192.0.2.9", .prefix = 32, .elsewhere = true }, 1, 0, 1 },
		{ THERE, { .addr = "2001:db8::9", .prefix = 128 }, 1, 1, 0 },
		{ THERE, { .addr = "2001:db8::9", .prefix = 32 }, 1, 0, 1 },
		{ THERE, { .addr = NULL }, 1, 0, 0 },
		{ { .kind = "dummy" }, { .addr = "192.0.2.9", .prefix = 32 }, 0, 1, 0 },
		{ { .kind = "dummy", .flags = IFF_UP }, { .addr = NULL }, 0, 0, 0 },
		{ { .kind = "vlan", .flags = READY },
		  { .addr = "192.0.2.9", .prefix = 32 },
		  0,
		  0,
		  1 },
		{ NONE, { .addr = "192.0.2.9", .prefix = 32 }, 0, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct answer answers[] = { rows[i].link, TORN, rows[i].last };
		struct ezlb_table table = { .snat_wanted = false };

		begin(answers);
		assert_int_equal(vip_list(&vip, &managed, &table, NULL), 0);
		if (table.links.len != rows[i].links || table.vips.len != rows[i].vips ||
		    table.elsewhere.len != rows[i].elsewhere)
			fail_msg("row %zu: %zu links, %zu vips, %zu elsewhere", i, table.links.len,
				 table.vips.len, table.elsewhere.len);
		if (table.vips.len)
			assert_string_equal(table.vips.items[0].device, "vip0");
		ezlb_table_clear(&table);
	}
}

/* --- an address that has moved to another link ----------------------------------------------- */

static const struct ezlb_vip_row away4 = { "vip1", { AF_INET, { 192, 0, 2, 1 } } };
static const struct ezlb_vip_row away6 = { "vip1", { AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } } };

/* The link vip1 has both, and vip0, too. */
static void both_have(void)
{
	const struct answer adds[] = { THERE, { 0 }, THERE, { 0 }, LOCAL,
				       THERE, { 0 }, THERE, { 0 }, LOCAL };

	begin(adds);
	assert_int_equal(vip_add(&vip, &v4), 0);
	assert_int_equal(vip_add(&vip, &v6), 0);
	assert_int_equal(vip_add(&vip, &away4), 0);
	assert_int_equal(vip_add(&vip, &away6), 0);
}

static void test_moved(void **state)
{
	const struct answer removes[] = { THERE, { 0 }, THERE, { 0 }, THERE, { 0 } };
	const struct answer removes6[] = { THERE, { 0 }, THERE, { 0 }, { 0 },
					   { 0 }, LOCAL, { 0 }, THERE, { 0 } };

	(void)state;
	both_have();
	begin(removes);
	assert_int_equal(vip_del(&vip, &v4), 0);
	assert_int_equal(vip_del(&vip, &away4), 0); /* the last one: nothing to announce */
	assert_string_equal(said,
			    "getlink vip0\n"
			    "deladdr index=7 prefix=32 flags=0 local=192.0.2.1 address=192.0.2.1\n"
			    "getlink vip1\n"
			    "newaddr index=7 prefix=32 flags=0 replace local=192.0.2.1 "
			    "address=192.0.2.1\n"
			    "getlink vip1\n"
			    "deladdr index=7 prefix=32 flags=0 local=192.0.2.1 "
			    "address=192.0.2.1\n");
	begin(removes6);
	assert_int_equal(vip_del(&vip, &away6), 0);
	assert_int_equal(vip_del(&vip, &v6), 0);
	assert_string_equal(
		said,
		"getlink vip1\n"
		"deladdr index=7 prefix=128 flags=2 local=2001:db8::1 address=2001:db8::1\n"
		"getlink vip0\n"
		"newroute type=2 table=255 prefix=128 dst=2001:db8::1 index=7 metric=4096\n"
		"deladdr index=7 prefix=128 flags=2 local=2001:db8::1 address=2001:db8::1\n"
		"newaddr index=7 prefix=128 flags=2 excl local=2001:db8::1 address=2001:db8::1\n"
		"getroute\n"
		"delroute type=2 table=255 prefix=128 dst=2001:db8::1 index=7 metric=4096\n"
		"getlink vip0\n"
		"deladdr index=7 prefix=128 flags=2 local=2001:db8::1 address=2001:db8::1\n");
}

/* A list says anew which link has what. */
static void test_moved_before(void **state)
{
	const struct answer lists[] = { THERE, { .addr = "192.0.2.1", .prefix = 32 } };
	const struct answer nothing[] = { THERE, { 0 } };
	const struct answer removes[] = { THERE, { 0 }, THERE, { 0 } };
	const struct answer none[] = { THERE, { 0 } };

	(void)state;
	both_have();
	begin(nothing);
	assert_int_equal(list(), 0);
	begin(none);
	assert_int_equal(vip_del(&vip, &away4), 0);
	begin(lists);
	assert_int_equal(list(), 0);
	begin(removes);
	assert_int_equal(vip_del(&vip, &away4), 0);
	assert_non_null(strstr(said, "getlink vip0\nnewaddr index=7 prefix=32 flags=0 replace"));
}

static void test_moved_and_refused(void **state)
{
	static const struct {
		const struct ezlb_vip_row *row;
		struct answer answers[8];
		int want;
		bool route; /* is deleted again */
	} rows[] = {
		{ &v4, { THERE, { 0 }, NONE }, 0, false },
		{ &v4, { THERE, { 0 }, { .error = EPERM } }, -EPERM, false },
		{ &v4, { THERE, { 0 }, THERE, { .error = EPERM } }, -EPERM, false },
		{ &v4, { THERE, { .error = EPERM } }, -EPERM, false },
		{ &v6, { THERE, { 0 }, THERE, { .error = EPERM } }, -EPERM, false },
		{ &v6,
		  { THERE, { 0 }, THERE, { .error = EEXIST }, { 0 }, { 0 }, LOCAL, { 0 } },
		  0,
		  true },
		{ &v6, { THERE, { 0 }, THERE, { 0 }, { .error = EPERM }, { 0 } }, -EPERM, true },
		{ &v6,
		  { THERE, { 0 }, THERE, { 0 }, { 0 }, { .error = EPERM }, { 0 } },
		  -EPERM,
		  true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		both_have();
		begin(rows[i].answers);
		assert_int_equal(vip_del(&vip, rows[i].row), rows[i].want);
		assert_int_equal(strstr(said, "delroute") != NULL, rows[i].route);
		vip_close(&vip);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_route_of_an_address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved_before, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved_and_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
