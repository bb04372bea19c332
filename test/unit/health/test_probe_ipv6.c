// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of probes over IPv6. A host that has none of it, not even ::1, cannot run them.
 */
#include "probing.h"

static uint16_t closed_port6(void)
{
	struct ezlb_endpoint at = loopback6(0);

	close(listen_at(&at, 1));
	return at.port;
}

/* A path goes behind the brackets, and Host has them, too: RFC 9110 7.2, RFC 3986 3.2.2. */
static void test_http(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTP, 5000);
	struct server server;
	char host[64];

	server_start_at(&server, loopback6(0), ANSWER_200);
	probe(fx, loopback6(server.port), &check);
	expect(fx, "200", EZLB_PROBE_OK, 0);
	snprintf(host, sizeof(host), "\r\nHost: [::1]:%u\r\n", server.port);
	assert_memory_equal(server.request, "GET /healthz?a=b HTTP/1.1\r\n", 27);
	assert_non_null(strstr(server.request, host));
	server.mode = ANSWER_500;
	probe(fx, loopback6(server.port), &check);
	expect(fx, "500", EZLB_PROBE_HTTP_STATUS, 500);
	server.mode = ANSWER_NEVER;
	check.timeout_ms = 50;
	probe(fx, loopback6(server.port), &check);
	expect(fx, "no answer", EZLB_PROBE_TIMEOUT, 0);
	server_stop(&server);
}

static void test_tcp(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_TCP, 5000);
	struct server server;

	server_start_at(&server, loopback6(0), ANSWER_NEVER);
	probe(fx, loopback6(server.port), &check);
	expect(fx, "connected", EZLB_PROBE_OK, 0);
	server_stop(&server);
}

/* The ICMPv6 error ends the probe at once. */
static void test_udp(void **state)
{
	static struct ezlb_request empty;
	struct ezlb_check check = { .type = EZLB_CHECK_UDP,
				    .timeout_ms = 30000,
				    .request = &empty };

	probe(*state, loopback6(closed_port6()), &check);
	expect(*state, "refused", EZLB_PROBE_CONNECT_REFUSED, 0);
}

static void test_https(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, 5000);
	struct server server;

	probe_https(fx, loopback6(closed_port6()));
	server_start_at(&server, loopback6(0), ANSWER_GARBAGE);
	probe(fx, loopback6(server.port), &check);
	expect(fx, "plain text", EZLB_PROBE_TLS, 0);
	server_stop(&server);
}

/* tcp_v6_connect: ENETUNREACH for a multicast address. */
static void test_failures(void **state)
{
	for (size_t i = 0; i < N_TYPES; i++) {
		const char *type = ezlb_check_type_str(types[i]);
		struct ezlb_check check = check_of(types[i], 5000);
		struct black_hole hole;

		probe(*state, loopback6(closed_port6()), &check);
		expect(*state, type, EZLB_PROBE_CONNECT_REFUSED, 0);
		probe(*state, endpoint_of("[ff05::1]:1", 80), &check);
		expect(*state, type, EZLB_PROBE_UNREACHABLE, 0);
		black_hole_open_at(&hole, loopback6(0));
		check.timeout_ms = 50;
		probe(*state, loopback6(hole.port), &check);
		expect(*state, type, EZLB_PROBE_CONNECT_TIMEOUT, 0);
		black_hole_close(&hole);
	}
}

static bool has_ipv6(void)
{
	struct ezlb_endpoint at = loopback6(0);
	struct sockaddr_storage addr;
	socklen_t len = ezlb_endpoint_sockaddr(&at, &addr);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 && bind(fd, (struct sockaddr *)&addr, len) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_tcp), T(test_udp), T(test_http), T(test_https), T(test_failures),
	};

	if (!has_ipv6()) {
		puts("no IPv6 on this host: nothing to test");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
