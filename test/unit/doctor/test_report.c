// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts_world.h"

#include <ezlb/text.h>

static char *got;

static int teardown(void **state)
{
	free(got);
	got = NULL;
	return clear_found(state);
}

static void add(enum ezlb_level level, const char *check, const char *service, const char *text,
		const char *fix)
{
	struct ezlb_finding *finding = say(&found, level, check, service, "%s", text);

	if (fix)
		set_fix(finding, "%s", fix);
}

static const char *as_text(void)
{
	struct ezlb_text out = { 0 };

	free(got);
	ezlb_doctor_text(&found, &out);
	return got = ezlb_text_take(&out, NULL);
}

static const char *as_json(void)
{
	struct ezlb_text out = { 0 };

	free(got);
	ezlb_doctor_json(&found, &out);
	return got = ezlb_text_take(&out, NULL);
}

/* Four services have one VIP, which is not there, and a filter is before them. */
static void four_services(void)
{
	static const char *const services[] = { "api", "dns", "mail", "web" };
	static const char *const ways[] = { "accept api", "accept dns", "accept mail",
					    "accept web" };

	add(EZLB_LEVEL_OK, "ip-vs", "", "ip_vs is loaded", NULL);
	add(EZLB_LEVEL_WARN, "kube-proxy", "", "it may delete", "edit it");
	for (size_t i = 0; i < COUNT_OF(services); i++) {
		add(EZLB_LEVEL_FAIL, "vip-local", services[i], "10.0.0.1 is not here",
		    "ip addr add 10.0.0.1/32 dev lo");
		add(EZLB_LEVEL_FAIL, "filter-input", services[i], "fw drops", ways[i]);
		add(EZLB_LEVEL_OK, "scheduler", services[i], i == 0 ? "rr" : "wrr", NULL);
	}
}

static void test_each_once_and_failures_first(void **state)
{
	(void)state;
	four_services();
	assert_string_equal(as_text(),
			    "fail  vip-local        api, dns and 2 more: 10.0.0.1 is not "
			    "here\n"
			    "fail  filter-input     api, dns and 2 more: fw drops\n"
			    "warn  kube-proxy       it may delete\n"
			    "ok    ip-vs            ip_vs is loaded\n"
			    "ok    scheduler        api: rr\n"
			    "ok    scheduler        dns, mail and web: wrr\n"
			    "\n"
			    "To fix this, run:\n"
			    "\n"
			    "edit it\n"
			    "ip addr add 10.0.0.1/32 dev lo\n"
			    "accept api\n"
			    "accept dns\n"
			    "accept mail\n"
			    "accept web\n"
			    "\n"
			    "3 ok, 1 warn, 2 fail\n");
}

/* Findings that differ in nothing but their command are one; of another text, another. */
static void test_what_is_the_same(void **state)
{
	(void)state;
	add(EZLB_LEVEL_FAIL, "backend-route", "web", "no route to 10.1.0.1:80", "route 1");
	add(EZLB_LEVEL_FAIL, "backend-route", "web", "no route to 10.1.0.2:80", "route 2");
	add(EZLB_LEVEL_FAIL, "backend-route", "api", "no route to 10.1.0.1:80", "route 1");
	add(EZLB_LEVEL_WARN, "backend-route", "dns", "no route to 10.1.0.1:80", NULL);
	assert_string_equal(as_text(),
			    "fail  backend-route    web and api: no route to 10.1.0.1:80\n"
			    "fail  backend-route    web: no route to 10.1.0.2:80\n"
			    "warn  backend-route    dns: no route to 10.1.0.1:80\n"
			    "\n"
			    "To fix this, run:\n"
			    "\n"
			    "route 1\n"
			    "route 2\n"
			    "\n"
			    "0 ok, 1 warn, 2 fail\n");
}

static void test_all_is_well(void **state)
{
	(void)state;
	add(EZLB_LEVEL_OK, "ip-vs", "", "ip_vs is loaded", NULL);
	assert_string_equal(as_text(), "ok    ip-vs            ip_vs is loaded\n"
				       "1 ok, 0 warn, 0 fail\n");
}

static void test_json(void **state)
{
	(void)state;
	add(EZLB_LEVEL_OK, "scheduler", "api", "rr", NULL);
	add(EZLB_LEVEL_FAIL, "filter-input", "api", "fw drops", "accept api");
	add(EZLB_LEVEL_FAIL, "filter-input", "web", "fw drops", "accept web");
	add(EZLB_LEVEL_FAIL, "ip-vs", "", "not there", "modprobe ip_vs");
	assert_string_equal(as_json(), "[\n"
				       "  {\n"
				       "    \"check\": \"filter-input\",\n"
				       "    \"level\": \"fail\",\n"
				       "    \"service\": \"api\",\n"
				       "    \"services\": [\n"
				       "      \"api\",\n"
				       "      \"web\"\n"
				       "    ],\n"
				       "    \"text\": \"fw drops\",\n"
				       "    \"fix\": \"accept api\\naccept web\"\n"
				       "  },\n"
				       "  {\n"
				       "    \"check\": \"ip-vs\",\n"
				       "    \"level\": \"fail\",\n"
				       "    \"service\": \"\",\n"
				       "    \"services\": [],\n"
				       "    \"text\": \"not there\",\n"
				       "    \"fix\": \"modprobe ip_vs\"\n"
				       "  },\n"
				       "  {\n"
				       "    \"check\": \"scheduler\",\n"
				       "    \"level\": \"ok\",\n"
				       "    \"service\": \"api\",\n"
				       "    \"services\": [\n"
				       "      \"api\"\n"
				       "    ],\n"
				       "    \"text\": \"rr\",\n"
				       "    \"fix\": \"\"\n"
				       "  }\n"
				       "]\n");
}

/* A path may be any bytes: utf8.h. */
static void test_hostile_names(void **state)
{
	(void)state;
	add(EZLB_LEVEL_FAIL, "service-file", "", "/d/\xff\033[2J\u202e.yaml:1", NULL);
	assert_string_equal(as_text(), "fail  service-file     /d/??[2J?.yaml:1\n"
				       "0 ok, 0 warn, 1 fail\n");
	assert_non_null(strstr(as_json(), "/d/\\uFFFD\\u001B[2J\\u202E.yaml:1"));
}

#define TEST(fn) cmocka_unit_test_teardown(fn, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_once_and_failures_first),
		TEST(test_what_is_the_same),
		TEST(test_all_is_well),
		TEST(test_json),
		TEST(test_hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
