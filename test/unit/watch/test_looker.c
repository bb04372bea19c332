// SPDX-License-Identifier: GPL-2.0-or-later
/* Nothing that files do holds the loop: a thread opens them, reads them and judges what they are.
 */
#include "harness.h"

#include <stdarg.h>
#include <sys/syscall.h>

static struct {
	atomic_uint on_loop, elsewhere; /* service files that were opened */
} opened;

/* Stands in for libc's in this program. */
int openat(int dirfd, const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (pthread_equal(pthread_self(), judged.loop_thread))
		opened.on_loop++;
	else
		opened.elsewhere++;
	return (int)syscall(SYS_openat, dirfd, name, flags, mode);
}

static void forget_counts(void)
{
	opened.on_loop = opened.elsewhere = 0;
	judged.calls = judged.files = judged.on_loop = 0;
}

static void put_many(unsigned n, const char *text)
{
	char name[64];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "d/%04u.yaml", i);
		put(name, text);
	}
}

/* By the names that events told, up to 250, and by a look at the whole directory. */
static void test_off_the_loop(void **state)
{
	static const unsigned numbers[] = { 1, 250, 400 };

	(void)state;
	make_dir("d");
	put_many(2, "0\n");
	open_dir("d");
	assert_int_equal(judged.on_loop, 1); /* the first look is waited for */
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		char text[] = { (char)('1' + (int)i), '\n', '\0' };
		size_t before = got.n;

		forget_counts();
		put_many(numbers[i], text);
		while (got.n == before)
			turn();
		assert_int_equal(got.n, before + 1);
		assert_int_equal(opened.on_loop, 0);
		assert_true(opened.elsewhere >= numbers[i]);
		assert_int_equal(judged.on_loop, 0);
		assert_int_equal(judged.calls, 1);
		assert_int_equal(judged.files, numbers[i]);
	}
}

/* What is not whole waits, and is read again, but not judged again. */
static void test_a_second_look(void **state)
{
	size_t before;

	(void)state;
	make_dir("d");
	open_dir("d");
	before = got.n;
	forget_counts();
	put_many(300, "half");
	while (got.n == before)
		turn();
	assert_int_equal(opened.on_loop, 0);
	assert_int_equal(opened.elsewhere, 600);
	assert_int_equal(judged.calls, 1);
	assert_int_equal(judged.on_loop, 0);
}

/* A directory that stays frozen is looked at every second, and its files are judged in none. */
static void test_a_frozen_directory(void **state)
{
	(void)state;
	log_begin();
	make_dir("d");
	make_dir("d/..1");
	put("d/..1/a.yaml", "1\n");
	make_link("..1", "d/..data");
	make_link("..data/a.yaml", "d/a.yaml");
	open_dir("d");
	assert_string_equal(last(), "d/a.yaml=1 [configmap]");
	drop_file("d/..data");
	put("d/b.yaml", "2\n");
	forget_counts();
	run_ms(5000);
	assert_string_equal(last(), "d/a.yaml=1 [configmap] [frozen]");
	assert_int_equal(judged.calls, 0);
}

/* --- what happens while a thread looks -----------------------------------------------------------
 */

static struct {
	uv_sem_t inside, open;
	atomic_bool closed; /* the gate holds whoever judges */
} gate;

static void held(void *arg, const struct ezlb_files *files, bool *whole)
{
	are_whole(arg, files, whole);
	if (!gate.closed)
		return;
	gate.closed = false;
	uv_sem_post(&gate.inside);
	uv_sem_wait(&gate.open);
}

static void open_held(void)
{
	struct text dir = at("d");
	const char *dirs[] = { dir.s };
	const struct watch_timing timing = no_rescan();
	const struct ezlb_watch_options options = {
		.dirs = dirs, .n_dirs = 1, .whole = held, .on_change = on_change, .arg = &got
	};

	make_dir("d");
	put("d/a.yaml", "1\n");
	assert_int_equal(watch_open(&loop, &options, &timing, &watch, NULL), 0);
	uv_sem_init(&gate.inside, 0);
	uv_sem_init(&gate.open, 0);
	gate.closed = true;
}

/* An edit, until the thread judges it. The loop goes on meanwhile. */
static void edit_until_inside(const char *text)
{
	put("d/a.yaml", text);
	while (uv_sem_trywait(&gate.inside) != 0) {
		own_clock_ms++;
		uv_run(&loop, UV_RUN_NOWAIT);
	}
}

static void close_gate(void)
{
	uv_sem_destroy(&gate.inside);
	uv_sem_destroy(&gate.open);
}

static void test_events_wait(void **state)
{
	(void)state;
	open_held();
	edit_until_inside("2\n");
	put("d/a.yaml", "3\n");
	for (int i = 0; i < 3000; i++) {
		own_clock_ms++;
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(got.n, 1);
	assert_int_equal(judged.calls, 2);
	uv_sem_post(&gate.open);
	expect("d/a.yaml=3", 1000);
	assert_int_equal(got.n, 3);
	assert_string_equal(got.lines[1], "d/a.yaml=2");
	close_gate();
}

static void *open_gate(void *arg)
{
	usleep(20000); /* the loop probably waits by now; it comes to the same if not */
	uv_sem_post(&gate.open);
	return arg;
}

static void on_later(uv_timer_t *timer)
{
	timer->data = got.lines[got.n - 1];
}

/* What the caller starts after a rescan finds the files of that moment. */
static void test_rescan_meanwhile(void **state)
{
	uv_timer_t later;
	pthread_t thread;

	(void)state;
	open_held();
	edit_until_inside("2\n");
	put("d/a.yaml", "3\n");
	assert_int_equal(pthread_create(&thread, NULL, open_gate, NULL), 0);
	ezlb_watch_rescan(watch);
	uv_timer_init(&loop, &later);
	uv_timer_start(&later, on_later, 0, 0);
	later.data = NULL;
	while (!later.data)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_string_equal(later.data, "d/a.yaml=3");
	uv_close((uv_handle_t *)&later, NULL);
	assert_int_equal(pthread_join(thread, NULL), 0);
	/* And the watch goes on. */
	put("d/a.yaml", "4\n");
	expect("d/a.yaml=4", 1000);
	close_gate();
}

static void test_close_meanwhile(void **state)
{
	bool closed = false;

	(void)state;
	open_held();
	edit_until_inside("2\n");
	ezlb_watch_close(watch, on_closed, &closed);
	watch = NULL;
	for (int i = 0; i < 100; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_false(closed);
	uv_sem_post(&gate.open);
	while (!closed)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(got.n, 1);
	close_gate();
}

/* After a rescan that has waited for a look. */
static void test_close_after_a_rescan(void **state)
{
	pthread_t thread;

	(void)state;
	open_held();
	edit_until_inside("2\n");
	assert_int_equal(pthread_create(&thread, NULL, open_gate, NULL), 0);
	ezlb_watch_rescan(watch);
	assert_int_equal(pthread_join(thread, NULL), 0);
	close_watch();
	assert_int_equal(got.n, 1);
	close_gate();
}

/* --- names that change ---------------------------------------------------------------------------
 */

/* A few by their names, and so many that the whole directory is looked at: one delivery. */
static void test_renames(void **state)
{
	static const unsigned numbers[] = { 1, 100, 400 };

	(void)state;
	make_dir("d");
	open_dir("d");
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		size_t before = got.n;
		char from[64], to[64], text[64];

		for (unsigned k = 0; k < numbers[i]; k++) {
			snprintf(from, sizeof(from), "d/%u-%04u.yaml", numbers[i], k);
			snprintf(text, sizeof(text), "%u-%u\n", numbers[i], k);
			put(from, text);
		}
		while (got.n == before)
			turn();
		for (unsigned k = 0; k < numbers[i]; k++) {
			snprintf(from, sizeof(from), "d/%u-%04u.yaml", numbers[i], k);
			snprintf(to, sizeof(to), "d/new-%u-%04u.yaml", numbers[i], k);
			move(from, to);
		}
		run_ms(3000);
		assert_int_equal(got.n, before + 2);
		snprintf(text, sizeof(text), "d/%u-0", numbers[i]);
		assert_null(strstr(last(), text));
		snprintf(text, sizeof(text), "new-%u-0000", numbers[i]);
		assert_non_null(strstr(last(), text));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_off_the_loop),	 TEST(test_a_second_look),
		TEST(test_a_frozen_directory),	 TEST(test_events_wait),
		TEST(test_rescan_meanwhile),	 TEST(test_close_meanwhile),
		TEST(test_close_after_a_rescan), TEST(test_renames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
