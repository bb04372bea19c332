// SPDX-License-Identifier: GPL-2.0-or-later
#include "json_fixture.h"
#include "listening.h"

/* What /api/v1/status says of the address of each listener. */
static void test_where_an_address_is(void **state)
{
	static const struct {
		enum ezlb_vip_state vip;
		const char *want;
	} rows[] = {
		{ EZLB_VIP_UNKNOWN, "" },
		{ EZLB_VIP_ANNOUNCED, ",\"vip\":\"announced\",\"where\":\"fd00::1 is on ezlb0\"" },
		{ EZLB_VIP_WITHDRAWN,
		  ",\"vip\":\"withdrawn\",\"where\":\"fd00::1 is not on ezlb0: no backend of a "
		  "service on it serves (vip: serving)\"" },
		{ EZLB_VIP_HELD, ",\"vip\":\"held\",\"where\":\"fd00::1 is not on ezlb0 yet: a "
				 "backend serves again; it returns after --vip-hold\"" },
		{ EZLB_VIP_DRAINED, ",\"vip\":\"drained\",\"where\":\"fd00::1 is on ezlb0-drain: "
				    "this balancer drains\"" },
		{ EZLB_VIP_ELSEWHERE,
		  ",\"vip\":\"elsewhere\",\"where\":\"fd00::1 is on a link that "
		  "is not ezlb's, so ezlb does not add it to ezlb0\"" },
		{ EZLB_VIP_MISSING, ",\"vip\":\"missing\",\"where\":\"fd00::1 is not on ezlb0, "
				    "where it should be\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_status status = { .vip_device = "ezlb0" };
		EZLB_AUTO_FREE char *want = ezlb_asprintf(
			"[{\"protocol\":\"tcp\",\"listen\":\"[fd00::1]:80\"%s}]", rows[i].want);
		json_t *doc;

		add_service(&status, "web")->applied = true;
		listen_on(&status, EZLB_TCP, "[fd00::1]:80")->vip = rows[i].vip;
		doc = rendered(&status);
		assert_written(rows[i].want,
			       json_object_get(json_array_get(json_object_get(doc, "services"), 0),
					       "listeners"),
			       want);
		json_decref(doc);
		ezlb_status_clear(&status);
	}
}

static void test_a_drain_without_a_link(void **state)
{
	struct ezlb_status status = { .drain = { EZLB_NODE_DRAINED, ONE } };
	json_t *doc = rendered(&status);

	(void)state;
	assert_written(
		"draining", json_object_get(doc, "draining"),
		"{\"kind\":\"drained\",\"since\":\"2026-11-23T01:00:00.000Z\",\"device\":null,"
		"\"where\":\"without --vip-device ezlb moves no addresses: only `ezlb probe "
		"ready` tells it\"}");
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_an_address_is),
		cmocka_unit_test(test_a_drain_without_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
