// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fold: how long a report holds the loop, with many services. That is what pkg/controller/report.c
 * does there and not in a thread of the pool: fold, the scope of what to ask the kernel for, and
 * giving the memory back in the end.
 *
 * "Cold" is as a scrape every 15 s finds it: the heap is trimmed, and the caches hold something
 * else. The time is the thread's own, so what else the machine does in between does not count.
 *
 *   bench_fold [SERVICES [BACKENDS [ROUNDS]]]      default 1000 10 50
 */
#include "desk_rig.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#include <ezlb/duration.h>
#include <ezlb/health.h>

struct sizes {
	unsigned services, backends, rounds;
};

static struct desk_parts parts;

static double ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* --- what is measured ------------------------------------------------------------------- */

static void put_service(struct view_rig *rig, const struct sizes *sizes, unsigned i, bool checked)
{
	struct ezlb_text text = { 0 };
	char path[64];
	char *bytes;

	ezlb_text_printf(&text, "listen: 10.%u.%u.1:80\nfull_nat: true\n%sbackends:\n", i / 250,
			 i % 250, checked ? "" : NO_CHECK);
	for (unsigned k = 0; k < sizes->backends; k++)
		ezlb_text_printf(&text, "  - address: 10.%u.%u.%u:8080\n", 100 + i / 250, i % 250,
				 k + 1);
	bytes = ezlb_text_take(&text, NULL);
	snprintf(path, sizeof(path), "/d/s%05u.yaml", i);
	rig_file(rig, path, bytes);
	free(bytes);
}

static void want_checks(const struct view_rig *rig, struct ezlb_health *health)
{
	struct ezlb_health_rows rows = { 0 };

	for (size_t i = 0; i < rig->catalog.desired.len; i++) {
		const struct ezlb_spec *spec = rig->catalog.desired.items[i];

		for (size_t k = 0; k < spec->n_backends; k++) {
			struct ezlb_health_row *row = EZLB_PUSH(&rows);

			ezlb_strcpy(row->service, sizeof(row->service), spec->name);
			row->backend = spec->backends[k].endpoint;
			row->check = spec->check;
		}
	}
	ezlb_health_set(health, &rows, NULL);
	EZLB_VEC_CLEAR(&rows);
}

/* --- the measurement ----------------------------------------------------------------------- */

static void cool(void)
{
	static volatile char other[64 << 20];

	malloc_trim(0);
	for (size_t i = 0; i < sizeof(other); i += 64)
		other[i]++;
}

static double hold(const struct view_rig *rig)
{
	const struct ezlb_scope none = { 0 };
	struct ezlb_scope scope = { 0 };
	struct ezlb_status status;
	double start = ms();

	sources_status(&parts.sources, rig->now, ezlb_now_ms(), &status);
	ezlb_reconcile_scope(&rig->catalog.desired, &none, &scope);
	ezlb_status_clear(&status);
	EZLB_VEC_CLEAR(&scope);
	return ms() - start;
}

/* What the service manager is told after a pass. */
static double summary(const struct view_rig *rig)
{
	char line[EZLB_MESSAGE_STRLEN];
	double start = ms();

	ezlb_view_summary(&rig->view, rig_clock(rig), line, sizeof(line));
	return ms() - start;
}

static int double_cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct view_rig *rig, const struct sizes *sizes, bool checked, bool cold)
{
	double *took = ezlb_calloc(sizes->rounds, sizeof(*took)), line;

	for (unsigned i = 0; i < sizes->rounds; i++) {
		if (cold)
			cool();
		took[i] = hold(rig);
	}
	if (cold)
		cool();
	line = summary(rig);
	qsort(took, sizes->rounds, sizeof(*took), double_cmp);
	printf("%u services of %u backends, %s, %s: median %.2f ms, max %.2f ms of %u; summary %.2f ms\n",
	       sizes->services, sizes->backends, checked ? "checked" : "unchecked",
	       cold ? "cold" : "warm", took[sizes->rounds / 2], took[sizes->rounds - 1],
	       sizes->rounds, line);
	free(took);
}

static void bench(const struct sizes *sizes, bool checked)
{
	struct ezlb_health *health = NULL;
	struct view_rig rig;
	uv_loop_t loop;

	rig_open(&rig);
	parts_open(&parts, &rig);
	for (unsigned i = 0; i < sizes->services; i++)
		put_service(&rig, sizes, i, checked);
	rig_files(&rig);
	assert_int_equal(rig.catalog.desired.len, sizes->services);
	rig_settle(&rig);
	uv_loop_init(&loop);
	if (checked) {
		assert_int_equal(ezlb_health_open(&loop, &(struct ezlb_health_options){ 0 }, NULL,
						  NULL, &health, NULL),
				 0);
		want_checks(&rig, health);
		parts.sources.health = health;
	}
	measure(&rig, sizes, checked, false);
	measure(&rig, sizes, checked, true);
	if (health)
		ezlb_health_close(health, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	rig_close(&rig);
}

static unsigned number(int argc, char **argv, int i, unsigned otherwise)
{
	return argc > i ? (unsigned)strtoul(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	const struct sizes sizes = { .services = number(argc, argv, 1, 1000),
				     .backends = number(argc, argv, 2, 10),
				     .rounds = number(argc, argv, 3, 50) };

	if (sizes.services > 25000 || sizes.backends > 250 || sizes.rounds == 0) {
		fprintf(stderr, "usage: bench_fold [SERVICES [BACKENDS [ROUNDS]]]\n");
		return 2;
	}
	for (int checked = 0; checked < 2; checked++) {
		if (setup_top(NULL) < 0)
			return 1;
		bench(&sizes, checked);
		teardown_top(NULL);
	}
	return 0;
}
