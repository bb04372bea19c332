// SPDX-License-Identifier: GPL-2.0-or-later
/* Batches of many ops, which find their rows by binary search, against a model. */
#include "cm.h"

#include <errno.h>
#include <sys/socket.h>

#include <ezlb/memory.h>

#include "dice.h"
#include "rows.h"

struct numbers EZLB_VEC(int);

static int number_cmp(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

#define NUMBERS 40

/* How many of each there are, and no more than one. */
static void check(const struct numbers *have, const bool want[NUMBERS])
{
	size_t n = 0;

	for (int i = 0; i < NUMBERS; i++) {
		if (!want[i])
			continue;
		assert_true(n < have->len);
		assert_int_equal(have->items[n++], i);
	}
	assert_int_equal(n, have->len);
}

static int next(const bool want[NUMBERS], int from)
{
	while (from < NUMBERS && !want[from])
		from++;
	return from;
}

static void play_batch(struct numbers *numbers, bool want[NUMBERS])
{
	struct rows rows = ROWS_OPEN(numbers, number_cmp);

	for (unsigned i = 0, n = dice(60); i < n; i++) {
		int number = (int)dice(NUMBERS), *found = rows_find(&rows, &number), *first;

		first = rows_first(&rows, &number);
		assert_int_equal(first ? *first : NUMBERS, next(want, number));
		assert_int_equal(found != NULL, want[number]);
		if (found)
			rows_remove(&rows, found);
		else
			rows_add(&rows, &number);
		want[number] = !want[number];
		if (dice(200) == 0) {
			rows_clear(&rows);
			memset(want, 0, NUMBERS * sizeof(*want));
		}
	}
	ROWS_CLOSE(&rows, numbers);
}

static void test_rows_against_a_model(void **state)
{
	(void)state;
	for (unsigned world = 0; world < 200; world++) {
		struct numbers numbers = { 0 };
		bool want[NUMBERS] = { false };

		seed = 0x9e3779b97f4a7c15u * (world + 1);
		for (int i = NUMBERS - 1; i >= 0; i--) /* as a test that tampers leaves it */
			if (dice(2)) {
				*EZLB_PUSH(&numbers) = i;
				want[i] = true;
			}
		for (int batch = 0; batch < 10; batch++) {
			play_batch(&numbers, want);
			check(&numbers, want);
		}
		EZLB_VEC_CLEAR(&numbers);
	}
}

/* --- ops ----------------------------------------------------------------------------------- */

#define MANY 300

static struct ezlb_endpoint ep(unsigned net, unsigned host)
{
	struct ezlb_endpoint out = { .addr = { .family = AF_INET }, .port = 80 };

	out.addr.bytes[0] = 10;
	out.addr.bytes[1] = (uint8_t)net;
	out.addr.bytes[2] = (uint8_t)(host >> 8);
	out.addr.bytes[3] = (uint8_t)host;
	return out;
}

static struct ezlb_op *add_dest(struct ezlb_plan *plan, enum ezlb_op_kind kind, unsigned i)
{
	struct ezlb_op *op = ezlb_plan_add(plan, kind);

	op->dest.service.listen = ep(0, i % 3);
	op->dest.endpoint = ep(1, i);
	return op;
}

static void apply(struct ezlb_memory *memory, struct ezlb_plan *plan)
{
	EZLB_AUTO_FREE struct ezlb_op **ops = ezlb_calloc(plan->len, sizeof(struct ezlb_op *));
	struct ezlb_dataplane dp;
	struct ezlb_layer *ipvs;

	ezlb_memory_dataplane(memory, &dp);
	ipvs = dp.layer[EZLB_LAYER_IPVS];
	for (size_t i = 0; i < plan->len; i++)
		ops[i] = &plan->items[i];
	assert_int_equal(ipvs->apply(ipvs, ops, plan->len, NULL), 0);
}

/* In one batch: each op sees what the ones before it have done. */
static void test_one_batch(void **state)
{
	struct ezlb_memory *memory = ezlb_memory_new();
	struct ezlb_table *kernel = ezlb_memory_table(memory);
	struct ezlb_plan plan = { 0 };

	(void)state;
	add_dest(&plan, EZLB_OP_DEST_ADD, 0); /* 0: its service is not there yet */
	for (unsigned i = 0; i < 3; i++)
		ezlb_plan_add(&plan, EZLB_OP_SERVICE_ADD)->service.key.listen = ep(0, 2 - i);
	for (unsigned i = 0; i < MANY; i++) /* 4: from the last to the first */
		add_dest(&plan, EZLB_OP_DEST_ADD, MANY - 1 - i);
	add_dest(&plan, EZLB_OP_DEST_ADD, 7);
	add_dest(&plan, EZLB_OP_DEST_SET, 8)->dest.weight = 5;
	add_dest(&plan, EZLB_OP_DEST_DEL, 9);
	add_dest(&plan, EZLB_OP_DEST_SET, 9);
	ezlb_plan_add(&plan, EZLB_OP_SERVICE_DEL)->service.key.listen = ep(0, 1);
	add_dest(&plan, EZLB_OP_DEST_SET, 1);
	apply(memory, &plan);
	for (size_t i = 0; i < plan.len; i++) {
		int want = i == 0	       ? -ESRCH
			   : i == MANY + 4     ? -EEXIST
			   : i == MANY + 7     ? -ENOENT
			   : i == plan.len - 1 ? -ESRCH
					       : 0;

		if (plan.items[i].rc != want)
			fail_msg("op %zu: %d", i, plan.items[i].rc);
	}
	assert_int_equal(kernel->services.len, 2);
	assert_int_equal(kernel->dests.len, MANY / 3 * 2 - 1);
	for (size_t i = 0; i < kernel->dests.len; i++) {
		const struct ezlb_dest_row *row = &kernel->dests.items[i];
		unsigned host = row->endpoint.addr.bytes[2] * 256u + row->endpoint.addr.bytes[3];

		assert_int_not_equal(host % 3, 1);
		assert_int_equal(row->weight, host == 8 ? 5 : 0);
	}
	ezlb_plan_clear(&plan);
	ezlb_memory_free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_against_a_model),
		cmocka_unit_test(test_one_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
