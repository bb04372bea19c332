// SPDX-License-Identifier: GPL-2.0-or-later
/* doctor: gives the doctor the service files and the flags. */
#include <ezlb/controller.h>

#include <unistd.h>

#include <ezlb/catalog.h>
#include <ezlb/ipvs.h>
#include <ezlb/toa.h>

#include "dataplane.h"
#include "portcount.h"
#include "sources.h"

struct files {
	struct ezlb_snapshot snapshot;
	struct ezlb_batch batch;
	struct ezlb_diags diags;
};

static int read_files(struct files *files, const struct ezlb_options *options,
		      enum ezlb_snat_driver driver, struct ezlb_err *err)
{
	int rc = scan_dirs(options->config_dirs, options->n_config_dirs, &files->snapshot, err);

	if (rc == 0)
		ezlb_batch_read(&files->batch, &files->snapshot, ezlb_snat_driver_key(driver),
				&files->diags);
	return rc;
}

static void files_clear(struct files *files)
{
	ezlb_batch_clear(&files->batch);
	ezlb_diags_clear(&files->diags);
	ezlb_snapshot_clear(&files->snapshot);
}

static void add_file_findings(const struct files *files, struct ezlb_findings *out)
{
	for (size_t i = 0; i < files->diags.len; i++) {
		EZLB_AUTO_FREE char *line = ezlb_diag_line(&files->diags.items[i]);
		struct ezlb_finding *finding = EZLB_PUSH(out);

		finding->level = EZLB_LEVEL_FAIL;
		ezlb_strcpy(finding->check, sizeof(finding->check), "service-file");
		ezlb_strcpy(finding->text, sizeof(finding->text), line);
	}
}

/* Empty if IPVS cannot be read, which is another finding. */
static void read_ports(const struct ezlb_desired *desired, struct ezlb_ports *out)
{
	const struct ezlb_ports none = { 0 };
	struct ezlb_ports_uses uses = { 0 };
	struct ezlb_traffic dests = { 0 };
	struct ezlb_scope scope = { 0 };

	for (size_t i = 0; i < desired->len; i++)
		ezlb_ports_want(desired->items[i], &uses);
	ezlb_ports_sort(&uses);
	for (size_t i = 0; i < uses.len; i++)
		*EZLB_PUSH(&scope) = uses.items[i].listener;
	if (uses.len > 0 && ezlb_ipvs_connections(&scope, &dests, NULL) == 0)
		portcount_take(&uses, &dests, &none, 0, out);
	ezlb_ports_judge(out, &none);
	EZLB_VEC_CLEAR(&scope);
	EZLB_VEC_CLEAR(&dests);
	EZLB_VEC_CLEAR(&uses);
}

static bool wants_toa(const struct ezlb_desired *desired)
{
	for (size_t i = 0; i < desired->len; i++)
		if (desired->items[i]->client_address == EZLB_CLIENT_ADDRESS_TOA)
			return true;
	return false;
}

/* Returns buf, or NULL if no service asks for it. */
static const char *read_toa(const struct ezlb_desired *desired, char buf[EZLB_TOA_PROBLEM_STRLEN])
{
	const struct ezlb_scope none = { 0 };
	struct ezlb_table table = { 0 };
	struct ezlb_layer *layer;
	struct ezlb_err err;

	if (!wants_toa(desired) || ezlb_toa_open(&layer, NULL) < 0)
		return NULL;
	if (layer->list(layer, &none, &table, &err) < 0)
		ezlb_strcpy(buf, EZLB_TOA_PROBLEM_STRLEN, err.msg);
	else
		ezlb_strcpy(buf, EZLB_TOA_PROBLEM_STRLEN, table.toa_problem);
	ezlb_table_clear(&table);
	layer->close(layer);
	return buf;
}

/* None if IPVS cannot be read, which is another finding. */
static void read_syncs(const char *device, struct ezlb_syncs *out)
{
	const struct ezlb_scope none = { 0 };
	struct ezlb_table table = { 0 };
	struct ezlb_layer *layer;

	/* Without ip_vs there is none, and this does not load it. */
	if (!device[0] || access("/proc/net/ip_vs", F_OK) < 0 || ezlb_ipvs_open(&layer, NULL) < 0)
		return;
	ezlb_ipvs_manage_syncs(layer, device);
	layer->list(layer, &none, &table, NULL);
	EZLB_VEC_COPY(out, &table.syncs);
	ezlb_table_clear(&table);
	layer->close(layer);
}

int ezlb_controller_doctor(const struct ezlb_options *options, struct ezlb_findings *out,
			   struct ezlb_err *err)
{
	const char *why;
	enum ezlb_snat_driver driver = dataplane_snat_driver(options->snat_driver, &why);
	struct files files = { .snapshot = { .files = { 0 } } };
	int rc = read_files(&files, options, driver, err);
	char problem[EZLB_TOA_PROBLEM_STRLEN];
	struct ezlb_ports ports = { 0 };
	struct ezlb_syncs syncs = { 0 };
	struct ezlb_doctor doctor = {
		.root = "",
		.desired = &files.batch.desired,
		.nftables = driver == EZLB_SNAT_NFTABLES,
		.firewall_never = options->firewall_never,
		.vip_device = options->vip_device ? options->vip_device : "",
		.vip_when = options->vip_when,
		.vip_guard_never = options->vip_guard_never,
		.vip_guard = dataplane_can_guard(options),
		.sync_device = options->sync_interface ? options->sync_interface : "",
		.sync_id = options->sync_id,
		.syncs = &syncs,
	};

	if (rc == 0) {
		add_file_findings(&files, out);
		read_ports(&files.batch.desired, &ports);
		doctor.ports = &ports;
		read_syncs(doctor.sync_device, &syncs);
		doctor.toa_problem = read_toa(&files.batch.desired, problem);
		ezlb_doctor_run(&doctor, out);
	}
	EZLB_VEC_CLEAR(&ports);
	EZLB_VEC_CLEAR(&syncs);
	files_clear(&files);
	return rc;
}
