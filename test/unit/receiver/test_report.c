// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include "report.h"

static char *text_of(void (*report)(const struct receivers *, struct ezlb_text *),
		     const struct receivers *receivers)
{
	struct ezlb_text text = { 0 };

	report(receivers, &text);
	return ezlb_text_take(&text, &(size_t){ 0 });
}

static void test_none(void **state)
{
	const struct receivers none = { 0 };
	EZLB_AUTO_FREE char *text = text_of(report_text, &none);
	EZLB_AUTO_FREE char *json = text_of(report_json, &none);

	(void)state;
	assert_string_equal(text, "not attached\n");
	assert_string_equal(json, "{\"receivers\": []}\n");
	assert_false(report_sound(&none));
}

/* One that is as it should be, and one whose cgroup is gone. */
static void fill(struct receivers *receivers)
{
	struct receiver *receiver = EZLB_PUSH(receivers);

	receiver->cgroup_id = 1;
	receiver->cgroup = ezlb_strdup("/c\"1\\\n\xff");
	receiver->pinned = true;
	for (int i = 0; i < PROGRAMS; i++)
		receiver->attached[i] = true;
	assert_int_equal(from_parse("10.0.0.3,fd00::/64", &receiver->from, NULL), 0);
	for (int i = 0; i < TOA_COUNTERS; i++)
		receiver->counters[i] = (uint64_t)i + 1;
}

static void test_one(void **state)
{
	struct receivers receivers = { 0 };
	EZLB_AUTO_FREE char *text = NULL, *json = NULL;

	(void)state;
	fill(&receivers);
	text = text_of(report_text, &receivers);
	json = text_of(report_json, &receivers);
	assert_true(report_sound(&receivers));
	assert_non_null(strstr(text, ", pinned under /sys/fs/bpf/ezlb-toa\n"
				     "  balancers: 10.0.0.3, fd00::/64\n"
				     "  connections whose client is known                1\n"));
	assert_non_null(strstr(json, "\"cgroup_id\": 1, \"pinned\": true, \"attached\": true, "
				     "\"from\": [\"10.0.0.3\", \"fd00::/64\"], \"counters\": "
				     "{\"accepted\": 1, \"without\": 2, \"unlisted\": 3, "
				     "\"malformed\": 4, \"failed\": 5, \"translated\": 6}}]}\n"));
	assert_non_null(strstr(json, "{\"cgroup\": \"/c\\\"1\\\\"));
	assert_null(strchr(json, '\xff'));
	assert_ptr_equal(strchr(json, '\n'), json + strlen(json) - 1);
	receivers_clear(&receivers);
}

static void test_unsound(void **state)
{
	struct receivers receivers = { 0 };
	EZLB_AUTO_FREE char *text = NULL, *json = NULL;

	(void)state;
	fill(&receivers);
	receivers.items[0].attached[PROGRAM_SOCKOPS] = false;
	EZLB_PUSH(&receivers);
	EZLB_PUSH(&receivers)->cgroup_id = 77;
	text = text_of(report_text, &receivers);
	json = text_of(report_json, &receivers);
	assert_false(report_sound(&receivers));
	assert_non_null(strstr(text, "  the program toa_sockops is not attached\n"));
	assert_non_null(strstr(text, "not attached: the cgroup was removed\n"
				     "  balancers: none\n"));
	assert_non_null(strstr(text, "attached to the cgroup with the number 77, by a process "
				     "(ezlb-toa run) or pinned in another /sys/fs/bpf\n"));
	assert_non_null(strstr(json, "{\"cgroup\": null, \"cgroup_id\": 77, \"pinned\": false, "
				     "\"attached\": false, \"from\": []"));
	receivers_clear(&receivers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_unsound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
