// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes in the worker process: a worker that ends, is slow or lies, and a daemon that lies. */
#include "probing.h"

#include <errno.h>
#include <sys/mman.h>

#include "records.h"
#include "remote.h"

/* What the daemon has sent, where the test speaks for the worker. */
struct heard {
	struct ezlb_probe_record probe;
	int checks, forgets, probes, cancels;
	size_t check_fds;
	uint32_t id; /* of the last check */
};
static struct heard heard;

static void on_check(void *arg, struct ezlb_record *record)
{
	struct ezlb_check_record check;

	(void)arg;
	heard.checks++;
	heard.check_fds = record->n_fds;
	assert_int_equal(ezlb_check_record_get(record->data, record->len, &check), 0);
	heard.id = check.id;
	ezlb_request_unref(check.request);
}

static void on_forget(void *arg, struct ezlb_record *record)
{
	uint32_t id;

	(void)arg;
	assert_int_equal(ezlb_id_record_get(record->data, record->len, &id), 0);
	assert_int_equal(id, heard.id);
	heard.forgets++;
}

static void on_probe(void *arg, struct ezlb_record *record)
{
	(void)arg;
	assert_int_equal(ezlb_probe_record_get(record->data, record->len, &heard.probe), 0);
	heard.probes++;
}

static void on_cancel(void *arg, struct ezlb_record *record)
{
	(void)arg;
	(void)record;
	heard.cancels++;
}

/* A worker of the test, in place of the one that serves. */
static void speak(struct fixture *fx)
{
	memset(&heard, 0, sizeof(heard));
	pair_up(&fx->pair, false);
	ezlb_channel_on(fx->pair.worker, EZLB_RECORD_CHECK, on_check, NULL);
	ezlb_channel_on(fx->pair.worker, EZLB_RECORD_CHECK_FORGET, on_forget, NULL);
	ezlb_channel_on(fx->pair.worker, EZLB_RECORD_PROBE, on_probe, NULL);
	ezlb_channel_on(fx->pair.worker, EZLB_RECORD_PROBE_CANCEL, on_cancel, NULL);
}

static int setup_speaker(void **state)
{
	struct fixture *fx = begin();
	struct ezlb_remote_options options;

	pair_open(&fx->pair, &fx->loop);
	speak(fx);
	options = (struct ezlb_remote_options){ .channel = fx->pair.daemon };
	ezlb_prober_use(fx->prober, &options);
	*state = fx;
	return 0;
}

/* The worker may be lost here. */
static int teardown_any(void **state)
{
	struct fixture *fx = *state;

	fx->pair.lost = 0;
	return teardown(state);
}

static const struct ezlb_check http = { .type = EZLB_CHECK_HTTP,
					.timeout_ms = 5000,
					.request = &healthz };

static struct ezlb_probe *start(struct fixture *fx, const struct ezlb_check *check)
{
	const struct ezlb_probe_job job = { .target = loopback(fx->server.port), .check = check };

	fx->ended = false;
	return ezlb_probe_start(fx->prober, &job, on_end, fx);
}

static void run_to_heard(struct fixture *fx, const int *what, int n)
{
	for (int ms = 0; ms < DEADLINE_MS && *what < n; ms++)
		run_for(&fx->loop, 1);
	assert_int_equal(*what, n);
}

static void say_result(struct fixture *fx, uint32_t id, enum ezlb_outcome outcome, int code)
{
	const struct ezlb_result_record record = { id, { outcome, code } };
	struct ezlb_buffer bytes = { 0 };

	ezlb_result_record_put(&record, &bytes);
	assert_true(ezlb_channel_say(fx->pair.worker, EZLB_RECORD_PROBE_RESULT, bytes.items,
				     bytes.len));
	EZLB_VEC_CLEAR(&bytes);
}

static void test_result(void **state)
{
	struct fixture *fx = *state;

	start(fx, &http);
	run_to_heard(fx, &heard.probes, 1);
	assert_int_equal(heard.checks, 1);
	assert_int_equal(heard.check_fds, 0);
	assert_int_equal(heard.probe.check, heard.id);
	assert_int_equal(heard.probe.timeout_ms, 5000);
	assert_int_equal(heard.probe.target.port, fx->server.port);
	say_result(fx, heard.probe.id, EZLB_PROBE_HTTP_STATUS, 503);
	run_until(&fx->loop, &fx->ended);
	expect(fx, "as the worker says", EZLB_PROBE_HTTP_STATUS, 503);
	run_to_heard(fx, &heard.forgets, 1);
	assert_int_equal(heard.cancels, 0);
}

/* A check that is held is sent once. */
static void test_held(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_remote_check *held = ezlb_prober_hold(fx->prober, &http);

	for (int i = 1; i <= 3; i++) {
		start(fx, &http);
		run_to_heard(fx, &heard.probes, i);
		say_result(fx, heard.probe.id, EZLB_PROBE_OK, 0);
		run_until(&fx->loop, &fx->ended);
	}
	assert_int_equal(heard.checks, 1);
	assert_int_equal(heard.forgets, 0);
	ezlb_prober_release(fx->prober, held);
	run_to_heard(fx, &heard.forgets, 1);
}

/* What a worker says that is not true loses it, and the probe has no result of it. */
static void test_lies(void **state)
{
	static const struct {
		const char *name;
		uint32_t id_plus;
		enum ezlb_outcome outcome;
		int code;
	} cases[] = {
		{ "of no probe", 1, EZLB_PROBE_OK, 0 },
		{ "cancelled, but by nobody", 0, EZLB_PROBE_LOCAL_ERROR, ECANCELED },
		{ "no outcome", 0, EZLB_OUTCOMES, 0 },
		{ "an outcome of other probes", 0, EZLB_PROBE_DNS_RCODE, 3 },
		{ "a code too many", 0, EZLB_PROBE_OK, 3 },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(fx, &http);
		run_to_heard(fx, &heard.probes, 1);
		say_result(fx, heard.probe.id + cases[i].id_plus, cases[i].outcome, cases[i].code);
		run_until(&fx->loop, &fx->ended);
		expect(fx, cases[i].name, EZLB_PROBE_LOCAL_ERROR, EOWNERDEAD);
		assert_int_equal(fx->pair.lost, (int)i + 1);
		assert_string_equal(fx->pair.why, "its result belongs to no probe");
		pair_down(&fx->pair);
		speak(fx);
	}
}

/* The second result for one probe, and records of no length. */
static void test_lies_twice(void **state)
{
	struct fixture *fx = *state;

	start(fx, &http);
	run_to_heard(fx, &heard.probes, 1);
	say_result(fx, heard.probe.id, EZLB_PROBE_OK, 0);
	say_result(fx, heard.probe.id, EZLB_PROBE_OK, 0);
	run_until(&fx->loop, &fx->ended);
	expect(fx, "the first one", EZLB_PROBE_OK, 0);
	pair_run_to_lost(&fx->pair, 1);
	pair_down(&fx->pair);
	speak(fx);
	assert_true(ezlb_channel_say(fx->pair.worker, EZLB_RECORD_PROBE_RESULT, "", 0));
	pair_run_to_lost(&fx->pair, 2);
}

/* The result of a probe that was cancelled may be on its way, or the worker confirms it. */
static void test_cancelled(void **state)
{
	struct fixture *fx = *state;

	for (int i = 1; i <= 2; i++) {
		ezlb_probe_cancel(start(fx, &http));
		run_to_heard(fx, &heard.cancels, i);
		assert_int_equal(heard.probes, i);
		if (i == 1)
			say_result(fx, heard.probe.id, EZLB_PROBE_OK, 0);
		else
			say_result(fx, heard.probe.id, EZLB_PROBE_LOCAL_ERROR, ECANCELED);
		run_for(&fx->loop, 20);
	}
	assert_false(fx->ended);
	assert_int_equal(fx->pair.lost, 0);
}

static void test_worker_ends(void **state)
{
	struct fixture *fx = *state;

	start(fx, &http);
	run_to_heard(fx, &heard.probes, 1);
	pair_down(&fx->pair);
	run_until(&fx->loop, &fx->ended);
	expect(fx, "under way", EZLB_PROBE_LOCAL_ERROR, EOWNERDEAD);

	/* The next one waits for a worker, and is sent with its check. */
	start(fx, &http);
	run_for(&fx->loop, 20);
	assert_false(fx->ended);
	speak(fx);
	run_to_heard(fx, &heard.probes, 1);
	assert_int_equal(heard.checks, 1);
	say_result(fx, heard.probe.id, EZLB_PROBE_OK, 0);
	run_until(&fx->loop, &fx->ended);
	expect(fx, "by the next worker", EZLB_PROBE_OK, 0);
}

static void test_no_worker(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_probe *probe;
	struct ezlb_probe_result late;

	pair_down(&fx->pair);
	pair_run_to_lost(&fx->pair, 1);
	probe = start(fx, &http);
	late = ezlb_remote_late(probe);
	assert_int_equal(late.outcome, EZLB_PROBE_LOCAL_ERROR);
	assert_int_equal(late.code, ENOTCONN);
	ezlb_probe_cancel(probe);
	run_for(&fx->loop, 1);
	assert_false(fx->ended);
}

/* Probes without an answer within 30 s are a busy machine; later they are not. */
static void test_stuck_worker(void **state)
{
	static const uint32_t ago_ms[] = { 29 * 1000, 31 * 1000 };
	struct fixture *fx = *state;

	for (size_t i = 0; i < 2; i++) {
		struct ezlb_probe *probe;
		struct ezlb_probe_result late = { 0 };

		fx->loop.time -= ago_ms[i];
		probe = start(fx, &http);
		uv_update_time(&fx->loop);
		for (int k = 0; k < 5; k++)
			late = ezlb_remote_late(probe);
		assert_int_equal(late.outcome, EZLB_PROBE_LOCAL_ERROR);
		assert_int_equal(late.code, ETIME);
		if (i > 0)
			break;
		run_to_heard(fx, &heard.probes, 1);
		assert_int_equal(fx->pair.lost, 0);
		say_result(fx, heard.probe.id, EZLB_PROBE_OK, 0);
		run_until(&fx->loop, &fx->ended);
	}
	run_until(&fx->loop, &fx->ended);
	expect(fx, "stuck", EZLB_PROBE_LOCAL_ERROR, EOWNERDEAD);
	assert_string_equal(fx->pair.why, "it does not answer");
}

REQUEST(large, "/", 200);

/* A check that does not fit into a record. The server never says the text. */
static void test_large_check(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = http;

	check.request = &large;
	large.body = ezlb_calloc(200 * 1024, 1);
	memset(large.body, 'x', 200 * 1024 - 1);
	fx->server.mode = ANSWER_200;
	probe(fx, loopback(fx->server.port), &check);
	expect(fx, "not in the body", EZLB_PROBE_HTTP_BODY, 0);
	free(large.body);
	large.body = NULL;
}

/* The worker gets from the daemon what is no record, which is a mistake of ours. */
static void test_worker_refuses(void **state)
{
	static const struct ezlb_probe_record unknown = {
		.id = 1, .check = 4711, .target = { .addr = { .family = AF_INET }, .port = 1 }
	};
	static const enum ezlb_record_kind kinds[] = { EZLB_RECORD_CHECK, EZLB_RECORD_PROBE };
	struct fixture *fx = *state;
	struct ezlb_buffer bytes = { 0 };

	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		ezlb_probe_record_put(&unknown, &bytes);
		if (i >= 2) /* nothing at all: a check without its file, a probe without bytes */
			bytes.len = 0;
		fx->pair.refused = false;
		ezlb_channel_say(fx->pair.daemon, kinds[i % 2], bytes.items, bytes.len);
		pair_run_to_lost(&fx->pair, (int)i + 1);
		assert_true(fx->pair.refused);
		pair_down(&fx->pair);
		pair_up(&fx->pair, true);
	}
	EZLB_VEC_CLEAR(&bytes);
}

static int asked;

static bool need_curl(void *arg)
{
	asked++;
	return *(const bool *)arg;
}

/* A worker that is to be replaced gets no probe; its successor gets what waits. */
static void test_need_curl(void **state)
{
	struct fixture *fx = *state;
	bool replaces = true;
	const struct ezlb_remote_options options = { .channel = fx->pair.daemon,
						     .need_curl = need_curl,
						     .arg = &replaces };
	struct ezlb_prober *prober;
	struct ezlb_probe_job job = { .target = loopback(fx->server.port), .check = &http };
	bool closed = false;

	asked = 0;
	assert_int_equal(ezlb_prober_open(&fx->loop, &prober, NULL), 0);
	ezlb_prober_use(prober, &options);
	assert_int_equal(ezlb_prober_prepare(prober, EZLB_CHECK_TCP, NULL), 0);
	assert_int_equal(asked, 0);
	assert_int_equal(ezlb_prober_prepare(prober, EZLB_CHECK_HTTP, NULL), 0);
	assert_int_equal(ezlb_prober_prepare(prober, EZLB_CHECK_HTTPS, NULL), 0);
	assert_int_equal(asked, 1);
	ezlb_probe_start(prober, &job, on_end, fx);
	run_for(&fx->loop, 20);
	assert_int_equal(heard.probes, 0);
	pair_down(&fx->pair);
	pair_run_to_lost(&fx->pair, 1);
	assert_false(fx->ended);
	speak(fx);
	run_to_heard(fx, &heard.probes, 1);
	say_result(fx, heard.probe.id, EZLB_PROBE_LOCAL_ERROR, ELIBACC);
	run_until(&fx->loop, &fx->ended);
	expect(fx, "still none", EZLB_PROBE_LOCAL_ERROR, ELIBACC);

	/* Another try is another worker. Whoever replaces it says when; otherwise it is ended here.
	 */
	ezlb_prober_retry(prober);
	assert_int_equal(asked, 2);
	run_for(&fx->loop, 20);
	assert_true(ezlb_channel_is_up(fx->pair.daemon));
	replaces = false;
	ezlb_prober_retry(prober);
	assert_int_equal(asked, 3);
	pair_run_to_lost(&fx->pair, 2);
	ezlb_prober_close(prober, on_closed, &closed);
	run_until(&fx->loop, &closed);
}

#define S(name) cmocka_unit_test_setup_teardown(name, setup_speaker, teardown_any)

int main(void)
{
	const struct CMUnitTest tests[] = {
		S(test_result),
		S(test_held),
		S(test_lies),
		S(test_lies_twice),
		S(test_cancelled),
		S(test_worker_ends),
		S(test_no_worker),
		S(test_stuck_worker),
		S(test_need_curl),
		cmocka_unit_test_setup_teardown(test_large_check, setup_worker, teardown),
		cmocka_unit_test_setup_teardown(test_worker_refuses, setup_worker, teardown_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
