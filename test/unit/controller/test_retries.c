// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many services that fail, each since another time: their retries share passes, and these need
 * little of the time. Time is simulated: a pass takes as long as the test says.
 */
#include "fixture.h"

#include <ezlb/pass.h>

#include "faulty.h"
#include "pace.h"
#include "specs.h"

#define SERVICES 300
#define MINUTE	 60000

/* A kernel that rejects every dest, in front of memory's. */
struct strict {
	struct ezlb_layer ops; /* the first: a pointer to it is one to this */
	struct ezlb_layer *inner;
	unsigned tries;
};

struct sim {
	struct faulty *memory;
	struct strict strict;
	struct ezlb_pass pass;
	struct ezlb_spec *specs[SERVICES + 1];
	struct ezlb_desired desired; /* these */
	struct pace pace;
	uint64_t now, cost; /* of one pass; ms */
	uint64_t next;	    /* the time of the next pass that nothing outside has caused */
	unsigned passes;    /* of these */
};

static struct strict *strict_of(struct ezlb_layer *layer)
{
	return (struct strict *)layer;
}

static int strict_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
			struct ezlb_err *err)
{
	struct strict *strict = strict_of(layer);

	for (size_t i = 0; i < n; i++) {
		if (ops[i]->kind == EZLB_OP_DEST_ADD) {
			ops[i]->rc = -EINVAL;
			strict->tries++;
			continue;
		}
		assert_int_equal(strict->inner->apply(strict->inner, &ops[i], 1, err), 0);
	}
	return 0;
}

static int strict_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		       struct ezlb_table *out, struct ezlb_err *err)
{
	return strict_of(layer)->inner->list(strict_of(layer)->inner, scope, out, err);
}

static int strict_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	return strict_of(layer)->inner->peek(strict_of(layer)->inner, scope, print);
}

static void sim_open(struct sim *sim, uint64_t cost)
{
	*sim = (struct sim){
		.memory = faulty_new(), .now = 1000, .cost = cost, .next = PACE_NEVER
	};
	sim->pass.paced = true;
	faulty_dataplane(sim->memory, &sim->pass.dp);
	sim->strict = (struct strict){
		.inner = sim->pass.dp.layer[EZLB_LAYER_IPVS],
		.ops = { .list = strict_list, .peek = strict_peek, .apply = strict_apply }
	};
	sim->pass.dp.layer[EZLB_LAYER_IPVS] = &sim->strict.ops;
	assert_int_equal(ezlb_ledger_open(&sim->pass.ledger, top, NULL), 0);
}

static void sim_close(struct sim *sim)
{
	for (size_t i = 0; i < sim->desired.len; i++)
		ezlb_spec_free(sim->specs[i]);
	EZLB_VEC_CLEAR(&sim->desired);
	ezlb_pass_clear(&sim->pass);
	faulty_free(sim->memory);
}

/* One more service, with a dest that the kernel does not accept. */
static void sim_add(struct sim *sim)
{
	char file[32], text[96];
	unsigned n = (unsigned)sim->desired.len;

	snprintf(file, sizeof(file), "w%u.yaml", n);
	snprintf(text, sizeof(text), "w%u tcp 10.0.%u.%u:80 10.1.0.1:80", n, n / 250, n % 250 + 1);
	sim->specs[n] = spec_of(file, text);
	*EZLB_PUSH(&sim->desired) = sim->specs[n];
}

static void earlier(uint64_t *at, uint64_t now, uint64_t delay)
{
	if (delay != PACE_NEVER && now + delay < *at)
		*at = now + delay;
}

/* A pass as the daemon makes it. `retry`: only for retries. */
static void sim_pass(struct sim *sim, bool retry)
{
	const struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_pass_result result;
	uint64_t begin = sim->now, due;

	ezlb_pass_plan(&sim->pass, &sim->desired, &verdicts, false, begin, &result);
	ezlb_pass_apply(&sim->pass, &result, begin);
	sim->now += sim->cost;
	sim->next = PACE_NEVER;
	earlier(&sim->next, sim->now, pace_after_pass(&sim->pace, result.outcome.again));
	ezlb_pass_rest(&sim->pass, pace_after_retry(&sim->pace, retry, begin, sim->now));
	due = ezlb_pass_due(&sim->pass);
	if (due != EZLB_PASS_NEVER)
		earlier(&sim->next, sim->now, due > sim->now ? due - sim->now : 0);
	ezlb_pass_result_clear(&result);
}

/* What comes by itself, until then. */
static void sim_until(struct sim *sim, uint64_t until)
{
	while (sim->next <= until) {
		if (sim->next > sim->now)
			sim->now = sim->next;
		sim->passes++;
		sim_pass(sim, ezlb_pass_due(&sim->pass) <= sim->now);
	}
	if (until > sim->now)
		sim->now = until;
}

/* One more of them begins to fail every 110 ms. */
static void test_many_share_the_time(void **state)
{
	static const uint64_t costs[] = { 2, 20, 200 };
	struct sim sim;

	(void)state;
	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		uint64_t allowed, begin;

		sim_open(&sim, costs[i]);
		begin = sim.now;
		while (sim.desired.len < SERVICES) {
			sim_add(&sim);
			sim_pass(&sim, false);
			sim_until(&sim, sim.now + 110);
		}
		sim_until(&sim, sim.now + 10 * MINUTE);
		/* 2 %, 8 retries in advance, and the look after each change. */
		allowed = (sim.now - begin) / 50 + 8 * 2 * costs[i] + SERVICES * costs[i];
		print_message("%u passes of %u ms\n", sim.passes, (unsigned)costs[i]);
		assert_true(sim.passes * costs[i] <= allowed);
		/* Nobody is forgotten: in 10 minutes each is tried at least 8 times. */
		assert_true(sim.strict.tries >= 8 * SERVICES);
		sim_close(&sim);
	}
}

/* All begin to fail in one pass, and stay together: two passes for each time of retry. */
static void test_at_once_is_one_pass(void **state)
{
	struct sim sim;

	(void)state;
	sim_open(&sim, 2);
	while (sim.desired.len < SERVICES)
		sim_add(&sim);
	sim_pass(&sim, false);
	sim_until(&sim, sim.now + 10 * MINUTE);
	print_message("%u passes\n", sim.passes);
	assert_true(sim.passes <= 1 + 2 * (8 + 10 * MINUTE / 24000));
	assert_int_equal(sim.strict.tries % SERVICES, 0);
	sim_close(&sim);
}

/* Of the service that was added last. */
static const struct ezlb_unit *last_unit(const struct sim *sim)
{
	const struct ezlb_spec *last = sim->specs[sim->desired.len - 1];

	for (size_t i = 0; i < sim->pass.units.len; i++)
		if (ezlb_spec_has(last, &sim->pass.units.items[i].subject.service))
			return &sim->pass.units.items[i];
	fail_msg("it does not wait");
	return sim->pass.units.items;
}

/* One alone is tried again as soon as ever, whatever a pass costs; also beside the many. */
static void test_one_alone_is_quick(void **state)
{
	static const uint64_t costs[] = { 1, 20, 60 };
	struct sim sim;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(costs) / sizeof(costs[0]); i++) {
		uint64_t delay = 200, failed;

		sim_open(&sim, costs[i / 2]);
		while (i % 2 && sim.desired.len < SERVICES)
			sim_add(&sim);
		if (i % 2)
			sim_pass(&sim, false);
		sim_until(&sim, sim.now + 20 * MINUTE);
		sim_add(&sim);
		failed = sim.now;
		sim_pass(&sim, false);
		for (unsigned k = 0; k < 6; k++, delay *= 2) {
			const struct ezlb_unit *unit = last_unit(&sim);

			assert_int_equal(unit->failures, k + 1);
			assert_in_range(unit->due - failed, delay * 8 / 10, delay * 12 / 10);
			failed = unit->due > sim.now ? unit->due : sim.now;
			sim_until(&sim, failed);
		}
		sim_close(&sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many_share_the_time, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_at_once_is_one_pass, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_one_alone_is_quick, setup_top, teardown_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
