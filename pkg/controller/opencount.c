// SPDX-License-Identifier: GPL-2.0-or-later
#include "opencount.h"

#include <errno.h>

#include <ezlb/duration.h>
#include <ezlb/ipvs.h>

#include "owncount.h"
#include "thread.h"

#define TABLE_MOST_MS 3000 /* a daemon that ends may have to wait for it */
#define REST	      19   /* times as long as the read of the table took */
#define PAUSE	      20 /* after a count, in times of how long the loop prepared it; as in report.c */

/* A virtual service of a file, or of none. */
struct named {
	struct ezlb_service_key key;
	char name[EZLB_NAME_MAX + 1];
};

struct opencount_job {
	uv_work_t work;
	struct opencount *count; /* NULL: it was closed */
	size_t wanted;
	bool kernel;	   /* false: in-memory data plane, which has no connections */
	bool rests;	   /* if some are active at all, `last` is the answer */
	bool learns;	   /* the sync daemon tells us connections of others */
	uint64_t table_ms; /* that took the read of the table */
	struct ezlb_scope scope;
	struct names EZLB_VEC(struct named) names; /* of the files; the thread sorts them */
	struct totals EZLB_VEC(struct opencount_row) totals;
	struct owncount own;
	struct opencount_result last, result;
};

static int named_cmp(const void *pa, const void *pb)
{
	const struct named *a = pa, *b = pb;

	return ezlb_service_key_cmp(&a->key, &b->key);
}

static int by_name(const void *pa, const void *pb)
{
	const struct opencount_row *a = pa, *b = pb;

	return strcmp(a->name, b->name);
}

static int by_active(const void *pa, const void *pb)
{
	const struct opencount_row *a = pa, *b = pb;

	return a->active != b->active ? (a->active < b->active ? 1 : -1) : by_name(a, b);
}

/* --- in a thread of the pool --------------------------------------------------------------- */

static void add(struct opencount_job *job, const struct ezlb_traffic_row *row)
{
	const struct named wanted = { .key = row->service };
	const struct named *of = EZLB_FIND(&job->names, &wanted, named_cmp);
	struct opencount_row *total = EZLB_PUSH(&job->totals);
	char key[EZLB_SERVICE_KEY_STRLEN];

	total->active = row->active;
	ezlb_strcpy(total->name, sizeof(total->name),
		    of ? of->name : ezlb_service_key_format(&row->service, key));
}

/* Makes one row of all of a service, which can have several listeners. */
static void merge(struct opencount_job *job)
{
	size_t n = 0;

	EZLB_SORT(&job->totals, by_name);
	for (size_t i = 0; i < job->totals.len; i++) {
		struct opencount_row *row = &job->totals.items[i];

		if (n > 0 && by_name(&job->totals.items[n - 1], row) == 0)
			job->totals.items[n - 1].active += row->active;
		else
			job->totals.items[n++] = *row;
	}
	job->totals.len = n;
	EZLB_SORT(&job->totals, by_active);
}

static void sum(struct opencount_job *job, const struct ezlb_traffic *dests)
{
	struct opencount_result *result = &job->result;

	for (size_t i = 0; i < dests->len; i++) {
		const struct ezlb_traffic_row *row = &dests->items[i];

		if (!row->of_dest || row->active == 0)
			continue;
		result->active += row->active;
		add(job, row);
	}
	merge(job);
	result->n = job->totals.len;
	for (size_t i = 0; i < result->n && i < OPENCOUNT_MOST; i++)
		result->most[i] = job->totals.items[i];
}

static bool any_active(const struct ezlb_traffic *dests)
{
	for (size_t i = 0; i < dests->len; i++)
		if (dests->items[i].active > 0)
			return true;
	return false;
}

/*
 * The cheap way can miss a service that changes meanwhile. So "none" is asked for in the other way
 * as well.
 */
static int read_dests(const struct opencount_job *job, struct ezlb_traffic *dests,
		      struct ezlb_err *err)
{
	int rc = ezlb_ipvs_connections(&job->scope, dests, err);

	if (rc == 0 && any_active(dests))
		return 0;
	EZLB_VEC_CLEAR(dests);
	if (rc == 0)
		rc = ezlb_ipvs_traffic(&job->scope, dests, err);
	return rc == -ENOENT ? 0 : rc; /* ip_vs is not loaded */
}

/*
 * A connection can be left out if others end during the read. So "none" must be so twice.
 */
static const struct ezlb_traffic *only_own(struct opencount_job *job,
					   const struct ezlb_traffic *dests)
{
	uint64_t begin = ezlb_now_ms(), took = 0;
	int rc = 0;

	job->own.scope = &job->scope;
	for (int i = 0; rc == 0 && i < 2 && !any_active(&job->own.rows); i++) {
		rc = owncount_read(&job->own, took < TABLE_MOST_MS ? TABLE_MOST_MS - took : 0);
		took = ezlb_now_ms() - begin;
	}
	job->table_ms = took;
	return rc == 0 ? &job->own.rows : dests;
}

static void on_work(uv_work_t *work)
{
	struct opencount_job *job = work->data;
	struct ezlb_traffic dests = { 0 };
	struct ezlb_err err = { 0 };
	int rc;

	if (!job->kernel || job->scope.len == 0)
		return;
	EZLB_SORT(&job->names, named_cmp);
	rc = read_dests(job, &dests, &err);
	if (rc < 0) {
		job->result.active = -1;
		job->result.err = err;
	} else if (job->rests && any_active(&dests)) {
		job->result = job->last;
	} else {
		sum(job, job->learns && any_active(&dests) ? only_own(job, &dests) : &dests);
	}
	EZLB_VEC_CLEAR(&dests);
}

/* --- on the loop --------------------------------------------------------------------------- */

static void begin(struct opencount *count);

static void keep(struct opencount *count, const struct opencount_job *job)
{
	count->last = job->result;
	count->rest_until_ms = 0;
	if (job->result.active > 0 && job->table_ms > 0)
		count->rest_until_ms = ezlb_now_ms() + job->table_ms * REST;
}

static void on_done(uv_work_t *work, int status)
{
	struct opencount_job *job = work->data;
	struct opencount *count = job->count;

	(void)status; /* never cancelled */
	if (count) {
		count->job = NULL;
		if (!job->rests || job->result.active <= 0)
			keep(count, job);
		count->done(count->arg, &job->result, job->wanted);
		begin(count);
	}
	EZLB_VEC_CLEAR(&job->scope);
	EZLB_VEC_CLEAR(&job->names);
	EZLB_VEC_CLEAR(&job->totals);
	owncount_clear(&job->own);
	free(job);
}

static void take_names(const struct ezlb_desired *desired, struct opencount_job *job)
{
	for (size_t i = 0; i < desired->len; i++) {
		const struct ezlb_spec *spec = desired->items[i];

		for (size_t k = 0; k < spec->n_listeners; k++) {
			struct named *of = EZLB_PUSH(&job->names);

			owncount_range(&job->own, &spec->listeners[k]);
			of->key = spec->listeners[k].key;
			ezlb_strcpy(of->name, sizeof(of->name), spec->name);
		}
	}
}

static void on_pause_over(uv_timer_t *timer)
{
	begin(timer->data);
}

static void begin(struct opencount *count)
{
	const struct sources *from = count->from;
	uint64_t start = uv_hrtime();
	struct opencount_job *job;

	if (count->closed || count->job || count->wanted == 0 ||
	    uv_is_active((uv_handle_t *)&count->pause))
		return;
	job = ezlb_calloc(1, sizeof(*job));
	job->work.data = job;
	job->count = count;
	job->wanted = count->wanted;
	count->wanted = 0;
	job->kernel = from->options->dataplane == EZLB_DP_KERNEL;
	job->learns = from->options->sync_interface != NULL;
	job->rests = ezlb_now_ms() < count->rest_until_ms;
	job->last = count->last;
	EZLB_VEC_COPY(&job->scope, &from->pass->ledger.content.services);
	take_names(&from->catalog->desired, job);
	count->job = job;
	uv_update_time(count->loop);
	uv_timer_start(&count->pause, on_pause_over, PAUSE * (uv_hrtime() - start) / 1000000, 0);
	thread_queue(count->loop, &job->work, on_work, on_done);
}

void opencount_open(struct opencount *count, uv_loop_t *loop, const struct sources *from,
		    opencount_fn done, void *arg)
{
	*count = (struct opencount){ .loop = loop, .from = from, .done = done, .arg = arg };
	uv_timer_init(loop, &count->pause);
	count->pause.data = count;
}

void opencount_want(struct opencount *count)
{
	count->wanted++;
	begin(count);
}

void opencount_close(struct opencount *count)
{
	if (count->loop && !count->closed)
		uv_close((uv_handle_t *)&count->pause, NULL);
	count->closed = true;
	if (count->job)
		count->job->count = NULL;
	count->job = NULL;
}
