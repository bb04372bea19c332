// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/catalog.h>

#include <ezlb/config.h>
#include <ezlb/desired.h>

void ezlb_batch_add(struct ezlb_batch *batch, const struct ezlb_file *file,
		    struct ezlb_diags *diags)
{
	struct ezlb_spec *spec;

	if (!file->bytes) {
		ezlb_diags_add(diags, file->path, (struct ezlb_mark){ 0, 0 }, EZLB_E_READ, "%s",
			       file->problem);
		return;
	}
	spec = ezlb_config_parse(file->path, file->bytes, file->len, diags);
	if (spec)
		*EZLB_PUSH(&batch->specs) = spec;
}

void ezlb_batch_merge(struct ezlb_batch *batch, enum ezlb_snat_key_kind snat_key,
		      struct ezlb_diags *diags)
{
	size_t n = batch->specs.len;
	EZLB_AUTO_FREE struct ezlb_candidate *candidates = ezlb_calloc(n, sizeof(*candidates));

	for (size_t i = 0; i < n; i++)
		candidates[i].fresh = batch->specs.items[i];
	ezlb_desired_merge(candidates, n, snat_key, &batch->desired, diags);
}

void ezlb_batch_read(struct ezlb_batch *batch, const struct ezlb_snapshot *snapshot,
		     enum ezlb_snat_key_kind snat_key, struct ezlb_diags *diags)
{
	for (size_t i = 0; i < snapshot->files.len; i++)
		ezlb_batch_add(batch, &snapshot->files.items[i], diags);
	ezlb_batch_merge(batch, snat_key, diags);
	ezlb_diags_sort(diags);
}

void ezlb_batch_clear(struct ezlb_batch *batch)
{
	for (size_t i = 0; i < batch->specs.len; i++)
		ezlb_spec_free(batch->specs.items[i]);
	EZLB_VEC_CLEAR(&batch->specs);
	EZLB_VEC_CLEAR(&batch->desired);
}
