// SPDX-License-Identifier: GPL-2.0-or-later
#include <connections.h>

static struct ezlb_connections_index idx;

static const char *const services[] = {
	"web tcp 10.0.0.1:80 snat=10.0.0.3 +tcp/10.0.0.1:443 +tcp/[fd00::1]:80 192.168.1.2:8080 "
	"192.168.1.3:8080",
	"dns udp 10.0.0.1:53 192.168.1.2:53",
	"ftp tcp 10.0.0.1:5000-5100 192.168.1.4",
	"media mark 7 192.168.1.5 192.168.1.6:99",
	"media6 mark 7/ipv6 [fd01::5]:99",
	"own tcp 10.0.0.9:80 10.0.0.9:80",
};

static int setup(void **state)
{
	(void)state;
	index_of(&idx, services, COUNT_OF(services), EZLB_MASQ);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_connections_index_clear(&idx);
	return 0;
}

static const char *match(const char *text, uint32_t mark)
{
	struct ezlb_connection connection = connection_of(text);
	const struct ezlb_connections_service *service;

	connection.mark = mark;
	service = ezlb_connections_match(&idx, &connection);
	return service ? service->name : "-";
}

static const struct {
	const char *name, *connection, *want;
	uint32_t mark;
} cases[] = {
	{ "listener", "tcp 1.1.1.1:9 10.0.0.1:80 192.168.1.2:8080 10.0.0.3:40001", "web", 0 },
	{ "second listener", "tcp 1.1.1.1:9 10.0.0.1:443 192.168.1.2:8080 10.0.0.3:1", "web", 0 },
	{ "IPv6", "tcp [fd02::1]:9 [fd00::1]:80 [fd01::2]:8080 [fd00::3]:1", "web", 0 },
	{ "no backend of the file", "tcp 1.1.1.1:9 10.0.0.1:80 9.9.9.9:1 10.0.0.3:1", "web", 0 },
	{ "other protocol", "udp 1.1.1.1:9 10.0.0.1:80 192.168.1.2:8080 10.0.0.3:1", "-", 0 },
	{ "udp", "udp 1.1.1.1:9 10.0.0.1:53 192.168.1.2:53 1.1.1.1:9", "dns", 0 },
	{ "other port", "tcp 1.1.1.1:9 10.0.0.1:81 192.168.1.2:8080 10.0.0.3:1", "-", 0 },
	{ "other address", "tcp 1.1.1.1:9 10.0.0.2:80 192.168.1.2:8080 10.0.0.3:1", "-", 0 },
	{ "not sent to a backend", "tcp 1.1.1.1:9 10.0.0.1:80 10.0.0.1:80 1.1.1.1:9", "-", 0 },
	{ "the listener is the backend", "tcp 1.1.1.1:9 10.0.0.9:80 10.0.0.9:80 1.1.1.1:9", "own",
	  0 },
	{ "range, first", "tcp 1.1.1.1:9 10.0.0.1:5000 192.168.1.4:5000 10.0.0.3:1", "ftp", 0 },
	{ "range, last", "tcp 1.1.1.1:9 10.0.0.1:5100 192.168.1.4:5100 10.0.0.3:1", "ftp", 0 },
	{ "below", "tcp 1.1.1.1:9 10.0.0.1:4999 192.168.1.4:4999 10.0.0.3:1", "-", 0 },
	{ "above", "tcp 1.1.1.1:9 10.0.0.1:5101 192.168.1.4:5101 10.0.0.3:1", "-", 0 },
	{ "range, udp", "udp 1.1.1.1:9 10.0.0.1:5000 192.168.1.4:5000 10.0.0.3:1", "-", 0 },
	{ "range, other address", "tcp 1.1.1.1:9 10.0.0.2:5000 192.168.1.4:5000 1.1.1.1:9", "-",
	  0 },
	{ "mark", "udp 1.1.1.1:9 10.9.9.9:7 8.8.8.8:7 10.0.0.3:1", "media", 7 },
	{ "mark, IPv6", "udp [fd02::1]:9 [fd09::9]:7 [fd08::8]:7 [fd00::3]:1", "media6", 7 },
	{ "other mark", "udp 1.1.1.1:9 10.9.9.9:7 8.8.8.8:7 10.0.0.3:1", "-", 8 },
	{ "mark, not sent", "udp 1.1.1.1:9 10.9.9.9:7 10.9.9.9:7 1.1.1.1:9", "-", 7 },
	{ "backend of a mark", "tcp 1.1.1.1:9 10.9.9.9:7 192.168.1.6:99 10.0.0.3:1", "media", 0 },
	{ "backend of a mark, client's port", "tcp 1.1.1.1:9 10.9.9.9:7 192.168.1.5:7 10.0.0.3:1",
	  "media", 0 },
	{ "backend of a mark, other port", "tcp 1.1.1.1:9 10.9.9.9:7 192.168.1.5:8 10.0.0.3:1", "-",
	  0 },
	{ "a listener before the mark", "tcp 1.1.1.1:9 10.0.0.1:80 192.168.1.2:8080 10.0.0.3:1",
	  "web", 7 },
	{ "backend of no mark", "tcp 1.1.1.1:9 10.9.9.9:7 192.168.1.2:8080 10.0.0.3:1", "-", 0 },
};

static void test_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *got = match(cases[i].connection, cases[i].mark);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s, not %s", cases[i].name, got, cases[i].want);
	}
}

/* conntrack sees no answers of these. */
static void test_direct(void **state)
{
	static const char *const direct[] = { "web tcp 10.0.0.1:80 192.168.1.2:80" };
	const struct ezlb_connection one =
		connection_of("tcp 1.1.1.1:9 10.0.0.1:80 10.0.0.1:80 1.1.1.1:9");
	const struct ezlb_connection sent =
		connection_of("tcp 1.1.1.1:9 10.0.0.1:80 192.168.1.2:80 1.1.1.1:9");
	const struct ezlb_connections_service *service;

	(void)state;
	index_of(&idx, direct, 1, EZLB_DIRECT);
	service = ezlb_connections_match(&idx, &one);
	assert_non_null(service);
	assert_false(ezlb_connections_knows_backend(service, &one));
	assert_true(ezlb_connections_knows_backend(service, &sent));
	index_of(&idx, direct, 1, EZLB_MASQ);
	assert_null(ezlb_connections_match(&idx, &one));
	assert_non_null(ezlb_connections_match(&idx, &sent));
}

static void test_empty(void **state)
{
	struct ezlb_connections_index none = { .services = { 0 } };
	const struct ezlb_connection one =
		connection_of("tcp 1.1.1.1:9 10.0.0.1:80 192.168.1.2:8080 1.1.1.1:9");

	(void)state;
	assert_null(ezlb_connections_match(&none, &one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
