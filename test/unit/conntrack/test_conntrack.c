// SPDX-License-Identifier: GPL-2.0-or-later
/* Some system calls are replaced here, which glibc's inline checks would get in the way of. */
#undef _FORTIFY_SOURCE
#include "fake_ct.h"

#include <poll.h>
#include <sys/syscall.h>
#include <time.h>

#include <linux/netlink.h>

/* --- system calls that fail ------------------------------------------------------------------ */

static bool truncate_next;

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n;

	if (fails(&fail_recvmsg))
		return -1;
	n = syscall(SYS_recvmsg, fd, msg, flags);
	if (n > 0 && truncate_next)
		msg->msg_flags |= MSG_TRUNC;
	return n;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec limit = { .tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L };

	if (fails(&fail_poll))
		return -1;
	/* One more, always: a dump that never ends. */
	if (fake.endless)
		fake_say_entry(&fake.entry[0], 1);
	return (int)syscall(SYS_ppoll, fds, n, &limit, NULL, 0);
}

/* --- fixture --------------------------------------------------------------------------------- */

#define CLIENT "172.16.0.2:1001"

static struct ezlb_flows flows;
static struct ezlb_err err;
static size_t n;

static void has(enum ezlb_proto proto, const char *client, const char *listen, const char *backend)
{
	assert_true(fake.n < COUNT_OF(fake.entry));
	fake.entry[fake.n].entry = entry(proto, client, listen, backend, 100 + (uint32_t)fake.n);
	fake.n++;
}

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&err, 0, sizeof(err));
	fake.far = -1;
	fail_send = fail_recvmsg = fail_poll = 0;
	short_send = truncate_next = false;
	n = 99;
	has(EZLB_UDP, CLIENT, "10.0.0.1:53", "192.168.10.11:53");
	has(EZLB_UDP, "172.16.0.2:1002", "10.0.0.1:53", "192.168.10.11:53");
	has(EZLB_UDP, "172.16.0.2:1003", "10.0.0.1:53", "192.168.10.12:53");
	has(EZLB_TCP, CLIENT, "10.0.0.1:53", "192.168.10.11:53");
	has(EZLB_UDP, "[fd00::9]:1", "[fd00::1]:53", "[fd01::2]:53");
	has(EZLB_UDP, "[fd00::9]:1", "[fd00::2]:53", "[fd01::2]:53");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	EZLB_VEC_CLEAR(&flows);
	ezlb_close_fd(&fake.far);
	return 0;
}

/* backend NULL: a flow to each backend that there is an entry of. */
static void wants(enum ezlb_proto proto, const char *listen, const char *backend)
{
	const struct ezlb_endpoint at = endpoint(listen);

	if (backend)
		*EZLB_PUSH(&flows) = flow(proto, listen, backend);
	for (size_t i = 0; !backend && i < fake.n; i++) {
		const struct ezlb_ct_entry *have = &fake.entry[i].entry;

		if (have->proto == proto && ezlb_endpoint_cmp(&have->listen, &at) == 0)
			*EZLB_PUSH(&flows) = (struct ezlb_flow){ .proto = proto,
								 .listen = at,
								 .backend = have->backend };
	}
}

static int run(void)
{
	return ezlb_ct_delete(fake_source(), &flows, &n, &err);
}

/* "x" for each entry that has gone, "." for the others. */
static void gone(const char *want)
{
	char got[COUNT_OF(fake.entry) + 1] = "";

	for (size_t i = 0; i < fake.n; i++)
		got[i] = fake.entry[i].gone ? 'x' : '.';
	assert_string_equal(got, want);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void test_nothing(void **state)
{
	(void)state;
	assert_int_equal(run(), 0);
	assert_int_equal(ezlb_conntrack_delete(&flows, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_int_equal(fake.opened, 0);
}

static void test_one_backend(void **state)
{
	(void)state;
	wants(EZLB_UDP, "10.0.0.1:53", "192.168.10.11:53");
	assert_int_equal(run(), 0);
	assert_int_equal(n, 2);
	gone("xx....");
	assert_int_equal(fake.dumps, 1);
	assert_int_equal(fake.deletes, 2);
}

static void test_both_families(void **state)
{
	(void)state;
	wants(EZLB_UDP, "[fd00::2]:53", NULL);
	wants(EZLB_UDP, "10.0.0.1:53", "192.168.10.12:53");
	wants(EZLB_TCP, "10.0.0.1:53", NULL);
	assert_int_equal(run(), 0);
	assert_int_equal(n, 3);
	gone("..xx.x");
	assert_int_equal(fake.dumps, 1);
	assert_int_equal(fake.narrow_dumps, 0); /* see ezlb_ct_put_dump */
	assert_int_equal(fake.opened, 1);
}

static void expire_first(void)
{
	fake.entry[0].gone = true;
}

static void replace_first(void)
{
	fake.entry[0].entry.id = 777;
}

static void test_gone_by_itself(void **state)
{
	(void)state;
	fake.before_delete = expire_first;
	wants(EZLB_UDP, "10.0.0.1:53", "192.168.10.11:53");
	assert_int_equal(run(), 0);
	assert_int_equal(n, 1);
	gone("xx....");
}

/* The same client, port and all, came again: that flow was decided upon anew. */
static void test_replaced(void **state)
{
	(void)state;
	fake.before_delete = replace_first;
	wants(EZLB_UDP, "10.0.0.1:53", "192.168.10.11:53");
	assert_int_equal(run(), 0);
	assert_int_equal(n, 1);
	gone(".x....");
}

static void test_interrupted(void **state)
{
	(void)state;
	fake.interrupted = 2;
	wants(EZLB_UDP, "10.0.0.1:53", NULL);
	assert_int_equal(run(), 0);
	assert_int_equal(n, 3);
	assert_int_equal(fake.dumps, 3);
	assert_int_equal(fake.deletes, 3);
}

static void test_interrupted_for_ever(void **state)
{
	(void)state;
	fake.interrupted = 9;
	wants(EZLB_UDP, "10.0.0.1:53", NULL);
	assert_int_equal(run(), -EAGAIN);
	assert_non_null(strstr(err.msg, "kept changing"));
	assert_int_equal(n, 3); /* what was seen is ended all the same */
	gone("xxx...");
	assert_int_equal(fake.dumps, 3);
}

static void test_strangers(void **state)
{
	(void)state;
	fake.strangers = true;
	wants(EZLB_UDP, "10.0.0.1:53", NULL);
	assert_int_equal(run(), 0);
	gone("xxx...");
}

static void test_interrupted_calls(void **state)
{
	(void)state;
	fail_send = fail_poll = EINTR;
	fail_recvmsg = EAGAIN;
	wants(EZLB_UDP, "10.0.0.1:53", NULL);
	assert_int_equal(run(), 0);
	gone("xxx...");
}

struct fault {
	const char *name;
	int *fault, errnum; /* a system call's, or NULL */
	int *rc, code;	    /* the fake's */
	bool *flag;
	int want;
	const char *words;
};

static void test_faults(void **state)
{
	struct fault cases[] = {
		{ "no nfnetlink", NULL, 0, &fake.socket_rc, -EPROTONOSUPPORT, NULL, -ENOPROTOOPT,
		  "modprobe nf_conntrack_netlink" },
		{ "no sockets left", NULL, 0, &fake.socket_rc, -EMFILE, NULL, -EMFILE,
		  "Too many open files" },
		{ "no conntrack", NULL, 0, &fake.dump_rc, -EINVAL, NULL, -ENOPROTOOPT,
		  "modprobe nf_conntrack_netlink" },
		{ "no conntrack", NULL, 0, &fake.dump_rc, -EOPNOTSUPP, NULL, -ENOPROTOOPT,
		  "modprobe nf_conntrack_netlink" },
		{ "not allowed", NULL, 0, &fake.dump_rc, -EPERM, NULL, -EPERM, "CAP_NET_ADMIN" },
		{ "not allowed to delete", NULL, 0, &fake.delete_rc, -EPERM, NULL, -EPERM,
		  "CAP_NET_ADMIN" },
		{ "busy", NULL, 0, &fake.delete_rc, -EBUSY, NULL, -EBUSY, "conntrack: Device" },
		{ "no answer", NULL, 0, NULL, 0, &fake.mute, -ETIMEDOUT, "too long" },
		{ "no end", NULL, 0, NULL, 0, &fake.endless, -ETIMEDOUT, "too long" },
		{ "overrun", NULL, 0, NULL, 0, &fake.overrun, -ENOBUFS, "lost" },
		{ "short code", NULL, 0, NULL, 0, &fake.damaged, -EBADMSG, "damaged" },
		{ "no such code", NULL, 0, NULL, 0, &fake.positive, -EBADMSG, "damaged" },
		{ "cut", NULL, 0, NULL, 0, &truncate_next, -EBADMSG, "damaged" },
		{ "half sent", NULL, 0, NULL, 0, &short_send, -EIO, "Input/output" },
		{ "send", &fail_send, EPIPE, NULL, 0, NULL, -EPIPE, "Broken pipe" },
		{ "full", &fail_send, EAGAIN, NULL, 0, NULL, -ENOBUFS, "lost" },
		{ "recvmsg", &fail_recvmsg, ENOBUFS, NULL, 0, NULL, -ENOBUFS, "lost" },
		{ "poll", &fail_poll, ENOMEM, &fail_recvmsg, EAGAIN, NULL, -ENOMEM,
		  "Cannot allocate" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct fault *c = &cases[i];

		print_message("%s\n", c->name);
		setup(state);
		if (c->fault)
			*c->fault = c->errnum;
		if (c->rc)
			*c->rc = c->code;
		if (c->flag)
			*c->flag = true;
		wants(EZLB_UDP, "10.0.0.1:53", NULL);
		assert_int_equal(run(), c->want);
		assert_int_equal(err.code, -c->want);
		if (!strstr(err.msg, c->words))
			fail_msg("%s: '%s' lacks '%s'", c->name, err.msg, c->words);
		assert_true(strlen(err.msg) < sizeof(err.msg) - 1);
		assert_int_equal(n, 0);
		gone("......");
		teardown(state);
	}
}

static void test_kernel(void **state)
{
	(void)state;
	assert_int_equal(ezlb_ct_kernel.protocol, NETLINK_NETFILTER);
	assert_int_equal(ezlb_ct_kernel.timeout_ms, 5000);
	assert_true(ezlb_ct_kernel.strict);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* --- counting -------------------------------------------------------------------------------- */

static void test_count(void **state)
{
	size_t counts[3] = { 9, 9, 9 };

	(void)state;
	assert_int_equal(ezlb_ct_count(fake_source(), &flows, counts, &err), 0);
	assert_int_equal(fake.opened, 0); /* no flows, no dump */
	has(EZLB_TCP, "172.16.0.2:1004", "10.0.0.1:53", "10.0.0.1:53");
	has(EZLB_TCP, "172.16.0.2:1005", "10.0.0.1:53", "192.168.10.11:53");
	fake.entry[7].entry.source = endpoint("10.0.0.3:1005");
	has(EZLB_TCP, "172.16.0.2:1006", "10.0.0.1:53", "192.168.10.11:53");
	fake.entry[8].entry.closing = true;
	*EZLB_PUSH(&flows) = untranslated(EZLB_UDP, "[fd00::2]:53", "fd00::3");
	*EZLB_PUSH(&flows) = untranslated(EZLB_TCP, "10.0.0.9:53", "10.0.0.3");
	*EZLB_PUSH(&flows) = untranslated(EZLB_TCP, "10.0.0.1:53", "10.0.0.3");
	fake.interrupted = 1;
	assert_int_equal(ezlb_ct_count(fake_source(), &flows, counts, &err), 0);
	assert_int_equal(flows.items[0].listen.addr.bytes[3], 1); /* sorted */
	assert_int_equal(counts[0], 2);
	assert_int_equal(counts[1], 0);
	assert_int_equal(counts[2], 1);
	assert_int_equal(fake.dumps, 1);
	assert_int_equal(fake.deletes, 0);
	fake.dump_rc = -EPERM;
	assert_int_equal(ezlb_ct_count(fake_source(), &flows, counts, &err), -EPERM);
	assert_non_null(strstr(err.msg, "CAP_NET_ADMIN"));
}

/* One deletion for the flows of a backend, and for those without source NAT. */
static void test_untranslated(void **state)
{
	(void)state;
	fake.entry[1].entry.source = endpoint("10.0.0.3:1002");
	wants(EZLB_UDP, "10.0.0.1:53", "192.168.10.12:53");
	*EZLB_PUSH(&flows) = untranslated(EZLB_UDP, "10.0.0.1:53", "10.0.0.3");
	assert_int_equal(run(), 0);
	assert_int_equal(n, 2);
	gone("x.x...");
	assert_int_equal(fake.dumps, 1);
}

static void test_sources(void **state)
{
	const struct ezlb_endpoint backend = endpoint("192.168.10.11:53");
	struct ezlb_endpoint every = backend;
	struct ezlb_ports_sources sources = { 0 };

	(void)state;
	fake.entry[0].entry.source = endpoint("10.0.0.4:1024");
	fake.entry[1].entry.source = endpoint("10.0.0.3:1024");
	has(EZLB_UDP, "172.16.0.2:1003", "10.0.0.2:53", "192.168.10.11:53"); /* another service */
	fake.entry[6].entry.source = endpoint("10.0.0.4:1025");
	has(EZLB_UDP, "172.16.0.2:1003", "10.0.0.1:54", "192.168.10.11:54"); /* another port */
	fake.entry[7].entry.source = endpoint("10.0.0.4:1025");
	fake.interrupted = 1;
	assert_int_equal(ezlb_ct_sources(fake_source(), EZLB_UDP, &backend, &sources, &err), 0);
	assert_int_equal(sources.len, 2);
	assert_int_equal(sources.items[0].addr.bytes[3], 3);
	assert_int_equal(sources.items[0].used, 1);
	assert_int_equal(sources.items[1].used, 2);
	assert_int_equal(fake.narrow_dumps, 1);

	every.port = 0;
	assert_int_equal(ezlb_ct_sources(fake_source(), EZLB_UDP, &every, &sources, &err), 0);
	assert_int_equal(sources.len, 3);
	assert_int_equal(sources.items[2].port, 54);
	assert_int_equal(sources.items[1].used, 2);

	fake.narrow_rc = -EINVAL; /* a kernel that does not know the filter */
	assert_int_equal(ezlb_ct_sources(fake_source(), EZLB_TCP, &backend, &sources, &err), 0);
	assert_int_equal(sources.len, 1);
	assert_int_equal(fake.dumps, 4);

	fake.dump_rc = -EPERM;
	assert_int_equal(ezlb_ct_sources(fake_source(), EZLB_UDP, &backend, &sources, &err),
			 -EPERM);
	assert_non_null(strstr(err.msg, "CAP_NET_ADMIN"));
	EZLB_VEC_CLEAR(&sources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing),
		TEST(test_one_backend),
		TEST(test_both_families),
		TEST(test_gone_by_itself),
		TEST(test_replaced),
		TEST(test_interrupted),
		TEST(test_interrupted_for_ever),
		TEST(test_strangers),
		TEST(test_interrupted_calls),
		cmocka_unit_test(test_faults),
		TEST(test_kernel),
		cmocka_unit_test_setup_teardown(test_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_untranslated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sources, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
