// SPDX-License-Identifier: GPL-2.0-or-later
/* Many backends that fail at once: few passes remove them, not one for each. */
#include "commands.h"

#include <ezlb/text.h>

#include "logged.h"
#include "own_net.h"

#define BACKENDS   250 /* of the addresses of own_net */
#define SERVICES   500 /* with one backend */
#define PASSES_MAX 80  /* in two seconds; without a pause between them there are 130 */

static void put_service(unsigned port)
{
	struct ezlb_text text = { 0 };
	char *file;

	ezlb_text_puts(&text, "listen: 10.0.0.1:80\nbackends:\n");
	for (unsigned i = 1; i <= BACKENDS; i++)
		ezlb_text_printf(&text, "  - address: 192.0.2.%u:%u\n", i, port);
	ezlb_text_puts(&text, "health_check: {interval: 2s, fail_count: 1}\n");
	file = ezlb_text_take(&text, NULL);
	put("config/web.yaml", file);
	free(file);
}

static void test_few_passes(void **state)
{
	struct sockaddr_in at;
	size_t before, empty, passes;
	int fd;
	pid_t pid;

	(void)state;
	fd = listen_on(&at);
	put_service(ntohs(at.sin_port));
	pid = start();
	wait_for(" dests=250 ", 1);
	before = times("why=health");
	empty = times(" dests=0 ");
	assert_int_equal(shutdown(fd, SHUT_RD), 0); /* of the child's copy, too */
	wait_for(" to=down ", BACKENDS);
	wait_for(" dests=0 ", empty + 1);
	passes = times("why=health") - before;
	stop(pid);
	close(fd);
	print_message("%zu passes\n", passes);
	if (passes > PASSES_MAX)
		fail_msg("%zu passes for %d backends", passes, BACKENDS);
}

/* Services with equal checks share a probe, so their verdicts change at the same time. */
static void test_at_once_is_one_pass(void **state)
{
	struct sockaddr_in at;
	size_t before, empty;
	char name[64], text[160];
	int fd;
	pid_t pid;

	(void)state;
	fd = listen_on(&at);
	for (unsigned i = 0; i < SERVICES; i++) {
		snprintf(name, sizeof(name), "config/web%u.yaml", i);
		snprintf(text, sizeof(text),
			 "listen: 10.0.0.1:%u\nbackends: [{address: 192.0.2.1:%u}]\n"
			 "health_check: {interval: 1s, fail_count: 2}\n",
			 1 + i, (unsigned)ntohs(at.sin_port));
		put(name, text);
	}
	pid = start();
	wait_for(" dests=500 ", 1);
	before = times("why=health");
	empty = times(" dests=0 ");
	assert_int_equal(shutdown(fd, SHUT_RD), 0);
	wait_for(" to=down ", SERVICES);
	wait_for(" dests=0 ", empty + 1);
	assert_int_equal(times("why=health") - before, 1);
	stop(pid);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_TOP(test_few_passes),
					    IN_TOP(test_at_once_is_one_pass) };

	if (!own_net()) {
		perror("a network namespace of its own");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
