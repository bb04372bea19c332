// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conversations over a socket pair: answers are put there before they are asked for. Sequence
 * numbers count from 1.
 */
#undef _FORTIFY_SOURCE
#include "cm.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/mem.h>
#include <ezlb/netlink.h>

/* --- system calls that fail ------------------------------------------------------------------ */

static unsigned polls;
static int fail_send, fail_recvmsg, fail_poll, fail_force; /* errnos, for the next call of each */
static bool short_send, truncate_next, endless;
static int asked_size; /* of the send buffer; negative: not by force */
static int far = -1;   /* the kernel's end of the pair; never fails */

static bool fails(int *fault)
{
	errno = *fault;
	*fault = 0;
	return errno != 0;
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	if (fd != far && fails(&fail_send))
		return -1;
	if (fd != far && short_send)
		return 5;
	return syscall(SYS_sendto, fd, bytes, len, flags, NULL, 0);
}

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

static void say_part(uint32_t seq);

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec limit = { .tv_nsec = timeout * 1000000L };

	polls++;
	if (fails(&fail_poll))
		return -1;
	if (endless)
		say_part(1);
	return (int)syscall(SYS_ppoll, fds, n, &limit, NULL, 0);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (name == SO_SNDBUFFORCE && fails(&fail_force))
		return -1;
	if (name == SO_SNDBUFFORCE || name == SO_SNDBUF)
		asked_size = (name == SO_SNDBUF ? -1 : 1) * *(const int *)value;
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

/* --- fixture --------------------------------------------------------------------------------- */

#define MANY 300

static int near = -1, opened, socket_rc;
static struct ezlb_nl *nl;
static struct ezlb_nl_buf buf;
static int codes[MANY];
static size_t stop_at; /* the verdict after which nobody waits for others */
static int parts, part_rc;

static void new_pair(void)
{
	int fds[2];

	ezlb_close_fd(&far);
	ezlb_close_fd(&near);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	near = fds[0];
	far = fds[1];
}

static int near_end(void *arg)
{
	int fd = near;

	assert_ptr_equal(arg, &near);
	opened++;
	near = -1;
	return socket_rc ? socket_rc : fd;
}

static void start(bool strict)
{
	const struct ezlb_nl_source source = {
		.timeout_ms = 60, .strict = strict, .socket = near_end, .arg = &near
	};

	ezlb_nl_free(nl);
	nl = ezlb_nl_new(&source);
	new_pair();
	opened = socket_rc = parts = part_rc = asked_size = 0;
	fail_send = fail_recvmsg = fail_poll = fail_force = 0;
	short_send = truncate_next = endless = false;
	stop_at = MANY;
	for (size_t i = 0; i < MANY; i++)
		codes[i] = 1;
}

static int setup(void **state)
{
	(void)state;
	start(false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_nl_free(nl);
	nl = NULL;
	ezlb_nl_buf_clear(&buf);
	ezlb_close_fd(&near);
	ezlb_close_fd(&far);
	return 0;
}

/* --- what the kernel says -------------------------------------------------------------------- */

struct answer {
	uint16_t type, flags;
	uint32_t seq, len; /* as the message says; len 0: the true one */
	size_t there;	   /* bytes that there are; 0: all */
	int code;
};

static void say(const struct answer *a)
{
	struct {
		struct nlmsghdr head;
		int code;
	} raw = { .head = { .nlmsg_type = a->type,
			    .nlmsg_flags = a->flags,
			    .nlmsg_seq = a->seq,
			    .nlmsg_len = a->len ? a->len : sizeof(raw) },
		  .code = a->code };
	size_t there = a->there ? a->there : sizeof(raw);

	assert_int_equal(send(far, &raw, there, MSG_DONTWAIT), there);
}

static void say_code(uint16_t type, uint32_t seq, int code)
{
	say(&(struct answer){ .type = type, .seq = seq, .code = code });
}

static void say_part(uint32_t seq)
{
	say(&(struct answer){ .type = 30, .flags = NLM_F_MULTI, .seq = seq });
}

/* --- what is asked --------------------------------------------------------------------------- */

static void put(size_t n, uint16_t flags)
{
	buf.len = 0;
	for (size_t i = 0; i < n; i++) {
		ezlb_nl_msg_start(&buf, 30, flags);
		ezlb_nl_msg_end(&buf);
	}
}

static int on_part(void *arg, const struct nlmsghdr *msg)
{
	assert_ptr_equal(arg, &parts);
	assert_int_equal(msg->nlmsg_type, 30);
	parts++;
	return part_rc;
}

static int ask(void)
{
	put(1, NLM_F_DUMP);
	return ezlb_nl_ask(nl, &buf, on_part, &parts);
}

static bool on_answer(void *arg, size_t i, int code)
{
	assert_ptr_equal(arg, codes);
	assert_true(i < MANY);
	codes[i] = code;
	return i == stop_at;
}

static int tell(size_t n)
{
	put(n, 0);
	ezlb_nl_ack_last(&buf);
	return ezlb_nl_tell(nl, &buf, on_answer, codes);
}

/* --- matching -------------------------------------------------------------------------------- */

static void test_numbers(void **state)
{
	struct nlmsghdr sent[3];

	(void)state;
	say_code(NLMSG_ERROR, 3, 0);
	assert_int_equal(tell(3), 0);
	assert_int_equal(recv(far, sent, sizeof(sent), MSG_DONTWAIT), sizeof(sent));
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(sent[i].nlmsg_seq, i + 1);
		assert_int_equal(sent[i].nlmsg_flags, NLM_F_REQUEST | (i == 2 ? NLM_F_ACK : 0));
	}
	assert_true(recv(far, sent, sizeof(sent), MSG_DONTWAIT) < 0);
	say_code(NLMSG_DONE, 4, 0);
	assert_int_equal(ask(), 0);
	assert_int_equal(opened, 1);
}

static void test_verdicts(void **state)
{
	static const int want[] = { 1, -EEXIST, 1, -ESRCH, 0 };

	(void)state;
	say_code(NLMSG_ERROR, 2, -EEXIST);
	say_code(NLMSG_ERROR, 4, -ESRCH);
	say_code(NLMSG_ERROR, 5, 0);
	assert_int_equal(tell(5), 0);
	assert_memory_equal(codes, want, sizeof(want));
	/* The last one may fail as well. */
	say_code(NLMSG_ERROR, 6, -EPERM);
	assert_int_equal(tell(1), 0);
	assert_int_equal(codes[0], -EPERM);
}

static int on_one_of_each(void *arg, const struct nlmsghdr *msg)
{
	assert_ptr_equal(arg, codes);
	codes[msg->nlmsg_seq - 1] = 100 + parts++;
	return part_rc;
}

static int ask_each(size_t n)
{
	put(n, 0);
	ezlb_nl_ack_last(&buf);
	return ezlb_nl_ask_each(nl, &buf, on_one_of_each, on_answer, codes);
}

static void test_each(void **state)
{
	static const int want[] = { 100, -ENOENT, 101, 0 };

	(void)state;
	say_part(1);
	say_code(NLMSG_ERROR, 2, -ENOENT);
	say_part(3);
	say_code(NLMSG_ERROR, 4, 0);
	assert_int_equal(ask_each(4), 0);
	assert_memory_equal(codes, want, sizeof(want));
	start(false);
	part_rc = -ECANCELED;
	say_part(1);
	say_code(NLMSG_ERROR, 2, 0);
	assert_int_equal(ask_each(2), -ECANCELED);
	start(false);
	stop_at = 0; /* one for all */
	say_code(NLMSG_ERROR, 1, -EPERM);
	assert_int_equal(ask_each(2), 0);
	assert_int_equal(codes[0], -EPERM);
}

/* The last one that asks for an answer is the end, though others follow. */
static void test_end_before_the_last(void **state)
{
	(void)state;
	put(2, 0);
	ezlb_nl_ack_last(&buf);
	ezlb_nl_msg_start(&buf, 31, 0);
	ezlb_nl_msg_end(&buf);
	say_code(NLMSG_ERROR, 2, 0);
	assert_int_equal(ezlb_nl_tell(nl, &buf, on_answer, codes), 0);
	assert_int_equal(codes[1], 0);
	assert_int_equal(codes[2], 1);
}

/* A verdict on the first may be one on all. */
static void test_no_more_awaited(void **state)
{
	(void)state;
	stop_at = 0;
	say_code(NLMSG_ERROR, 1, -ERESTART);
	assert_int_equal(tell(3), 0);
	assert_int_equal(codes[0], -ERESTART);
	assert_int_equal(codes[2], 1);
	assert_int_equal(opened, 1);
}

/* Answers to requests that are not of this conversation are skipped, whatever they say. */
static void test_foreign_numbers(void **state)
{
	static const uint32_t foreign[] = { 0, 4, 5, 77, 0xffffffff, 0x80000001 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(foreign); i++) {
		say_code(NLMSG_ERROR, foreign[i], -EIO);
		say_part(foreign[i]);
	}
	say_code(NLMSG_NOOP, 2, 0);
	say_part(2); /* nobody asked for messages: skipped */
	say_code(NLMSG_ERROR, 3, 0);
	assert_int_equal(tell(3), 0);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(codes[i], i == 2 ? 0 : 1);
	say_part(3); /* late, to what was asked before */
	say_part(4);
	say_code(NLMSG_ERROR, 4, -ENOENT);
	assert_int_equal(ask(), -ENOENT);
	assert_int_equal(parts, 1);
}

/* --- several that read ----------------------------------------------------------------------- */

static int on_answered(void *arg, size_t i, const struct nlmsghdr *msg)
{
	assert_ptr_equal(arg, codes);
	assert_int_equal(msg->nlmsg_type, 30);
	assert_true(i < MANY);
	codes[i] = 0;
	return part_rc;
}

static int ask_many(size_t n)
{
	put(n, 0);
	ezlb_nl_ack_last(&buf);
	return ezlb_nl_ask_many(nl, &buf, on_answered, codes);
}

/* Each message is that of its request; one that is rejected has none, also the last. */
static void test_many(void **state)
{
	static const int want[] = { 0, 1, 0, 1, 1 };

	(void)state;
	say_part(1);
	say_code(NLMSG_ERROR, 2, -ENETUNREACH);
	say_part(77);
	say_part(3);
	say_code(NLMSG_ERROR, 4, -EHOSTUNREACH);
	assert_int_equal(ask_many(4), 0);
	assert_memory_equal(codes, want, sizeof(want));
	say_part(5);
	say_code(NLMSG_ERROR, 5, 0);
	codes[0] = 1;
	assert_int_equal(ask_many(1), 0);
	assert_int_equal(codes[0], 0);
	assert_int_equal(opened, 1);
}

static void test_many_fail(void **state)
{
	(void)state;
	say_part(1);
	part_rc = -EBADMSG;
	assert_int_equal(ask_many(2), -EBADMSG);
	start(false);
	say_part(1);
	assert_int_equal(ask_many(2), -ETIMEDOUT);
}

/* --- dumps ----------------------------------------------------------------------------------- */

static void test_dump(void **state)
{
	(void)state;
	say_part(1);
	say_part(1);
	say_code(NLMSG_DONE, 1, 0);
	assert_int_equal(ask(), 0);
	assert_int_equal(parts, 2);
	say_part(2);
	say_code(NLMSG_DONE, 2, -ENOMEM); /* ends with an error */
	assert_int_equal(ask(), -ENOMEM);
	say_code(NLMSG_ERROR, 3, -EPERM);
	assert_int_equal(ask(), -EPERM);
	say_part(4);
	say_code(NLMSG_ERROR, 4, 0);
	put(1, NLM_F_ACK);
	assert_int_equal(ezlb_nl_ask(nl, &buf, NULL, NULL), 0);
	assert_int_equal(opened, 1);
}

/* The kernel says so in any message, and with the end. The next dump starts afresh. */
static void test_dump_interrupted(void **state)
{
	(void)state;
	for (uint32_t seq = 1; seq <= 3; seq++) {
		for (uint32_t i = 1; i <= 3; i++) {
			uint16_t flag = i == seq ? NLM_F_DUMP_INTR : 0;

			say(&(struct answer){ .type = i == 3 ? NLMSG_DONE : 30,
					      .flags = NLM_F_MULTI | flag,
					      .seq = seq });
		}
		assert_int_equal(ask(), -EINTR);
	}
	assert_int_equal(parts, 6);
	say_code(NLMSG_DONE, 4, 0);
	assert_int_equal(ask(), 0);
	/* Where it failed as well, that is what counts. */
	say(&(struct answer){ NLMSG_DONE, NLM_F_DUMP_INTR, 5, 0, 0, -ENOMEM });
	assert_int_equal(ask(), -ENOMEM);
	assert_int_equal(opened, 1);
}

/* What is left of a dump is not for the next request: that gets another socket. */
static void test_message_refused(void **state)
{
	(void)state;
	part_rc = -EPROTO;
	say_part(1);
	say_part(1);
	assert_int_equal(ask(), -EPROTO);
	assert_int_equal(parts, 1);
	new_pair();
	say_code(NLMSG_DONE, 2, 0);
	assert_int_equal(ask(), 0);
	assert_int_equal(opened, 2);
}

/* --- conversations that break ---------------------------------------------------------------- */

static const struct {
	const char *name;
	int send, recvmsg, poll;
	bool shorter, truncated, mute;
	int want;
} faults[] = {
	{ "fine", 0, 0, 0, false, false, false, 0 },
	{ "interrupted", EINTR, EINTR, EINTR, false, false, false, 0 },
	{ "nothing there after all", 0, EAGAIN, 0, false, false, false, 0 },
	{ "no room to send", EAGAIN, 0, 0, false, false, false, -ENOBUFS },
	{ "no memory to send", ENOBUFS, 0, 0, false, false, false, -ENOBUFS },
	{ "too large", EMSGSIZE, 0, 0, false, false, false, -EMSGSIZE },
	{ "half of it", 0, 0, 0, true, false, false, -EIO },
	{ "overrun", 0, ENOBUFS, 0, false, false, false, -ENOBUFS },
	{ "cannot receive", 0, EIO, 0, false, false, false, -EIO },
	{ "cannot wait", 0, EAGAIN, ENOMEM, false, false, false, -ENOMEM },
	{ "an answer cut short", 0, 0, 0, false, true, false, -EBADMSG },
	{ "no answer", 0, 0, 0, false, false, true, -ETIMEDOUT },
};

/* All calls fail in the same way, and the next one opens another socket where this one is gone. */
static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(faults); i++) {
		size_t at = i / 2;
		bool asks = i % 2;

		print_message("%s, %s\n", faults[at].name, asks ? "ask" : "tell");
		start(false);
		fail_send = faults[at].send;
		fail_recvmsg = faults[at].recvmsg;
		fail_poll = faults[at].poll;
		short_send = faults[at].shorter;
		truncate_next = faults[at].truncated;
		if (!faults[at].mute)
			say_code(NLMSG_ERROR, asks ? 1 : 2, 0);
		polls = 0;
		assert_int_equal(asks ? ask() : tell(2), faults[at].want);
		/* An answer that is there is not waited for. */
		assert_int_equal(polls > 0, faults[at].mute || faults[at].poll ||
						    faults[at].recvmsg == EAGAIN);
		assert_int_equal(codes[0], 1);
		assert_int_equal(codes[1], asks || faults[at].want ? 1 : 0);
		assert_int_equal(fail_send + fail_recvmsg + fail_poll, 0);
		short_send = truncate_next = false;
		if (faults[at].want)
			new_pair();
		ezlb_nl_begin(nl);
		say_code(NLMSG_ERROR, asks ? 2 : 3, 0);
		assert_int_equal(tell(1), 0);
		assert_int_equal(opened, faults[at].want ? 2 : 1);
	}
}

static const struct {
	const char *name;
	struct answer answer;
	int want;
} answers[] = {
	{ "half a header", { NLMSG_ERROR, 0, 1, 0, 8, 0 }, -EBADMSG },
	{ "longer than it is", { NLMSG_ERROR, 0, 1, 21, 0, 0 }, -EBADMSG },
	{ "much longer", { NLMSG_ERROR, 0, 1, 0xffffffff, 0, 0 }, -EBADMSG },
	{ "2 GiB", { NLMSG_ERROR, 0, 1, 0x80000000, 0, 0 }, -EBADMSG },
	{ "shorter than a header", { NLMSG_ERROR, 0, 1, 15, 0, 0 }, -EBADMSG },
	{ "foreign and damaged", { NLMSG_ERROR, 0, 9, 15, 0, 0 }, -EBADMSG },
	{ "an error without a code", { NLMSG_ERROR, 0, 1, 16, 16, 0 }, -EBADMSG },
	{ "an end with half a code", { NLMSG_DONE, 0, 1, 18, 18, 0 }, -EBADMSG },
	{ "a positive code", { NLMSG_ERROR, 0, 1, 0, 0, EPERM }, -EBADMSG },
	{ "a code that is no error", { NLMSG_ERROR, 0, 1, 0, 0, INT32_MIN }, -EBADMSG },
	{ "just none", { NLMSG_ERROR, 0, 1, 0, 0, -4096 }, -EBADMSG },
	{ "the kernel says overrun", { NLMSG_OVERRUN, 0, 1, 0, 0, 0 }, -ENOBUFS },
	{ "only a noop", { NLMSG_NOOP, 0, 1, 0, 0, 0 }, -ETIMEDOUT },
	{ "only a foreign one", { NLMSG_ERROR, 0, 9, 0, 0, -EIO }, -ETIMEDOUT },
};

static void test_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(answers); i++) {
		size_t at = i / 2;

		print_message("%s, %s\n", answers[at].name, i % 2 ? "ask" : "tell");
		start(false);
		say(&answers[at].answer);
		assert_int_equal(i % 2 ? ask() : tell(1), answers[at].want);
		assert_int_equal(codes[0], 1);
	}
}

/* A datagram that does not fit is refused even where the part that does makes sense. */
static void test_too_long(void **state)
{
	static unsigned char huge[70000];
	const struct nlmsghdr head = { .nlmsg_len = 20, .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = 1 };

	(void)state;
	memcpy(huge, &head, sizeof(head));
	assert_int_equal(send(far, huge, sizeof(huge), 0), sizeof(huge));
	assert_int_equal(tell(1), -EBADMSG);
}

static void test_hung_up(void **state)
{
	(void)state;
	say_code(NLMSG_ERROR, 1, 0);
	assert_int_equal(tell(1), 0);
	shutdown(far, SHUT_WR);
	assert_int_equal(tell(1), -EPIPE);
	ezlb_nl_free(NULL);
}

static void test_no_socket(void **state)
{
	(void)state;
	socket_rc = -EMFILE;
	assert_int_equal(tell(1), -EMFILE);
	assert_int_equal(ask(), -EMFILE);
	/* No number was used up, and it is tried again. */
	socket_rc = 0;
	new_pair();
	say_code(NLMSG_ERROR, 1, 0);
	assert_int_equal(tell(1), 0);
	assert_int_equal(opened, 3);
}

/* --- the deadline ---------------------------------------------------------------------------- */

/* Verdicts that came count; what comes too late is never taken for one to the next requests. */
static void test_deadline(void **state)
{
	uint64_t begin = ezlb_now_ms(), took;

	(void)state;
	ezlb_nl_begin(nl);
	say_code(NLMSG_ERROR, 2, -EEXIST);
	assert_int_equal(tell(3), -ETIMEDOUT);
	took = ezlb_now_ms() - begin;
	assert_in_range(took, 60, 2000);
	assert_int_equal(codes[1], -EEXIST);
	assert_int_equal(codes[2], 1);
	/* One clock for all until the next begin: nothing is waited for. */
	new_pair();
	begin = ezlb_now_ms();
	assert_int_equal(tell(1), -ETIMEDOUT);
	assert_true(ezlb_now_ms() - begin < 50);
	new_pair();
	ezlb_nl_begin(nl);
	say_code(NLMSG_ERROR, 3, -EPERM); /* to the third request of the first time */
	say_code(NLMSG_ERROR, 5, 0);
	assert_int_equal(tell(1), 0);
	assert_int_equal(codes[0], 0);
}

static void sleep_until_late(void)
{
	ezlb_nl_begin(nl);
	usleep(80 * 1000);
}

/* Past it, what is there already is taken; or not, where the source is strict. */
static void test_late(void **state)
{
	(void)state;
	for (int strict = 0; strict < 2; strict++) {
		start(strict);
		sleep_until_late();
		say_part(1);
		say_code(NLMSG_DONE, 1, 0);
		assert_int_equal(ask(), strict ? -ETIMEDOUT : 0);
		assert_int_equal(parts, strict ? 0 : 1);
	}
}

/* Each look finds another part: it ends all the same. */
static void test_endless(void **state)
{
	uint64_t begin = ezlb_now_ms(), took;

	(void)state;
	start(true);
	endless = true;
	assert_int_equal(ask(), -ETIMEDOUT);
	took = ezlb_now_ms() - begin;
	assert_in_range(took, 60, 2000);
	assert_true(parts > 1);
}

/* --- the send buffer ------------------------------------------------------------------------- */

static void test_large(void **state)
{
	int now = 0;
	socklen_t size = sizeof(now);

	(void)state;
	assert_int_equal(getsockopt(near, SOL_SOCKET, SO_SNDBUF, &now, &size), 0);
	for (int forced = 0; forced < 2; forced++) {
		start(false);
		fail_force = forced ? 0 : EPERM;
		buf.len = 0;
		while ((int)buf.len <= now / 2) {
			mnl_nlmsg_put_extra_header(ezlb_nl_msg_start(&buf, 30, NLM_F_ACK), 60000);
			ezlb_nl_msg_end(&buf);
		}
		/* It may be that this process may not have that much. */
		ezlb_nl_tell(nl, &buf, on_answer, codes);
		assert_int_equal(asked_size, (forced ? 1 : -1) * (int)buf.len);
	}
	start(false);
	say_code(NLMSG_ERROR, 1, 0);
	assert_int_equal(tell(1), 0);
	assert_int_equal(asked_size, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_numbers),
		TEST(test_verdicts),
		TEST(test_each),
		TEST(test_end_before_the_last),
		TEST(test_no_more_awaited),
		TEST(test_foreign_numbers),
		TEST(test_many),
		TEST(test_many_fail),
		TEST(test_dump),
		TEST(test_dump_interrupted),
		TEST(test_message_refused),
		TEST(test_faults),
		TEST(test_damaged),
		TEST(test_too_long),
		TEST(test_hung_up),
		TEST(test_no_socket),
		TEST(test_deadline),
		TEST(test_late),
		TEST(test_endless),
		TEST(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
