// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes of type udp and dns, against real sockets. */
#include "probing.h"

#include <errno.h>

#include "datagrams.h"

static struct ezlb_request request;

static struct ezlb_bytes bytes(const char *text)
{
	struct ezlb_bytes none = { 0 };

	return text == NULL ? none
			    : (struct ezlb_bytes){ (unsigned char *)(uintptr_t)text, strlen(text) };
}

static struct ezlb_check check_for(enum ezlb_check_type type, const char *answer,
				   uint32_t timeout_ms)
{
	struct ezlb_check check = { .type = type, .timeout_ms = timeout_ms, .request = &request };

	request = (struct ezlb_request){ .payload = bytes("ping"),
					 .answer = bytes(answer),
					 .query_name = (char *)(uintptr_t) "example.org",
					 .query_type = 1,
					 .rcodes = 1u << 0 };
	return check;
}

static const struct {
	const char *name;
	enum reply reply;
	const char *want_answer;
	uint32_t timeout_ms;
	enum ezlb_outcome want;
} udps[] = {
	{ "the answer", REPLY_PONG, "pong", 5000, EZLB_PROBE_OK },
	{ "late, but in time", REPLY_LATE, "pong", 5000, EZLB_PROBE_OK },
	{ "another answer", REPLY_OTHER, "pong", 5000, EZLB_PROBE_UDP_ANSWER },
	{ "an empty answer", REPLY_EMPTY, "pong", 5000, EZLB_PROBE_UDP_ANSWER },
	{ "the first one counts", REPLY_TWO, "pong", 5000, EZLB_PROBE_UDP_ANSWER },
	{ "endless answers", REPLY_ENDLESS, "pong", 5000, EZLB_PROBE_UDP_ANSWER },
	{ "the longest datagram", REPLY_LONG, "pong", 5000, EZLB_PROBE_OK },
	{ "silence, with an answer expected", REPLY_NONE, "pong", 50, EZLB_PROBE_TIMEOUT },
	{ "silence is enough", REPLY_NONE, NULL, 50, EZLB_PROBE_OK },
	{ "any answer is more than enough", REPLY_OTHER, NULL, 30000, EZLB_PROBE_OK },
	{ "also an empty one", REPLY_EMPTY, NULL, 30000, EZLB_PROBE_OK },
};

/* Each within its time; one that does not wait for it ends long before. */
static void test_udp(void **state)
{
	struct fixture *fx = *state;
	struct datagrams server;

	datagrams_start(&server);
	for (size_t i = 0; i < sizeof(udps) / sizeof(udps[0]); i++) {
		struct ezlb_check check = check_for(EZLB_CHECK_UDP, udps[i].want_answer,
						    udps[i].timeout_ms);
		uint64_t start = uv_hrtime();

		server.mode = udps[i].reply;
		probe(fx, loopback(server.port), &check);
		expect(fx, udps[i].name, udps[i].want, 0);
		assert_true((uv_hrtime() - start) / 1000000 < 20000);
		if (udps[i].reply == REPLY_NONE)
			assert_true((uv_hrtime() - start) / 1000000 >= 49);
	}
	datagrams_stop(&server);
}

static void test_udp_payload(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_for(EZLB_CHECK_UDP, NULL, 30000);
	struct datagrams server;

	datagrams_start(&server);
	server.mode = REPLY_ECHO;
	request.payload = request.answer =
		(struct ezlb_bytes){ (unsigned char *)(uintptr_t) "\0\1\377", 3 };
	probe(fx, loopback(server.port), &check);
	expect(fx, "with NUL", EZLB_PROBE_OK, 0);
	assert_int_equal(server.last_len, 3);
	assert_memory_equal(server.last, "\0\1\377", 3);

	request.payload = request.answer = (struct ezlb_bytes){ 0 };
	probe(fx, loopback(server.port), &check);
	expect(fx, "empty", EZLB_PROBE_OK, 0);
	datagrams_stop(&server);
	assert_int_equal(server.asked, 2);
	assert_int_equal(server.last_len, 0);
}

static const struct {
	const char *name;
	enum reply reply;
	uint32_t timeout_ms;
	enum ezlb_outcome want;
	int code;
} dnses[] = {
	{ "noerror", REPLY_DNS, 5000, EZLB_PROBE_OK, 0 },
	{ "refused", REPLY_DNS_REFUSED, 5000, EZLB_PROBE_DNS_RCODE, 5 },
	{ "cut", REPLY_DNS_CUT, 5000, EZLB_PROBE_DNS_PROTOCOL, 0 },
	{ "another id", REPLY_DNS_STRANGER, 5000, EZLB_PROBE_DNS_PROTOCOL, 0 },
	{ "not DNS", REPLY_PONG, 5000, EZLB_PROBE_DNS_PROTOCOL, 0 },
	{ "the longest datagram", REPLY_LONG, 5000, EZLB_PROBE_DNS_PROTOCOL, 0 },
	{ "empty", REPLY_EMPTY, 5000, EZLB_PROBE_DNS_PROTOCOL, 0 },
	{ "an echo", REPLY_ECHO, 5000, EZLB_PROBE_DNS_PROTOCOL, 0 },
	{ "endless answers", REPLY_ENDLESS, 5000, EZLB_PROBE_DNS_PROTOCOL, 0 },
	{ "silence", REPLY_NONE, 50, EZLB_PROBE_TIMEOUT, 0 },
};

static void test_dns(void **state)
{
	struct fixture *fx = *state;
	struct datagrams server;

	datagrams_start(&server);
	for (size_t i = 0; i < sizeof(dnses) / sizeof(dnses[0]); i++) {
		struct ezlb_check check = check_for(EZLB_CHECK_DNS, NULL, dnses[i].timeout_ms);

		server.mode = dnses[i].reply;
		probe(fx, loopback(server.port), &check);
		expect(fx, dnses[i].name, dnses[i].want, dnses[i].code);
	}
	datagrams_stop(&server);
	assert_int_equal(server.last_len, 29);
	assert_memory_equal(server.last + 12, "\7example\3org\0\0\1\0\1", 17);
}

/* Each query has an id of its own. */
static void test_dns_ids(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_for(EZLB_CHECK_DNS, NULL, 5000);
	unsigned char first[2] = { 0 };
	struct datagrams server;
	bool differ = false;

	datagrams_start(&server);
	server.mode = REPLY_DNS;
	for (int i = 0; i < 5; i++) {
		probe(fx, loopback(server.port), &check);
		expect(fx, "noerror", EZLB_PROBE_OK, 0);
		differ = differ || (i > 0 && memcmp(first, server.last, 2) != 0);
		memcpy(first, server.last, 2);
	}
	datagrams_stop(&server);
	assert_true(differ);
}

static const enum ezlb_check_type both[] = { EZLB_CHECK_UDP, EZLB_CHECK_DNS };

/* The ICMP error ends the probe at once. */
static void test_refused(void **state)
{
	struct datagrams server;

	datagrams_start(&server);
	datagrams_stop(&server);
	for (size_t i = 0; i < 2; i++) {
		for (size_t answer = 0; answer < 2; answer++) {
			struct ezlb_check check = check_for(both[i], answer ? "pong" : NULL, 30000);

			probe(*state, loopback(server.port), &check);
			expect(*state, ezlb_check_type_str(both[i]), EZLB_PROBE_CONNECT_REFUSED, 0);
		}
	}
}

/* ip_route_output_key, udp_connect: EACCES for a broadcast address. */
static void test_permission(void **state)
{
	for (size_t i = 0; i < 2; i++) {
		struct ezlb_check check = check_for(both[i], NULL, 30000);

		probe(*state, endpoint_of("127.255.255.255:53", 53), &check);
		expect(*state, ezlb_check_type_str(both[i]), EZLB_PROBE_PERMISSION, 0);
	}
}

static void test_out_of_descriptors(void **state)
{
	for (size_t i = 0; i < 2; i++) {
		struct ezlb_check check = check_for(both[i], NULL, 30000);
		rlim_t before = fds_exhaust();

		probe(*state, loopback(9), &check);
		fds_limit(before);
		expect(*state, ezlb_check_type_str(both[i]), EZLB_PROBE_LOCAL_ERROR, EMFILE);
	}
}

/* At once, and while the answer is waited for. */
static void test_cancel(void **state)
{
	struct fixture *fx = *state;
	struct datagrams server;

	datagrams_start(&server);
	for (size_t i = 0; i < 2; i++) {
		struct ezlb_check check = check_for(both[i], NULL, 30);
		struct ezlb_probe_job job = { .target = loopback(server.port), .check = &check };

		ezlb_probe_cancel(ezlb_probe_start(fx->prober, &job, on_end, fx));
		for (int asked = server.asked; server.asked == asked;) {
			struct ezlb_probe *running = ezlb_probe_start(fx->prober, &job, on_end, fx);

			run_for(&fx->loop, 10);
			ezlb_probe_cancel(running);
		}
		run_for(&fx->loop, 60);
		assert_false(fx->ended);
	}
	datagrams_stop(&server);
}

static void test_source(void **state)
{
	struct fixture *fx = *state;
	struct datagrams server;

	datagrams_start(&server);
	server.mode = REPLY_DNS;
	for (size_t i = 0; i < 2; i++) {
		struct ezlb_check check = check_for(both[i], NULL, 30000);

		assert_int_equal(ezlb_range_parse("127.0.0.2", &check.source, NULL), 0);
		check.port = server.port;
		probe(fx, loopback(9), &check);
		expect(fx, ezlb_check_type_str(both[i]), EZLB_PROBE_OK, 0);
		assert_int_equal(ntohl(server.peer), INADDR_LOOPBACK + 1);
	}
	datagrams_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_udp),
		T(test_udp_payload),
		T(test_dns),
		T(test_dns_ids),
		T(test_refused),
		T(test_permission),
		T(test_out_of_descriptors),
		T(test_cancel),
		T(test_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
