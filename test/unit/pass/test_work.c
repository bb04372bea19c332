// SPDX-License-Identifier: GPL-2.0-or-later
/* How much work a pass is, counted in allocations and in lists of the kernel: of everything, and of
 * one service. */
#include "pass_rig.h"

#define BACKENDS 10
#define MOST	 1000
#define EDITED	 7

static size_t allocations;

/* The linker puts these in place of libc's, for the objects of this program. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	allocations++;
	return __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	allocations++;
	return __real_reallocarray(p, n, size);
}

/* A process with so many services of 10 backends. */
struct many {
	struct rig rig;
	struct ezlb_spec *specs[MOST];
	struct ezlb_desired all, part;
	struct ezlb_verdicts verdicts;
};

static struct ezlb_spec *nth_spec(int nth)
{
	char line[600];
	size_t len = (size_t)snprintf(line, sizeof(line), "s%05d tcp 10.100.%d.%d:80", nth,
				      nth / 250, nth % 250 + 1);

	for (int k = 0; k < BACKENDS; k++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, " 10.%d.%d.%d:80", 200 + k,
					nth / 250, nth % 250 + 1);
	return spec_of("x.yaml", line);
}

static void pass_all(struct many *m)
{
	struct rig *rig = &m->rig;

	ezlb_pass_result_clear(&rig->result);
	ezlb_pass_plan(&rig->pass, &m->all, &m->verdicts, false, rig->now, &rig->result);
	assert_true(ezlb_pass_apply(&rig->pass, &rig->result, rig->now));
}

static void open_many(struct many *m, int services)
{
	struct ezlb_verdict_row *row;

	*m = (struct many){ .rig = { .memory = faulty_new() } };
	assert_int_equal(setup_top(NULL), 0);
	start(&m->rig);
	m->rig.pass.paced = true;
	for (int i = 0; i < services; i++)
		*EZLB_PUSH(&m->all) = m->specs[i] = nth_spec(i);
	*EZLB_PUSH(&m->part) = m->specs[EDITED];
	row = EZLB_PUSH(&m->verdicts);
	row->backend = m->specs[EDITED]->backends[3].endpoint;
	row->verdict = EZLB_UP;
	row->outcome = EZLB_PROBE_CONNECT_TIMEOUT;
	snprintf(row->service, sizeof(row->service), "%s", m->specs[EDITED]->name);
}

static void close_many(struct many *m)
{
	rig_close(&m->rig);
	for (size_t i = 0; i < m->all.len; i++)
		ezlb_spec_free(m->specs[i]);
	EZLB_VEC_CLEAR(&m->all);
	EZLB_VEC_CLEAR(&m->part);
	EZLB_VEC_CLEAR(&m->verdicts);
	assert_int_equal(teardown_top(NULL), 0);
}

static unsigned lists(const struct many *m)
{
	unsigned n = 0;

	for (int i = 0; i < EZLB_LAYERS; i++)
		n += m->rig.memory->layers[i].lists;
	return n;
}

/* The allocations of a pass over the service whose backend has failed. It lists that service only.
 */
static size_t flip(struct many *m)
{
	struct rig *rig = &m->rig;
	unsigned listed;
	size_t n;

	assert_true(rig->pass.calm);
	m->verdicts.items[0].verdict = EZLB_DOWN;
	ezlb_pass_result_clear(&rig->result);
	listed = lists(m);
	n = allocations;
	assert_true(
		ezlb_pass_plan_part(&rig->pass, &m->part, &m->verdicts, rig->now, &rig->result));
	assert_int_equal(rig->result.plan.ops.len, 1);
	assert_true(ezlb_pass_apply(&rig->pass, &rig->result, rig->now));
	assert_int_equal(lists(m), listed + 1);
	return allocations - n;
}

static size_t flip_among(int services)
{
	struct many m;
	size_t n;

	open_many(&m, services);
	pass_all(&m);
	pass_all(&m);
	n = flip(&m);
	close_many(&m);
	return n;
}

static void test_flip(void **state)
{
	size_t among_100, among_1000;

	(void)state;
	among_100 = flip_among(100);
	among_1000 = flip_among(MOST);
	printf("a flip: %zu allocations among 100 services, %zu among 1,000\n", among_100,
	       among_1000);
	assert_in_range(among_100, 1, 60);
	assert_int_equal(among_1000, among_100);
}

/* Most of a cold pass are the simulated kernel's: 13 for each op, one for each kind of row. A pass
 * that changes nothing needs two for each service. */
static void test_cold(void **state)
{
	struct many m;
	size_t cold, second;

	(void)state;
	open_many(&m, MOST);
	cold = allocations;
	pass_all(&m);
	cold = allocations - cold;
	second = allocations;
	pass_all(&m);
	second = allocations - second;
	printf("a cold pass: %zu allocations, the one after it: %zu\n", cold, second);
	assert_in_range(cold, 1, 14 * MOST * (BACKENDS + 1));
	assert_in_range(second, 1, 5 * MOST / 2);
	close_many(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flip),
		cmocka_unit_test(test_cold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
