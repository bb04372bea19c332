// SPDX-License-Identifier: GPL-2.0-or-later
#include "removed.h"

#include "ending.h"
#include "tmpdir.h"

/* As the kernel has them, except UNACK, which the kernel has equal to RETRANS. */
static const struct timeouts usual = {
	.of = {
		[TIMEOUT_SYN_SENT] = 120, [TIMEOUT_SYN_RECV] = 60, [TIMEOUT_ESTABLISHED] = 432000,
		[TIMEOUT_FIN_WAIT] = 120, [TIMEOUT_CLOSE_WAIT] = 60, [TIMEOUT_LAST_ACK] = 30,
		[TIMEOUT_TIME_WAIT] = 120, [TIMEOUT_CLOSE] = 10, [TIMEOUT_RETRANS] = 300,
		[TIMEOUT_UNACK] = 300, [TIMEOUT_UDP] = 30, [TIMEOUT_UDP_STREAM] = 120,
	},
	.ipvs_tcp = 900,
};

#define TCP(word)  EZLB_TCP, TCP_CONNTRACK_##word
#define SCTP(word) EZLB_SCTP, SCTP_CONNTRACK_##word
#define UDP	   EZLB_UDP, -1

/* Times in seconds since the start; -1: not known. The entry is removed at `stop`. */
static const struct {
	const char *name;
	enum ezlb_proto proto;
	int state;
	uint32_t status;
	int64_t left, stop;
	const char *how;
	int64_t first, last;
} cases[] = {
	{ "both sides have closed", TCP(TIME_WAIT), ASSURED, 0, 122, "closed", 2, 2 },
	{ "IPVS was faster than conntrack", TCP(TIME_WAIT), ASSURED, 109, 14, "closed", 3, 4 },
	{ "shorter than the rounding", TCP(TIME_WAIT), ASSURED, 109, 11, "closed", 0, 1 },
	{ "the client used the port again at once", TCP(TIME_WAIT), ASSURED, 119, 5, "closed", 4,
	  5 },
	{ "the last ACK is missing", TCP(LAST_ACK), ASSURED, 0, 32, "closed", 2, 2 },
	{ "reset", TCP(CLOSE), ASSURED, 0, 17, "reset", 7, 7 },
	{ "nobody listens: conntrack removes it at once", TCP(CLOSE), 0, 119, 1, "refused", 1, 1 },
	{ "the client has closed", TCP(FIN_WAIT), ASSURED, 0, 125, "half_closed", 5, 5 },
	{ "and the backend has acknowledged it", TCP(CLOSE_WAIT), ASSURED, 0, 65, "half_closed", 5,
	  5 },
	{ "IPVS forgets it after 900 s", TCP(ESTABLISHED), ASSURED, 431099, 910, "timeout", 9, 10 },
	{ "an administrator, or ezlb", TCP(ESTABLISHED), ASSURED, 431979, 30, "removed", 9, 10 },
	{ "after five days", TCP(ESTABLISHED), ASSURED, 0, 432007, "timeout_or_reset", -1, -1 },
	{ "data that is not acknowledged, or a reset", TCP(ESTABLISHED), ASSURED, 0, 310,
	  "timeout_or_reset", -1, -1 },
	{ "a reset that conntrack does not believe", TCP(ESTABLISHED), ASSURED, 0, 15, "reset", 5,
	  5 },
	{ "no answer", TCP(SYN_SENT), 0, 0, 121, "no_answer", 1, 1 },
	{ "a flood of SYNs", TCP(SYN_RECV), REPLIED, 0, 60, "half_open", 0, 0 },
	{ "a state of a later kernel", TCP(MAX) + 9, ASSURED, 0, 60, "unknown", -1, -1 },
	{ "a kernel before 5.12", EZLB_TCP, -1, ASSURED, 0, 60, "unknown", -1, -1 },
	{ "UDP for a while", UDP, ASSURED, 0, 130, "timeout", 10, 10 },
	{ "UDP, question and answer", UDP, REPLIED, 0, 31, "timeout", 1, 1 },
	{ "UDP without an answer", UDP, 0, 0, 30, "no_answer", 0, 0 },
	{ "UDP, ended by ezlb", UDP, ASSURED, 50, 80, "removed", 10, 11 },
	{ "SCTP", SCTP(CLOSED), ASSURED, 0, 80, "closed", -1, -1 },
	{ "SCTP, shutdown", SCTP(SHUTDOWN_ACK_SENT), ASSURED, 0, 80, "closed", -1, -1 },
	{ "SCTP, half", SCTP(SHUTDOWN_RECD), ASSURED, 0, 80, "half_closed", -1, -1 },
	{ "SCTP, open", SCTP(ESTABLISHED), ASSURED, 0, 80, "timeout", -1, -1 },
	{ "SCTP, removed", SCTP(ESTABLISHED), ASSURED, 9, 80, "removed", -1, -1 },
	{ "SCTP, no answer", SCTP(COOKIE_WAIT), 0, 0, 80, "no_answer", -1, -1 },
	{ "SCTP, half open", SCTP(COOKIE_ECHOED), 0, 0, 80, "half_open", -1, -1 },
};

static int64_t since(int64_t ns)
{
	return ns ? (ns - START) / SECOND : -1;
}

static struct event event_of(size_t i)
{
	struct removed r = closed;
	union message buf;
	struct event event;

	r.proto = cases[i].proto;
	r.state = cases[i].state;
	r.status = cases[i].status;
	r.left_s = (uint32_t)cases[i].left;
	r.stop_ns = START + cases[i].stop * SECOND;
	assert_true(event_read(removed_message(&r, &buf), &event));
	return event;
}

static void test_endings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct event event = event_of(i);
		struct ending ending = ending_of(&event, &usual, 0);

		print_message("%s\n", cases[i].name);
		assert_string_equal(how_str(ending.how), cases[i].how);
		assert_int_equal(since(ending.first_ns), cases[i].first);
		assert_int_equal(since(ending.last_ns), cases[i].last);
	}
}

/* An established connection of a host that forgets it after 600 s, before IPVS does. */
static void test_tuned(void **state)
{
	struct timeouts timeouts = usual;
	struct removed r = closed;
	struct ending ending;
	struct event event;
	union message buf;

	(void)state;
	r.state = TCP_CONNTRACK_ESTABLISHED;
	r.stop_ns = START + 299 * SECOND;
	timeouts.of[TIMEOUT_ESTABLISHED] = 250;
	timeouts.of[TIMEOUT_CLOSE] = 250;
	event_read(removed_message(&r, &buf), &event);
	ending = ending_of(&event, &timeouts, 0);
	/* All are the same time, so the time is known although the reason is not. */
	assert_int_equal(since(ending.last_ns), 49);
	assert_int_equal(ending.how, HOW_RESET);
	timeouts.of[TIMEOUT_CLOSE] = 0;
	ending = ending_of(&event, &timeouts, 0);
	assert_int_equal(ending.how, HOW_TIMEOUT);
	assert_int_equal(since(ending.last_ns), 49);
}

/* nf_conntrack_timestamp is 0: only an entry that was removed early says when its last packet was.
 */
static void test_without_times(void **state)
{
	struct removed r = closed;
	struct ending ending;
	struct event event;
	union message buf;

	(void)state;
	r.start_ns = r.stop_ns = 0;
	event_read(removed_message(&r, &buf), &event);
	ending = ending_of(&event, &usual, START);
	assert_int_equal(ending.how, HOW_CLOSED);
	assert_int_equal(ending.last_ns, 0);
	r.left_s = 110;
	event_read(removed_message(&r, &buf), &event);
	ending = ending_of(&event, &usual, START);
	assert_int_equal(ending.first_ns, START - 10 * SECOND);
	assert_int_equal(ending.last_ns, START - 9 * SECOND);
}

static void test_timeouts_not_known(void **state)
{
	const struct timeouts none = { .ipvs_tcp = 900 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct event event = event_of(i);

		assert_int_equal(ending_of(&event, &none, 0).last_ns, 0);
	}
}

static void test_reading(void **state)
{
	struct timeouts timeouts = { .ipvs_tcp = 5 };

	(void)state;
	make_dir("netfilter");
	put("netfilter/nf_conntrack_tcp_timeout_time_wait", "120\n");
	put("netfilter/nf_conntrack_udp_timeout_stream", "180\n");
	put("netfilter/nf_conntrack_udp_timeout", "");
	timeouts_read(top, &timeouts);
	assert_int_equal(timeouts.of[TIMEOUT_TIME_WAIT], 120);
	assert_int_equal(timeouts.of[TIMEOUT_UDP_STREAM], 180);
	assert_int_equal(timeouts.of[TIMEOUT_UDP], 0);
	assert_int_equal(timeouts.of[TIMEOUT_CLOSE], 0);
	assert_int_equal(timeouts.ipvs_tcp, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endings),	      cmocka_unit_test(test_tuned),
		cmocka_unit_test(test_without_times), cmocka_unit_test(test_timeouts_not_known),
		cmocka_unit_test(test_reading),
	};

	return cmocka_run_group_tests(tests, setup_top, teardown_top);
}
