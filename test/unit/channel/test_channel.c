// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include <ezlb/channel.h>
#include <ezlb/loop.h>

/* What happened to one side. */
struct side {
	struct ezlb_channel *channel;
	char seen[2048]; /* "up ", "down ", "PROBE:text ", "lost:why " */
	size_t bytes, records;
	int kept_fd;
};

static uv_loop_t loop;
static struct side a, b;

static void note(struct side *side, const char *word, const char *text)
{
	strncat(side->seen, word, sizeof(side->seen) - strlen(side->seen) - 1);
	strncat(side->seen, text, sizeof(side->seen) - strlen(side->seen) - 1);
	strncat(side->seen, " ", sizeof(side->seen) - strlen(side->seen) - 1);
}

static void on_state(void *arg, bool up)
{
	note(arg, up ? "up" : "down", "");
}

static void on_lost(void *arg, const char *why)
{
	note(arg, "lost:", why ? why : "closed");
}

static void on_probe(void *arg, struct ezlb_record *record)
{
	struct side *side = arg;
	char text[16] = "";

	side->records++;
	side->bytes += record->len;
	if (record->len < sizeof(text))
		memcpy(text, record->data, record->len);
	note(side, "PROBE:", text);
	if (record->n_fds > 0) {
		side->kept_fd = record->fds[0];
		record->fds[0] = -1;
	}
}

static void open_side(struct side *side, int fd)
{
	*side = (struct side){ .kept_fd = -1 };
	ezlb_channel_open(&loop, on_lost, side, &side->channel);
	ezlb_channel_watch(side->channel, on_state, side);
	ezlb_channel_on(side->channel, EZLB_RECORD_PROBE, on_probe, side);
	assert_false(ezlb_channel_is_up(side->channel));
	assert_int_equal(ezlb_channel_attach(side->channel, fd, NULL), 0);
	assert_true(ezlb_channel_is_up(side->channel));
}

static void pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
}

static int setup(void **state)
{
	int fds[2];

	(void)state;
	uv_loop_init(&loop);
	pair(fds);
	open_side(&a, fds[0]);
	open_side(&b, fds[1]);
	return 0;
}

/* Everything that is ready, and what follows from it. */
static void run(void)
{
	for (int i = 0; i < 300; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static int teardown(void **state)
{
	(void)state;
	if (a.channel)
		ezlb_channel_close(a.channel);
	if (b.channel)
		ezlb_channel_close(b.channel);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

static void say(struct side *side, const char *text)
{
	assert_true(ezlb_channel_say(side->channel, EZLB_RECORD_PROBE, text, strlen(text)));
}

static void test_says(void **state)
{
	(void)state;
	say(&a, "one");
	say(&a, "");
	say(&b, "back");
	/* Nobody receives this kind. */
	assert_true(ezlb_channel_say(a.channel, EZLB_RECORD_CHECK, "x", 1));
	run();
	assert_string_equal(b.seen, "up PROBE:one PROBE: ");
	assert_string_equal(a.seen, "up PROBE:back ");
}

/* More than the socket takes: nothing is lost, and the order stays. */
static void test_waits(void **state)
{
	static char big[EZLB_RECORD_MAX];

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(ezlb_channel_say(a.channel, EZLB_RECORD_PROBE, big, sizeof(big)));
	say(&a, "last");
	run();
	assert_int_equal(b.records, 101);
	assert_int_equal(b.bytes, 100 * sizeof(big) + 4);
	assert_non_null(strstr(b.seen, "PROBE:last"));
	assert_true(ezlb_channel_is_up(a.channel));
}

static void test_does_not_read(void **state)
{
	static char big[EZLB_RECORD_MAX];

	(void)state;
	ezlb_channel_close(b.channel);
	b.channel = NULL;
	run();
	assert_string_equal(a.seen, "up down lost:closed ");
	assert_false(ezlb_channel_say(a.channel, EZLB_RECORD_PROBE, "x", 1));

	/* Another one, which nobody reads. */
	int fds[2];
	pair(fds);
	a.seen[0] = '\0';
	assert_int_equal(ezlb_channel_attach(a.channel, fds[0], NULL), 0);
	for (int i = 0; i < 400; i++)
		ezlb_channel_say(a.channel, EZLB_RECORD_PROBE, big, sizeof(big));
	run();
	assert_string_equal(a.seen, "up down lost:it does not read ");
	close(fds[1]);
}

static void test_descriptors(void **state)
{
	struct ezlb_record record = { .kind = EZLB_RECORD_PROBE, .data = "f", .len = 1 };
	int pipes[2], before, after;
	char c = 0;

	(void)state;
	before = dup(0);
	close(before);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	record.fds[0] = pipes[1];
	record.fds[1] = dup(pipes[1]);
	record.n_fds = 2;
	assert_true(ezlb_channel_send(a.channel, &record));
	run();
	/* The first was kept, all others are closed. */
	assert_true(b.kept_fd >= 0);
	assert_int_equal(write(b.kept_fd, "!", 1), 1);
	close(b.kept_fd);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	assert_int_equal(read(pipes[0], &c, 1), 0);
	close(pipes[0]);
	/* A kind without a receiver, and a channel that is down, close them, too. */
	record = (struct ezlb_record){ .kind = EZLB_RECORD_CHECK, .fds = { dup(0) }, .n_fds = 1 };
	ezlb_channel_send(a.channel, &record);
	run();
	ezlb_channel_refuse(a.channel, "test");
	run();
	record = (struct ezlb_record){ .kind = EZLB_RECORD_CHECK, .fds = { dup(0) }, .n_fds = 1 };
	assert_false(ezlb_channel_send(a.channel, &record));
	after = dup(0);
	close(after);
	assert_true(after <= before);
}

static void on_dropped(void *arg)
{
	note(arg, "dropped", "");
}

/* Returns what it was. room: so many descriptors more than now may be open. */
static rlim_t limit_descriptors(int room)
{
	struct rlimit limit;
	rlim_t before;
	int fds[4], n = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	while (n <= room)
		fds[n++] = dup(0);
	limit.rlim_cur = (rlim_t)fds[n - 1];
	while (n > 0)
		close(fds[--n]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static void say_with_two(void)
{
	struct ezlb_record record = { .kind = EZLB_RECORD_PROBE,
				      .data = "f",
				      .len = 1,
				      .fds = { dup(0), dup(0) },
				      .n_fds = 2 };

	assert_true(ezlb_channel_send(a.channel, &record));
}

/* For both descriptors, or for the second one. */
static void test_no_room_for_descriptors(void **state)
{
	struct rlimit limit;
	rlim_t before;

	(void)state;
	ezlb_channel_on_dropped(b.channel, on_dropped, &b);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int room = 0; room < 2; room++) {
		say_with_two();
		before = limit_descriptors(room);
		run();
		limit.rlim_cur = before;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	}
	say(&a, "next");
	run();
	assert_string_equal(b.seen, "up dropped dropped PROBE:next ");
	assert_int_equal(b.kept_fd, -1);
	/* Whoever does not know what to do then must not go on as if there had been nothing. */
	ezlb_channel_on_dropped(b.channel, NULL, NULL);
	b.seen[0] = '\0';
	say_with_two();
	limit_descriptors(0);
	run();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_string_equal(b.seen,
			    "down lost:there was no free descriptor for one that it has sent ");
}

/* A loop is begun, or it is said why not: libuv alone would abort. */
static void test_no_room_for_a_loop(void **state)
{
	struct ezlb_err err;
	struct rlimit limit;
	uv_loop_t other;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit_descriptors(3);
	assert_int_equal(ezlb_loop_begin(&other, &err), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_string_equal(err.msg, "cannot start the event loop: Too many open files");
	assert_int_equal(ezlb_loop_begin(&other, &err), 0);
	assert_int_equal(uv_loop_close(&other), 0);
}

/* What a hostile worker may send. */
static void test_no_record(void **state)
{
	static const struct {
		const char *name;
		struct ezlb_record_head head;
		size_t len;
		bool lost;
	} rows[] = {
		{ "unknown kind", { .kind = EZLB_RECORDS }, sizeof(struct ezlb_record_head), true },
		{ "not zero",
		  { .kind = EZLB_RECORD_PROBE, .zero = 1 },
		  sizeof(struct ezlb_record_head),
		  true },
		{ "longer than it says",
		  { .kind = EZLB_RECORD_PROBE },
		  sizeof(struct ezlb_record_head) + 1,
		  true },
		{ "shorter",
		  { .kind = EZLB_RECORD_PROBE, .len = 5 },
		  sizeof(struct ezlb_record_head),
		  true },
		{ "half a head", { .kind = EZLB_RECORD_PROBE }, 4, true },
		{ "too long",
		  { .kind = EZLB_RECORD_PROBE, .len = EZLB_RECORD_MAX },
		  sizeof(struct ezlb_record_head) + EZLB_RECORD_MAX + 1,
		  true },
		{ "right",
		  { .kind = EZLB_RECORD_PROBE, .len = 3 },
		  sizeof(struct ezlb_record_head) + 3,
		  false },
	};
	static unsigned char message[sizeof(struct ezlb_record_head) + EZLB_RECORD_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fds[2];

		ezlb_channel_refuse(a.channel, "next");
		run();
		a.seen[0] = '\0';
		a.records = 0;
		pair(fds);
		assert_int_equal(ezlb_channel_attach(a.channel, fds[0], NULL), 0);
		memcpy(message, &rows[i].head, sizeof(rows[i].head));
		assert_int_equal(send(fds[1], message, rows[i].len, 0), rows[i].len);
		run();
		if (rows[i].lost)
			assert_string_equal(a.seen, "up down lost:it has sent what is no record ");
		assert_int_equal(a.records, rows[i].lost ? 0 : 1);
		close(fds[1]);
	}
}

/* A message without bytes looks like the end: the channel goes down, and nothing else happens. */
static void test_empty_message(void **state)
{
	int fds[2];

	(void)state;
	ezlb_channel_refuse(a.channel, "next");
	run();
	pair(fds);
	assert_int_equal(ezlb_channel_attach(a.channel, fds[0], NULL), 0);
	a.seen[0] = '\0';
	assert_int_equal(send(fds[1], "", 0, 0), 0);
	run();
	assert_string_equal(a.seen, "down lost:closed ");
	close(fds[1]);
}

/* What was sent before the close still arrives. */
static void test_read_to_the_end(void **state)
{
	(void)state;
	say(&b, "last");
	ezlb_channel_close(b.channel);
	b.channel = NULL;
	say(&a, "in vain");
	run();
	assert_string_equal(a.seen, "up PROBE:last down lost:closed ");
}

/* It reads no more, but keeps its socket: what it has sent arrives, and then it is given up. */
static void test_reads_no_more(void **state)
{
	int fds[2];

	(void)state;
	ezlb_channel_refuse(a.channel, "next");
	run();
	pair(fds);
	assert_int_equal(ezlb_channel_attach(a.channel, fds[0], NULL), 0);
	a.seen[0] = '\0';
	assert_int_equal(shutdown(fds[1], SHUT_RD), 0);
	run();
	assert_string_equal(a.seen, "");
	say(&a, "in vain");
	run();
	assert_string_equal(a.seen, "down lost:it does not read ");
	close(fds[1]);
}

static void refuse_it(void *arg, struct ezlb_record *record)
{
	struct side *side = arg;

	(void)record;
	side->records++;
	ezlb_channel_refuse(side->channel, "an id that is not known");
}

static void test_refused_by_receiver(void **state)
{
	(void)state;
	ezlb_channel_on(a.channel, EZLB_RECORD_PROBE, refuse_it, &a);
	say(&b, "1");
	say(&b, "2");
	run();
	assert_int_equal(a.records, 1);
	assert_string_equal(a.seen, "up down lost:an id that is not known ");
	assert_string_equal(b.seen, "up down lost:closed ");
}

/* Another worker before the end of the last one was read. */
static void test_attached_again(void **state)
{
	int fds[2];

	(void)state;
	pair(fds);
	say(&b, "of the last");
	ezlb_channel_refuse(a.channel, "test"); /* not carried out yet */
	a.seen[0] = '\0';
	assert_int_equal(ezlb_channel_attach(a.channel, fds[0], NULL), 0);
	run();
	assert_string_equal(a.seen, "down up ");
	assert_string_equal(b.seen, "up down lost:closed ");
	close(fds[1]);
}

static void test_does_not_keep_the_loop(void **state)
{
	int fds[2];

	(void)state;
	ezlb_channel_unref(a.channel);
	ezlb_channel_unref(b.channel);
	uv_run(&loop, UV_RUN_DEFAULT); /* returns */
	assert_true(ezlb_channel_is_up(a.channel));
	/* Nor does another socket. */
	pair(fds);
	assert_int_equal(ezlb_channel_attach(a.channel, fds[0], NULL), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	close(fds[1]);
}

/* A watcher that was removed is not called. */
static void test_watchers(void **state)
{
	struct side others[3] = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		ezlb_channel_watch(a.channel, on_state, &others[i]);
	ezlb_channel_watch(a.channel, NULL, &others[1]);
	ezlb_channel_refuse(a.channel, "test");
	run();
	assert_string_equal(others[0].seen, "down ");
	assert_string_equal(others[1].seen, "");
	assert_string_equal(others[2].seen, "down ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_says, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_does_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room_for_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room_for_a_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_record, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_to_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reads_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_by_receiver, setup, teardown),
		cmocka_unit_test_setup_teardown(test_attached_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_does_not_keep_the_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_watchers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
