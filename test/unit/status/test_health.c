// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <sys/socket.h>

#include <ezlb/status.h>

static void add(struct ezlb_status *status, uint8_t last, bool checked, enum ezlb_verdict verdict)
{
	struct ezlb_status_backend *backend = EZLB_PUSH(&status->backends);

	backend->address = (struct ezlb_endpoint){
		.addr = { .family = AF_INET, .bytes = { 10, 0, 0, last } }, .port = 80
	};
	backend->checked = checked;
	backend->verdict = verdict;
}

static void expect(const struct ezlb_status *status, const char *want)
{
	struct ezlb_text text = { 0 };
	char *got;

	ezlb_status_health(status, &text);
	got = ezlb_text_take(&text, NULL);
	assert_string_equal(got, want);
	free(got);
}

static void test_verdicts(void **state)
{
	struct ezlb_status status = { .ready = true };

	(void)state;
	add(&status, 1, true, EZLB_UP);
	add(&status, 2, true, EZLB_DOWN);
	add(&status, 3, true, EZLB_UNKNOWN);
	add(&status, 4, false, EZLB_UNKNOWN);
	/* Of two services: up in one of them, whichever comes first. */
	add(&status, 5, true, EZLB_DOWN);
	add(&status, 5, true, EZLB_UP);
	add(&status, 6, true, EZLB_UP);
	add(&status, 6, true, EZLB_DOWN);
	/* It has left the file and drains. */
	add(&status, 7, false, EZLB_UNKNOWN);
	status.backends.items[status.backends.len - 1].removed = true;
	expect(&status, "{\"status\":\"healthy\",\"ready\":true,\"reason\":\"\","
			"\"draining\":false,\"backends\":{"
			"\"10.0.0.1:80\":true,\"10.0.0.2:80\":false,\"10.0.0.3:80\":false,"
			"\"10.0.0.4:80\":true,\"10.0.0.5:80\":true,\"10.0.0.6:80\":true}}\n");
	ezlb_status_clear(&status);
}

static void test_not_ready_says_why(void **state)
{
	struct ezlb_status status = { .drain.kind = EZLB_NODE_EXITING,
				      .not_ready = "a \"name\" that ends within a \xe4\xb8" };

	(void)state;
	expect(&status,
	       "{\"status\":\"unhealthy\",\"ready\":false,\"reason\":\"a \\\"name\\\" that "
	       "ends within a \xef\xbf\xbd\xef\xbf\xbd\",\"draining\":true,\"backends\":{}}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_not_ready_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
