// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two balancers with the same random files, verdicts and kernel. One makes a pass over a part of
 * the services where it may, the other always one over all. Whatever the dice do (health changes,
 * edits, drains and slow starts, faults, changes by somebody else):
 *
 *   - both have the same kernel, ledger, lifecycle and roster times after every step
 *   - a pass over a part changes rows of its services only, and a flip reads no others
 *   - what is remembered of the kernel is what the kernel has
 *   - the look afterwards sees every change of somebody else, and none of ezlb's own
 *   - what somebody else changes just before a pass, or between it and its check, is repaired, too
 */
#include "worlds.h"

#include <errno.h>

#include <ezlb/pass.h>

#include "ledger_content.h"
#include "print.h"

#define WORLDS ROUNDS(600)
#define STEPS  12

struct balancer {
	struct faulty *memory;
	struct ezlb_pass pass;
	const struct ezlb_desired *part; /* of the pass that runs; NULL: all */
};

struct twins {
	struct world w; /* the files and verdicts of both, and the kernel of `narrow` */
	struct balancer narrow, full;
	struct ezlb_desired focus; /* what has changed since the last step */
	bool all;
	/*
	 * A pass over all also looks at the connections of drains that are not due. In half of the
	 * worlds passes over a part do so, too, and all must be the same after each step. In the
	 * others one that is noticed later may end later; there a pass over all has nothing to do.
	 */
	bool strict;
};

struct tally {
	unsigned parts, part_ops, quiet, refused, checks_failed, seen, drains, meddled;
};
static struct tally tally;

/* --- passes -------------------------------------------------------------------------------- */

static void on_step(void *arg, const struct ezlb_op *op)
{
	const struct balancer *b = arg;
	struct ezlb_service_key key;
	bool mine = !b->part;

	if (!mine)
		assert_true(ezlb_op_service(op, &key));
	for (size_t i = 0; !mine && i < b->part->len; i++)
		mine = ezlb_spec_has(b->part->items[i], &key);
	assert_true(mine);
}

static void verdicts_of(const struct world *w, const struct ezlb_desired *part,
			struct ezlb_verdicts *out)
{
	for (size_t i = 0; i < w->verdicts.len; i++)
		for (size_t k = 0; k < part->len; k++)
			if (strcmp(w->verdicts.items[i].service, part->items[k]->name) == 0)
				*EZLB_PUSH(out) = w->verdicts.items[i];
}

/* True if it changed the kernel or tried to. */
static bool pass_all(struct world *w, struct balancer *b)
{
	struct ezlb_pass_result result;
	bool again;

	ezlb_pass_plan(&b->pass, &w->desired, &w->verdicts, false, w->now, &result);
	ezlb_pass_apply(&b->pass, &result, w->now);
	again = result.outcome.again;
	ezlb_pass_result_clear(&result);
	return again;
}

static void settle(struct world *w, struct balancer *b)
{
	for (int i = 0; pass_all(w, b); i++)
		assert_true(i < 10);
}

/* False if only a pass over all may follow. */
static bool try_part(struct twins *t, bool *again)
{
	struct balancer *b = &t->narrow;
	struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_pass_result result;
	unsigned lists = b->memory->layers[EZLB_LAYER_IPVS].lists;
	bool may;

	verdicts_of(&t->w, &t->focus, &verdicts);
	may = ezlb_pass_plan_part(&b->pass, &t->focus, &verdicts, t->w.now, &result);
	EZLB_VEC_CLEAR(&verdicts);
	if (!may) {
		tally.refused++;
		assert_int_equal(result.plan.target.services.len, 0);
		return false;
	}
	b->part = &t->focus;
	ezlb_pass_apply(&b->pass, &result, t->w.now);
	b->part = NULL;
	*again = result.outcome.again;
	tally.parts++;
	tally.part_ops += result.plan.ops.len;
	tally.quiet += *again && lists + 1 == b->memory->layers[EZLB_LAYER_IPVS].lists;
	ezlb_pass_result_clear(&result);
	return true;
}

static void pass_part(struct twins *t)
{
	bool again = true;

	for (int i = 0; again; i++) {
		assert_true(i < 10);
		if (!try_part(t, &again)) {
			settle(&t->w, &t->narrow);
			return;
		}
		if (ezlb_pass_check(&t->narrow.pass))
			continue;
		tally.checks_failed++;
		settle(&t->w, &t->narrow);
		return;
	}
}

static void run_both(struct twins *t)
{
	if (t->all)
		settle(&t->w, &t->narrow);
	else if (t->focus.len > 0)
		pass_part(t);
	settle(&t->w, &t->full);
}

/* --- what must be the same ----------------------------------------------------------------- */

static void assert_same_life(const struct ezlb_lifecycle *a, const struct ezlb_lifecycle *b)
{
	assert_int_equal(a->members.len, b->members.len);
	for (size_t i = 0; i < a->members.len; i++) {
		const struct ezlb_member *x = &a->members.items[i], *y = &b->members.items[i];

		assert_int_equal(ezlb_service_key_cmp(&x->service, &y->service), 0);
		assert_int_equal(ezlb_endpoint_cmp(&x->backend, &y->backend), 0);
		assert_int_equal(x->role, y->role);
		/* What other roles have there is left over, and nobody reads it. */
		if (x->role == EZLB_ROLE_DRAINING)
			assert_true(x->idle_ms == y->idle_ms && x->cause == y->cause);
		if (x->role == EZLB_ROLE_DRAINING || x->role == EZLB_ROLE_STARTING ||
		    x->role == EZLB_ROLE_SERVING)
			assert_true(x->until_ms == y->until_ms);
	}
	assert_int_equal(a->seen.len, b->seen.len);
	assert_int_equal(a->dues.len, b->dues.len);
	for (size_t i = 0; i < a->dues.len; i++)
		assert_true(a->dues.items[i].ms == b->dues.items[i].ms);
	assert_int_equal(a->vips.len, b->vips.len);
	for (size_t i = 0; i < a->vips.len; i++)
		assert_true(a->vips.items[i].since_ms == b->vips.items[i].since_ms &&
			    a->vips.items[i].left == b->vips.items[i].left);
	assert_true(a->vips_due_ms == b->vips_due_ms);
}

static uint64_t print_of(const struct ezlb_table *table)
{
	struct ezlb_table copy = { 0 };
	uint64_t print;

	ezlb_table_copy(&copy, table);
	ezlb_table_sort(&copy);
	print = ezlb_memory_print(&copy);
	ezlb_table_clear(&copy);
	return print;
}

static void assert_left_is_kernel(const struct balancer *b)
{
	struct ezlb_table is = { 0 };
	struct ezlb_layer_errs errs;
	const struct ezlb_table *left = &b->pass.left;

	if (!b->pass.left_known)
		return;
	ezlb_reconcile_list(&b->pass.dp, &b->pass.ledger.content.services, NULL, &is, &errs);
	assert_int_equal(left->services.len, is.services.len);
	assert_int_equal(left->dests.len, is.dests.len);
	for (size_t i = 0; i < is.services.len; i++)
		assert_true(ezlb_service_row_same(&left->services.items[i], &is.services.items[i]));
	for (size_t i = 0; i < is.dests.len; i++)
		assert_true(ezlb_dest_row_cmp(&left->dests.items[i], &is.dests.items[i]) == 0 &&
			    ezlb_dest_row_same(&left->dests.items[i], &is.dests.items[i]));
	ezlb_table_clear(&is);
}

/* The ledger has the drains that lifecycle knows, whichever services the last pass was over. */
static void assert_drains(const struct balancer *b)
{
	const struct ezlb_drains *drains = &b->pass.ledger.content.drains;
	size_t n = 0;

	if (!b->pass.left_known || b->pass.units.len > 0)
		return;
	for (size_t i = 0; i < b->pass.life.members.len; i++) {
		const struct ezlb_member *member = &b->pass.life.members.items[i];
		const struct ezlb_drain key = { .service = member->service,
						.backend = member->backend };

		if (member->role != EZLB_ROLE_DRAINING)
			continue;
		assert_non_null(EZLB_FIND(drains, &key, ezlb_drain_cmp));
		n++;
	}
	assert_int_equal(n, drains->len);
	tally.drains += n;
}

static void assert_same(struct twins *t)
{
	struct ezlb_table *a = faulty_table(t->narrow.memory), *b = faulty_table(t->full.memory);

	assert_left_is_kernel(&t->narrow);
	assert_drains(&t->narrow);
	if (!t->strict)
		return;
	ezlb_table_sort(a);
	ezlb_table_sort(b);
	assert_true(print_of(a) == print_of(b));
	assert_true(
		ledger_content_same(&t->narrow.pass.ledger.content, &t->full.pass.ledger.content));
	assert_same_life(&t->narrow.pass.life, &t->full.pass.life);
	assert_int_equal(t->narrow.pass.units.len, t->full.pass.units.len);
	assert_int_equal(t->narrow.pass.left_known, t->full.pass.left_known);
}

/* --- what happens -------------------------------------------------------------------------- */

static void note(struct twins *t, const struct ezlb_spec *spec)
{
	for (size_t i = 0; i < t->focus.len; i++)
		if (t->focus.items[i] == spec)
			return;
	*EZLB_PUSH(&t->focus) = spec;
}

static struct ezlb_spec *any_spec(struct twins *t)
{
	unsigned i = dice((unsigned)t->w.desired.len);

	return t->w.specs[t->w.desired.items[i]->name[1] - '0'];
}

static void flip(struct twins *t)
{
	struct ezlb_verdict_row *row;

	if (t->w.verdicts.len == 0)
		return;
	row = &t->w.verdicts.items[dice((unsigned)t->w.verdicts.len)];
	row->verdict = (enum ezlb_verdict)dice(3);
	row->outcome = (enum ezlb_outcome)dice(EZLB_OUTCOMES);
	note(t, t->w.specs[row->service[1] - '0']);
}

/* Rows of the service alone, as catalog->change has it: not `vip`. */
static void edit(struct twins *t)
{
	struct ezlb_spec *spec = any_spec(t);
	enum ezlb_vip_when vip = spec->vip;

	make_life(spec);
	spec->vip = vip;
	if (dice(2))
		ezlb_strcpy(spec->scheduler, sizeof(spec->scheduler), scheduler());
	if (spec->n_backends > 0 && dice(2))
		spec->backends[dice((unsigned)spec->n_backends)].weight = dice(4);
	if (spec->n_backends > 0 && dice(4) == 0)
		spec->n_backends--;
	else if (spec->n_backends < BACKENDS && spec->backends && dice(4) == 0)
		spec->n_backends++; /* one that left earlier */
	note(t, spec);
}

static void end_connections(struct twins *t)
{
	struct ezlb_dests *a = &faulty_table(t->narrow.memory)->dests;
	struct ezlb_dests *b = &faulty_table(t->full.memory)->dests;

	for (size_t i = 0; i < a->len; i++) {
		struct ezlb_dest_row *twin = EZLB_FIND(b, &a->items[i], ezlb_dest_row_cmp);

		a->items[i].active = dice(2);
		if (twin)
			twin->active = a->items[i].active;
	}
}

static bool file_has(const struct world *w, const struct ezlb_service_key *key)
{
	for (size_t i = 0; i < w->desired.len; i++)
		if (ezlb_spec_has(w->desired.items[i], key))
			return true;
	return false;
}

/* True if it has changed something of ezlb's. */
static bool tamper(struct twins *t)
{
	struct ezlb_dests *a = &faulty_table(t->narrow.memory)->dests;
	struct ezlb_dests *b = &faulty_table(t->full.memory)->dests;
	struct ezlb_dest_row *twin;
	size_t i;

	if (a->len == 0)
		return false;
	i = dice((unsigned)a->len);
	twin = EZLB_FIND(b, &a->items[i], ezlb_dest_row_cmp);
	if (!twin || !file_has(&t->w, &a->items[i].service))
		return false;
	a->items[i].weight += 100;
	twin->weight += 100;
	return true;
}

static void break_it(struct twins *t)
{
	unsigned nth = 1 + dice(3);

	faulty_fault(t->narrow.memory, EZLB_LAYER_IPVS, nth, ENOMEM);
	faulty_fault(t->full.memory, EZLB_LAYER_IPVS, nth, ENOMEM);
}

static void heal(struct twins *t)
{
	faulty_fault(t->narrow.memory, EZLB_LAYER_IPVS, 0, 0);
	faulty_fault(t->full.memory, EZLB_LAYER_IPVS, 0, 0);
}

/* The services whose drains or slow starts are due, as the controller finds them. */
static void note_due(struct twins *t)
{
	struct ezlb_scope due = { 0 };

	t->all |= !ezlb_lifecycle_due(&t->narrow.pass.life, t->w.now, &due);
	t->all |= ezlb_pass_due(&t->narrow.pass) <= t->w.now;
	for (size_t i = 0; i < t->w.desired.len; i++)
		for (size_t k = 0; k < due.len; k++)
			if (ezlb_spec_has(t->w.desired.items[i], &due.items[k]))
				note(t, t->w.desired.items[i]);
	EZLB_VEC_CLEAR(&due);
	for (size_t i = 0; i < t->narrow.pass.life.members.len && t->strict; i++)
		if (t->narrow.pass.life.members.items[i].role == EZLB_ROLE_DRAINING)
			for (size_t k = 0; k < t->w.desired.len; k++)
				if (ezlb_spec_has(t->w.desired.items[k],
						  &t->narrow.pass.life.members.items[i].service))
					note(t, t->w.desired.items[k]);
}

/* --- the play ------------------------------------------------------------------------------ */

static void run(struct twins *t)
{
	run_both(t);
	t->all = false;
	t->focus.len = 0;
	heal(t);
	assert_same(t);
}

/* The look of the controller; a pass over all repairs what somebody else has changed. */
static void look(struct twins *t)
{
	bool tampered = dice(4) == 0 && tamper(t);
	bool known = t->narrow.pass.left_known;
	bool seen = ezlb_pass_peek(&t->narrow.pass, &t->w.desired);

	assert_true(ezlb_pass_peek(&t->full.pass, &t->w.desired) == seen || !t->strict);
	if (tampered)
		assert_true(seen);
	else if (known)
		assert_false(seen);
	tally.seen += seen;
	t->all = seen || !known;
	if (t->all)
		run(t);
}

static void step(struct twins *t)
{
	t->w.now += dice(3) ? dice(1500) : 0;
	if (dice(3) == 0)
		end_connections(t);
	if (dice(6) == 0)
		break_it(t);
	for (unsigned n = 1 + dice(2); n > 0; n--)
		if (dice(3))
			flip(t);
		else
			edit(t);
	note_due(t);
	run(t);
	if (!t->strict && t->narrow.pass.left_known && dice(4) == 0)
		assert_false(pass_all(&t->w, &t->narrow));
	if (dice(2))
		look(t);
}

/* Nothing happens any more, and connections end. */
static void calm_down(struct twins *t)
{
	t->w.now += UINT64_C(1000000);
	for (int i = 0; i < 100; i++) {
		struct ezlb_dests *a = &faulty_table(t->narrow.memory)->dests;
		struct ezlb_dests *b = &faulty_table(t->full.memory)->dests;

		for (size_t k = 0; k < a->len; k++)
			a->items[k].active = 0;
		for (size_t k = 0; k < b->len; k++)
			b->items[k].active = 0;
		note_due(t);
		run(t);
		t->w.now += 1000;
	}
	assert_int_equal(t->narrow.pass.ledger.content.drains.len, 0);
	if (!t->strict)
		assert_false(pass_all(&t->w, &t->narrow));
}

static void open_balancer(struct twins *t, struct balancer *b, struct faulty *memory)
{
	b->memory = memory;
	b->pass = (struct ezlb_pass){ .policy = t->w.policy,
				      .vip_when = t->w.vip_when,
				      .vip_hold_ms = t->w.vip_hold,
				      .paced = true };
	faulty_dataplane(memory, &b->pass.dp);
	faulty_on_step(memory, on_step, b);
	ezlb_ledger_open(&b->pass.ledger, NULL, NULL);
	EZLB_VEC_COPY(&b->pass.ledger.content.services, &t->w.owned);
	EZLB_SORT(&b->pass.ledger.content.services, ezlb_service_key_cmp);
}

static void open_twins(struct twins *t, unsigned number)
{
	struct world *w = &t->w;
	struct faulty *copy = faulty_new();

	seed = 0x9e3779b97f4a7c15u * (number + 1);
	*t = (struct twins){ .all = true, .strict = number % 8 < 4 };
	w->memory = faulty_new();
	w->snat_key = number % 4 ? EZLB_SNAT_KEY_LISTENER : EZLB_SNAT_KEY_BACKEND;
	w->ipv6 = dice(2);
	w->now = 1000;
	w->policy = (struct ezlb_policy){ .snat_key = w->snat_key, .firewall = dice(3) > 0 };
	ezlb_strcpy(w->policy.vip_device, sizeof(w->policy.vip_device), dice(2) ? "new0" : "");
	w->policy.guard = dice(4) > 0;
	w->vip_hold = dice(2) ? 1 + dice(20000) : 0;
	faulty_set_snat_key(w->memory, w->snat_key);
	w->kernel = faulty_table(w->memory);
	make_files(w);
	make_verdicts(w);
	make_kernel(w);
	for (size_t i = 0; i < w->desired.len; i++)
		if (dice(3))
			w->specs[w->desired.items[i]->name[1] - '0']->vip = EZLB_VIP_ALWAYS;
	w->kernel->syncs.len = 0;
	faulty_set_snat_key(copy, w->snat_key);
	ezlb_table_copy(faulty_table(copy), w->kernel);
	open_balancer(t, &t->narrow, w->memory);
	open_balancer(t, &t->full, copy);
}

static void close_twins(struct twins *t)
{
	ezlb_pass_clear(&t->narrow.pass);
	ezlb_pass_clear(&t->full.pass);
	faulty_free(t->narrow.memory);
	faulty_free(t->full.memory);
	for (int i = 0; i < LISTENERS; i++)
		ezlb_spec_free(t->w.specs[i]);
	EZLB_VEC_CLEAR(&t->w.desired);
	EZLB_VEC_CLEAR(&t->w.verdicts);
	EZLB_VEC_CLEAR(&t->w.owned);
	EZLB_VEC_CLEAR(&t->focus);
}

static void test_parts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < WORLDS; i++) {
		struct twins t;

		open_twins(&t, i);
		run(&t);
		for (unsigned k = 0; k < STEPS && t.w.desired.len > 0; k++)
			step(&t);
		calm_down(&t);
		close_twins(&t);
	}
	print_message("%d worlds, %u passes over a part with %u ops, %u of them with one list, "
		      "%u refused, %u checks failed, %u looks saw something\n",
		      WORLDS, tally.parts, tally.part_ops, tally.quiet, tally.refused,
		      tally.checks_failed, tally.seen);
	assert_true(tally.parts > 3 * WORLDS && tally.part_ops > WORLDS);
	assert_true(tally.quiet > WORLDS / 2);
	assert_true(tally.refused > WORLDS && tally.checks_failed > WORLDS / 10);
	assert_true(tally.seen > WORLDS / 10);
}

/* --- changes by somebody else at any moment ------------------------------------------------- */

static void drop_dests(struct ezlb_dests *dests, const struct ezlb_service_key *key)
{
	EZLB_VEC_KEEP(dests, i, ezlb_service_key_cmp(&dests->items[i].service, key) != 0);
}

static void raise_weights(struct ezlb_dests *dests, const struct ezlb_service_key *key)
{
	for (size_t i = 0; i < dests->len; i++)
		if (ezlb_service_key_cmp(&dests->items[i].service, key) == 0)
			dests->items[i].weight += 100;
}

/* Changes or deletes a service, its dests, or a row of source NAT. */
static void meddle(struct twins *t)
{
	struct ezlb_table *kernel = faulty_table(t->narrow.memory);
	unsigned what = dice(5), n = (unsigned)kernel->services.len;
	struct ezlb_service_row *service = n ? &kernel->services.items[dice(n)] : NULL;

	if (!service || !file_has(&t->w, &service->key))
		return;
	tally.meddled++;
	if (what == 0)
		raise_weights(&kernel->dests, &service->key);
	else if (what < 3)
		drop_dests(&kernel->dests, &service->key);
	else if (what == 3)
		ezlb_strcpy(service->scheduler, sizeof(service->scheduler), "lblcr");
	else if (kernel->snats.len > 0)
		kernel->snats.len--;
	if (what == 1)
		EZLB_SPLICE(&kernel->services, (size_t)(service - kernel->services.items), 1,
			    service, 0);
}

static void maybe_meddle(struct twins *t)
{
	if (dice(5) == 0)
		meddle(t);
}

static bool must_retry(const struct twins *t)
{
	return ezlb_pass_due(&t->narrow.pass) != EZLB_PASS_NEVER;
}

/* One pass of the controller. True if another one must follow. */
static bool pass_once(struct twins *t)
{
	bool again = false, all = t->all;

	if (must_retry(t)) {
		if (ezlb_pass_due(&t->narrow.pass) > t->w.now)
			t->w.now = ezlb_pass_due(&t->narrow.pass);
		all = true;
	}
	t->all = false;
	if (!all && ezlb_pass_check(&t->narrow.pass) && (t->focus.len == 0 || try_part(t, &again)))
		return again;
	return pass_all(&t->w, &t->narrow) || must_retry(t);
}

static void pass_meddled(struct twins *t)
{
	for (int i = 0; pass_once(t); i++) {
		assert_true(i < 30);
		if (i < 3)
			maybe_meddle(t);
	}
	t->focus.len = 0;
}

static void meddled_step(struct twins *t)
{
	t->w.now += dice(1500);
	maybe_meddle(t);
	if (dice(3))
		flip(t);
	else
		edit(t);
	maybe_meddle(t);
	note_due(t);
	pass_meddled(t);
	maybe_meddle(t);
	if (dice(2) == 0)
		return;
	t->all = ezlb_pass_peek(&t->narrow.pass, &t->w.desired);
	if (!t->all)
		assert_left_is_kernel(&t->narrow);
	pass_meddled(t);
}

/* Before, between and after the passes: when a look sees nothing, nothing of it is left. */
static void test_meddling(void **state)
{
	(void)state;
	for (unsigned i = 0; i < WORLDS; i++) {
		struct twins t;

		open_twins(&t, i);
		settle(&t.w, &t.narrow);
		t.all = false;
		for (unsigned k = 0; k < STEPS && t.w.desired.len > 0; k++)
			meddled_step(&t);
		while (ezlb_pass_peek(&t.narrow.pass, &t.w.desired)) {
			t.all = true;
			while (pass_once(&t))
				;
		}
		assert_false(pass_all(&t.w, &t.narrow));
		close_twins(&t);
	}
	assert_true(tally.meddled > 4 * WORLDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_parts),
					    cmocka_unit_test(test_meddling) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
