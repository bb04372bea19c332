// SPDX-License-Identifier: GPL-2.0-or-later
/* Some system calls are replaced here, which glibc's inline checks would get in the way of. */
#undef _FORTIFY_SOURCE
#include "fake_nft.h"

#include <poll.h>
#include <time.h>

#include "nft_frame.h"

/* --- system calls that fail ------------------------------------------------------------------ */

static int fail_force;
static bool truncate_next;
static int asked_size; /* the send buffer that was set, by force or not */

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
	struct timespec limit = { .tv_nsec = timeout * 1000000L };

	if (fails(&fail_poll))
		return -1;
	return (int)syscall(SYS_ppoll, fds, n, &limit, NULL, 0);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (name == SO_SNDBUFFORCE && fails(&fail_force))
		return -1;
	if (fd != fake.far)
		asked_size = name == SO_SNDBUFFORCE ? *(const int *)value : -*(const int *)value;
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

/* --- fixture --------------------------------------------------------------------------------- */

static struct ezlb_nl *nl;
static struct ezlb_nl_buf buf;

static int setup(void **state)
{
	struct ezlb_nl_source source = fake_source();

	(void)state;
	fake_init();
	fail_force = asked_size = 0;
	truncate_next = false;
	nl = ezlb_nl_new(&source);
	ezlb_nl_begin(nl);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_nl_free(nl);
	ezlb_nl_buf_clear(&buf);
	ezlb_close_fd(&fake.far);
	return 0;
}

static void put_transaction(uint32_t gen)
{
	ezlb_nl_buf_clear(&buf);
	ezlb_nft_put_begin(&buf, gen);
	ezlb_nft_put_frame(&buf, &ezlb_nft_families[0]);
	ezlb_nft_put_commit(&buf);
}

/* --- transactions ---------------------------------------------------------------------------- */

static void test_commit(void **state)
{
	int rejected = 5;

	(void)state;
	put_transaction(fake.gen);
	assert_int_equal(ezlb_nft_commit(nl, &buf, &rejected), 0);
	assert_int_equal(rejected, -1);
	assert_true(fake.table[0].exists);
	assert_int_equal(asked_size, 0);
	/* A second one finds all of it there: the first message that fails is what counts. */
	put_transaction(fake.gen);
	assert_int_equal(ezlb_nft_commit(nl, &buf, &rejected), -EEXIST);
	assert_int_equal(rejected, NFT_MSG_NEWTABLE);
}

static void test_commit_rejected(void **state)
{
	int rejected;

	(void)state;
	fake.fail_family = AF_INET;
	fake.fail_type = NFT_MSG_NEWRULE; /* the last one, whose answer is also the end */
	fake.fail_rc = -ENOENT;
	put_transaction(fake.gen);
	assert_int_equal(ezlb_nft_commit(nl, &buf, &rejected), -ENOENT);
	assert_int_equal(rejected, NFT_MSG_NEWRULE);
	put_transaction(fake.gen + 1);
	assert_int_equal(ezlb_nft_commit(nl, &buf, &rejected), -ERESTART);
	assert_int_equal(rejected, -1);
	assert_int_equal(fake.opened, 1);
}

static void test_large(void **state)
{
	struct ezlb_snats rows = { 0 };
	int rejected;

	(void)state;
	for (size_t i = 0; i < FAKE_ELEMS; i++) {
		*EZLB_PUSH(&rows) = nft_row(EZLB_TCP, "[fd00::1]:1", "fd00::3");
		rows.items[i].key.endpoint.port = (uint16_t)(i + 1);
	}
	for (int i = 0; i < 2; i++) {
		memset(fake.table, 0, sizeof(fake.table));
		ezlb_nl_buf_clear(&buf);
		ezlb_nft_put_begin(&buf, fake.gen);
		ezlb_nft_put_frame(&buf, &ezlb_nft_families[1]);
		ezlb_nft_put_rows(&buf, NFT_MSG_NEWSETELEM, EZLB_NFT_SOURCE_OF, &rows);
		ezlb_nft_put_commit(&buf);
		fail_force = i ? EPERM : 0;
		assert_int_equal(ezlb_nft_commit(nl, &buf, &rejected), 0);
		assert_int_equal(asked_size, i ? -(int)buf.len : (int)buf.len);
		assert_int_equal(fake.table[1].n_elems[EZLB_NFT_SOURCE_OF], FAKE_ELEMS);
		ezlb_nl_free(nl);
		setup(state);
	}
	EZLB_VEC_CLEAR(&rows);
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
	{ "too large", EMSGSIZE, 0, 0, false, false, false, -EMSGSIZE },
	{ "half of it", 0, 0, 0, true, false, false, -EIO },
	{ "answers lost", 0, ENOBUFS, 0, false, false, false, -ENOBUFS },
	{ "cannot wait", 0, EAGAIN, ENOMEM, false, false, false, -ENOMEM },
	{ "an answer cut short", 0, 0, 0, false, true, false, -EBADMSG },
	{ "no answer", 0, 0, 0, false, false, true, -ETIMEDOUT },
};

static void test_faults(void **state)
{
	uint32_t gen;
	int rejected;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		unsigned before = fake.opened;

		print_message("%s\n", faults[i].name);
		ezlb_nl_begin(nl);
		fail_send = faults[i].send;
		fail_recvmsg = faults[i].recvmsg;
		fail_poll = faults[i].poll;
		short_send = faults[i].shorter;
		truncate_next = faults[i].truncated;
		fake.mute = faults[i].mute;
		memset(fake.table, 0, sizeof(fake.table));
		put_transaction(fake.gen);
		assert_int_equal(ezlb_nft_commit(nl, &buf, &rejected), faults[i].want);
		assert_int_equal(rejected, -1);
		short_send = truncate_next = fake.mute = false;
		/* The next conversation is on a new socket, if this one broke. */
		assert_int_equal(ezlb_nft_gen(nl, &gen), 0);
		assert_int_equal(gen, fake.gen);
		assert_int_equal(fake.opened, before + (i == 0 || faults[i].want));
	}
}

static void test_no_socket(void **state)
{
	uint32_t gen;

	(void)state;
	fake.socket_rc = -EMFILE;
	assert_int_equal(ezlb_nft_gen(nl, &gen), -EMFILE);
	fake.socket_rc = -EPROTONOSUPPORT;
	assert_int_equal(ezlb_nft_gen(nl, &gen), -ENOPROTOOPT);
}

/* --- answers that make no sense -------------------------------------------------------------- */

static void say_raw(uint16_t type, uint32_t seq, uint32_t len, size_t there, int code)
{
	struct {
		struct nlmsghdr head;
		int code;
	} raw = { .head = { .nlmsg_type = type, .nlmsg_seq = seq, .nlmsg_len = len },
		  .code = code };

	assert_int_equal(write(fake.far, &raw, there), there);
}

static const struct {
	const char *name;
	uint16_t type;
	uint32_t seq, len; /* of the message, as it says itself */
	size_t there;	   /* bytes that there are */
	int code;
	int want_ask, want_commit;
} answers[] = {
	{ "no head", NLMSG_ERROR, 0, 20, 8, 0, -EBADMSG, -EBADMSG },
	{ "longer than it is", NLMSG_ERROR, 0, 24, 20, 0, -EBADMSG, -EBADMSG },
	{ "an error without code", NLMSG_ERROR, 0, 16, 16, 0, -EBADMSG, -EBADMSG },
	{ "a positive error", NLMSG_ERROR, 0, 20, 20, 5, -EBADMSG, -EBADMSG },
	{ "overrun", NLMSG_OVERRUN, 0, 20, 20, 0, -ENOBUFS, -ENOBUFS },
	{ "only a noop", NLMSG_NOOP, 0, 20, 20, 0, -ETIMEDOUT, -ETIMEDOUT },
	{ "somebody else's", NLMSG_ERROR, 77, 20, 20, -EIO, -ETIMEDOUT, -ETIMEDOUT },
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(answers); i++) {
		size_t at = i / 2;
		uint32_t gen, seq = answers[at].seq;
		int rejected, rc;

		print_message("%s, %s\n", answers[at].name, i % 2 ? "commit" : "ask");
		ezlb_nl_free(nl);
		setup(state);
		assert_int_equal(ezlb_nft_gen(nl, &gen), 0); /* that is number 1 */
		fake.mute = true;
		say_raw(answers[at].type, 2 + seq, answers[at].len, answers[at].there,
			answers[at].code);
		put_transaction(fake.gen);
		rc = i % 2 ? ezlb_nft_commit(nl, &buf, &rejected) : ezlb_nft_gen(nl, &gen);
		assert_int_equal(rc, i % 2 ? answers[at].want_commit : answers[at].want_ask);
		ezlb_close_fd(&fake.far);
	}
}

static void test_hung_up(void **state)
{
	uint32_t gen;

	(void)state;
	assert_int_equal(ezlb_nft_gen(nl, &gen), 0);
	fake.mute = true;
	ezlb_close_fd(&fake.far);
	assert_int_equal(ezlb_nft_gen(nl, &gen), -EPIPE);
}

static void test_no_generation(void **state)
{
	uint32_t gen;

	(void)state;
	fake.gen = 0;
	assert_int_equal(ezlb_nft_gen(nl, &gen), -EBADMSG);
}

static void test_kernel(void **state)
{
	(void)state;
	assert_int_equal(ezlb_nft_kernel.protocol, NETLINK_NETFILTER);
	assert_int_equal(ezlb_nft_kernel.timeout_ms, 5000);
	assert_false(ezlb_nft_kernel.strict);
}

/* --- sentences ------------------------------------------------------------------------------- */

static const struct {
	int rc, rejected;
	const char *want;
} sentences[] = {
	{ -ENOPROTOOPT, -1, "modprobe nf_tables" },
	{ -EPERM, -1, "CAP_NET_ADMIN" },
	{ -EPERM, NFT_MSG_NEWTABLE, "another program owns" },
	{ -EMSGSIZE, -1, "net.core.wmem_max" },
	{ -ERESTART, -1, "keep changing" },
	{ -ETIMEDOUT, -1, "in time" },
	{ -ENOBUFS, -1, "were lost" },
	{ -EBADMSG, -1, "damaged" },
	{ -EIO, -1, "cannot talk" },
	{ -ENOENT, NFT_MSG_NEWCHAIN, "modprobe nft_chain_nat" },
	{ -ENOENT, NFT_MSG_NEWRULE, "modprobe -a nft_ct nft_nat nft_masq" },
	{ -EBUSY, NFT_MSG_DELTABLE, "rejects a change" },
};

static void test_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sentences); i++) {
		struct ezlb_err err = { 0 };
		int rc = ezlb_nft_explain(&err, sentences[i].rc, sentences[i].rejected);

		assert_int_equal(rc, sentences[i].rc == -ERESTART ? -EAGAIN : sentences[i].rc);
		assert_non_null(strstr(err.msg, sentences[i].want));
		assert_true(strlen(err.msg) < sizeof(err.msg) - 1);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_commit),    TEST(test_commit_rejected), TEST(test_large),
		TEST(test_faults),    TEST(test_no_socket),	  TEST(test_answers),
		TEST(test_hung_up),   TEST(test_no_generation),	  TEST(test_kernel),
		TEST(test_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
