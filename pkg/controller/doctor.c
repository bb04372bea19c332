// SPDX-License-Identifier: GPL-2.0-or-later
/* doctor: the service files and the flags, as the doctor has to know them. */
#include <ezlb/controller.h>

#include <errno.h>

#include <ezlb/config.h>
#include <ezlb/desired.h>
#include <ezlb/watch.h>

struct files {
	struct ezlb_snapshot snapshot;
	struct specs EZLB_VEC(struct ezlb_spec *) specs;
	struct ezlb_desired desired;
	struct ezlb_diags diags;
};

static void read_file(struct files *files, const struct ezlb_file *file)
{
	struct ezlb_spec *spec;

	if (!file->bytes) {
		ezlb_diags_add(&files->diags, file->path, (struct ezlb_mark){ 0, 0 }, EZLB_E_READ,
			       "%s", file->problem);
		return;
	}
	spec = ezlb_config_parse(file->path, file->bytes, file->len, &files->diags);
	if (spec)
		*EZLB_PUSH(&files->specs) = spec;
}

static void merge(struct files *files, bool by_listener)
{
	size_t n = files->specs.len;
	EZLB_AUTO_FREE struct ezlb_candidate *candidates = ezlb_calloc(n, sizeof(*candidates));

	for (size_t i = 0; i < n; i++)
		candidates[i].fresh = files->specs.items[i];
	ezlb_desired_merge(candidates, n, by_listener, &files->desired, &files->diags);
}

static int read_files(struct files *files, const struct ezlb_options *options, bool by_listener,
		      struct ezlb_err *err)
{
	ezlb_scan(options->config_dirs, options->n_config_dirs, &files->snapshot);
	for (size_t i = 0; i < files->snapshot.dirs.len; i++) {
		const struct ezlb_dir *dir = &files->snapshot.dirs.items[i];

		if (dir->frozen)
			return ezlb_err_set(err, EACCES, "cannot read %s: %s", dir->path,
					    dir->problem);
	}
	for (size_t i = 0; i < files->snapshot.files.len; i++)
		read_file(files, &files->snapshot.files.items[i]);
	merge(files, by_listener);
	ezlb_diags_sort(&files->diags);
	return 0;
}

static void files_clear(struct files *files)
{
	for (size_t i = 0; i < files->specs.len; i++)
		ezlb_spec_free(files->specs.items[i]);
	EZLB_VEC_CLEAR(&files->specs);
	EZLB_VEC_CLEAR(&files->desired);
	ezlb_diags_clear(&files->diags);
	ezlb_snapshot_clear(&files->snapshot);
}

static void tell_files(const struct files *files, struct ezlb_findings *out)
{
	for (size_t i = 0; i < files->diags.len; i++) {
		EZLB_AUTO_FREE char *line = ezlb_diag_line(&files->diags.items[i]);
		struct ezlb_finding *finding = EZLB_PUSH(out);

		finding->level = EZLB_LEVEL_FAIL;
		ezlb_strcpy(finding->check, sizeof(finding->check), "service-file");
		ezlb_strcpy(finding->text, sizeof(finding->text), line);
	}
}

static bool is_nftables(enum ezlb_snat_backend asked)
{
	struct ezlb_snat_host host;
	const char *why;

	if (asked == EZLB_SNAT_AUTO) {
		ezlb_snat_look("", &host);
		asked = ezlb_snat_choose(&host, &why);
	}
	return asked == EZLB_SNAT_NFTABLES;
}

int ezlb_controller_doctor(const struct ezlb_options *options, struct ezlb_findings *out,
			   struct ezlb_err *err)
{
	bool nftables = is_nftables(options->snat_backend);
	struct files files = { .snapshot = { .files = { 0 } } };
	int rc = read_files(&files, options, nftables, err);
	const struct ezlb_doctor doctor = {
		.root = "",
		.desired = &files.desired,
		.nftables = nftables,
		.firewall_never = options->firewall_never,
		.vip_device = options->vip_device ? options->vip_device : "",
	};

	if (rc == 0) {
		tell_files(&files, out);
		ezlb_doctor_run(&doctor, out);
	}
	files_clear(&files);
	return rc;
}
