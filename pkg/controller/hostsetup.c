// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/controller.h>

#include <stdio.h>

#include <ezlb/catalog.h>
#include <ezlb/host.h>
#include <ezlb/toa.h>
#include <ezlb/utf8.h>
#include <ezlb/watch.h>

#include "instance.h"

struct module {
	char name[32];
};
struct modules EZLB_VEC(struct module);

static int module_cmp(const void *a, const void *b)
{
	return strcmp(((const struct module *)a)->name, ((const struct module *)b)->name);
}

/* In most kernels each scheduler and each persistence engine is a module. */
static void find_modules(const struct ezlb_desired *desired, struct modules *out)
{
	for (size_t i = 0; i < desired->len; i++) {
		const struct ezlb_spec *spec = desired->items[i];
		const char *engine = spec->persistence.engine;

		snprintf(EZLB_PUSH(out)->name, sizeof(out->items->name), "ip_vs_%s",
			 spec->scheduler);
		if (engine[0])
			snprintf(EZLB_PUSH(out)->name, sizeof(out->items->name), "ip_vs_pe_%s",
				 engine);
	}
	EZLB_SORT(out, module_cmp);
	EZLB_UNIQUE(out, module_cmp);
}

static bool load_modules(const struct ezlb_desired *desired)
{
	struct modules modules = { 0 };
	struct ezlb_err err;
	bool ok = true;

	find_modules(desired, &modules);
	for (size_t i = 0; i < modules.len; i++) {
		if (ezlb_host_module_load(modules.items[i].name, &err) == 0)
			continue;
		ezlb_utf8_plain(err.msg, false);
		printf("module %s: %s\n", modules.items[i].name, err.msg);
		ok = false;
	}
	EZLB_VEC_CLEAR(&modules);
	return ok;
}

/* Services work without it, and say so in a condition. So a failure is told, and is not one of
 * ours. */
static void load_toa(const struct ezlb_desired *desired)
{
	struct ezlb_err err;
	bool wanted = false;

	for (size_t i = 0; i < desired->len; i++)
		wanted = wanted || desired->items[i]->client_address == EZLB_CLIENT_ADDRESS_TOA;
	if (!wanted || ezlb_toa_load(&err) == 0)
		return;
	ezlb_utf8_plain(err.msg, false);
	printf("client_address: %s\n", err.msg);
}

static void print_ops(const struct ezlb_plan *plan)
{
	char what[EZLB_OP_STRLEN], outcome[EZLB_OP_STRLEN];

	for (size_t i = 0; i < plan->len; i++) {
		const struct ezlb_op *op = &plan->items[i];
		EZLB_AUTO_FREE char *shown = ezlb_utf8_plain_copy(ezlb_op_format(op, what));

		printf("%s: %s\n", shown, ezlb_op_explain(op, outcome));
	}
}

static int set_up(struct instance *instance, const struct ezlb_options *options, bool *done,
		  struct ezlb_err *err)
{
	struct ezlb_catalog catalog = { .lastgood = &instance->lastgood,
					.snat_key = instance->pass.policy.snat_key };
	struct ezlb_pass_result result = { .outcome = { .flows = 0 } };
	struct ezlb_snapshot snapshot = { 0 };
	bool loaded, set;

	ezlb_scan(options->config_dirs, options->n_config_dirs, &snapshot);
	ezlb_catalog_update(&catalog, &snapshot);
	ezlb_snapshot_clear(&snapshot);
	loaded = options->dataplane == EZLB_DP_MEMORY || load_modules(&catalog.desired);
	set = ezlb_pass_settings(&instance->pass, &catalog.desired, &result);
	print_ops(&result.plan.ops);
	if (options->dataplane != EZLB_DP_MEMORY)
		load_toa(&catalog.desired); /* it needs nf_conntrack, which ip_vs has loaded */
	*done = loaded && set;		    /* a refused file must not stop the other services */
	if (result.outcome.errs.layer[EZLB_LAYER_HOST].code)
		*err = result.outcome.errs.layer[EZLB_LAYER_HOST];
	else if (result.outcome.ledger_err.code)
		*err = result.outcome.ledger_err;
	ezlb_pass_result_clear(&result);
	ezlb_catalog_clear(&catalog);
	return -err->code;
}

int ezlb_controller_host_setup(const struct ezlb_options *options, bool *done, struct ezlb_err *err)
{
	struct ezlb_options asked = *options;
	struct instance instance = { .lock = -1 };
	int rc;

	*done = false;
	err->code = 0;
	asked.host_setup_never = false; /* this command always sets up the host */
	rc = instance_open(&instance, &asked, INSTANCE_HOST, err);
	if (rc == 0)
		rc = set_up(&instance, &asked, done, err);
	instance_close(&instance);
	return rc;
}
