// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <time.h>

#include <ezlb/api.h>
#include <ezlb/duration.h>

#include "thread.h"

/*
 * The pause after a fold, in times of the processor time that it took: endless requests take at
 * most 1/20 of the loop. On a machine that is busy with something else the fold takes longer, but
 * no more of the loop. A client waits for a pause and for two documents at most, so the pause has
 * only a small part of its time.
 */
#define PAUSE	     20
#define PAUSE_MAX_MS (EZLB_API_TIMEOUT_MS / 5)

#define SHORT 8192 /* bytes: not worth compressing */

struct report_job {
	uv_work_t work;
	struct report *report; /* NULL: the report was closed */
	size_t wanted[REPORT_KINDS];
	bool pack[REPORT_KINDS], plain[REPORT_KINDS]; /* the forms that somebody takes */
	struct ezlb_status status;
	struct sample sample;
	struct ezlb_text texts[REPORT_KINDS], gzip[REPORT_KINDS];
	bool shared; /* the worker sends it */
	struct ezlb_api_body *bodies[REPORT_KINDS];
};

static void job_free(struct report_job *job)
{
	for (int i = 0; i < REPORT_KINDS; i++) {
		EZLB_VEC_CLEAR(&job->texts[i]);
		EZLB_VEC_CLEAR(&job->gzip[i]);
		if (job->bodies[i])
			ezlb_api_body_unref(job->bodies[i]);
	}
	ezlb_status_clear(&job->status);
	sample_clear(&job->sample);
	free(job);
}

/* The forms of one document. */
static void finish(struct report_job *job, int kind)
{
	struct ezlb_text *text = &job->texts[kind], *gzip = &job->gzip[kind];

	if (job->pack[kind] && text->len > SHORT)
		ezlb_api_gzip(text, gzip);
	if (gzip->len > 0 && !job->plain[kind])
		EZLB_VEC_CLEAR(text);
	if (job->shared && text->len + gzip->len > 0)
		job->bodies[kind] = ezlb_api_body_share(text, gzip);
}

/* Runs in a thread of the pool. */
static void on_work(uv_work_t *work)
{
	struct report_job *job = work->data;

	sample_take(&job->sample);
	sample_put(&job->sample, &job->status);
	if (job->wanted[REPORT_STATUS])
		ezlb_status_json(&job->status, &job->texts[REPORT_STATUS]);
	if (job->wanted[REPORT_METRICS])
		ezlb_status_metrics(&job->status, &job->texts[REPORT_METRICS]);
	if (job->wanted[REPORT_HEALTH])
		ezlb_status_health(&job->status, &job->texts[REPORT_HEALTH]);
	for (int i = 0; i < REPORT_KINDS; i++)
		finish(job, i);
}

static void begin(struct report *report);

static void on_pause_over(uv_timer_t *timer)
{
	begin(timer->data);
}

static void on_done(uv_work_t *work, int status)
{
	struct report_job *job = work->data;
	struct report *report = job->report;

	(void)status; /* never cancelled */
	if (report) {
		report->job = NULL;
		report->made = true;
		for (int i = 0; i < REPORT_KINDS; i++) {
			const struct report_answer answer = { .status = &job->status,
							      .sample = &job->sample,
							      .text = &job->texts[i],
							      .gzip = &job->gzip[i],
							      .body = job->bodies[i],
							      .n = job->wanted[i] };

			if (job->wanted[i] && !report->closing)
				report->done(report->arg, (enum report_kind)i, &answer);
		}
		begin(report);
	}
	job_free(job);
}

static bool is_idle(const struct report *report)
{
	for (int i = 0; i < REPORT_KINDS; i++)
		if (report->wanted[i])
			return false;
	return true;
}

static void ask(struct report *report, struct sample *sample)
{
	const struct sources *from = report->from;
	const struct ezlb_scope none = { 0 };

	sample->proc = "/proc";
	sample->kernel = from->options->dataplane == EZLB_DP_KERNEL;
	ezlb_reconcile_scope(&from->catalog->desired, &none, &sample->scope);
	for (size_t i = 0; i < from->catalog->desired.len; i++)
		if (from->catalog->desired.items[i]->full_nat)
			sample->snat = from->plane->snat;
}

/* Of this thread. */
static uint64_t cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

static void rest(struct report *report, uint64_t ns)
{
	uint64_t ms = PAUSE * ns / 1000000;

	uv_update_time(report->loop);
	uv_timer_start(&report->pause, on_pause_over, ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS, 0);
}

static void begin(struct report *report)
{
	struct report_job *job;
	uint64_t start;

	if (report->closing || report->job || is_idle(report) ||
	    uv_is_active((uv_handle_t *)&report->pause))
		return;
	job = ezlb_calloc(1, sizeof(*job));
	job->work.data = job;
	job->report = report;
	memcpy(job->wanted, report->wanted, sizeof(job->wanted));
	memcpy(job->pack, report->gzip, sizeof(job->pack));
	memcpy(job->plain, report->plain, sizeof(job->plain));
	memset(report->wanted, 0, sizeof(report->wanted));
	memset(report->gzip, 0, sizeof(report->gzip));
	memset(report->plain, 0, sizeof(report->plain));
	job->shared = report->from->channel != NULL;
	start = cpu_ns();
	sources_status(report->from, ezlb_steady_ms(), ezlb_now_ms(), &job->status);
	ezlb_status_shift(&job->status, ezlb_wall_shift_ms());
	ask(report, &job->sample);
	rest(report, cpu_ns() - start);
	report->job = job;
	thread_queue(report->loop, &job->work, on_work, on_done);
}

void report_open(struct report *report, uv_loop_t *loop, const struct sources *from, report_fn done,
		 void *arg)
{
	*report = (struct report){ .loop = loop, .from = from, .done = done, .arg = arg };
	uv_timer_init(loop, &report->pause);
	report->pause.data = report;
}

void report_want(struct report *report, enum report_kind kind, bool gzip)
{
	report->wanted[kind]++;
	report->gzip[kind] |= gzip;
	report->plain[kind] |= !gzip;
	begin(report);
}

void report_close(struct report *report)
{
	if (report->closing)
		return;
	report->closing = true;
	if (report->job)
		report->job->report = NULL;
	uv_close((uv_handle_t *)&report->pause, NULL);
}
