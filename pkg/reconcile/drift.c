// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/reconcile.h>

void ezlb_reconcile_peek(const struct ezlb_dataplane *dp, const struct ezlb_scope *scope,
			 struct ezlb_prints *out)
{
	*out = (struct ezlb_prints){ 0 };
	for (int i = 0; i < EZLB_LAYERS; i++) {
		int rc = dp->layer[i]->peek(dp->layer[i], scope, &out->layer[i]);

		if (rc < 0)
			out->layer[i] = (uint64_t)-rc;
	}
}

static bool has_service(const struct ezlb_table *table, const struct ezlb_service_key *key)
{
	const struct ezlb_service_row row = { .key = *key };

	return EZLB_FIND(&table->services, &row, ezlb_service_row_cmp) != NULL;
}

/* The services of `from` that `other` may be asked about, and the dests of those both have. */
static void copy_ipvs(const struct ezlb_table *from, const struct ezlb_table *left,
		      const struct ezlb_table *actual, const struct ezlb_scope *scope,
		      struct ezlb_table *out)
{
	for (size_t i = 0; i < from->services.len; i++) {
		const struct ezlb_service_row *row = &from->services.items[i];

		if (ezlb_scope_has(scope, &row->key) && has_service(left, &row->key))
			*EZLB_PUSH(&out->services) = *row;
	}
	/* Where the service is gone, so are its dests: that is not worth a word each. */
	for (size_t i = 0; i < from->dests.len; i++) {
		const struct ezlb_dest_row *row = &from->dests.items[i];

		if (ezlb_scope_has(scope, &row->service) && has_service(left, &row->service) &&
		    has_service(actual, &row->service))
			*EZLB_PUSH(&out->dests) = *row;
	}
}

static void copy_snat(const struct ezlb_table *from, struct ezlb_table *out)
{
	for (size_t i = 0; i < from->snats.len; i++)
		*EZLB_PUSH(&out->snats) = from->snats.items[i];
	for (size_t i = 0; i < from->settings.len; i++)
		*EZLB_PUSH(&out->settings) = from->settings.items[i];
}

void ezlb_reconcile_drift(const struct ezlb_table *left, const struct ezlb_table *actual,
			  const struct ezlb_scope *scope, struct ezlb_plan *drift)
{
	struct ezlb_table was = { 0 }, is = { 0 };

	copy_ipvs(left, left, actual, scope, &was);
	copy_ipvs(actual, left, actual, scope, &is);
	/* Without a full_nat service neither the chain nor the settings are any matter of ours. */
	if (left->snat_wanted) {
		was.snat_present = was.snat_sound = left->snat_sound;
		is.snat_wanted = actual->snat_sound || !left->snat_sound;
		was.snat_sound |= is.snat_wanted;
		copy_snat(left, &was);
		copy_snat(actual, &is);
		/* The rules have gone with their chain. */
		if (!actual->snat_present)
			was.snats.len = is.snats.len = 0;
	}
	ezlb_reconcile_diff(&is, &was, drift);
	ezlb_table_clear(&was);
	ezlb_table_clear(&is);
}
