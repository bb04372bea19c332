// SPDX-License-Identifier: GPL-2.0-or-later
/* doctor: gives the doctor the service files and the flags. */
#include <ezlb/controller.h>

#include <ezlb/catalog.h>

#include "dataplane.h"
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

int ezlb_controller_doctor(const struct ezlb_options *options, struct ezlb_findings *out,
			   struct ezlb_err *err)
{
	const char *why;
	enum ezlb_snat_driver driver = dataplane_snat_driver(options->snat_driver, &why);
	struct files files = { .snapshot = { .files = { 0 } } };
	int rc = read_files(&files, options, driver, err);
	const struct ezlb_doctor doctor = {
		.root = "",
		.desired = &files.batch.desired,
		.nftables = driver == EZLB_SNAT_NFTABLES,
		.firewall_never = options->firewall_never,
		.vip_device = options->vip_device ? options->vip_device : "",
	};

	if (rc == 0) {
		add_file_findings(&files, out);
		ezlb_doctor_run(&doctor, out);
	}
	files_clear(&files);
	return rc;
}
