// SPDX-License-Identifier: GPL-2.0-or-later
/* The real processes. A worker answers each PROBE with a PROBE_RESULT that says who it is. */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ezlb/log.h>
#include <ezlb/worker.h>

#include "spawner.h"

struct answer {
	pid_t worker, spawner;
	uint32_t needs;
};

static struct ezlb_worker *worker;
static struct answer last;
static unsigned ups, downs, answers, gone;
static char gone_how[64];

/* --- in the worker --------------------------------------------------------------------------- */

static uint32_t prepared;
static struct ezlb_channel *inside;

static void on_probe(void *arg, struct ezlb_record *record)
{
	const struct answer answer = { getpid(), getppid(), prepared };
	const char *word = record->data;

	(void)arg;
	if (record->len > 0 && word[0] == 'x')
		_exit(7);
	if (record->len > 0 && word[0] == '!')
		ezlb_channel_say(inside, EZLB_RECORD_PROBE, "?", 1);
	ezlb_channel_say(inside, EZLB_RECORD_PROBE_RESULT, &answer, sizeof(answer));
}

static void serve(struct uv_loop_s *l, struct ezlb_channel *channel)
{
	(void)l;
	inside = channel;
	ezlb_channel_on(channel, EZLB_RECORD_PROBE, on_probe, NULL);
}

static int prepare(uint32_t needs, struct ezlb_err *err)
{
	(void)err;
	prepared = needs;
	return 0;
}

static int fail_to_prepare(uint32_t needs, struct ezlb_err *err)
{
	(void)needs;
	return ezlb_err_set(err, ELIBACC, "this is a test");
}

static int fail_to_confine(const int *keep, size_t n, struct ezlb_err *err)
{
	(void)keep;
	(void)n;
	return ezlb_err_set(err, EPERM, "this is a test");
}

/* --- in the daemon ---------------------------------------------------------------------------- */

static void on_state(void *arg, bool up)
{
	(void)arg;
	ups += up;
	downs += !up;
}

static void on_answer(void *arg, struct ezlb_record *record)
{
	(void)arg;
	assert_int_equal(record->len, sizeof(last));
	memcpy(&last, record->data, sizeof(last));
	answers++;
}

static void on_stranger(void *arg, struct ezlb_record *record)
{
	(void)arg;
	(void)record;
	ezlb_channel_refuse(ezlb_worker_channel(worker), "a record that it must not send");
}

static void on_gone(void *arg, const char *how, bool killed)
{
	(void)arg;
	snprintf(gone_how, sizeof(gone_how), "%s%s", how, killed ? ", killed" : "");
	gone++;
}

static void start(const struct ezlb_worker_options *options)
{
	ups = downs = answers = gone = 0;
	uv_loop_init(&loop);
	assert_int_equal(ezlb_worker_start(options, &worker, NULL), 0);
	assert_int_equal(ezlb_worker_open(worker, &loop, on_gone, NULL, NULL), 0);
	ezlb_channel_watch(ezlb_worker_channel(worker), on_state, &loop);
	ezlb_channel_on(ezlb_worker_channel(worker), EZLB_RECORD_PROBE_RESULT, on_answer, NULL);
	ezlb_channel_on(ezlb_worker_channel(worker), EZLB_RECORD_PROBE, on_stranger, NULL);
}

static void ask(const char *word)
{
	assert_true(ezlb_channel_say(ezlb_worker_channel(worker), EZLB_RECORD_PROBE, word,
				     strlen(word)));
}

static bool lives(pid_t pid)
{
	return kill(pid, 0) == 0;
}

/* Nothing of it is left. */
static void stop(void)
{
	ezlb_worker_close(worker);
	uv_run(&loop, UV_RUN_DEFAULT);
	ezlb_worker_free(worker);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static const struct ezlb_worker_options options = { .prepare = prepare, .serve = serve };

static void test_answers(void **state)
{
	(void)state;
	start(&options);
	assert_false(ezlb_channel_is_up(ezlb_worker_channel(worker)));
	wait_for(&ups, 1);
	ask("who");
	wait_for(&answers, 1);
	assert_int_not_equal(last.worker, getpid());
	assert_int_not_equal(last.spawner, getpid());
	assert_int_equal(last.needs, 0);
	assert_int_equal(ezlb_worker_ends(worker), 0);
	stop();
	assert_false(lives(last.spawner));
}

static void test_starts_again(void **state)
{
	static const struct {
		const char *name;
		int signal;	  /* to the worker, or */
		const char *word; /* to say */
	} rows[] = {
		{ "killed", SIGKILL, NULL },
		{ "stuck", SIGALRM, NULL },
		{ "exits", 0, "x" },
		{ "sends what is refused", 0, "!" },
	};
	struct answer before;

	(void)state;
	start(&options);
	wait_for(&ups, 1);
	ask("who");
	wait_for(&answers, 1);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		before = last;
		if (rows[i].word)
			ask(rows[i].word);
		else
			assert_int_equal(kill(before.worker, rows[i].signal), 0);
		wait_for(&ups, i + 2);
		assert_int_equal(downs, i + 1);
		assert_int_equal(ezlb_worker_ends(worker), i + 1);
		answers = 0;
		ask("who");
		wait_for(&answers, 1);
		assert_int_not_equal(last.worker, before.worker);
		assert_int_equal(last.spawner, before.spawner);
	}
	stop();
}

/* What was sent to one worker does not reach the next one. */
static void test_nothing_is_left_over(void **state)
{
	(void)state;
	start(&options);
	wait_for(&ups, 1);
	ask("x");
	for (int i = 0; i < 100; i++)
		ezlb_channel_say(ezlb_worker_channel(worker), EZLB_RECORD_PROBE, "x", 1);
	wait_for(&ups, 2);
	ask("who");
	wait_for(&answers, 1);
	assert_int_equal(ezlb_worker_ends(worker), 1);
	stop();
}

static void test_needs(void **state)
{
	(void)state;
	start(&options);
	wait_for(&ups, 1);
	assert_true(ezlb_worker_need(worker, EZLB_WORKER_CURL));
	ask("who"); /* until somebody says so, it stays */
	wait_for(&answers, 1);
	assert_int_equal(last.needs, 0);
	assert_int_equal(downs, 0);
	ezlb_worker_replace(worker);
	wait_for(&ups, 2);
	ask("who");
	wait_for(&answers, 2);
	assert_int_equal(last.needs, EZLB_WORKER_CURL);
	assert_int_equal(ezlb_worker_ends(worker), 0);
	ezlb_worker_replace(worker); /* that was for the other one */
	/* It stays so. */
	kill(last.worker, SIGKILL);
	wait_for(&ups, 3);
	ask("who");
	wait_for(&answers, 3);
	assert_int_equal(last.needs, EZLB_WORKER_CURL);
	assert_int_equal(ezlb_worker_ends(worker), 1);
	/* What it could not load is tried again. */
	assert_true(ezlb_worker_need(worker, EZLB_WORKER_CURL));
	ezlb_worker_replace(worker);
	wait_for(&ups, 4);
	assert_int_equal(ezlb_worker_ends(worker), 1);
	stop();
}

/* One that is to be replaced ends by itself: it is counted, and the next one has it and stays. */
static void test_ends_before_it_is_replaced(void **state)
{
	pid_t next;

	(void)state;
	start(&options);
	wait_for(&ups, 1);
	assert_true(ezlb_worker_need(worker, EZLB_WORKER_CURL));
	ask("x");
	wait_for(&downs, 1);
	ezlb_worker_replace(worker);
	wait_for(&ups, 2);
	assert_int_equal(ezlb_worker_ends(worker), 1);
	ask("who");
	wait_for(&answers, 1);
	assert_int_equal(last.needs, EZLB_WORKER_CURL);
	next = last.worker;
	ezlb_worker_replace(worker);
	ask("who");
	wait_for(&answers, 2);
	assert_int_equal(last.worker, next);
	assert_int_equal(downs, 1);
	stop();
}

/* Said before there is a worker: nobody meets one that lacks it. */
static void test_needs_at_once(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		start(&options);
		if (i % 2 == 0)
			usleep(2000); /* the first worker has begun without it */
		assert_false(ezlb_worker_need(worker, EZLB_WORKER_CURL));
		wait_for(&ups, 1);
		ask("who");
		wait_for(&answers, 1);
		assert_int_equal(last.needs, EZLB_WORKER_CURL);
		assert_int_equal(downs, 0);
		assert_int_equal(ezlb_worker_ends(worker), 0);
		stop();
	}
}

static void test_signals_of_the_daemon(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };

	(void)state;
	start(&options);
	wait_for(&ups, 1);
	ask("who");
	wait_for(&answers, 1);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		assert_int_equal(kill(last.worker, signals[i]), 0);
		assert_int_equal(kill(last.spawner, signals[i]), 0);
	}
	ask("who");
	wait_for(&answers, 2);
	assert_int_equal(downs, 0);
	stop();
}

static void test_spawner_ends(void **state)
{
	(void)state;
	start(&options);
	wait_for(&ups, 1);
	ask("who");
	wait_for(&answers, 1);
	kill(last.spawner, SIGKILL);
	wait_for(&gone, 1);
	assert_int_equal(gone, 1);
	assert_string_equal(gone_how, "signal 9, killed");
	/* The worker ends with it; init reaps it. */
	stop();
}

/* Nobody has killed it. */
static void test_spawner_cannot_begin(void **state)
{
	static const struct ezlb_worker_options failing = { .confine_spawner = fail_to_confine,
							    .serve = serve };

	(void)state;
	start(&failing);
	wait_for(&gone, 1);
	assert_string_equal(gone_how, "exit status 1");
	stop();
}

/* A worker that cannot start is no reason to try again without a pause. */
static void test_cannot_prepare(void **state)
{
	static const struct ezlb_worker_options failing = { .prepare = fail_to_prepare,
							    .serve = serve };

	(void)state;
	start(&failing);
	wait_for(&ups, 3);
	assert_true(ezlb_worker_ends(worker) >= 2);
	stop();
}

static void test_delay(void **state)
{
	static const struct {
		uint32_t failures, ms;
	} rows[] = {
		{ 0, 0 }, { 1, 20 }, { 2, 40 }, { 5, 320 }, { 9, 5000 }, { UINT32_MAX, 5000 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(spawn_delay(rows[i].failures), rows[i].ms);
}

/* The daemon is killed: nothing that it has started stays. */
static void test_daemon_is_killed(void **state)
{
	uint64_t until = ezlb_now_ms() + DEADLINE_MS;
	struct answer found = { 0 };
	int pipes[2], status;
	pid_t daemon;

	(void)state;
	/* Orphans come to this process, which reaps them: an init of a container may not. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(pipes), 0);
	fflush(NULL);
	daemon = fork();
	if (daemon == 0) {
		start(&options);
		wait_for(&ups, 1);
		ask("who");
		wait_for(&answers, 1);
		if (write(pipes[1], &last, sizeof(last)) != sizeof(last))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(read(pipes[0], &found, sizeof(found)), sizeof(found));
	waitpid(daemon, &status, 0);
	while ((lives(found.worker) || lives(found.spawner)) && ezlb_now_ms() < until) {
		waitpid(-1, NULL, WNOHANG);
		usleep(1000);
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	assert_false(lives(found.worker));
	assert_false(lives(found.spawner));
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_starts_again),
		cmocka_unit_test(test_nothing_is_left_over),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_ends_before_it_is_replaced),
		cmocka_unit_test(test_needs_at_once),
		cmocka_unit_test(test_signals_of_the_daemon),
		cmocka_unit_test(test_spawner_ends),
		cmocka_unit_test(test_spawner_cannot_begin),
		cmocka_unit_test(test_cannot_prepare),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_daemon_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
