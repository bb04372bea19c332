// SPDX-License-Identifier: GPL-2.0-or-later
#include "survey.h"

#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/host.h>
#include <ezlb/ipvs.h>
#include <ezlb/log.h>

#include "portcount.h"
#include "thread.h"

#define NOTICE_MS 100 /* after a change of an address: often several change together */

struct survey_job {
	uv_work_t work;
	struct survey *survey;	 /* NULL: the survey was closed */
	struct ezlb_scope scope; /* services whose answers pass this host */
	struct ezlb_local local;
	struct ezlb_ports_uses uses; /* of full_nat services */
	struct ezlb_traffic traffic, dests;
	struct ezlb_ports ports, before; /* before: those of the last job */
	struct still still;
	bool is_still; /* the counters were not read: they are as in the last job */
	unsigned turn;
	struct ezlb_err local_err, traffic_err, ports_err;
};

/* Most hosts have traffic all the time. One that waits to take over has none. */
static void read_traffic(struct survey_job *job)
{
	uint64_t now = ezlb_now_ms();
	struct ezlb_ipvs_totals totals;
	bool known = ezlb_ipvs_totals(&totals) == 0;

	job->is_still = still_take(&job->still, known ? &totals : NULL, now);
	if (!job->is_still &&
	    ezlb_ipvs_service_traffic(&job->scope, &job->traffic, &job->traffic_err) == 0)
		still_read(&job->still, now);
}

/* Runs in a thread of the pool. */
static void on_work(uv_work_t *work)
{
	struct survey_job *job = work->data;

	ezlb_host_local(&job->local, &job->local_err);
	read_traffic(job);
	if (job->uses.len > 0 &&
	    ezlb_ipvs_connections(&job->scope, &job->dests, &job->ports_err) == 0)
		portcount_take(&job->uses, &job->dests, &job->before, job->turn, &job->ports);
}

static void start(struct survey *survey, uint64_t delay_ms);

static void tell(const struct survey *survey, struct survey_job *job)
{
	const struct ezlb_view_survey found = {
		.local = job->local_err.code ? NULL : &job->local,
		.traffic = job->traffic_err.code || job->is_still ? NULL : &job->traffic,
		.still = job->is_still,
		.ports = job->ports_err.code ? NULL : &job->ports,
		.clock_ms = ezlb_now_ms(),
	};

	survey->done(survey->arg, &found);
}

static void on_done(uv_work_t *work, int status)
{
	struct survey_job *job = work->data;
	struct survey *survey = job->survey;

	(void)status; /* never cancelled */
	if (survey) {
		survey->job = NULL;
		EZLB_VEC_COPY(&survey->ports, &job->ports);
		survey->still = survey->scope_known ? job->still : (struct still){ .known = false };
		tell(survey, job);
		if (survey->again)
			start(survey, NOTICE_MS);
		survey->again = false;
	}
	EZLB_VEC_CLEAR(&job->scope);
	EZLB_VEC_CLEAR(&job->uses);
	EZLB_VEC_CLEAR(&job->traffic);
	EZLB_VEC_CLEAR(&job->dests);
	EZLB_VEC_CLEAR(&job->ports);
	EZLB_VEC_CLEAR(&job->before);
	ezlb_local_clear(&job->local);
	free(job);
}

/* Sorted, as ezlb_scope_has expects. The counters of other services are read again. */
static void make_scope(struct survey *survey)
{
	const struct ezlb_desired *desired = &survey->from->catalog->desired;

	survey->scope.len = survey->uses.len = 0;
	for (size_t i = 0; i < desired->len; i++) {
		const struct ezlb_spec *spec = desired->items[i];

		if (!ezlb_answers_pass(spec))
			continue;
		for (size_t k = 0; k < spec->n_listeners; k++)
			*EZLB_PUSH(&survey->scope) = spec->listeners[k].key;
		ezlb_ports_want(spec, &survey->uses);
	}
	EZLB_SORT(&survey->scope, ezlb_service_key_cmp);
	ezlb_ports_sort(&survey->uses);
	survey->still = (struct still){ .known = false };
	survey->scope_known = true;
}

static void on_timer(uv_timer_t *timer)
{
	struct survey *survey = timer->data;
	const struct ezlb_desired *desired = &survey->from->catalog->desired;
	struct survey_job *job;

	if (survey->job) {
		survey->again = true;
		return;
	}
	if (desired->len == 0)
		return;
	job = ezlb_calloc(1, sizeof(*job));
	job->work.data = job;
	job->survey = survey;
	if (!survey->scope_known)
		make_scope(survey);
	EZLB_VEC_COPY(&job->scope, &survey->scope);
	EZLB_VEC_COPY(&job->uses, &survey->uses);
	job->still = survey->still;
	EZLB_VEC_COPY(&job->before, &survey->ports);
	job->turn = survey->turn++;
	survey->job = job;
	thread_queue(survey->loop, &job->work, on_work, on_done);
}

static void start(struct survey *survey, uint64_t delay_ms)
{
	if (uv_timer_get_due_in(&survey->timer) > delay_ms)
		uv_timer_start(&survey->timer, on_timer, delay_ms, EZLB_ANSWERS_SAMPLE_MS);
}

static void on_notified(uv_poll_t *poll, int status, int events)
{
	struct survey *survey = poll->data;

	(void)status; /* an overrun also means a change */
	(void)events;
	ezlb_host_watch_drain(survey->fd);
	start(survey, NOTICE_MS);
}

/* Without notifications a change of addresses is seen by the timer. */
static void subscribe(struct survey *survey)
{
	struct ezlb_err err;
	int fd = ezlb_host_watch_open(&err);
	int rc = fd < 0 ? fd : uv_poll_init(survey->loop, &survey->notified, fd);

	if (fd >= 0 && rc < 0) {
		ezlb_err_sys(&err, -rc, "cannot wait for them");
		close(fd);
	}
	if (rc < 0) {
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "cannot subscribe to changes of addresses: they are "
				       "detected a little later"),
			 EZLB_S("err", err.msg));
		return;
	}
	survey->fd = fd;
	survey->notified.data = survey;
	uv_poll_start(&survey->notified, UV_READABLE, on_notified);
}

void survey_open(struct survey *survey, uv_loop_t *loop, const struct sources *from, survey_fn done,
		 void *arg)
{
	*survey = (struct survey){ .loop = loop, .from = from, .done = done, .arg = arg, .fd = -1 };
	if (from->options->dataplane == EZLB_DP_MEMORY)
		return;
	survey->open = true;
	uv_timer_init(loop, &survey->timer);
	survey->timer.data = survey;
	uv_timer_start(&survey->timer, on_timer, EZLB_ANSWERS_SAMPLE_MS, EZLB_ANSWERS_SAMPLE_MS);
	subscribe(survey);
}

void survey_soon(struct survey *survey)
{
	survey->scope_known = false;
	if (survey->open)
		start(survey, 0);
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct survey *survey = handle->data;

	ezlb_close_fd(&survey->fd);
}

void survey_close(struct survey *survey)
{
	if (!survey->open)
		return;
	survey->open = false;
	if (survey->job)
		survey->job->survey = NULL;
	EZLB_VEC_CLEAR(&survey->ports);
	EZLB_VEC_CLEAR(&survey->scope);
	EZLB_VEC_CLEAR(&survey->uses);
	uv_close((uv_handle_t *)&survey->timer, NULL);
	if (survey->fd >= 0)
		uv_close((uv_handle_t *)&survey->notified, on_poll_closed);
}
