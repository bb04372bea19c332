// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * differ: random service files, applied to the memory data plane and to the kernel of this network
 * namespace, give the same rows.
 *
 *   differ iptables|nftables FIRST-SEED SEEDS STEPS
 *
 * Each seed begins with an empty kernel. A step changes, adds or removes some files, or the health
 * of some backends, or lets time pass (drains, slow starts). The same passes follow on both sides,
 * and then both list their rows. After the last step both remove everything. The first difference
 * ends the program with status 1; it prints the seed, the step, the rows, and how to repeat it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ezlb/config.h>
#include <ezlb/controller.h>
#include <ezlb/desired.h>
#include <ezlb/host.h>
#include <ezlb/memory.h>
#include <ezlb/node.h>
#include <ezlb/pass.h>

#include "dataplane.h"
#include "differ.h"
#include "random_files.h"

#define DEVICE "ezlb0"

enum side { MEMORY, KERNEL, SIDES };

struct slot {
	struct random_parts parts;
	struct ezlb_text text;	   /* of the file; empty: there is none */
	struct ezlb_spec *applied; /* the version that serves; NULL: none */
	unsigned health;	   /* changes with each change of health */
};

struct world {
	const char *driver;
	unsigned first_seed;
	unsigned steps;
	struct ezlb_options options;
	struct dataplane plane[SIDES];
	struct ezlb_pass pass[SIDES];
	struct slot slots[RANDOM_SLOTS];
	struct ezlb_desired desired;
	struct ezlb_verdicts verdicts;
	struct ezlb_scope ever; /* every listener that a file has had; sorted */
	uint64_t now;
	unsigned seed, step;
	bool by_listener;
	size_t files, refused, conflicts, ops, parts, rows; /* for the report */
};

static _Noreturn void differ(const struct world *w, const char *what)
{
	printf("seed %u, step %u, %s: %s\n", w->seed, w->step, w->driver, what);
	printf("repeat: LAB_DRIVER=%s LAB_SEED=%u LAB_SEEDS=1 LAB_STEPS=%u scripts/lab differential\n",
	       w->driver, w->seed, w->steps);
	for (unsigned i = 0; i < RANDOM_SLOTS; i++)
		if (w->slots[i].text.len)
			printf("--- s%u.yaml\n%.*s", i, (int)w->slots[i].text.len,
			       w->slots[i].text.items);
	exit(1);
}

/* --- files --------------------------------------------------------------------------------- */

static struct ezlb_spec *read_slot(struct world *w, unsigned i)
{
	struct ezlb_diags diags = { 0 };
	struct ezlb_spec *spec;
	char name[16];

	snprintf(name, sizeof(name), "s%u.yaml", i);
	spec = ezlb_config_parse(name, w->slots[i].text.items, w->slots[i].text.len, &diags);
	w->files++;
	w->refused += !spec;
	ezlb_diags_clear(&diags);
	return spec;
}

/* What each file serves from now on. */
static void merge(struct world *w)
{
	struct ezlb_candidate candidates[RANDOM_SLOTS];
	struct ezlb_spec *fresh[RANDOM_SLOTS], *last[RANDOM_SLOTS];
	struct ezlb_diags diags = { 0 };
	unsigned slots[RANDOM_SLOTS], n = 0;

	for (unsigned i = 0; i < RANDOM_SLOTS; i++) {
		last[n] = w->slots[i].applied;
		w->slots[i].applied = NULL;
		if (!w->slots[i].text.len) {
			ezlb_spec_free(last[n]);
			continue;
		}
		fresh[n] = read_slot(w, i);
		candidates[n] = (struct ezlb_candidate){ .fresh = fresh[n], .last = last[n] };
		slots[n++] = i;
	}
	w->desired.len = 0;
	ezlb_desired_merge(candidates, n,
			   w->by_listener ? EZLB_SNAT_KEY_LISTENER : EZLB_SNAT_KEY_BACKEND,
			   &w->desired, &diags);
	for (unsigned k = 0; k < n; k++) {
		const bool takes = candidates[k].chosen == fresh[k];

		w->conflicts += fresh[k] && !takes;
		w->slots[slots[k]].applied = candidates[k].chosen ? takes ? fresh[k] : last[k]
								  : NULL;
		if (!takes)
			ezlb_spec_free(fresh[k]);
		if (takes || !candidates[k].chosen)
			ezlb_spec_free(last[k]);
	}
	ezlb_diags_clear(&diags);
	for (size_t i = 0; i < w->desired.len; i++)
		for (size_t k = 0; k < w->desired.items[i]->n_listeners; k++)
			*EZLB_PUSH(&w->ever) = w->desired.items[i]->listeners[k].key;
	EZLB_SORT(&w->ever, ezlb_service_key_cmp);
	EZLB_UNIQUE(&w->ever, ezlb_service_key_cmp);
}

static void edit(struct world *w, unsigned files)
{
	for (unsigned n = 0; n < files; n++) {
		struct slot *slot = &w->slots[w->step ? dice(RANDOM_SLOTS) : n];

		slot->text.len = 0;
		if (w->step > 0 && dice(6) == 0)
			continue; /* it is removed */
		random_reroll(&slot->parts);
		random_file(&slot->text, (unsigned)(slot - w->slots), w->by_listener, &slot->parts);
	}
	merge(w);
}

/* --- health -------------------------------------------------------------------------------- */

/* Mostly up. The same backend keeps its verdict until the health of its service changes. */
static enum ezlb_verdict verdict_of(const struct world *w, unsigned slot,
				    const struct ezlb_endpoint *backend)
{
	const unsigned facts[] = { w->seed, slot, w->slots[slot].health,
				   backend->addr.bytes[backend->addr.family == 2 ? 3 : 15] };
	const uint64_t hash = ezlb_hash(facts, sizeof(facts));

	return hash % 4 ? EZLB_UP : hash / 4 % 4 ? EZLB_DOWN : EZLB_UNKNOWN;
}

static void judge(struct world *w)
{
	w->verdicts.len = 0;
	for (unsigned i = 0; i < RANDOM_SLOTS; i++) {
		const struct ezlb_spec *spec = w->slots[i].applied;

		for (size_t k = 0;
		     spec && spec->check.type != EZLB_CHECK_NONE && k < spec->n_backends; k++) {
			struct ezlb_verdict_row *row = EZLB_PUSH(&w->verdicts);

			ezlb_strcpy(row->service, sizeof(row->service), spec->name);
			row->backend = spec->backends[k].endpoint;
			row->verdict = verdict_of(w, i, &row->backend);
			row->outcome = k % 2 ? EZLB_PROBE_HTTP_STATUS : EZLB_PROBE_CONNECT_TIMEOUT;
		}
	}
	EZLB_SORT(&w->verdicts, ezlb_verdict_row_cmp);
}

/* --- passes -------------------------------------------------------------------------------- */

static void complain(const struct ezlb_pass_result *result)
{
	char text[EZLB_OP_STRLEN], why[EZLB_OP_STRLEN];

	for (size_t i = 0; i < result->plan.ops.len; i++) {
		const struct ezlb_op *op = &result->plan.ops.items[i];

		printf("  %s: %s\n", ezlb_op_format(op, text), ezlb_op_explain(op, why));
	}
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (result->outcome.errs.layer[i].code)
			printf("  layer %d: %s\n", i, result->outcome.errs.layer[i].msg);
}

/* Passes over all services until one has nothing to do. */
static void settle(struct world *w, enum side side)
{
	struct ezlb_pass_result result;
	size_t ops = 1;

	for (int i = 0; ops > 0; i++) {
		bool ok;

		ezlb_pass_plan(&w->pass[side], &w->desired, &w->verdicts, false, w->now, &result);
		ezlb_pass_apply(&w->pass[side], &result, w->now);
		ok = ezlb_pass_ok(&result);
		ops = result.plan.ops.len;
		w->ops += side == KERNEL ? ops : 0;
		if (i == 10 || (!ok && i > 3)) {
			complain(&result);
			differ(w, side == KERNEL ? "the kernel does not take it"
						 : "the memory data plane does not take it");
		}
		ezlb_pass_result_clear(&result);
	}
}

static bool pass_part(struct world *w, enum side side, const struct ezlb_desired *part)
{
	struct ezlb_pass_result result;
	const bool may = ezlb_pass_plan_part(&w->pass[side], part, &w->verdicts, w->now, &result);

	if (may)
		ezlb_pass_apply(&w->pass[side], &result, w->now);
	ezlb_pass_result_clear(&result);
	return may && ezlb_pass_check(&w->pass[side]);
}

/* The rows of every listener that there ever was: of those that are gone there must be none. */
static void list(struct world *w, enum side side, struct lines *out)
{
	struct ezlb_table table = { 0 };
	struct ezlb_layer_errs errs;

	ezlb_reconcile_list(&w->pass[side].dp, &w->ever, NULL, &table, &errs);
	for (int i = 0; i < EZLB_LAYERS; i++) {
		if (errs.layer[i].code == 0)
			continue;
		printf("  layer %d: %s\n", i, errs.layer[i].msg);
		differ(w, "it cannot be listed");
	}
	lines_of_table(out, &table);
	ezlb_table_clear(&table);
}

static void compare(struct world *w, const char *when)
{
	struct lines memory = { 0 }, kernel = { 0 };
	char what[128];

	list(w, MEMORY, &memory);
	list(w, KERNEL, &kernel);
	snprintf(what, sizeof(what), "the rows differ %s", when);
	if (lines_compare(&memory, &kernel) > 0)
		differ(w, what);
	w->rows += kernel.len;
	lines_clear(&memory);
	lines_clear(&kernel);
}

/* --- steps --------------------------------------------------------------------------------- */

/* The health of one or two services changes: a pass over these, where both sides may have one. */
static void flip(struct world *w)
{
	struct ezlb_desired part = { 0 };

	for (size_t i = 0; i < w->desired.len && part.len < 2; i++) {
		const struct ezlb_spec *spec = w->desired.items[i];

		if (dice(3))
			continue;
		w->slots[atoi(spec->name + 1)].health++;
		*EZLB_PUSH(&part) = spec;
	}
	judge(w);
	if (part.len > 0 && pass_part(w, MEMORY, &part) && pass_part(w, KERNEL, &part)) {
		w->parts++;
		compare(w, "after a pass over a part");
	}
	EZLB_VEC_CLEAR(&part);
}

static void step(struct world *w)
{
	const unsigned kind = dice(4);

	w->now += 1 + dice(20000);
	if (w->step == 0)
		edit(w, RANDOM_SLOTS);
	else if (kind < 2)
		edit(w, 1 + dice(4));
	else if (kind == 2)
		flip(w);
	judge(w);
	settle(w, MEMORY);
	settle(w, KERNEL);
	compare(w, "after the passes");
}

static void clean(struct world *w)
{
	struct ezlb_pass_result result;

	for (int side = 0; side < SIDES; side++) {
		if (!ezlb_pass_cleanup(&w->pass[side], &result)) {
			complain(&result);
			differ(w, "the cleanup fails");
		}
		ezlb_pass_result_clear(&result);
	}
	compare(w, "after the cleanup");
}

/* --- a seed -------------------------------------------------------------------------------- */

static void open_side(struct world *w, enum side side, bool vips)
{
	struct ezlb_pass *pass = &w->pass[side];
	struct ezlb_err err = { 0 };

	w->options.dataplane = side == MEMORY ? EZLB_DP_MEMORY : EZLB_DP_KERNEL;
	if (dataplane_open(&w->plane[side], &w->options, &err) < 0 ||
	    ezlb_ledger_open(&pass->ledger, NULL, &err) < 0) {
		fprintf(stderr, "differ: %s\n", err.msg);
		exit(2);
	}
	pass->dp = w->plane[side].dp;
	pass->policy = (struct ezlb_policy){ .snat_key = pass->dp.layer[EZLB_LAYER_SNAT]->snat_key,
					     .firewall = true };
	pass->vip_when = EZLB_VIP_ALWAYS;
	if (!vips)
		return;
	strcpy(pass->policy.vip_device, DEVICE);
	if (side == KERNEL)
		ezlb_host_manage(pass->dp.layer[EZLB_LAYER_HOST], DEVICE);
}

static void world_clear(struct world *w)
{
	for (int side = 0; side < SIDES; side++) {
		ezlb_pass_clear(&w->pass[side]);
		dataplane_close(&w->plane[side]);
	}
	for (unsigned i = 0; i < RANDOM_SLOTS; i++) {
		EZLB_VEC_CLEAR(&w->slots[i].text);
		ezlb_spec_free(w->slots[i].applied);
	}
	EZLB_VEC_CLEAR(&w->desired);
	EZLB_VEC_CLEAR(&w->verdicts);
	EZLB_VEC_CLEAR(&w->ever);
}

static void play(const char *driver, unsigned number, unsigned steps)
{
	struct world w = { .driver = driver, .seed = number, .steps = steps, .now = 1000000 };

	seed = 0x9e3779b97f4a7c15u * (number + 1);
	if (ezlb_snat_driver_parse(driver, &w.options.snat_driver) < 0) {
		fprintf(stderr, "differ: iptables or nftables, not %s\n", driver);
		exit(2);
	}
	w.by_listener = w.options.snat_driver == EZLB_SNAT_NFTABLES;
	open_side(&w, MEMORY, number % 2);
	open_side(&w, KERNEL, number % 2);
	for (w.step = 0; w.step < steps; w.step++)
		step(&w);
	clean(&w);
	printf("seed %u, %s: %u steps, %zu files read, %zu refused, %zu in conflict; %zu ops, "
	       "%zu passes over a part, %zu rows compared\n",
	       number, driver, steps, w.files, w.refused, w.conflicts, w.ops, w.parts, w.rows);
	fflush(stdout);
	world_clear(&w);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: differ iptables|nftables FIRST-SEED SEEDS STEPS\n");
		return 2;
	}
	for (int i = 0; i < atoi(argv[3]); i++)
		play(argv[1], (unsigned)(atoi(argv[2]) + i), (unsigned)atoi(argv[4]));
	return 0;
}
