// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A part of the services: two views get the results of the same passes. The first gets them as they
 * are, the second only what a pass over a part has found. The same with updates of files. Both must
 * then say the same.
 */
#include "dice.h"
#include "view_words.h"

#define SERVICES	 6
#define BACKENDS_OF_EACH 3
#define HISTORIES	 60
#define STEPS		 60

struct world {
	struct view_rig rig;	 /* its view gets whole results */
	struct ezlb_view second; /* of the same catalog */
	bool in_part[SERVICES];
	unsigned weight[SERVICES]; /* what the files say ... */
	unsigned comment[SERVICES];
	bool broken[SERVICES];
	unsigned narrow; /* updates of files that changed some services */
	unsigned parts;	 /* passes over a part so far */
	unsigned seen[EZLB_EVENTS];
	bool vip_states[EZLB_VIP_MISSING + 1];
};

/* Two services share an address. */
static void add_file(struct world *w, unsigned i)
{
	static const char *const lives[] = {
		"health_check: {enabled: false}\n",
		"drain_timeout: 0s\n",
		"drain_timeout: 20s\non_failure: drain\n",
		"slow_start: 10s\nscheduler: wrr\n",
		"min_healthy: 2\n",
		"fallback:\n  - address: 10.1.1.9:80\n",
	};
	EZLB_AUTO_FREE char *path = ezlb_asprintf("/d/s%u.yaml", i);
	EZLB_AUTO_FREE char *text = ezlb_asprintf(
		"# %u\nlisten: 10.0.0.%u:%u%s\n%s%sbackends:\n"
		"  - {address: 10.1.%u.1:80, weight: %u}\n"
		"  - address: 10.1.%u.2:80\n  - address: 10.1.%u.3:80\n",
		w->comment[i], i / 2 + 1, i % 2 ? 81 : 80, w->broken[i] ? "nonsense" : "", lives[i],
		i >= 2 ? "vip: serving\n" : "", i, w->weight[i], i, i);

	rig_file(&w->rig, path, text);
}

/* The first view looks at all files, the second only at what the catalog says has changed. */
static void read_files(struct world *w)
{
	bool all;

	for (unsigned i = 0; i < SERVICES; i++)
		add_file(w, i);
	rig_update(&w->rig);
	all = w->rig.catalog.change.all;
	w->narrow += !all;
	w->rig.catalog.change.all = true;
	ezlb_view_files(&w->rig.view, &w->rig.catalog, &w->rig.next, w->rig.now);
	w->rig.catalog.change.all = all;
	ezlb_view_files(&w->second, &w->rig.catalog, &w->rig.next, w->rig.now);
	ezlb_snapshot_clear(&w->rig.next);
}

static void edit(struct world *w)
{
	const struct ezlb_desired *changed = &w->rig.catalog.change.services;
	unsigned i = dice(SERVICES), what = dice(3);

	w->weight[i] = what == 0 ? 1 + dice(3) : w->weight[i];
	w->comment[i] += what == 1;
	w->broken[i] = what == 2 && dice(2);
	read_files(w);
	for (size_t k = 0; k < changed->len; k++)
		for (i = 0; i < SERVICES; i++)
			w->in_part[i] |= w->rig.catalog.entries.items[i].last == changed->items[k];
}

static bool is_of_part(const struct world *w, const struct ezlb_service_key *key)
{
	for (unsigned i = 0; i < SERVICES; i++)
		if (w->in_part[i] && ezlb_spec_has(w->rig.catalog.entries.items[i].last, key))
			return true;
	return false;
}

/* Leaves what a pass over the part would have, as struct ezlb_pass_result says. */
static void cut(const struct world *w, struct ezlb_pass_result *result, struct ezlb_desired *part)
{
	struct ezlb_table *tables[] = { &result->found.actual, &result->plan.target };

	for (unsigned i = 0; i < SERVICES; i++)
		if (w->in_part[i])
			*EZLB_PUSH(part) = w->rig.catalog.entries.items[i].last;
	result->part = part;
	EZLB_VEC_KEEP(&result->plan.roster.rows, i,
		      is_of_part(w, &result->plan.roster.rows.items[i].service));
	EZLB_VEC_CLEAR(&result->plan.roster.withdrawn);
	EZLB_VEC_CLEAR(&result->plan.roster.vip_needs);
	EZLB_VEC_KEEP(&result->plan.wanted, i, is_of_part(w, &result->plan.wanted.items[i]));
	for (int k = 0; k < 2; k++) {
		struct ezlb_table only = { .services = tables[k]->services,
					   .dests = tables[k]->dests };

		EZLB_VEC_KEEP(&only.services, i, is_of_part(w, &only.services.items[i].key));
		EZLB_VEC_KEEP(&only.dests, i, is_of_part(w, &only.dests.items[i].service));
		tables[k]->services = (struct ezlb_services){ 0 };
		tables[k]->dests = (struct ezlb_dests){ 0 };
		ezlb_table_clear(tables[k]);
		*tables[k] = only;
	}
}

/* A backend whose drain or slow start goes on has another weight, time or number of connections. */
static void add_moving(struct world *w, const struct ezlb_roster *roster)
{
	for (unsigned i = 0; i < SERVICES; i++) {
		const struct ezlb_view_roles *roles = &w->second.services.items[i].roles;
		const struct ezlb_spec *spec = w->rig.catalog.entries.items[i].last;

		for (size_t k = 0; k < roles->len; k++)
			w->in_part[i] |= roles->items[k].role == EZLB_ROLE_DRAINING ||
					 roles->items[k].role == EZLB_ROLE_STARTING;
		for (size_t k = 0; k < roster->rows.len; k++)
			w->in_part[i] |= ezlb_spec_has(spec, &roster->rows.items[k].service) &&
					 (roster->rows.items[k].role == EZLB_ROLE_DRAINING ||
					  roster->rows.items[k].role == EZLB_ROLE_STARTING);
	}
}

static bool only_ipvs(const struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++)
		if (ezlb_op_layer(plan->items[i].kind) != EZLB_LAYER_IPVS)
			return false;
	return true;
}

/* One pass, told to both views. False if it was not one that can be over a part. */
static bool play_pass(struct world *w, bool may_cut)
{
	struct view_rig *rig = &w->rig;
	struct ezlb_pass_result result;
	struct ezlb_desired part = { 0 };
	struct ezlb_view_pass pass = { .catalog = &rig->catalog,
				       .verdicts = &rig->verdicts,
				       .pass = &rig->pass,
				       .result = &result,
				       .clock_ms = rig_clock(rig),
				       .seconds = 0.003 };
	bool ok;

	ezlb_pass_plan(&rig->pass, &rig->catalog.desired, &rig->verdicts, false, pass.clock_ms,
		       &result);
	ok = ezlb_pass_apply(&rig->pass, &result, pass.clock_ms);
	ezlb_view_pass(&rig->view, &pass, rig->now);
	may_cut = may_cut && ok && only_ipvs(&result.plan.ops);
	if (may_cut) {
		add_moving(w, &result.plan.roster);
		cut(w, &result, &part);
		w->parts++;
	}
	ezlb_view_pass(&w->second, &pass, rig->now);
	EZLB_VEC_CLEAR(&part);
	ezlb_pass_result_clear(&result);
	return may_cut;
}

/* Everything that the operator can ask a view. */
static char *words_of(const struct world *w, const struct ezlb_view *view)
{
	struct ezlb_view_facts facts = w->rig.facts;
	struct ezlb_text out = { 0 };
	struct ezlb_status status;
	char line[512];

	facts.verdicts = w->rig.verdicts;
	facts.now_ms = w->rig.now;
	facts.clock_ms = rig_clock(&w->rig);
	ezlb_view_status(view, &w->rig.catalog, &facts, &status);
	ezlb_status_json(&status, &out);
	ezlb_events_json(&view->events, view->events.last > 40 ? view->events.last - 40 : 0, &out);
	ezlb_view_summary(view, facts.clock_ms, line, sizeof(line));
	ezlb_text_puts(&out, line);
	for (size_t i = 0; i < view->vips.len; i++)
		ezlb_text_printf(&out, "\nvip %zu %zu %zu %d", view->vips.items[i].services,
				 view->vips.items[i].serving, view->vips.items[i].waiting,
				 view->vips.items[i].told);
	ezlb_status_clear(&status);
	return ezlb_text_take(&out, NULL);
}

static void compare(const struct world *w)
{
	EZLB_AUTO_FREE char *whole = words_of(w, &w->rig.view);
	EZLB_AUTO_FREE char *part = words_of(w, &w->second);

	assert_string_equal(part, whole);
}

static void flip(struct world *w, unsigned i, unsigned backend, enum ezlb_verdict verdict)
{
	char service[8], address[32];

	snprintf(service, sizeof(service), "s%u", i);
	if (backend > BACKENDS_OF_EACH)
		snprintf(address, sizeof(address), "10.1.1.9:80");
	else
		snprintf(address, sizeof(address), "10.1.%u.%u:80", i, backend);
	rig_verdict(&w->rig, service, address, verdict);
	w->in_part[i] = true;
}

static enum ezlb_verdict any_verdict(void)
{
	return dice(3) ? EZLB_UP : EZLB_DOWN;
}

/* Of some backends, or of all of those behind an address. */
static void flip_some(struct world *w)
{
	unsigned first = 2 * dice(SERVICES / 2), all = dice(4) ? 0 : 2 * (BACKENDS_OF_EACH + 1);
	enum ezlb_verdict verdict = any_verdict();

	for (unsigned n = dice(4); n > 0; n--)
		flip(w, dice(SERVICES), 1 + dice(BACKENDS_OF_EACH + 1), any_verdict());
	for (unsigned k = 0; k < all; k++)
		flip(w, first + k % 2, 1 + k / 2 % (BACKENDS_OF_EACH + 1), verdict);
}

/* What the view knows apart from passes: the conntrack table, and local addresses. */
static void tell_both(struct world *w)
{
	struct ezlb_view *views[] = { &w->rig.view, &w->second };
	int64_t entries = dice(2) ? 10 : 95 + dice(5);
	struct ezlb_addr addr;
	unsigned which = dice(SERVICES);

	assert_int_equal(ezlb_addr_parse("10.1.0.1", &addr, NULL), 0);
	addr.bytes[2] = (uint8_t)which;
	for (int i = 0; i < 2; i++) {
		struct ezlb_local local = { .known = true };
		const struct ezlb_view_survey found = { .local = &local };

		ezlb_local_add(&local, &addr, 32);
		ezlb_view_survey(views[i], &w->rig.catalog, &found, w->rig.now);
		ezlb_local_clear(&local);
		if (ezlb_view_conntrack(views[i], entries, 100, w->rig.now))
			ezlb_view_recheck(views[i], &w->rig.catalog, w->rig.now);
	}
}

static void step(struct world *w)
{
	memset(w->in_part, 0, sizeof(w->in_part));
	w->rig.now += dice(4000);
	flip_some(w);
	if (dice(8) == 0)
		tell_both(w);
	w->in_part[dice(SERVICES)] = true; /* it costs nothing but time */
	w->rig.catalog.change.all = false;
	if (dice(4) == 0)
		edit(w);
	play_pass(w, !w->rig.catalog.change.all);
	compare(w);
	for (size_t i = 0; i < w->second.vips.len; i++)
		w->vip_states[w->second.vips.items[i].state] = true;
}

static void open_world(struct world *w)
{
	rig_open(&w->rig);
	w->second = (struct ezlb_view){ 0 };
	ezlb_view_start(&w->second, w->rig.now);
	w->rig.pass.vip_when = EZLB_VIP_ALWAYS;
	w->rig.pass.vip_hold_ms = dice(2) ? 0 : 5000;
	ezlb_strcpy(w->rig.pass.policy.vip_device, sizeof(w->rig.pass.policy.vip_device), "ezlb0");
	for (unsigned i = 0; i < SERVICES; i++)
		for (unsigned k = 1; k <= BACKENDS_OF_EACH + 1; k++)
			flip(w, i, k, EZLB_UNKNOWN);
	for (unsigned i = 0; i < SERVICES; i++)
		w->weight[i] = 1;
	memset(w->broken, 0, sizeof(w->broken));
	read_files(w);
	play_pass(w, false);
	play_pass(w, false);
}

static void close_world(struct world *w)
{
	for (int i = 0; i < EZLB_EVENTS; i++)
		w->seen[i] += (unsigned)w->second.events.total[i];
	ezlb_view_clear(&w->second);
	rig_close(&w->rig);
}

static void test_histories(void **state)
{
	struct world w = { .parts = 0 };

	(void)state;
	seed = 20261129;
	for (int i = 0; i < ROUNDS(HISTORIES); i++) {
		open_world(&w);
		for (int k = 0; k < STEPS; k++)
			step(&w);
		close_world(&w);
	}
	/* Else the histories prove little. */
	assert_true(w.narrow > ROUNDS(HISTORIES));
	assert_true(w.parts > ROUNDS(HISTORIES) * STEPS / 2);
	assert_true(w.seen[EZLB_EVENT_DRAIN_STARTED] && w.seen[EZLB_EVENT_DRAIN_ENDED]);
	assert_true(w.seen[EZLB_EVENT_SLOW_START_STARTED] && w.seen[EZLB_EVENT_SLOW_START_ENDED]);
	assert_true(w.seen[EZLB_EVENT_FAIL_OPEN_STARTED] && w.seen[EZLB_EVENT_FALLBACK_STARTED]);
	assert_true(w.seen[EZLB_EVENT_VIP_WITHDRAWN] && w.seen[EZLB_EVENT_VIP_ANNOUNCED]);
	assert_true(w.vip_states[EZLB_VIP_WITHDRAWN] && w.vip_states[EZLB_VIP_HELD]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
