// SPDX-License-Identifier: GPL-2.0-or-later
#include <connections.h>

#include <errno.h>

static struct ezlb_connections_index idx;
static struct ezlb_connection_selects selects;

static void services(const char *const *texts, size_t n)
{
	index_of(&idx, texts, n, EZLB_MASQ);
}

static const char *const two[] = {
	"web tcp 10.0.0.1:80 +tcp/[fd00::1]:80 +tcp/10.0.0.1:5000-5010 192.168.1.2:8080",
	"dns udp 10.0.0.1:53 192.168.1.2:53",
};

static int setup(void **state)
{
	(void)state;
	services(two, COUNT_OF(two));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_connections_index_clear(&idx);
	EZLB_VEC_CLEAR(&selects);
	return 0;
}

static void test_parse(void **state)
{
	static const struct {
		const char *text, *service, *at;
	} cases[] = {
		{ NULL, NULL, "" },
		{ "web", "web", "" },
		{ "10.0.0.1", NULL, "10.0.0.1" },
		{ "10.0.0.1:80", NULL, "10.0.0.1:80" },
		{ "fd00::1", NULL, "fd00::1" },
		{ "[fd00::1]:80", NULL, "[fd00::1]:80" },
		{ "::ffff:10.0.0.1", NULL, "10.0.0.1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_connections_query query;
		char text[EZLB_ENDPOINT_STRLEN] = "";

		assert_int_equal(ezlb_connections_query_parse(&idx, cases[i].text, &query, NULL),
				 0);
		if (query.at.addr.family)
			ezlb_endpoint_format(&query.at, text);
		assert_string_equal(text, cases[i].at);
		assert_int_equal(query.service != NULL, cases[i].service != NULL);
		if (query.service)
			assert_string_equal(query.service->name, cases[i].service);
	}
}

static void test_parse_unknown(void **state)
{
	static const char *const names[] = { "website tcp 10.0.0.1:80 192.168.1.2:8080" };
	struct ezlb_connections_query query;
	struct ezlb_err err;

	(void)state;
	services(names, 1);
	assert_int_equal(ezlb_connections_query_parse(&idx, "wesbite", &query, &err), -ENOENT);
	assert_string_equal(err.msg, "no service 'wesbite'; did you mean website?");
	assert_int_equal(ezlb_connections_query_parse(&idx, "10.0.0.1:0", &query, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "'10.0.0.1:0' is no service of the service files, and no "
					"address like"));
}

static void test_who_parse(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{ "10.0.0.3:40001", "10.0.0.3:40001" },
		{ "[fd00::3]:40001", "[fd00::3]:40001" },
		{ "  10.0.0.3:40001\t- GET /\r\n", "10.0.0.3:40001" },
		{ "[::ffff:10.0.0.3]:40001", "10.0.0.3:40001" },
		{ "[0000:0000:0000:0000:0000:ffff:0a00:0003]:1\n", "10.0.0.3:1" },
		{ "[::fffe:10.0.0.3]:1", "[::fffe:a00:3]:1" },
	};
	static const struct {
		const char *line;
		int rc;
	} bad[] = {
		{ "", -ENODATA },	   { " \r\n", -ENODATA },	{ "10.0.0.3", -EINVAL },
		{ "10.0.0.3:0", -EINVAL }, { "x 10.0.0.3:1", -EINVAL }, { "fd00::3", -EINVAL }
	};
	struct ezlb_endpoint got;
	char text[EZLB_ENDPOINT_STRLEN];
	struct ezlb_err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(ezlb_who_parse(cases[i].line, &got, NULL), 0);
		assert_string_equal(ezlb_endpoint_format(&got, text), cases[i].want);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(ezlb_who_parse(bad[i].line, &got, &err), bad[i].rc);
	assert_non_null(strstr(err.msg, "'fd00::3' is no address with a port"));
}

/* "tcp client C listen L-LAST backend B source S;" of each select. */
static char *written(void)
{
	struct ezlb_text out = { 0 };

	for (size_t i = 0; i < selects.len; i++) {
		const struct ezlb_connection_select *s = &selects.items[i];
		const struct ezlb_endpoint *const parts[] = { &s->client, &s->listen, &s->backend,
							      &s->source };
		static const char *const names[] = { "client", "listen", "backend", "source" };
		char text[EZLB_ENDPOINT_STRLEN];

		ezlb_text_puts(&out, s->has_proto ? ezlb_proto_str(s->proto) : "any");
		for (size_t k = 0; k < COUNT_OF(parts); k++)
			if (parts[k]->addr.family)
				ezlb_text_printf(&out, " %s %s", names[k],
						 ezlb_endpoint_format(parts[k], text));
		if (s->last_port)
			ezlb_text_printf(&out, "-%u", s->last_port);
		ezlb_text_puts(&out, ";");
	}
	EZLB_VEC_CLEAR(&selects);
	return ezlb_text_take(&out, NULL);
}

static void selects_are(const char *text, const char *want)
{
	EZLB_AUTO_FREE char *got = NULL;
	struct ezlb_connections_query query;

	assert_int_equal(ezlb_connections_query_parse(&idx, text, &query, NULL), 0);
	ezlb_connections_query_selects(&idx, &query, &selects);
	got = written();
	assert_string_equal(got, want);
}

static void test_selects(void **state)
{
	(void)state;
	selects_are("web", "tcp listen 10.0.0.1:80;tcp listen [fd00::1]:80;"
			   "tcp listen 10.0.0.1:5000-5010;");
	selects_are(NULL, "tcp listen 10.0.0.1:80;tcp listen [fd00::1]:80;udp listen 10.0.0.1:53;"
			  "tcp listen 10.0.0.1:5000-5010;");
	selects_are("1.1.1.1", "any client 1.1.1.1;any listen 1.1.1.1;any backend 1.1.1.1;");
	selects_are("1.1.1.1:9", "tcp client 1.1.1.1:9;tcp listen 1.1.1.1:9;tcp backend 1.1.1.1:9;"
				 "udp client 1.1.1.1:9;udp listen 1.1.1.1:9;"
				 "udp backend 1.1.1.1:9;");
	selects_are("fd00::9", "any client fd00::9;any listen fd00::9;any backend fd00::9;");
	selects_are("[fd00::9]:1", "tcp client [fd00::9]:1;tcp listen [fd00::9]:1;"
				   "tcp backend [fd00::9]:1;udp client [fd00::9]:1;"
				   "udp listen [fd00::9]:1;udp backend [fd00::9]:1;");
}

static void test_selects_of_marks(void **state)
{
	static const char *const marks[] = { "media mark 7 192.168.1.5:1",
					     "web tcp 10.0.0.1:80 192.168.1.2:8080" };

	(void)state;
	services(marks, COUNT_OF(marks));
	selects_are("media", "any;");
	selects_are(NULL, "any;");
	selects_are("web", "tcp listen 10.0.0.1:80;");
	/* A service with a mark takes every protocol. */
	selects_are("1.1.1.1:9", "tcp client 1.1.1.1:9;tcp listen 1.1.1.1:9;tcp backend 1.1.1.1:9;"
				 "udp client 1.1.1.1:9;udp listen 1.1.1.1:9;udp backend 1.1.1.1:9;"
				 "sctp client 1.1.1.1:9;sctp listen 1.1.1.1:9;"
				 "sctp backend 1.1.1.1:9;");
}

static void test_selects_of_many(void **state)
{
	const char *texts[EZLB_CONNECTIONS_SELECTS_MAX + 1];
	char lines[COUNT_OF(texts)][64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		snprintf(lines[i], sizeof(lines[i]), "s%zu tcp 10.0.0.%zu:80 192.168.1.2:8080", i,
			 i + 1);
		texts[i] = lines[i];
	}
	services(texts, COUNT_OF(texts) - 1);
	assert_int_equal(idx.services.len, EZLB_CONNECTIONS_SELECTS_MAX);
	ezlb_connections_query_selects(&idx, &(struct ezlb_connections_query){ .service = NULL },
				       &selects);
	assert_int_equal(selects.len, EZLB_CONNECTIONS_SELECTS_MAX);
	EZLB_VEC_CLEAR(&selects);
	services(texts, COUNT_OF(texts));
	selects_are(NULL, "any;");
}

static void roles_are(const char *text, const char *connection, unsigned want)
{
	const struct ezlb_connection c = connection_of(connection);
	const struct ezlb_connections_service *service = ezlb_connections_match(&idx, &c);
	struct ezlb_connections_query query;
	unsigned roles = 99;

	assert_non_null(service);
	assert_int_equal(ezlb_connections_query_parse(&idx, text, &query, NULL), 0);
	assert_int_equal(ezlb_connections_query_has(&query, service, &c, &roles), want != 0);
	assert_int_equal(roles, want);
}

static void test_roles(void **state)
{
	static const char one[] = "tcp 192.168.1.2:9 10.0.0.1:80 192.168.1.2:8080 10.0.0.3:1";

	(void)state;
	roles_are("192.168.1.2", one, EZLB_ROLE_CLIENT | EZLB_ROLE_BACKEND);
	roles_are("192.168.1.2:9", one, EZLB_ROLE_CLIENT);
	roles_are("192.168.1.2:8080", one, EZLB_ROLE_BACKEND);
	roles_are("10.0.0.1", one, EZLB_ROLE_LISTENER);
	roles_are("10.0.0.1:80", one, EZLB_ROLE_LISTENER);
	roles_are("10.0.0.3", one, 0); /* `who` is for these */
	roles_are("10.0.0.1:53", one, 0);
}

static void test_service(void **state)
{
	const struct ezlb_connection c =
		connection_of("tcp 1.1.1.1:9 10.0.0.1:80 192.168.1.2:8080 10.0.0.3:1");
	struct ezlb_connections_query query;
	unsigned roles = 99;

	(void)state;
	assert_int_equal(ezlb_connections_query_parse(&idx, "web", &query, NULL), 0);
	assert_true(ezlb_connections_query_has(&query, &idx.services.items[0], &c, &roles));
	assert_int_equal(roles, 0);
	assert_false(ezlb_connections_query_has(&query, &idx.services.items[1], &c, &roles));
	assert_int_equal(ezlb_connections_query_parse(&idx, NULL, &query, NULL), 0);
	assert_true(ezlb_connections_query_has(&query, &idx.services.items[1], &c, &roles));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_parse),   TEST(test_parse_unknown),	 TEST(test_who_parse),
		TEST(test_selects), TEST(test_selects_of_marks), TEST(test_selects_of_many),
		TEST(test_roles),   TEST(test_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
