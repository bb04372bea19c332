// SPDX-License-Identifier: GPL-2.0-or-later
/* A system call is replaced here, which glibc's inline checks would get in the way of. */
#undef _FORTIFY_SOURCE
#include "fake_ct.h"

#include <sys/syscall.h>

#include "events.h"
#include "list.h"

/* Somebody's end of a socket, who sends one more message before each that is received. */
static int busy_end = -1;
static unsigned busy_sent;

static void send_one_more(void)
{
	const struct ezlb_ct_entry e = entry(EZLB_TCP, "172.16.0.2:1", "10.0.0.1:80",
					     "192.168.10.11:80", 1);
	union message out;

	entry_message(&out, &e, 0);
	assert_int_equal(write(busy_end, &out, out.msg.nlmsg_len), out.msg.nlmsg_len);
	assert_true(++busy_sent < 5000);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	if (busy_end >= 0)
		send_one_more();
	return fails(&fail_recvmsg) ? -1 : syscall(SYS_recvmsg, fd, msg, flags);
}

static struct ezlb_connection_selects selects;
static struct ezlb_connection_answers answers;
static struct ezlb_err err;
static unsigned got[COUNT_OF(fake.entry)]; /* how often each entry came, by its id */

static void has(enum ezlb_proto proto, const char *client, const char *listen, const char *backend,
		const char *source)
{
	struct ezlb_ct_entry *e = &fake.entry[fake.n].entry;

	*e = entry(proto, client, listen, backend, 100 + (uint32_t)fake.n);
	e->source = endpoint(source);
	fake.n++;
}

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&err, 0, sizeof(err));
	memset(got, 0, sizeof(got));
	fake.far = -1;
	fail_send = fail_recvmsg = fail_poll = 0;
	short_send = false;
	has(EZLB_TCP, "172.16.0.2:1", "10.0.0.1:80", "192.168.10.11:80", "10.0.0.3:1");
	has(EZLB_TCP, "172.16.0.3:1", "10.0.0.1:80", "192.168.10.12:80", "10.0.0.3:1");
	has(EZLB_UDP, "172.16.0.2:1", "10.0.0.1:53", "192.168.10.11:53", "10.0.0.3:1");
	has(EZLB_TCP, "[fd00::9]:1", "[fd00::1]:80", "[fd01::2]:80", "[fd00::3]:1");
	has(EZLB_TCP, "[fd00::8]:1", "[fd00::1]:81", "[fd01::2]:80", "[fd00::3]:2");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	EZLB_VEC_CLEAR(&selects);
	EZLB_VEC_CLEAR(&answers);
	ezlb_close_fd(&fake.far);
	return 0;
}

static void on_connection(void *arg, const struct ezlb_connection *connection)
{
	assert_ptr_equal(arg, &selects);
	got[connection->id - 100]++;
}

static int list(void)
{
	return ezlb_ct_list(fake_source(), on_connection, &selects, &err);
}

static int look_up(void)
{
	return ezlb_ct_find(fake_source(), &answers, on_connection, &selects, &err);
}

static void ask(enum ezlb_proto proto, const char *backend, const char *source)
{
	*EZLB_PUSH(&answers) = (struct ezlb_connection_answer){ proto, endpoint(backend),
								endpoint(source) };
}

/* A digit for each entry: how often it came. */
static void came(const char *want)
{
	char text[COUNT_OF(got) + 1] = "";

	for (size_t i = 0; i < fake.n; i++)
		text[i] = (char)('0' + got[i]);
	assert_string_equal(text, want);
}

static struct ezlb_connection_select *select_source(enum ezlb_proto proto, const char *source)
{
	struct ezlb_connection_select *select = EZLB_PUSH(&selects);

	select->has_proto = true;
	select->proto = proto;
	select->source = endpoint(source);
	return select;
}

static void test_all(void **state)
{
	(void)state;
	assert_int_equal(list(), 0);
	came("11111");
	assert_int_equal(fake.dumps, 1);
}

static void test_look_up(void **state)
{
	(void)state;
	ask(EZLB_TCP, "192.168.10.11:80", "10.0.0.3:1");
	ask(EZLB_TCP, "192.168.10.11:80", "10.0.0.3:2"); /* none has this port */
	ask(EZLB_UDP, "192.168.10.11:80", "10.0.0.3:1"); /* nor this protocol */
	ask(EZLB_TCP, "[fd01::2]:80", "[fd00::3]:2");
	ask(EZLB_TCP, "192.168.10.13:80", "10.0.0.3:1"); /* the last one: its answer ends it all */
	assert_int_equal(look_up(), 0);
	came("10001");
	assert_int_equal(fake.gets, 5);
	assert_int_equal(fake.sends, 1);
	assert_int_equal(fake.dumps, 0);
}

static void test_last_is_there(void **state)
{
	(void)state;
	ask(EZLB_TCP, "192.168.10.13:80", "10.0.0.3:1");
	ask(EZLB_TCP, "192.168.10.12:80", "10.0.0.3:1");
	assert_int_equal(look_up(), 0);
	came("01000");
}

static void test_look_up_none(void **state)
{
	(void)state;
	assert_int_equal(look_up(), 0);
	assert_int_equal(fake.opened, 0);
	assert_int_equal(ezlb_conntrack_find(&answers, on_connection, &selects, &err), 0);
}

/* More than one call takes: the answers to one call must fit into the receive buffer. */
static void test_look_up_many(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 450; i++)
		ask(EZLB_TCP, "192.168.10.99:80", "10.0.0.3:1");
	ask(EZLB_UDP, "192.168.10.11:53", "10.0.0.3:1");
	assert_int_equal(look_up(), 0);
	came("00100");
	assert_int_equal(fake.gets, 451);
	assert_int_equal(fake.sends, 3);
}

static void test_look_up_faults(void **state)
{
	static const struct {
		int *rc, code, want;
		bool *flag;
		const char *words;
		unsigned gets;
	} cases[] = {
		{ &fake.get_rc, -EPERM, -EPERM, NULL, "CAP_NET_ADMIN", 1 },
		{ &fake.get_rc, -EINVAL, -ENOPROTOOPT, NULL, "modprobe nf_conntrack_netlink", 2 },
		{ &fake.socket_rc, -EPROTONOSUPPORT, -ENOPROTOOPT, NULL, "modprobe", 0 },
		{ &fake.get_rc, -ENOENT, -ETIMEDOUT, &fake.mute, "took longer than", 2 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		setup(state);
		*cases[i].rc = cases[i].code;
		if (cases[i].flag)
			*cases[i].flag = true;
		ask(EZLB_TCP, "192.168.10.11:80", "10.0.0.3:1");
		ask(EZLB_TCP, "192.168.10.12:80", "10.0.0.3:1");
		assert_int_equal(look_up(), cases[i].want);
		assert_non_null(strstr(err.msg, cases[i].words));
		assert_int_equal(fake.gets, cases[i].gets);
		came("00000");
		teardown(state);
	}
}

static void test_faults(void **state)
{
	static const struct {
		const char *name;
		int *rc, code;
		bool *flag;
		int want;
		const char *words;
	} cases[] = {
		{ "no nfnetlink", &fake.socket_rc, -EPROTONOSUPPORT, NULL, -ENOPROTOOPT,
		  "cannot read the connections: this kernel cannot list its conntrack table" },
		{ "no conntrack", &fake.dump_rc, -EINVAL, NULL, -ENOPROTOOPT,
		  "modprobe nf_conntrack_netlink" },
		{ "not allowed", &fake.dump_rc, -EPERM, NULL, -EPERM, "CAP_NET_ADMIN" },
		{ "no answer", NULL, 0, &fake.mute, -ETIMEDOUT, "took longer than" },
		{ "overrun", NULL, 0, &fake.overrun, -ENOBUFS, "cannot read the connections: " },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		setup(state);
		if (cases[i].rc)
			*cases[i].rc = cases[i].code;
		if (cases[i].flag)
			*cases[i].flag = true;
		assert_int_equal(list(), cases[i].want);
		if (!strstr(err.msg, cases[i].words))
			fail_msg("%s: '%s' lacks '%s'", cases[i].name, err.msg, cases[i].words);
		teardown(state);
	}
}

/* What came is right, but there may be more. */
static void test_torn(void **state)
{
	(void)state;
	fake.interrupted = 1;
	assert_int_equal(list(), -EAGAIN);
	assert_string_equal(err.msg, "the conntrack table changed while ezlb read it: connections "
				     "may be missing");
	came("11111");
	assert_int_equal(list(), 0);
	came("22222");
}

/* --- events ---------------------------------------------------------------------------------- */

static void test_event(void **state)
{
	struct ezlb_connection connection;
	union message out;
	bool ended;

	(void)state;
	select_source(EZLB_TCP, "10.0.0.3:1");
	entry_message(&out, &fake.entry[0].entry, 0);
	assert_true(ezlb_ct_events_read(&out.msg, &selects, &connection, &ended));
	assert_false(ended);
	assert_int_equal(connection.client.port, 1);
	out.msg.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	assert_true(ezlb_ct_events_read(&out.msg, &selects, &connection, &ended));
	assert_true(ended);
	out.msg.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS;
	assert_false(ezlb_ct_events_read(&out.msg, &selects, &connection, &ended));
	entry_message(&out, &fake.entry[2].entry, 0);
	assert_false(ezlb_ct_events_read(&out.msg, &selects, &connection, &ended));
	entry_message(&out, &fake.entry[0].entry, IPPROTO_ICMP);
	assert_false(ezlb_ct_events_read(&out.msg, &selects, &connection, &ended));
}

static void test_event_filter(void **state)
{
	struct ezlb_ct_addrs addrs;

	(void)state;
	for (unsigned i = 0; i < 17; i++) {
		struct ezlb_connection_select *select = EZLB_PUSH(&selects);

		select->listen = endpoint("10.0.0.1:80");
		select->listen.addr.bytes[3] = (uint8_t)(i < 16 ? i : 0);
	}
	assert_true(ezlb_ct_events_addrs(&selects, &addrs));
	assert_int_equal(addrs.len, 16);
	selects.items[16].listen.addr.bytes[3] = 200;
	assert_false(ezlb_ct_events_addrs(&selects, &addrs)); /* too many */
	selects.items[16].listen.addr.bytes[3] = 0;
	selects.items[3].listen = endpoint(NULL);
	assert_false(ezlb_ct_events_addrs(&selects, &addrs)); /* any */
	EZLB_VEC_CLEAR(&selects);
	EZLB_PUSH(&selects)->listen = endpoint("[fd00::1]:80");
	assert_false(ezlb_ct_events_addrs(&selects, &addrs));
}

static void on_event(void *arg, const struct ezlb_connection *connection, bool ended)
{
	(void)connection;
	(void)ended;
	(*(int *)arg)++;
}

static void test_event_stream(void **state)
{
	struct ezlb_conntrack_events *events;
	union message out;
	int fds[2], n = 0;

	(void)state;
	select_source(EZLB_TCP, "10.0.0.3:1");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	events = ezlb_ct_events_of(fds[0], &selects);
	for (size_t i = 0; i < fake.n; i++) {
		entry_message(&out, &fake.entry[i].entry, 0);
		assert_int_equal(write(fds[1], &out, out.msg.nlmsg_len), out.msg.nlmsg_len);
	}
	fail_recvmsg = ENOBUFS; /* the kernel had no room for some; the rest comes next */
	assert_int_equal(ezlb_conntrack_events_next(events, 1000, on_event, &n, &err), -ENOBUFS);
	assert_int_equal(n, 0);
	assert_int_equal(ezlb_conntrack_events_next(events, 1000, on_event, &n, &err), 0);
	assert_int_equal(n, 2);
	close(fds[1]);
	assert_int_equal(ezlb_conntrack_events_next(events, 1000, on_event, &n, &err), -EPIPE);
	assert_non_null(strstr(err.msg, "cannot read the events of conntrack"));
	ezlb_conntrack_events_close(events);
}

/* The caller prints after some, although there are always more. */
static void test_event_batch(void **state)
{
	struct ezlb_conntrack_events *events;
	int fds[2], n = 0;

	(void)state;
	EZLB_PUSH(&selects);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	events = ezlb_ct_events_of(fds[0], &selects);
	busy_end = fds[1];
	busy_sent = 0;
	send_one_more();
	assert_int_equal(ezlb_conntrack_events_next(events, 1000, on_event, &n, &err), 0);
	assert_int_equal(n, 1000);
	ezlb_close_fd(&busy_end);
	ezlb_conntrack_events_close(events);
}

/* As root, and where the kernel has conntrack; else there is an error with a sentence. */
static void test_event_socket(void **state)
{
	struct ezlb_conntrack_events *events = NULL;
	int n = 0, rc;

	(void)state;
	EZLB_PUSH(&selects)->listen = endpoint("192.0.2.1:80");
	EZLB_PUSH(&selects)->listen = endpoint("[2001:db8::1]:80");
	rc = ezlb_conntrack_events_open(&selects, &events, &err);
	if (rc < 0) {
		assert_null(events);
		assert_non_null(strstr(err.msg, "cannot receive the events of conntrack"));
		return;
	}
	assert_int_equal(ezlb_conntrack_events_next(events, 10, on_event, &n, &err), 0);
	assert_int_equal(n, 0);
	ezlb_conntrack_events_close(events);
	ezlb_conntrack_events_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all),
		TEST(test_look_up),
		TEST(test_last_is_there),
		TEST(test_look_up_none),
		TEST(test_look_up_many),
		cmocka_unit_test(test_look_up_faults),
		cmocka_unit_test(test_faults),
		TEST(test_torn),
		TEST(test_event),
		TEST(test_event_filter),
		TEST(test_event_stream),
		TEST(test_event_batch),
		TEST(test_event_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
