// SPDX-License-Identifier: GPL-2.0-or-later
/* The thread, with a socket pair in the place of the kernel's socket. */
#include "removed.h"

#include <errno.h>
#include <poll.h>

#include <ezlb/connlog.h>
#include <ezlb/log.h>

#include "ending.h"
#include "feed.h"
#include "specs.h"
#include "tmpdir.h"

static int kernel = -1; /* the kernel's end of the socket */
static int opened, filtered, open_fails, join_fails, filter_fails;
static uint32_t drops;
static bool hangs, hung; /* the thread, as in a write to a file system that does not answer */

int feed_open(int bytes, struct ezlb_err *err)
{
	int pair[2];

	assert_int_equal(bytes, FEED_BYTES);
	opened++;
	if (open_fails)
		return ezlb_err_sys(err, open_fails, "cannot open");
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	if (kernel >= 0)
		close(kernel);
	kernel = pair[0];
	return pair[1];
}

int feed_join(int fd, struct ezlb_err *err)
{
	(void)fd;
	return join_fails ? ezlb_err_sys(err, join_fails, "cannot join") : 0;
}

int feed_filter(int fd, const struct ezlb_connections_index *index, struct ezlb_err *err)
{
	(void)fd;
	assert_true(index->services.len > 0);
	filtered++;
	return filter_fails ? ezlb_err_sys(err, filter_fails, "cannot filter") : 0;
}

uint32_t feed_drops(int fd)
{
	(void)fd;
	while (__atomic_load_n(&hangs, __ATOMIC_SEQ_CST)) {
		__atomic_store_n(&hung, true, __ATOMIC_SEQ_CST);
		poll(NULL, 0, 1);
	}
	return __atomic_load_n(&drops, __ATOMIC_SEQ_CST);
}

/* --- a log and its files -----------------------------------------------------------------------
 */

#define QUIET "quiet tcp 10.0.0.1:82 snat=10.0.0.3 192.168.10.11:8080"

/* The service, NULL: none, and beside it one without connection_log. */
static void set(struct ezlb_connlog *log, const char *text, bool connection_log)
{
	struct ezlb_spec *quiet = spec_of("/d/q.yaml", QUIET);
	struct ezlb_spec *spec = text ? spec_of("/d/a.yaml", text) : NULL;
	const struct ezlb_spec *items[] = { quiet, spec };
	const struct ezlb_desired desired = { items, spec ? 2 : 1, 2 };

	if (spec)
		spec->connection_log = connection_log;
	ezlb_connlog_set(log, &desired);
	ezlb_spec_free(spec);
	ezlb_spec_free(quiet);
}

static void send_message(const struct removed *r)
{
	union message buf;

	removed_message(r, &buf);
	assert_int_equal(send(kernel, buf.bytes, buf.msg.nlmsg_len, 0), buf.msg.nlmsg_len);
}

static void tell_of(const char *client, const char *listen)
{
	struct removed r = closed;

	r.client = client;
	r.listen = listen;
	send_message(&r);
}

static void tell(const char *client)
{
	tell_of(client, closed.listen);
}

static uint64_t lines(void)
{
	struct ezlb_connlog_counts counts;

	ezlb_connlog_counts(&counts);
	return counts.lines + counts.unwritten;
}

/* Waits until so many lines have been written or lost. */
static void until(uint64_t n)
{
	for (int i = 0; i < 1000 && lines() < n; i++)
		poll(NULL, 0, 10);
	assert_int_equal(lines(), n);
}

/* The clients of the lines of a file, and removes the file. */
static struct text clients(const char *name)
{
	struct text path = at(name), out = { "" };
	FILE *file = fopen(path.s, "r");
	char line[1024], client[64];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		assert_int_equal(sscanf(line, "svc=%*s proto=tcp client=%63s", client), 1);
		assert_non_null(strstr(line, " how=closed\n"));
		ezlb_strcatf(out.s, sizeof(out.s), "%s%s", out.s[0] ? " " : "", client);
	}
	fclose(file);
	unlink(path.s);
	return out;
}

#define WEB "web tcp 10.0.0.1:80 snat=10.0.0.3 192.168.10.11:8080"

static void test_lines(void **state)
{
	struct text path = at("log");
	const struct ezlb_connlog_options options = { .file = path.s };
	struct ezlb_connlog *log = ezlb_connlog_new(&options);
	struct ezlb_connlog_counts counts;
	uint64_t before = lines();

	(void)state;
	opened = 0;
	set(log, WEB, false);
	set(log, NULL, false);
	assert_int_equal(opened, 0);
	ezlb_connlog_counts(&counts);
	assert_false(counts.on);
	set(log, WEB, true);
	assert_int_equal(opened, 1);
	ezlb_connlog_counts(&counts);
	assert_true(counts.on);
	assert_string_equal(counts.problem, "");
	tell("172.16.0.2:1");
	/* Messages of others pass the filter while it is replaced. */
	tell_of("172.16.0.2:99", "10.0.0.1:82");
	tell_of("172.16.0.2:99", "10.0.0.9:80");
	tell("172.16.0.2:2");
	until(before + 2);
	assert_string_equal(clients("log").s, "172.16.0.2:1 172.16.0.2:2");
	/* The file is open: more lines go to where it was, until it is opened again. */
	ezlb_connlog_reopen(log);
	tell("172.16.0.2:3");
	until(before + 3);
	/* Another service: lines of the first one end, the socket stays. */
	set(log, "api tcp 10.0.0.1:81 snat=10.0.0.3 192.168.10.11:8080", true);
	tell("172.16.0.2:4");
	set(log, WEB, true);
	tell("172.16.0.2:5");
	assert_int_equal(opened, 1);
	/* What is in the socket at the end is written. */
	for (int i = 6; i < 10; i++) {
		char client[64];

		snprintf(client, sizeof(client), "172.16.0.2:%d", i);
		tell(client);
	}
	ezlb_connlog_free(log);
	assert_non_null(strstr(clients("log").s, "172.16.0.2:3 "));
	ezlb_connlog_counts(&counts);
	assert_false(counts.on);
	assert_true(lines() >= before + 8);
}

static void test_off_and_on(void **state)
{
	struct text path = at("log");
	const struct ezlb_connlog_options options = { .file = path.s };
	struct ezlb_connlog *log = ezlb_connlog_new(&options);
	uint64_t before = lines();

	(void)state;
	opened = 0;
	for (int i = 1; i <= 5; i++) {
		set(log, WEB, true);
		tell("172.16.0.2:1");
		set(log, WEB, i % 2 == 0); /* the line is written all the same */
	}
	/* Soon nobody has the other end any more. */
	set(log, NULL, false);
	for (int i = 0; i < 1000 && send(kernel, "", 1, MSG_NOSIGNAL) == 1; i++)
		poll(NULL, 0, 10);
	assert_int_equal(send(kernel, "", 1, MSG_NOSIGNAL), -1);
	ezlb_connlog_free(log);
	assert_int_equal(lines(), before + 5);
	assert_true(opened >= 3);
	unlink(path.s);
}

static void test_losses(void **state)
{
	struct text path = at("none/log");
	const struct ezlb_connlog_options options = { .file = path.s };
	struct ezlb_connlog *log = ezlb_connlog_new(&options);
	struct ezlb_connlog_counts start, counts;

	(void)state;
	ezlb_connlog_counts(&start);
	set(log, WEB, true);
	__atomic_store_n(&drops, 7, __ATOMIC_SEQ_CST);
	tell("172.16.0.2:1");
	tell("172.16.0.2:2");
	until(start.lines + start.unwritten + 2);
	ezlb_connlog_counts(&counts);
	assert_int_equal(counts.missed, start.missed + 7);
	assert_int_equal(counts.unwritten, start.unwritten + 2);
	assert_int_equal(counts.lines, start.lines);
	for (int i = 0; i < 1000 && !counts.problem[0]; i++) {
		poll(NULL, 0, 10);
		ezlb_connlog_counts(&counts);
	}
	assert_non_null(strstr(counts.problem, "cannot open /tmp/"));
	/* Another reason takes its place. */
	make_dir("none");
	make_dir("none/log");
	ezlb_connlog_reopen(log);
	for (int i = 0; i < 1000 && !strstr(counts.problem, "Is a directory"); i++) {
		poll(NULL, 0, 10);
		ezlb_connlog_counts(&counts);
	}
	assert_non_null(strstr(counts.problem, "Is a directory"));
	/* As logrotate would do it after the file can be made. */
	assert_int_equal(rmdir(at("none/log").s), 0);
	ezlb_connlog_reopen(log);
	tell("172.16.0.2:3");
	until(start.lines + start.unwritten + 3);
	ezlb_connlog_free(log);
	ezlb_connlog_counts(&counts);
	assert_int_equal(counts.lines, start.lines + 1);
	assert_int_equal(counts.missed, start.missed + 7);
	assert_string_equal(counts.problem, "");
	assert_string_equal(clients("none/log").s, "172.16.0.2:3");
	__atomic_store_n(&drops, 0, __ATOMIC_SEQ_CST);
}

/* Each step of the start fails; the next set tries again. */
static void test_start_fails(void **state)
{
	int *const steps[] = { &open_fails, &join_fails, &filter_fails };
	struct text path = at("log");
	const struct ezlb_connlog_options options = { .file = path.s };
	struct ezlb_connlog *log = ezlb_connlog_new(&options);
	struct ezlb_connlog_counts counts;
	uint64_t before = lines();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		*steps[i] = ENOPROTOOPT;
		set(log, WEB, true);
		set(log, WEB, true);
		*steps[i] = 0;
		ezlb_connlog_counts(&counts);
		assert_true(counts.on);
		assert_non_null(strstr(counts.problem, "cannot "));
	}
	ezlb_connlog_reopen(log);
	set(log, WEB, true);
	ezlb_connlog_counts(&counts);
	assert_string_equal(counts.problem, "");
	tell("172.16.0.2:1");
	until(before + 1);
	/* A filter that cannot be replaced: the old one stays, and so do the lines. */
	filter_fails = ENOMEM;
	set(log, WEB, true);
	filter_fails = 0;
	ezlb_connlog_counts(&counts);
	assert_non_null(strstr(counts.problem, "cannot filter"));
	tell("172.16.0.2:2");
	until(before + 2);
	ezlb_connlog_free(log);
	ezlb_connlog_free(NULL);
	assert_string_equal(clients("log").s, "172.16.0.2:1 172.16.0.2:2");
}

static void let_hang(struct ezlb_connlog *log, const char *client)
{
	__atomic_store_n(&hung, false, __ATOMIC_SEQ_CST);
	__atomic_store_n(&hangs, true, __ATOMIC_SEQ_CST);
	set(log, WEB, true);
	tell(client);
	for (int i = 0; i < 1000 && !__atomic_load_n(&hung, __ATOMIC_SEQ_CST); i++)
		poll(NULL, 0, 10);
	assert_true(__atomic_load_n(&hung, __ATOMIC_SEQ_CST));
}

static const char *problem(void)
{
	static struct ezlb_connlog_counts counts;

	ezlb_connlog_counts(&counts);
	return counts.problem;
}

/* Nobody waits for a thread that hangs: neither who switches the log on again, nor who ends it. */
static void test_hanging_file(void **state)
{
	struct text path = at("later/log");
	const struct ezlb_connlog_options options = { .file = path.s };
	struct ezlb_connlog *log = ezlb_connlog_new(&options);
	uint64_t before = lines();

	(void)state;
	opened = 0;
	make_dir("later");
	set(log, WEB, true);
	let_hang(log, "172.16.0.2:1");
	set(log, WEB, false);
	for (int i = 0; i < 2; i++) {
		set(log, WEB, true);
		assert_non_null(strstr(problem(), "still being written"));
	}
	assert_int_equal(opened, 1);
	/* It goes on, and its last line is lost; that is no problem of the next file. */
	unlink(path.s);
	ezlb_connlog_reopen(log);
	assert_int_equal(rmdir(at("later").s), 0);
	__atomic_store_n(&hangs, false, __ATOMIC_SEQ_CST);
	until(before + 1);
	make_dir("later");
	for (int i = 0; i < 1000 && opened == 1; i++) {
		set(log, WEB, true);
		poll(NULL, 0, 10);
	}
	assert_string_equal(problem(), "");
	tell("172.16.0.2:2");
	until(before + 2);
	assert_string_equal(clients("later/log").s, "172.16.0.2:2");

	let_hang(log, "172.16.0.2:3");
	ezlb_connlog_free(log);
	assert_true(lines() <= before + 3);
	/* When it ends at last, it frees all that it had. */
	__atomic_store_n(&hangs, false, __ATOMIC_SEQ_CST);
	until(before + 3);
	for (int i = 0; i < 1000 && send(kernel, "", 1, MSG_NOSIGNAL) == 1; i++)
		poll(NULL, 0, 10);
	assert_int_equal(send(kernel, "", 1, MSG_NOSIGNAL), -1);
}

/* Without a file the lines are in the log. */
static void test_to_the_log(void **state)
{
	const struct ezlb_connlog_options options = { .file = NULL };
	struct ezlb_connlog *log = ezlb_connlog_new(&options);
	struct ezlb_connlog_counts start, counts;
	uint64_t before = lines();
	struct text path = at("stderr");
	char text[4096] = "";
	int saved = dup(STDERR_FILENO), fd = open(path.s, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	dup2(fd, STDERR_FILENO);
	set(log, WEB, true);
	ezlb_connlog_reopen(log);
	tell("172.16.0.2:1");
	until(before + 1);
	/* A log level that hides them. */
	ezlb_connlog_counts(&start);
	ezlb_log_set_level(EZLB_WARN);
	tell("172.16.0.2:2");
	until(before + 2);
	ezlb_connlog_free(log);
	ezlb_log_set_level(EZLB_INFO);
	ezlb_connlog_counts(&counts);
	assert_int_equal(counts.lines, start.lines);
	assert_int_equal(counts.unwritten, start.unwritten + 1);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	close(fd);
	assert_non_null(
		strstr(text, " level=info pkg=connlog svc=web proto=tcp client=172.16.0.2:1 "));
}

/* IPVS forgets an open connection after 15 minutes, unless a flag says otherwise. */
static void test_time_of_ipvs(void **state)
{
	static const uint32_t seconds[] = { 0, 3600 };
	struct timeouts host;
	bool known;

	(void)state;
	timeouts_read("/proc/sys/net", &host);
	known = host.of[TIMEOUT_ESTABLISHED] > 2000;
	for (size_t i = 0; i < COUNT_OF(seconds); i++) {
		struct text path = at("log");
		const struct ezlb_connlog_options options = { path.s, seconds[i] };
		struct ezlb_connlog *log = ezlb_connlog_new(&options);
		const char *want = i ? " how=removed\n" : " how=timeout\n";
		struct removed r = closed;
		char text[1024] = "";
		int fd;

		r.state = TCP_CONNTRACK_ESTABLISHED;
		r.left_s = known ? (uint32_t)(host.of[TIMEOUT_ESTABLISHED] - 1000) : 5000;
		r.stop_ns = START + 1000 * SECOND;
		set(log, WEB, true);
		send_message(&r);
		ezlb_connlog_free(log);
		fd = open(path.s, O_RDONLY | O_CLOEXEC);
		assert_true(read(fd, text, sizeof(text) - 1) > 0);
		close(fd);
		unlink(path.s);
		/* On a host without conntrack there are no timeouts to read. */
		assert_non_null(strstr(text, known ? want : " how=unknown\n"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	     cmocka_unit_test(test_off_and_on),
		cmocka_unit_test(test_losses),	     cmocka_unit_test(test_start_fails),
		cmocka_unit_test(test_to_the_log),   cmocka_unit_test(test_time_of_ipvs),
		cmocka_unit_test(test_hanging_file),
	};

	return cmocka_run_group_tests(tests, setup_top, teardown_top);
}
