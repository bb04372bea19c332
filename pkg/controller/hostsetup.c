// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/controller.h>

#include <stdio.h>

#include <ezlb/catalog.h>
#include <ezlb/host.h>
#include <ezlb/watch.h>

#include "instance.h"

/* In most kernels each scheduler is a module. */
static bool load_scheduler(const struct ezlb_spec *spec)
{
	EZLB_AUTO_FREE char *module = ezlb_asprintf("ip_vs_%s", spec->scheduler);
	struct ezlb_err err;

	if (ezlb_host_module_load(module, &err) == 0)
		return true;
	printf("module %s: %s\n", module, err.msg);
	return false;
}

static bool load_schedulers(const struct ezlb_desired *desired)
{
	bool ok = true;

	for (size_t i = 0; i < desired->len; i++) {
		const struct ezlb_spec *spec = desired->items[i];
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(desired->items[k]->scheduler, spec->scheduler) == 0;
		ok = (seen || load_scheduler(spec)) && ok;
	}
	return ok;
}

static void print_ops(const struct ezlb_plan *plan)
{
	char what[EZLB_OP_STRLEN], outcome[EZLB_OP_STRLEN];

	for (size_t i = 0; i < plan->len; i++)
		printf("%s: %s\n", ezlb_op_format(&plan->items[i], what),
		       ezlb_op_explain(&plan->items[i], outcome));
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
	loaded = options->dataplane == EZLB_DP_MEMORY || load_schedulers(&catalog.desired);
	set = ezlb_pass_settings(&instance->pass, &catalog.desired, &result);
	print_ops(&result.plan.ops);
	*done = loaded && set; /* a refused file must not stop the other services */
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
	rc = instance_open(&instance, &asked, INSTANCE_WRITE, err);
	if (rc == 0)
		rc = set_up(&instance, &asked, done, err);
	instance_close(&instance);
	return rc;
}
