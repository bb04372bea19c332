// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/controller.h>

#include <errno.h>
#include <sys/stat.h>

#include <ezlb/config.h>
#include <ezlb/desired.h>
#include <ezlb/watch.h>

/* Parsed files of all paths together, so that conflicts between them are seen too. */
struct batch {
	struct specs EZLB_VEC(struct ezlb_spec *) specs;
	size_t n_files;
};

static void check_file(struct batch *batch, const struct ezlb_file *file, struct ezlb_diags *diags)
{
	struct ezlb_spec *spec;

	batch->n_files++;
	if (!file->bytes) {
		ezlb_diags_add(diags, file->path, (struct ezlb_mark){ 0, 0 }, EZLB_E_READ, "%s",
			       file->problem);
		return;
	}
	spec = ezlb_config_parse(file->path, file->bytes, file->len, diags);
	if (spec)
		*EZLB_PUSH(&batch->specs) = spec;
}

static void check_conflicts(const struct batch *batch, enum ezlb_snat_backend backend,
			    struct ezlb_diags *diags)
{
	size_t n = batch->specs.len;
	EZLB_AUTO_FREE struct ezlb_candidate *candidates = ezlb_calloc(n, sizeof(*candidates));
	struct ezlb_desired desired = { 0 };

	for (size_t i = 0; i < n; i++)
		candidates[i].fresh = batch->specs.items[i];
	ezlb_desired_merge(candidates, n, backend != EZLB_SNAT_IPTABLES, &desired, diags);
	EZLB_VEC_CLEAR(&desired);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Directories with the files in them, then the files that are named, each where it was named. */
static int look(const char *const *paths, size_t n, struct ezlb_snapshot *out, struct ezlb_err *err)
{
	EZLB_AUTO_FREE const char **dirs = ezlb_calloc(n, sizeof(*dirs));
	size_t n_dirs = 0;

	for (size_t i = 0; i < n; i++)
		if (is_dir(paths[i]))
			dirs[n_dirs++] = paths[i];
	ezlb_scan(dirs, n_dirs, out);
	for (size_t i = 0; i < out->dirs.len; i++)
		if (out->dirs.items[i].frozen)
			return ezlb_err_set(err, EACCES, "cannot read %s: %s",
					    out->dirs.items[i].path, out->dirs.items[i].problem);
	for (size_t i = 0; i < n; i++)
		if (!is_dir(paths[i]) && ezlb_scan_file(paths[i], out) < 0)
			return ezlb_err_set(err, ENOENT, "cannot read %s: there is no such file",
					    paths[i]);
	return 0;
}

int ezlb_controller_check(const char *const *paths, size_t n, enum ezlb_snat_backend backend,
			  struct ezlb_diags *diags, size_t *n_files, struct ezlb_err *err)
{
	struct ezlb_snapshot snapshot = { 0 };
	struct batch batch = { .n_files = 0 };
	int rc = look(paths, n, &snapshot, err);

	for (size_t i = 0; rc == 0 && i < snapshot.files.len; i++)
		check_file(&batch, &snapshot.files.items[i], diags);
	check_conflicts(&batch, backend, diags);
	ezlb_diags_sort(diags);
	*n_files = batch.n_files;
	for (size_t i = 0; i < batch.specs.len; i++)
		ezlb_spec_free(batch.specs.items[i]);
	EZLB_VEC_CLEAR(&batch.specs);
	ezlb_snapshot_clear(&snapshot);
	return rc;
}
