// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>
#include <sys/resource.h>

#include <ezlb/duration.h>

#include "schedule.h"
#include "target.h"

#define RUNNING_MAX 4096

struct targets EZLB_VEC(struct ezlb_target *);

/* Probes use at most half of the descriptors that a process may open: this one, or the worker. */
static size_t running_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur / 2 > RUNNING_MAX)
		return RUNNING_MAX;
	return limit.rlim_cur >= 2 ? limit.rlim_cur / 2 : 1;
}

int ezlb_health_open(struct uv_loop_s *loop, const struct ezlb_health_options *options,
		     ezlb_health_fn on_change, void *arg, struct ezlb_health **out,
		     struct ezlb_err *err)
{
	struct ezlb_health *health = ezlb_calloc(1, sizeof(*health));
	int rc;

	*health = (struct ezlb_health){ .loop = loop,
					.options = *options,
					.on_change = on_change,
					.arg = arg,
					.here = { .running_max = running_max() },
					.worker = { .running_max = running_max() },
					.open = 1 };
	rc = ezlb_prober_open(loop, &health->prober, err);
	if (rc < 0) {
		free(health);
		return ezlb_err_wrap(err, rc, "health checks");
	}
	if (options->channel) {
		const struct ezlb_remote_options remote = { .channel = options->channel,
							    .need_curl = options->need_curl,
							    .arg = options->need_arg };

		ezlb_prober_use(health->prober, &remote);
	}
	*out = health;
	return 0;
}

static struct ezlb_site *get_site(struct ezlb_health *health, const struct ezlb_endpoint *backend)
{
	char name[EZLB_ENDPOINT_STRLEN];
	struct ezlb_site *site;

	ezlb_endpoint_format(backend, name);
	HASH_FIND_STR(health->sites, name, site);
	if (site == NULL) {
		site = ezlb_calloc(1, sizeof(*site));
		ezlb_strcpy(site->name, sizeof(site->name), name);
		HASH_ADD_STR(health->sites, name, site);
	}
	return site;
}

static struct ezlb_target *get_target(struct ezlb_health *health, const struct ezlb_health_row *row)
{
	struct ezlb_site *site = get_site(health, &row->backend);
	struct ezlb_target *target;

	for (target = site->targets; target != NULL; target = target->sibling) {
		if (ezlb_check_same_probe(&target->check, &row->check))
			return target;
	}
	target = ezlb_target_open(health, site, row);
	LL_PREPEND2(site->targets, target, sibling);
	return target;
}

static void drop_target(struct ezlb_target *target)
{
	struct ezlb_health *health = target->health;
	struct ezlb_site *site = target->site;

	LL_DELETE2(site->targets, target, sibling);
	if (site->targets == NULL) {
		HASH_DEL(health->sites, site);
		free(site);
	}
	ezlb_target_close(target);
}

static struct ezlb_sub *get_sub(struct ezlb_target *target, const char *service)
{
	struct ezlb_health *health = target->health;
	struct ezlb_sub_key key;
	struct ezlb_sub *sub;

	memset(&key, 0, sizeof(key));
	ezlb_strcpy(key.service, sizeof(key.service), service);
	key.target = target;
	HASH_FIND(hh, health->subs, &key, sizeof(key), sub);
	if (sub != NULL)
		return sub;
	sub = ezlb_calloc(1, sizeof(*sub));
	memcpy(&sub->key, &key, sizeof(key));
	sub->since_ms = ezlb_now_ms();
	HASH_ADD(hh, health->subs, key, sizeof(key), sub);
	DL_APPEND(target->subs, sub);
	target->n_unknown++;
	health->n_unknown++;
	return sub;
}

static void drop_sub(struct ezlb_health *health, struct ezlb_sub *sub)
{
	struct ezlb_target *target = sub->key.target;

	if (sub->fsm.verdict == EZLB_UNKNOWN) {
		target->n_unknown--;
		health->n_unknown--;
	}
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): only the last item frees the table. */
	HASH_DEL(health->subs, sub);
	DL_DELETE(target->subs, sub);
	free(sub);
	if (target->subs == NULL)
		drop_target(target);
}

static void pretend_up(struct ezlb_health *health, struct ezlb_sub *sub)
{
	if (sub->fsm.verdict != EZLB_UNKNOWN)
		return;
	sub->fsm.verdict = EZLB_UP;
	sub->key.target->n_unknown--;
	health->n_unknown--;
}

/* Drops every sub that is not in the current set, and every target without subs. */
static void sweep(struct ezlb_health *health)
{
	struct ezlb_sub *sub, *next;

	HASH_ITER(hh, health->subs, sub, next) {
		if (sub->generation != health->generation)
			drop_sub(health, sub);
	}
}

static void want(struct ezlb_health *health, const struct ezlb_health_row *row,
		 struct targets *fresh)
{
	struct ezlb_target *target;
	struct ezlb_sub *sub;

	assert(row->check.type != EZLB_CHECK_NONE && row->check.interval_ms > 0);
	target = get_target(health, row);
	sub = get_sub(target, row->service);
	sub->limits = (struct ezlb_thresholds){ row->check.fail_count, row->check.rise_count };
	if (health->options.pretend) {
		pretend_up(health, sub);
	} else if (sub->generation == 0 && !target->fresh) {
		/* A new sub of an existing target gets a probe at once, too. */
		target->fresh = true;
		*EZLB_PUSH(fresh) = target;
	}
	sub->generation = health->generation;
}

/* Before the first probe, so that none waits until a library is loaded. */
static int prepare(struct ezlb_health *health, const struct ezlb_health_rows *rows,
		   struct ezlb_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < rows->len && rc == 0 && !health->options.pretend; i++)
		rc = ezlb_prober_prepare(health->prober, rows->items[i].check.type, err);
	return rc < 0 ? ezlb_err_wrap(err, rc, "health checks") : 0;
}

int ezlb_health_set(struct ezlb_health *health, const struct ezlb_health_rows *rows,
		    struct ezlb_err *err)
{
	struct targets fresh = { 0 };
	int rc = prepare(health, rows, err);

	/* The loop time may be old: earlier callbacks in this iteration may have taken long. */
	uv_update_time(health->loop);
	health->generation++;
	for (size_t i = 0; i < rows->len; i++)
		want(health, &rows->items[i], &fresh);
	sweep(health);
	for (size_t i = 0; i < fresh.len; i++) {
		struct ezlb_target *target = fresh.items[i];

		target->fresh = false;
		ezlb_target_wake(target,
				 ezlb_schedule_first(i, fresh.len, ezlb_target_interval(target)));
	}
	EZLB_VEC_CLEAR(&fresh);
	ezlb_lane_run(&health->here);
	ezlb_lane_run(&health->worker);
	return rc;
}

static void put_verdict(const struct ezlb_sub *sub, struct ezlb_verdicts *out)
{
	const struct ezlb_target *target = sub->key.target;
	struct ezlb_verdict_row *row = EZLB_PUSH(out);

	ezlb_strcpy(row->service, sizeof(row->service), sub->key.service);
	row->backend = target->endpoint;
	row->verdict = sub->fsm.verdict;
	row->since_ms = sub->since_ms;
	row->probed = target->probed;
	row->outcome = target->last.outcome;
	row->code = target->last.code;
	row->latency_us = target->last_us;
}

void ezlb_health_verdicts(const struct ezlb_health *health, struct ezlb_verdicts *out)
{
	struct ezlb_sub *sub, *next;

	out->len = 0;
	HASH_ITER(hh, health->subs, sub, next) {
		put_verdict(sub, out);
	}
	EZLB_SORT(out, ezlb_verdict_row_cmp);
}

static struct ezlb_sub *find_sub(const struct ezlb_health *health, const char *service,
				 struct ezlb_target *target)
{
	struct ezlb_sub_key key;
	struct ezlb_sub *sub;

	memset(&key, 0, sizeof(key)); /* all bytes are hashed */
	ezlb_strcpy(key.service, sizeof(key.service), service);
	key.target = target;
	HASH_FIND(hh, health->subs, &key, sizeof(key), sub);
	return sub;
}

/* The target of a service is one of those of the backend's address. */
static void put_verdicts(const struct ezlb_health *health, const char *service,
			 const struct ezlb_endpoint *backend, struct ezlb_verdicts *out)
{
	struct ezlb_target *target;
	char name[EZLB_ENDPOINT_STRLEN];
	const struct ezlb_site *site;
	const struct ezlb_sub *sub;

	ezlb_endpoint_format(backend, name);
	HASH_FIND_STR(health->sites, name, site);
	for (target = site ? site->targets : NULL; target != NULL; target = target->sibling) {
		sub = find_sub(health, service, target);
		if (sub)
			put_verdict(sub, out);
	}
}

void ezlb_health_verdicts_of(const struct ezlb_health *health, const struct ezlb_desired *services,
			     struct ezlb_verdicts *out)
{
	out->len = 0;
	for (size_t i = 0; i < services->len; i++) {
		const struct ezlb_spec *spec = services->items[i];

		for (size_t k = 0; k < spec->n_backends; k++)
			put_verdicts(health, spec->name, &spec->backends[k].endpoint, out);
	}
	EZLB_SORT(out, ezlb_verdict_row_cmp);
}

void ezlb_health_stats(const struct ezlb_health *health, struct ezlb_health_stats *out)
{
	const struct ezlb_target *target;
	struct ezlb_site *site, *next;
	const char *why;

	*out = (struct ezlb_health_stats){ .duration = health->duration,
					   .overdue_total = health->overdue };
	memcpy(out->outcomes, health->outcomes, sizeof(out->outcomes));
	HASH_ITER(hh, health->sites, site, next) {
		for (target = site->targets; target != NULL; target = target->sibling) {
			out->targets++;
			out->overdue += ezlb_target_is_overdue(target);
			why = ezlb_target_why_blocked(target);
			if (!why)
				continue;
			out->blocked++;
			out->blocked_why = why;
		}
	}
}

size_t ezlb_health_unknown(const struct ezlb_health *health)
{
	return health->n_unknown;
}

void ezlb_health_unref(struct ezlb_health *health)
{
	void (*closed)(void *arg) = health->closed;
	void *arg = health->closed_arg;

	if (--health->open > 0)
		return;
	free(health);
	if (closed)
		closed(arg);
}

static void on_prober_closed(void *arg)
{
	ezlb_health_unref(arg);
}

void ezlb_health_close(struct ezlb_health *health, void (*closed)(void *arg), void *arg)
{
	health->closed = closed;
	health->closed_arg = arg;
	health->generation++;
	sweep(health);
	ezlb_prober_close(health->prober, on_prober_closed, health);
}
