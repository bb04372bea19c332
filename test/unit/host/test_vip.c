// SPDX-License-Identifier: GPL-2.0-or-later
/* vip: what is said to the kernel, and each answer that no kernel gives on demand. */
#undef _FORTIFY_SOURCE
#include "fake_route.h"

#include "vip.h"

static struct ezlb_vip *vip;
static struct ezlb_err err;

static struct ezlb_addr address(const char *text)
{
	struct ezlb_addr addr;

	assert_int_equal(ezlb_addr_parse(text, &addr, NULL), 0);
	return addr;
}

static int setup(void **state)
{
	(void)state;
	return ezlb_vip_open("vip0", &vip, &err);
}

static int teardown(void **state)
{
	(void)state;
	ezlb_vip_close(vip);
	vip = NULL;
	return 0;
}

/* --- what is said ---------------------------------------------------------------------------- */

#define READY IFF_UP | IFF_NOARP
#define THERE                                   \
	{                                       \
		.kind = "dummy", .flags = READY \
	}

static void test_requests(void **state)
{
	const struct answer makes[] = { { .error = ENODEV }, { 0 }, THERE, { 0 } };
	const struct answer raises[] = { { .kind = "dummy", .flags = IFF_UP }, { 0 }, { 0 } };
	const struct answer removes[] = { THERE, { 0 }, THERE, { .addr = "fe80::1" }, { 0 } };
	struct ezlb_addr v4 = address("192.0.2.1"), v6 = address("2001:db8::1");

	(void)state;
	begin(makes);
	assert_int_equal(ezlb_vip_add(vip, &v4, NULL, &err), 0);
	assert_string_equal(said, "getlink vip0\n"
				  "newlink index=0 flags=81/81 excl vip0 kind=dummy\n"
				  "getlink vip0\n"
				  "newaddr index=7 prefix=32 flags=0 excl local=192.0.2.1 "
				  "address=192.0.2.1\n");
	begin(raises);
	assert_int_equal(ezlb_vip_add(vip, &v6, NULL, &err), 0);
	assert_string_equal(said, "getlink vip0\n"
				  "newlink index=7 flags=81/81\n"
				  "newaddr index=7 prefix=128 flags=2 excl local=2001:db8::1 "
				  "address=2001:db8::1\n");
	begin(removes);
	assert_int_equal(ezlb_vip_del(vip, &v4, &err), 0);
	assert_int_equal(ezlb_vip_remove_device(vip, &err), 0);
	assert_string_equal(said,
			    "getlink vip0\n"
			    "deladdr index=7 prefix=32 flags=0 local=192.0.2.1 address=192.0.2.1\n"
			    "getlink vip0\ngetaddr\n"
			    "dellink index=7 flags=0/0 vip0\n");
}

static void test_names(void **state)
{
	static const struct {
		const char *in;
		int want;
	} rows[] = {
		{ "a", 0 },	      { "ezlb-vip.0_x", 0 }, { "123456789012345", 0 },
		{ "", -EINVAL },      { ".", -EINVAL },	     { "..", -EINVAL },
		{ "a/b", -EINVAL },   { "a b", -EINVAL },    { "a:0", -EINVAL },
		{ "vip%d", -EINVAL }, { "a\n", -EINVAL },    { "1234567890123456", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ezlb_vip *out = NULL;

		assert_int_equal(ezlb_vip_open(rows[i].in, &out, &err), rows[i].want);
		ezlb_vip_close(out);
	}
}

static void test_open_fails(void **state)
{
	struct ezlb_vip *out = NULL;

	(void)state;
	fail_socket = EPERM;
	assert_int_equal(ezlb_vip_open("vip0", &out, &err), -EPERM);
	fail_socket = 0;
	fail_setsockopt = ENOMEM;
	assert_int_equal(ezlb_vip_open("vip0", &out, &err), -EIO);
	fail_setsockopt = 0;
	assert_non_null(strstr(err.msg, "cannot open a netlink socket for vip0: "));
	assert_null(out);
}

/* --- what is answered ------------------------------------------------------------------------ */

enum call { ADD4, ADD6, DEL, DEL6, LIST, REMOVE };

static int make_call(enum call call, struct ezlb_vip_added *added)
{
	struct ezlb_addr v4 = address("192.0.2.1"), v6 = address("2001:db8::1");
	struct ezlb_vips ours = { 0 }, others = { 0 };
	int rc = 0;

	switch (call) {
	case ADD4:
		return ezlb_vip_add(vip, &v4, added, &err);
	case ADD6:
		return ezlb_vip_add(vip, &v6, added, &err);
	case DEL:
		return ezlb_vip_del(vip, &v4, &err);
	case DEL6:
		return ezlb_vip_del(vip, &v6, &err);
	case LIST:
		rc = ezlb_vip_list(vip, &ours, &others, &err);
		assert_true(rc == 0 || ours.len + others.len == 0);
		EZLB_VEC_CLEAR(&ours);
		EZLB_VEC_CLEAR(&others);
		return rc;
	case REMOVE:
		return ezlb_vip_remove_device(vip, &err);
	}
	return rc;
}

#define NONE                    \
	{                       \
		.error = ENODEV \
	}
#define TORN                                                           \
	{                                                              \
		.interrupted = true, .addr = "192.0.2.1", .prefix = 32 \
	}
#define MUTE                    \
	{                       \
		.error = SILENT \
	}

static const struct {
	const char *name;
	enum call call;
	struct answer answers[8];
	int want;
	const char *msg; /* is in the error */
	struct ezlb_vip_added added;
} cases[] = {
	{ "not allowed to make",
	  ADD4,
	  { NONE, { .error = EPERM } },
	  -EPERM,
	  "not allowed to make the device vip0: ezlb needs CAP_NET_ADMIN",
	  { 0 } },
	{ "not allowed to add",
	  ADD4,
	  { THERE, { .error = EPERM } },
	  -EPERM,
	  "not allowed to add 192.0.2.1/32 to vip0: ezlb needs CAP_NET_ADMIN",
	  { 0 } },
	{ "no module",
	  ADD4,
	  { NONE, { .error = EOPNOTSUPP } },
	  -EOPNOTSUPP,
	  "modprobe dummy",
	  { 0 } },
	{ "made by another",
	  ADD4,
	  { NONE, { .error = EEXIST }, THERE, { 0 } },
	  0,
	  "",
	  { .addr = true } },
	{ "made by another, not dummy",
	  ADD4,
	  { NONE, { .error = EEXIST }, { .kind = "vlan" } },
	  -EEXIST,
	  "vip0 exists and is not a dummy link but vlan: choose another name",
	  { 0 } },
	{ "no kind", DEL, { { .kind = "" } }, -EEXIST, "but a physical or loopback device", { 0 } },
	{ "gone when made",
	  ADD4,
	  { NONE, { 0 }, NONE },
	  -ENODEV,
	  "gone as soon as it was made",
	  { .device = true } },
	{ "made, address refused",
	  ADD4,
	  { NONE, { 0 }, THERE, { .error = ENOBUFS } },
	  -EIO,
	  "cannot add 192.0.2.1/32 to vip0: ",
	  { .device = true } },
	{ "cannot set up",
	  ADD4,
	  { { .kind = "dummy" }, { .error = EBUSY } },
	  -EIO,
	  "cannot set up the device vip0: ",
	  { 0 } },
	{ "already there", ADD4, { THERE, { .error = EEXIST } }, 0, "", { 0 } },
	{ "IPv6 disabled",
	  ADD6,
	  { THERE, { .error = EACCES } },
	  -EAFNOSUPPORT,
	  "net.ipv6.conf.vip0.disable_ipv6=0",
	  { 0 } },
	{ "no IPv6",
	  ADD6,
	  { THERE, { .error = EOPNOTSUPP } },
	  -EAFNOSUPPORT,
	  "ipv6.disable",
	  { 0 } },
	{ "IPv4 is not IPv6", ADD4, { THERE, { .error = EACCES } }, -EIO, "cannot add 192", { 0 } },
	{ "del of nothing", DEL, { THERE, { .error = EADDRNOTAVAIL } }, 0, "", { 0 } },
	{ "del where the device goes", DEL, { THERE, { .error = ENODEV } }, 0, "", { 0 } },
	{ "del without device", DEL, { NONE }, 0, "", { 0 } },
	{ "del refused",
	  DEL,
	  { THERE, { .error = EPERM } },
	  -EPERM,
	  "not allowed to remove 192.0.2.1/32 from vip0",
	  { 0 } },
	{ "del without IPv6", DEL6, { THERE, { .error = EOPNOTSUPP } }, 0, "", { 0 } },
	{ "dump torn twice", LIST, { THERE, TORN, TORN, { 0 } }, 0, "", { 0 } },
	{ "dump always torn",
	  LIST,
	  { THERE, TORN, TORN, TORN, TORN, TORN },
	  -EIO,
	  "cannot list the addresses beside vip0: ",
	  { 0 } },
	{ "remove a used one",
	  REMOVE,
	  { THERE, { .addr = "2001:db8::5", .prefix = 64 } },
	  -EBUSY,
	  "vip0 stays, for it has the address 2001:db8::5/64 yet",
	  { 0 } },
	{ "remove, others have addresses",
	  REMOVE,
	  { THERE, { .addr = "192.0.2.9", .prefix = 32, .elsewhere = true }, { 0 } },
	  0,
	  "",
	  { 0 } },
	{ "remove what goes by itself",
	  REMOVE,
	  { THERE, { 0 }, { .error = ENODEV } },
	  0,
	  "",
	  { 0 } },
	{ "remove refused",
	  REMOVE,
	  { THERE, { 0 }, { .error = EPERM } },
	  -EPERM,
	  "not allowed to remove the device vip0",
	  { 0 } },
	{ "mute at the link",
	  LIST,
	  { MUTE },
	  -ETIMEDOUT,
	  "cannot look for the device vip0: the kernel did not answer within 5 s",
	  { 0 } },
	{ "mute at making", ADD4, { NONE, MUTE }, -ETIMEDOUT, "make the device", { 0 } },
	{ "mute at setting up", ADD4, { { .kind = "dummy" }, MUTE }, -ETIMEDOUT, "set up", { 0 } },
	{ "mute at adding", ADD4, { THERE, MUTE }, -ETIMEDOUT, "add 192.0.2.1/32", { 0 } },
	{ "mute at deleting", DEL, { THERE, MUTE }, -ETIMEDOUT, "remove 192.0.2.1/32", { 0 } },
	{ "mute at the dump", LIST, { THERE, MUTE }, -ETIMEDOUT, "list the addresses", { 0 } },
	{ "mute at removing", REMOVE, { THERE, { 0 }, MUTE }, -ETIMEDOUT, "remove the dev", { 0 } },
};

/* Whose address is it: on our link with its full length, and once for all attempts. */
static void test_list(void **state)
{
	static const struct {
		struct answer last;
		size_t ours, others;
	} rows[] = {
		{ { .addr = "192.0.2.9", .prefix = 32 }, 1, 0 },
		{ { .addr = "192.0.2.9", .prefix = 31 }, 0, 1 },
		{ { .addr = "192.0.2.9", .prefix = 32, .peer = "192.0.2.10" }, 0, 1 },
		{ { .addr = "192.0.2.9", .prefix = 32, .elsewhere = true }, 0, 1 },
		{ { .addr = "2001:db8::9", .prefix = 128 }, 1, 0 },
		{ { .addr = "2001:db8::9", .prefix = 32 }, 0, 1 },
		{ { .addr = NULL }, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct answer answers[] = { THERE, TORN, rows[i].last };
		struct ezlb_vips ours = { 0 }, others = { 0 };

		begin(answers);
		assert_int_equal(ezlb_vip_list(vip, &ours, &others, &err), 0);
		assert_int_equal(ours.len, rows[i].ours);
		assert_int_equal(others.len, rows[i].others);
		EZLB_VEC_CLEAR(&ours);
		EZLB_VEC_CLEAR(&others);
	}
}

/* After each of them, on the same object, everything works. */
static void test_answers(void **state)
{
	const struct answer good[] = { THERE, { 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ezlb_vip_added added = { 0 };
		int rc;

		memset(&err, 0, sizeof(err));
		begin(cases[i].answers);
		rc = make_call(cases[i].call, &added);
		if (rc != cases[i].want || !strstr(err.msg, cases[i].msg) || (rc == 0 && *err.msg))
			fail_msg("%s: %d %s\n%s", cases[i].name, rc, err.msg, said);
		if (added.device != cases[i].added.device || added.addr != cases[i].added.addr)
			fail_msg("%s: device %d addr %d", cases[i].name, added.device, added.addr);
		begin(good);
		if (make_call(ADD4, &added) || added.device || !added.addr)
			fail_msg("after %s: %s", cases[i].name, err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_open_fails),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
