// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <sys/socket.h>

#include <ezlb/obstacle.h>

static struct ezlb_obstacle_listeners all;

/* "tcp 10.0.0.1:80", "udp 10.0.0.1:53-60" or "mark". */
static struct ezlb_listener listener(const char *text)
{
	struct ezlb_listener out = { .listen.addr.family = AF_INET };
	EZLB_AUTO_FREE char *copy = ezlb_strdup(text);
	char *space = strchr(copy, ' '), *dash = strchr(copy, '-');

	if (!space)
		return out;
	*space = '\0';
	if (dash) {
		*dash = '\0';
		out.last_port = (uint16_t)atoi(dash + 1);
	}
	assert_int_equal(ezlb_proto_parse(copy, &out.proto), 0);
	assert_int_equal(ezlb_endpoint_parse(space + 1, &out.listen, NULL), 0);
	return out;
}

static struct ezlb_spec services[4]; /* names are borrowed from here */

static void add(size_t i, const char *name, const char *text)
{
	struct ezlb_listener one = listener(text);

	ezlb_strcpy(services[i].name, sizeof(services[i].name), name);
	services[i].listeners = &one;
	services[i].n_listeners = 1;
	ezlb_obstacle_add(&all, &services[i]);
	ezlb_obstacle_sort(&all);
	services[i].listeners = NULL;
}

static void test_which_listener_takes_it(void **state)
{
	static const struct {
		const char *from, *backend; /* backend without a port: the one of the client */
		const char *want;
	} rows[] = {
		{ "tcp 10.9.0.1:80", "10.0.0.1:80", "web" },
		{ "udp 10.9.0.1:80", "10.0.0.1:80", NULL },
		{ "tcp 10.9.0.1:80", "10.0.0.1:81", "alt" },
		{ "tcp 10.9.0.1:80", "10.0.0.2:80", NULL },
		{ "udp 10.9.0.1:9", "10.0.0.1:53", "dns" },
		{ "udp 10.9.0.1:9", "10.0.0.1:60", "dns" },
		{ "udp 10.9.0.1:9", "10.0.0.1:61", NULL },
		{ "udp 10.9.0.1:53", "10.0.0.1", "dns" },
		{ "udp 10.9.0.1:52", "10.0.0.1", NULL },
		{ "udp 10.9.0.1:40-53", "10.0.0.1", "dns" },
		{ "udp 10.9.0.1:40-52", "10.0.0.1", NULL },
		{ "mark", "10.0.0.1:80", "web" },
		{ "mark", "10.0.0.1:55", "dns" },
		{ "mark", "10.0.0.1:62", NULL },
		{ "mark", "10.0.0.3", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_listener from = listener(rows[i].from);
		struct ezlb_spec spec = { .listeners = &from, .n_listeners = 1 };
		const struct ezlb_obstacle_listener *got;
		struct ezlb_endpoint backend = { .port = 0 };

		if (strchr(rows[i].backend, ':'))
			assert_int_equal(ezlb_endpoint_parse(rows[i].backend, &backend, NULL), 0);
		else
			assert_int_equal(ezlb_addr_parse(rows[i].backend, &backend.addr, NULL), 0);
		got = ezlb_obstacle_find(&all, &spec, &backend);
		if (strcmp(got ? got->name : "", rows[i].want ? rows[i].want : "") != 0)
			fail_msg("%s to %s: %s", rows[i].from, rows[i].backend,
				 got ? got->name : "none");
	}
}

/* The longest names and addresses fit, with the remedy at the end. */
static void test_sentences_fit(void **state)
{
	char name[EZLB_NAME_MAX + 1], text[EZLB_OBSTACLE_STRLEN];
	struct ezlb_endpoint backend;
	const char *end;

	(void)state;
	assert_int_equal(ezlb_endpoint_parse("[fd00:1111:2222:3333:4444:5555:6666:7777]:65535",
					     &backend, NULL),
			 0);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	end = ezlb_obstacle_listener(&backend, 1023, name, text) + strlen(text);
	assert_true(end - text < EZLB_OBSTACLE_STRLEN);
	assert_non_null(strstr(text, "clients are refused"));
	ezlb_obstacle_here(&backend, 1023, text);
	assert_string_equal(text + strlen(text) - 8, " clients");
	ezlb_obstacle_source(&backend.addr, text);
	assert_string_equal(text + strlen(text) - 9, " standby)");
	backend.port = 0;
	assert_non_null(strstr(ezlb_obstacle_here(&backend, 2, text), "7777 (and 2 more) is "));
}

static int fill(void **state)
{
	(void)state;
	add(0, "web", "tcp 10.0.0.1:80");
	add(1, "alt", "tcp 10.0.0.1:81");
	add(2, "dns", "udp 10.0.0.1:53-60");
	add(3, "fw", "mark");
	return 0;
}

static int clear(void **state)
{
	(void)state;
	EZLB_VEC_CLEAR(&all);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_listener_takes_it),
		cmocka_unit_test(test_sentences_fit),
	};

	return cmocka_run_group_tests(tests, fill, clear);
}
