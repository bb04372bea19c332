// SPDX-License-Identifier: GPL-2.0-or-later
/* Some system calls are replaced here, which glibc's inline checks would get in the way of. */
#undef _FORTIFY_SOURCE
#include "kernel.h"

#include <poll.h>
#include <sys/syscall.h>

#include <ezlb/duration.h>

static struct kernel k;

/* --- system calls that fail ---------------------------------------------------------------- */

/* The next call of each ends with this errno. */
static int fail_send, fail_recvmsg, fail_poll;
static bool short_send;

static bool fails(int *fault)
{
	errno = *fault;
	*fault = 0;
	return errno != 0;
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	if (fd != k.far && fails(&fail_send))
		return -1;
	if (fd != k.far && short_send)
		return 5;
	return syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	if (fails(&fail_recvmsg))
		return -1;
	return syscall(SYS_recvmsg, fd, msg, flags);
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec limit = { .tv_nsec = timeout * 1000000L };

	if (fails(&fail_poll))
		return -1;
	return (int)syscall(SYS_ppoll, fds, n, &limit, NULL, 0);
}

/* --- fixture ------------------------------------------------------------------------------- */

static struct ezlb_ipvs_nl *nl;
static struct ezlb_err err;
static struct bytes heard; /* what the layer sent */

#define MANY 600
static struct ezlb_op op[MANY];
static struct ezlb_op *ops[MANY];

static int setup(void **state)
{
	struct ezlb_ipvs_source source = kernel_source(&k);

	(void)state;
	fail_send = fail_recvmsg = fail_poll = 0;
	short_send = false;
	err = (struct ezlb_err){ 0 };
	for (size_t i = 0; i < MANY; i++) {
		op[i] = (struct ezlb_op){ .kind = EZLB_OP_DEST_ADD };
		op[i].dest = dest("10.0.0.1:80", "192.168.10.11:80");
		op[i].dest.endpoint.port = (uint16_t)(i + 1);
		ops[i] = &op[i];
	}
	kernel_init(&k);
	assert_int_equal(ezlb_ipvs_nl_open(&source, true, &nl, &err), 0);
	hear(&k, &heard);
	assert_int_equal(ezlb_ipvs_nl_begin(nl, &err), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_ipvs_nl_close(nl);
	nl = NULL;
	kernel_clear(&k);
	return 0;
}

/* The messages in `heard`: one for each op from `first` on, numbered from seq, ACK on the last. */
static void check_heard(size_t first, size_t n, uint32_t seq, uint16_t family)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		uint16_t port = htons(op[first + i].dest.endpoint.port);
		struct nlmsghdr head;

		assert_true(at + sizeof(head) <= heard.len);
		memcpy(&head, heard.data + at, sizeof(head));
		assert_int_equal(head.nlmsg_type, family);
		assert_int_equal(head.nlmsg_seq, seq + i);
		assert_int_equal(head.nlmsg_flags, NLM_F_REQUEST | (i == n - 1 ? NLM_F_ACK : 0));
		/* message, service nest, dest nest, address, attribute header */
		assert_memory_equal(heard.data + at + 20 + 48 + 4 + 20 + 4, &port, 2);
		at += head.nlmsg_len;
	}
	assert_int_equal(at, heard.len);
}

/* --- open ---------------------------------------------------------------------------------- */

static void test_open(void **state)
{
	struct nlmsghdr head;

	(void)state;
	assert_int_equal(k.loads, 1);
	assert_int_equal(k.opened, 1);
	memcpy(&head, heard.data, sizeof(head));
	assert_int_equal(head.nlmsg_type, FAMILY);
	assert_int_equal(heard.data[NLMSG_HDRLEN], IPVS_CMD_GET_INFO);
	ezlb_ipvs_nl_close(NULL);
}

static const struct {
	const char *name;
	int resolve_rc, socket_rc, answer;
	int want;
	const char *message;
} open_failures[] = {
	{ "no ip_vs", -ENOENT, 0, 0, -ENOENT, "run 'modprobe ip_vs'" },
	{ "no genetlink for us", -EPERM, 0, 0, -EPERM, "CAP_NET_ADMIN" },
	{ "resolving breaks", -EIO, 0, 0, -EIO, "no family" },
	{ "no socket", 0, -EMFILE, 0, -EMFILE, "cannot talk to the kernel's IPVS" },
	{ "not root", 0, 0, -EPERM, -EPERM, "CAP_NET_ADMIN" },
	{ "no answer", 0, 0, 0, -ETIMEDOUT, "did not answer" },
};

static void test_open_failures(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(open_failures); i++) {
		struct kernel other;
		struct ezlb_ipvs_source source = kernel_source(&other);
		struct ezlb_ipvs_nl *none = NULL;

		print_message("%s\n", open_failures[i].name);
		kernel_init(&other);
		kernel_pair(&other); /* without the answer */
		if (open_failures[i].answer)
			say_error(&other, 1, open_failures[i].answer);
		other.resolve_rc = open_failures[i].resolve_rc;
		other.socket_rc = open_failures[i].socket_rc;
		assert_int_equal(ezlb_ipvs_nl_open(&source, true, &none, &err),
				 open_failures[i].want);
		assert_non_null(strstr(err.msg, open_failures[i].message));
		assert_int_equal(err.code, -open_failures[i].want);
		assert_null(none);
		kernel_clear(&other);
	}
}

/* --- apply --------------------------------------------------------------------------------- */

static void test_answers_by_number(void **state)
{
	struct bytes b = { .len = 0 };

	(void)state;
	add_error(&b, 3, -EEXIST);
	add_error(&b, 5, -ESRCH);
	add_error(&b, 6, 0);
	say(&k, &b);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 5, &err), 0);
	hear(&k, &heard);
	check_heard(0, 5, 2, FAMILY);
	assert_int_equal(op[0].rc, 0);
	assert_int_equal(op[1].rc, -EEXIST);
	assert_int_equal(op[2].rc, 0);
	assert_int_equal(op[3].rc, -ESRCH);
	assert_int_equal(op[4].rc, 0);
	assert_true(silent(&k));
}

static void test_last_fails(void **state)
{
	(void)state;
	say_error(&k, 2, -EEXIST);
	say_error(&k, 3, -EINVAL);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 2, &err), 0);
	assert_int_equal(op[0].rc, -EEXIST);
	assert_int_equal(op[1].rc, -EINVAL);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 0, &err), 0);
}

static void test_packing(void **state)
{
	(void)state;
	say_error(&k, 257, 0);
	say_error(&k, 513, -EEXIST);
	say_error(&k, 601, 0);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, MANY, &err), 0);
	hear(&k, &heard);
	check_heard(0, 256, 2, FAMILY);
	hear(&k, &heard);
	check_heard(256, 256, 258, FAMILY);
	hear(&k, &heard);
	check_heard(512, 88, 514, FAMILY);
	assert_true(silent(&k));
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(op[i].rc, i == 511 ? -EEXIST : 0);
}

static void test_other_numbers(void **state)
{
	struct bytes b = { .len = 0 };
	const struct ezlb_dest_row row = dest("10.0.0.1:80", "192.168.10.11:80");
	size_t msg;

	(void)state;
	add_error(&b, 1, -EPERM);
	add_error(&b, 4, -EPERM);
	add_error(&b, 0, -EPERM);
	add_error(&b, 0xffffffff, -EPERM);
	add_dest(&b, 2, &row, 0, AF_INET); /* not an answer to NEW_DEST: passed over */
	msg = start_msg(&b, NLMSG_NOOP, 0, 3);
	end_msg(&b, msg);
	say(&k, &b);
	say_error(&k, 3, 0);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 2, &err), 0);
	assert_int_equal(op[0].rc, 0);
	assert_int_equal(op[1].rc, 0);
	assert_int_equal(op[2].rc, 0);
}

static void test_ack_lost(void **state)
{
	uint64_t start = ezlb_now_ms(), took;

	(void)state;
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, MANY, &err), -ETIMEDOUT);
	took = ezlb_now_ms() - start;
	assert_in_range(took, 30, 2000);
	assert_int_equal(err.code, ETIMEDOUT);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(op[i].rc, -ETIMEDOUT);

	/* The old socket is gone, and with it a late answer. */
	kernel_pair(&k);
	say_error(&k, 258, 0);
	assert_int_equal(ezlb_ipvs_nl_begin(nl, &err), 0);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 1, &err), 0);
	assert_int_equal(op[0].rc, 0);
	assert_int_equal(k.opened, 2);
}

static void test_ack_lost_after_error(void **state)
{
	(void)state;
	say_error(&k, 3, -EEXIST);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 3, &err), 0);
	assert_int_equal(op[0].rc, -ETIMEDOUT);
	assert_int_equal(op[1].rc, -EEXIST);
	assert_int_equal(op[2].rc, -ETIMEDOUT);
}

static const struct {
	const char *name;
	int recvmsg_errno, send_errno;
	bool overrun;
} losses[] = {
	{ "receive overrun", ENOBUFS, 0, false },
	{ "no memory to send", 0, ENOBUFS, false },
	{ "no room to send", 0, EAGAIN, false },
	{ "the kernel says so", 0, 0, true },
};

/* The ops of that send are in doubt; the next send goes on, on a new socket. */
static void test_answers_lost(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(losses); i++) {
		struct bytes b = { .len = 0 };
		size_t msg;

		print_message("%s\n", losses[i].name);
		if (i > 0)
			assert_int_equal(setup(state), 0);
		msg = start_msg(&b, losses[i].overrun ? NLMSG_OVERRUN : NLMSG_NOOP, 0, 2);
		end_msg(&b, msg);
		say(&k, &b);
		fail_recvmsg = losses[i].recvmsg_errno;
		fail_send = losses[i].send_errno;
		kernel_pair(&k);
		say_error(&k, 300, -EEXIST);
		say_error(&k, 301, 0);
		assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 300, &err), 0);
		for (size_t j = 0; j < 300; j++)
			assert_int_equal(op[j].rc, j < 256 ? -ENOBUFS : j == 298 ? -EEXIST : 0);
		if (i + 1 < COUNT_OF(losses))
			teardown(state);
	}
}

static void test_all_answers_lost(void **state)
{
	(void)state;
	fail_recvmsg = ENOBUFS;
	say_error(&k, 3, 0);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 2, &err), -ENOBUFS);
	assert_int_equal(err.code, ENOBUFS);
	assert_int_equal(op[0].rc, -ENOBUFS);
	assert_int_equal(op[1].rc, -ENOBUFS);
}

static void test_interrupted(void **state)
{
	(void)state;
	fail_send = fail_recvmsg = fail_poll = EINTR;
	say_error(&k, 2, 0);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 1, &err), 0);
	assert_int_equal(op[0].rc, 0);
	assert_int_equal(fail_send + fail_recvmsg + fail_poll, 0);
	fail_recvmsg = EAGAIN; /* poll was too optimistic */
	say_error(&k, 3, 0);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 1, &err), 0);
	assert_int_equal(k.opened, 1);
}

static const struct {
	const char *name;
	int send_errno, recvmsg_errno, poll_errno;
	bool short_send;
	int want;
} breaks[] = {
	{ "send refused", ECONNREFUSED, 0, 0, false, -ECONNREFUSED },
	{ "receive refused", 0, EIO, 0, false, -EIO },
	{ "poll refused", 0, 0, EINVAL, false, -EINVAL },
	{ "short send", 0, 0, 0, true, -EIO },
};

/* A broken socket: nothing more is sent, and the next call opens another. */
static void test_breaks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(breaks); i++) {
		uint32_t seq = 258;

		print_message("%s\n", breaks[i].name);
		if (i > 0)
			assert_int_equal(setup(state), 0);
		say_error(&k, 1, 0);
		fail_send = breaks[i].send_errno;
		fail_recvmsg = breaks[i].recvmsg_errno;
		fail_poll = breaks[i].poll_errno;
		short_send = breaks[i].short_send;
		assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, MANY, &err), breaks[i].want);
		assert_int_equal(err.code, -breaks[i].want);
		assert_int_equal(op[MANY - 1].rc, breaks[i].want);
		short_send = false;
		kernel_pair(&k);
		say_error(&k, seq, 0);
		assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 1, &err), 0);
		assert_int_equal(k.opened, 2);
		if (i + 1 < COUNT_OF(breaks))
			teardown(state);
	}
}

static void test_hang_up(void **state)
{
	(void)state;
	shutdown(k.far, SHUT_WR);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 1, &err), -EPIPE);
}

/* --- damaged answers ----------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t cut;	   /* bytes that are missing at the end of a good answer */
	uint32_t said_len; /* length in the header, 0: the true one */
	int code;
} damages[] = {
	{ "half a header", 28, 0, 0 },	     { "longer than the datagram", 0, 37, 0 },
	{ "much longer", 0, 0xffffffff, 0 }, { "shorter than a header", 0, 15, 0 },
	{ "no error number", 16, 16, 0 },    { "positive error number", 0, 0, EPERM },
};

static void test_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(damages); i++) {
		struct bytes b = { .len = 0 };

		print_message("%s\n", damages[i].name);
		if (i > 0)
			assert_int_equal(setup(state), 0);
		add_error(&b, 2, damages[i].code);
		b.len -= damages[i].cut;
		if (damages[i].said_len)
			memcpy(b.data, &damages[i].said_len, 4);
		say(&k, &b);
		assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 1, &err), -EBADMSG);
		assert_int_equal(op[0].rc, -EBADMSG);
		if (i + 1 < COUNT_OF(damages))
			teardown(state);
	}
}

/* A datagram that does not fit is refused even where the part that does makes sense. */
static void test_too_long(void **state)
{
	static unsigned char huge[70000];
	struct bytes b = { .len = 0 };

	(void)state;
	add_error(&b, 2, 0);
	memcpy(huge, b.data, b.len);
	assert_int_equal(send(k.far, huge, sizeof(huge), 0), sizeof(huge));
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 1, &err), -EBADMSG);
}

/* Would be read for ever, or beyond the end of the receive buffer. */
static void test_odd_ends(void **state)
{
	struct bytes b = { .len = 0 };
	const uint32_t most = sizeof(b.data) - 8, none = 0;

	(void)state;
	start_msg(&b, NLMSG_NOOP, 0, 1);
	memcpy(b.data, &none, sizeof(none));
	say(&k, &b);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 1, &err), -EBADMSG);

	kernel_pair(&k);
	start_msg(&b, NLMSG_NOOP, 0, 1);
	memcpy(b.data, &most, sizeof(most));
	memset(b.data + most, 0, 8);
	b.len = sizeof(b.data);
	say(&k, &b);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 1, &err), -EBADMSG);
}

/* --- dump ---------------------------------------------------------------------------------- */

static int seen, stop_with;

static int count(void *arg, const struct nlmsghdr *msg)
{
	assert_ptr_equal(arg, &seen);
	assert_int_equal(msg->nlmsg_type, FAMILY);
	seen++;
	return stop_with;
}

static int dump(const struct ezlb_service_key *of)
{
	seen = 0;
	return ezlb_ipvs_nl_dump(nl, of, count, &seen, &err);
}

/* `rows` dests and the end of the dump, in two datagrams. */
static void say_dump(uint32_t seq, int rows, int done_flags, int code)
{
	const struct ezlb_dest_row row = dest("10.0.0.1:80", "192.168.10.11:80");
	struct bytes b = { .len = 0 };

	for (int i = 0; i < rows; i++)
		add_dest(&b, seq, &row, 0, AF_INET);
	if (rows > 0)
		say(&k, &b);
	add_done(&b, seq, done_flags, code);
	say(&k, &b);
}

static void test_dump(void **state)
{
	struct ezlb_service_key of = key(EZLB_TCP, "10.0.0.1:80");

	(void)state;
	stop_with = 0;
	say_dump(1, 2, 0, 0); /* somebody else's */
	say_dump(2, 3, 0, 0);
	assert_int_equal(dump(NULL), 0);
	assert_int_equal(seen, 3);
	hear(&k, &heard);
	assert_int_equal(heard.data[NLMSG_HDRLEN], IPVS_CMD_GET_SERVICE);
	say_dump(3, 0, 0, 0);
	assert_int_equal(dump(&of), 0);
	assert_int_equal(seen, 0);
	hear(&k, &heard);
	assert_int_equal(heard.data[NLMSG_HDRLEN], IPVS_CMD_GET_DEST);
	assert_int_equal(k.opened, 1);
}

static void test_dump_errors(void **state)
{
	(void)state;
	stop_with = 0;
	say_dump(2, 1, NLM_F_DUMP_INTR, 0);
	assert_int_equal(dump(NULL), -EAGAIN);
	say_dump(3, 1, 0, -ENOMEM);
	assert_int_equal(dump(NULL), -ENOMEM);
	say_error(&k, 4, -ESRCH);
	assert_int_equal(dump(NULL), -ESRCH);
	say_error(&k, 5, -EPERM);
	assert_int_equal(dump(NULL), -EPERM);
	assert_non_null(strstr(err.msg, "CAP_NET_ADMIN"));
	/* These are answers, and the socket is as good as before. */
	assert_int_equal(k.opened, 1);
	assert_int_equal(dump(NULL), -ETIMEDOUT);
}

static void test_dump_interrupted_midway(void **state)
{
	const struct ezlb_dest_row row = dest("10.0.0.1:80", "192.168.10.11:80");
	const uint16_t flags = NLM_F_MULTI | NLM_F_DUMP_INTR;
	struct bytes b = { .len = 0 };

	(void)state;
	stop_with = 0;
	add_dest(&b, 2, &row, 0, AF_INET);
	memcpy(b.data + offsetof(struct nlmsghdr, nlmsg_flags), &flags, sizeof(flags));
	say(&k, &b);
	say_dump(2, 1, 0, 0);
	assert_int_equal(dump(NULL), -EAGAIN);
}

static void test_dump_broken(void **state)
{
	struct bytes b = { .len = 0 };
	size_t msg;

	(void)state;
	stop_with = -EBADMSG;
	say_dump(2, 2, 0, 0);
	assert_int_equal(dump(NULL), -EBADMSG);
	assert_int_equal(seen, 1);

	kernel_pair(&k);
	stop_with = 0;
	msg = start_msg(&b, NLMSG_NOOP, 0, 3);
	end_msg(&b, msg);
	msg = start_msg(&b, NLMSG_OVERRUN, 0, 3);
	end_msg(&b, msg);
	say(&k, &b);
	assert_int_equal(dump(NULL), -ENOBUFS);
	assert_int_equal(k.opened, 2);
}

/* --- the family ---------------------------------------------------------------------------- */

static void test_family_same(void **state)
{
	(void)state;
	say_error(&k, 2, -ENOENT);
	say_error(&k, 3, -ENOENT);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 2, &err), 0);
	assert_int_equal(op[0].rc, -ENOENT);
	assert_int_equal(op[1].rc, -ENOENT);
	assert_int_equal(k.resolved, 2);
	hear(&k, &heard);
	assert_true(silent(&k));

	/* One that did not fail in this way: the id is good, and nobody needs to ask. */
	say_error(&k, 4, -ENOENT);
	say_error(&k, 5, 0);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 2, &err), 0);
	assert_int_equal(op[0].rc, -ENOENT);
	assert_int_equal(k.resolved, 2);
}

static void test_family_changed(void **state)
{
	(void)state;
	k.family = FAMILY + 1;
	say_error(&k, 2, -ENOENT);
	say_error(&k, 3, -ENOENT);
	say_error(&k, 4, -EEXIST);
	say_error(&k, 5, -ENOENT); /* this time it is the scheduler's */
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 2, &err), 0);
	assert_int_equal(op[0].rc, -EEXIST);
	assert_int_equal(op[1].rc, -ENOENT);
	hear(&k, &heard);
	check_heard(0, 2, 2, FAMILY);
	hear(&k, &heard);
	check_heard(0, 2, 4, FAMILY + 1);
	assert_int_equal(k.resolved, 2);
	assert_int_equal(k.loads, 1);
}

static void test_family_gone(void **state)
{
	struct bytes b = { .len = 0 };

	(void)state;
	k.resolve_rc = -ENOENT;
	for (uint32_t seq = 2; seq < 2 + 256; seq++)
		add_error(&b, seq, -ENOENT);
	say(&k, &b);
	assert_int_equal(ezlb_ipvs_nl_apply(nl, ops, 300, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "modprobe ip_vs"));
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(op[i].rc, -ENOENT);
	assert_int_equal(ezlb_ipvs_nl_begin(nl, &err), -ENOENT);

	/* It is back. */
	k.resolve_rc = 0;
	k.family = FAMILY + 7;
	assert_int_equal(ezlb_ipvs_nl_begin(nl, &err), 0);
	assert_int_equal(k.loads, 1);
}

static void test_family_and_dump(void **state)
{
	(void)state;
	stop_with = 0;
	k.family = FAMILY + 1;
	say_error(&k, 2, -ENOENT);
	say_dump(3, 2, 0, 0);
	assert_int_equal(dump(NULL), 0);
	assert_int_equal(seen, 2);
	say_error(&k, 4, -EOPNOTSUPP);
	assert_int_equal(dump(NULL), -EOPNOTSUPP);
	k.resolve_rc = -ENOENT;
	say_error(&k, 5, -ENOENT);
	assert_int_equal(dump(NULL), -ENOENT);
	assert_non_null(strstr(err.msg, "modprobe ip_vs"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_open_failures),
		TEST(test_answers_by_number),
		TEST(test_last_fails),
		TEST(test_packing),
		TEST(test_other_numbers),
		TEST(test_ack_lost),
		TEST(test_ack_lost_after_error),
		TEST(test_answers_lost),
		TEST(test_all_answers_lost),
		TEST(test_interrupted),
		TEST(test_breaks),
		TEST(test_hang_up),
		TEST(test_damaged),
		TEST(test_too_long),
		TEST(test_odd_ends),
		TEST(test_dump),
		TEST(test_dump_errors),
		TEST(test_dump_interrupted_midway),
		TEST(test_dump_broken),
		TEST(test_family_same),
		TEST(test_family_changed),
		TEST(test_family_gone),
		TEST(test_family_and_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
