// SPDX-License-Identifier: GPL-2.0-or-later
#include <connections.h>

static struct ezlb_connections_index idx;
static struct ezlb_who who;
static struct ezlb_connection_answers answers;

static int teardown(void **state)
{
	(void)state;
	ezlb_connections_index_clear(&idx);
	ezlb_who_clear(&who);
	EZLB_VEC_CLEAR(&answers);
	return 0;
}

static void services(const char *const *texts, size_t n)
{
	index_of(&idx, texts, n, EZLB_MASQ);
}

/* Addresses in one text, with blanks. */
static bool make(const char *addresses)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(addresses);
	char *save;

	ezlb_who_clear(&who);
	answers.len = 0;
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		assert_int_equal(ezlb_endpoint_parse(word, EZLB_PUSH(&who.addresses), NULL), 0);
	return ezlb_who_answers(&who, &idx, &answers);
}

/* "tcp BACKEND SOURCE;" of each answer; the same of the services, "more" if there can be others. */
static void are(const char *addresses, const char *want)
{
	EZLB_AUTO_FREE char *got = NULL;
	struct ezlb_text out = { 0 };
	bool all = make(addresses);

	for (size_t i = 0; i < answers.len; i++) {
		const struct ezlb_connection_answer *a = &answers.items[i];
		char text[EZLB_ENDPOINT_STRLEN];

		ezlb_text_printf(&out, "%s %s", ezlb_proto_str(a->proto),
				 ezlb_endpoint_format(&a->backend, text));
		ezlb_text_printf(&out, " %s;", ezlb_endpoint_format(&a->source, text));
	}
	if (!all)
		ezlb_text_puts(&out, "more");
	got = ezlb_text_take(&out, NULL);
	assert_string_equal(got, want);
}

static void test_sources(void **state)
{
	static const char *const texts[] = {
		"one tcp 10.0.0.1:80 snat=10.0.0.3 1.0.0.1:8080",
		"some tcp 10.0.0.1:81 snat=10.0.0.4-10.0.0.6 1.0.0.2:80",
		"all udp 10.0.0.1:53 snat=masq 1.0.0.3:53",
		"none sctp 10.0.0.1:82 1.0.0.4:82", /* their servers see the clients */
		"six tcp [fd00::1]:80 snat=fd00::3 [fd01::1]:80",
	};

	(void)state;
	services(texts, COUNT_OF(texts));
	are("10.0.0.3:7", "tcp 1.0.0.1:8080 10.0.0.3:7;udp 1.0.0.3:53 10.0.0.3:7;"
			  "sctp 1.0.0.4:82 10.0.0.3:7;");
	are("10.0.0.4:7", "tcp 1.0.0.2:80 10.0.0.4:7;udp 1.0.0.3:53 10.0.0.4:7;"
			  "sctp 1.0.0.4:82 10.0.0.4:7;");
	are("10.0.0.6:7", "tcp 1.0.0.2:80 10.0.0.6:7;udp 1.0.0.3:53 10.0.0.6:7;"
			  "sctp 1.0.0.4:82 10.0.0.6:7;");
	are("10.0.0.7:7", "udp 1.0.0.3:53 10.0.0.7:7;sctp 1.0.0.4:82 10.0.0.7:7;");
	are("[fd00::3]:7", "tcp [fd01::1]:80 [fd00::3]:7;");
	are("[fd00::4]:7", "");
}

static void test_once_each(void **state)
{
	static const char *const texts[] = {
		"a tcp 10.0.0.1:80 snat=10.0.0.3 +tcp/10.0.0.2:80 +udp/10.0.0.1:80 1.0.0.1:80",
		"b tcp 10.0.0.1:81 snat=10.0.0.3 1.0.0.1:80",
	};

	(void)state;
	services(texts, COUNT_OF(texts));
	are("10.0.0.3:2 10.0.0.3:1 10.0.0.3:2",
	    "tcp 1.0.0.1:80 10.0.0.3:1;tcp 1.0.0.1:80 10.0.0.3:2;udp 1.0.0.1:80 10.0.0.3:1;"
	    "udp 1.0.0.1:80 10.0.0.3:2;");
}

static void test_ranges(void **state)
{
	static const char *const texts[] = {
		"small tcp 10.0.0.1:5000-5002 snat=10.0.0.3 1.0.0.1 1.0.0.2:9",
		"large tcp 10.0.0.1:6000-9999 snat=10.0.0.4 1.0.0.3 1.0.0.4:9",
		"direct tcp 10.0.0.1:20000-30000 1.0.0.5", /* without full_nat */
	};

	(void)state;
	services(texts, COUNT_OF(texts));
	are("10.0.0.3:1", "tcp 1.0.0.1:5000 10.0.0.3:1;tcp 1.0.0.1:5001 10.0.0.3:1;"
			  "tcp 1.0.0.1:5002 10.0.0.3:1;tcp 1.0.0.2:9 10.0.0.3:1;");
	are("10.0.0.4:1", "more");
	are("10.0.0.3:1 10.0.0.4:1", "more");
	are("10.0.0.5:1", "");
}

static void test_marks(void **state)
{
	static const char *const texts[] = {
		"port mark 7 snat=10.0.0.3 1.0.0.1:80",
		"none mark 8 snat=10.0.0.4 1.0.0.2",
		"six mark 9/ipv6 snat=fd00::3 [fd01::1]:80",
	};

	(void)state;
	services(texts, COUNT_OF(texts));
	are("10.0.0.3:1", "tcp 1.0.0.1:80 10.0.0.3:1;udp 1.0.0.1:80 10.0.0.3:1;"
			  "sctp 1.0.0.1:80 10.0.0.3:1;");
	are("10.0.0.4:1", "more");
	are("[fd00::3]:1", "tcp [fd01::1]:80 [fd00::3]:1;udp [fd01::1]:80 [fd00::3]:1;"
			   "sctp [fd01::1]:80 [fd00::3]:1;");
}

/* conntrack sees no answers of these. */
static void test_direct(void **state)
{
	static const char *const texts[] = { "a tcp 10.0.0.1:80 1.0.0.1:80" };

	(void)state;
	index_of(&idx, texts, 1, EZLB_DIRECT);
	are("172.16.0.2:1", "");
}

static void test_too_many(void **state)
{
	static const char *const texts[] = {
		"a tcp 10.0.0.1:80 snat=masq +udp/10.0.0.1:80 1.0.0.1:80"
	};

	(void)state;
	services(texts, 1);
	for (unsigned i = 0; i < EZLB_WHO_ANSWERS_MAX / 2; i++) {
		struct ezlb_endpoint *address = EZLB_PUSH(&who.addresses);

		assert_int_equal(ezlb_endpoint_parse("10.0.0.3:1", address, NULL), 0);
		address->port = (uint16_t)(i + 1);
	}
	assert_true(ezlb_who_answers(&who, &idx, &answers));
	assert_int_equal(answers.len, EZLB_WHO_ANSWERS_MAX);
	answers.len = 0;
	assert_int_equal(ezlb_endpoint_parse("10.0.0.3:6000", EZLB_PUSH(&who.addresses), NULL), 0);
	assert_false(ezlb_who_answers(&who, &idx, &answers));
	assert_int_equal(answers.len, 0);
}

static void test_missing(void **state)
{
	static const char *const texts[] = { "a tcp 10.0.0.1:80 snat=10.0.0.3 1.0.0.1:80" };
	struct ezlb_connections_row row = { .service = NULL };

	(void)state;
	services(texts, 1);
	make("10.0.0.3:1 10.0.0.3:2");
	for (unsigned i = 0; i < 2; i++) {
		assert_true(ezlb_who_is_missing(&who));
		row.connection = connection_of("tcp 1.1.1.1:9 10.0.0.1:80 1.0.0.1:80 10.0.0.3:1");
		row.connection.source.port = (uint16_t)(i + 1);
		row.service = &idx.services.items[0];
		ezlb_who_add(&who, &row);
		ezlb_who_add(&who, &row); /* as a look-up and a dump find it */
		ezlb_who_finish(&who);
		assert_int_equal(who.rows.len, i + 1);
	}
	assert_false(ezlb_who_is_missing(&who));
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sources), TEST(test_once_each), TEST(test_ranges),  TEST(test_marks),
		TEST(test_direct),  TEST(test_too_many),  TEST(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
