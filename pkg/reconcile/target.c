// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/reconcile.h>

#include <sys/socket.h>

static int key_cmp(const void *a, const void *b)
{
	return ezlb_service_key_cmp(a, b);
}

void ezlb_reconcile_scope(const struct ezlb_desired *desired, const struct ezlb_scope *owned,
			  struct ezlb_scope *out)
{
	size_t n = 0;

	for (size_t i = 0; i < desired->len; i++)
		*EZLB_PUSH(out) = (struct ezlb_service_key){ desired->items[i]->proto,
							     desired->items[i]->listen };
	for (size_t i = 0; i < owned->len; i++)
		*EZLB_PUSH(out) = owned->items[i];
	EZLB_SORT(out, key_cmp);
	for (size_t i = 0; i < out->len; i++)
		if (n == 0 || key_cmp(&out->items[n - 1], &out->items[i]) != 0)
			out->items[n++] = out->items[i];
	out->len = n;
}

void ezlb_reconcile_list(const struct ezlb_dataplane *dp, const struct ezlb_scope *scope,
			 struct ezlb_table *actual, struct ezlb_layer_errs *errs)
{
	*errs = (struct ezlb_layer_errs){ 0 };
	for (int i = 0; i < EZLB_LAYERS; i++) {
		struct ezlb_err *err = &errs->layer[i];
		int rc = dp->layer[i]->list(dp->layer[i], scope, actual, err);

		if (rc < 0 && err->code == 0)
			ezlb_err_sys(err, -rc, "cannot read");
		if (rc == 0)
			err->code = 0;
	}
	ezlb_table_sort(actual);
}

static enum ezlb_verdict verdict_of(const struct ezlb_verdicts *verdicts,
				    const struct ezlb_spec *spec,
				    const struct ezlb_backend *backend)
{
	struct ezlb_verdict_row key = { .backend = backend->endpoint }, *row;

	ezlb_strcpy(key.service, sizeof(key.service), spec->name);
	row = EZLB_FIND(verdicts, &key, ezlb_verdict_row_cmp);
	return row ? row->verdict : EZLB_UP;
}

static void want_service(struct ezlb_table *target, const struct ezlb_spec *spec)
{
	struct ezlb_service_row *row = EZLB_PUSH(&target->services);

	row->key = (struct ezlb_service_key){ spec->proto, spec->listen };
	ezlb_strcpy(row->scheduler, sizeof(row->scheduler), spec->scheduler);
	row->netmask = spec->listen.addr.family == AF_INET6 ? 128 : ~0u;
}

static bool want_dest(struct ezlb_table *target, const struct ezlb_spec *spec,
		      const struct ezlb_backend *backend, enum ezlb_verdict verdict,
		      const struct ezlb_table *actual)
{
	struct ezlb_dest_row row = { .service = { spec->proto, spec->listen },
				     .endpoint = backend->endpoint,
				     .forward = spec->forward,
				     .weight = backend->weight,
				     .full_nat = spec->full_nat };

	if (verdict == EZLB_DOWN)
		return false;
	if (verdict == EZLB_UNKNOWN && !EZLB_FIND(&actual->dests, &row, ezlb_dest_row_cmp))
		return false;
	*EZLB_PUSH(&target->dests) = row;
	return true;
}

static void want_snat(struct ezlb_table *target, const struct ezlb_spec *spec,
		      const struct ezlb_endpoint *endpoint)
{
	*EZLB_PUSH(&target->snats) = (struct ezlb_snat_row){ spec->proto, *endpoint,
							     spec->snat_ip };
}

static void want_settings(struct ezlb_table *target, bool by_listener)
{
	for (int i = 0; i < EZLB_SETTINGS; i++)
		/* Rules that know the listener are of nf_tables, which the kernel loads by itself.
		 */
		if (i != EZLB_IP_TABLES || !by_listener)
			*EZLB_PUSH(&target->settings) =
				(struct ezlb_setting_row){ (enum ezlb_setting)i, 1 };
}

/* Services that share a backend share its row; desired has seen to it that they agree. */
static void unique_snats(struct ezlb_snats *snats)
{
	size_t n = 0;

	for (size_t i = 0; i < snats->len; i++)
		if (n == 0 || ezlb_snat_row_cmp(&snats->items[n - 1], &snats->items[i]) != 0)
			snats->items[n++] = snats->items[i];
	snats->len = n;
}

void ezlb_reconcile_target(const struct ezlb_desired *desired, const struct ezlb_verdicts *verdicts,
			   const struct ezlb_table *actual, bool by_listener,
			   struct ezlb_table *target)
{
	for (size_t i = 0; i < desired->len; i++) {
		const struct ezlb_spec *spec = desired->items[i];
		bool by_backend = spec->full_nat && !by_listener;

		want_service(target, spec);
		target->snat_wanted |= spec->full_nat;
		if (spec->full_nat && by_listener)
			want_snat(target, spec, &spec->listen);
		for (size_t k = 0; k < spec->n_backends; k++) {
			const struct ezlb_backend *backend = &spec->backends[k];
			enum ezlb_verdict verdict = verdict_of(verdicts, spec, backend);

			if (want_dest(target, spec, backend, verdict, actual) && by_backend)
				want_snat(target, spec, &backend->endpoint);
		}
	}
	if (target->snat_wanted)
		want_settings(target, by_listener);
	ezlb_table_sort(target);
	unique_snats(&target->snats);
}

/* The row stays as it is, unless target has one of its own. */
static void keep_snat(const struct ezlb_table *actual, const struct ezlb_snats *wanted,
		      const struct ezlb_snat_row *key, struct ezlb_table *target)
{
	const struct ezlb_snat_row *row = EZLB_FIND(&actual->snats, key, ezlb_snat_row_cmp);

	if (!row || EZLB_FIND(wanted, key, ezlb_snat_row_cmp))
		return;
	*EZLB_PUSH(&target->snats) = *row;
	target->snat_wanted = true;
}

void ezlb_reconcile_keep(const struct ezlb_scope *keep, const struct ezlb_table *actual,
			 bool by_listener, struct ezlb_table *target)
{
	struct ezlb_snats wanted = target->snats; /* sorted, as opposed to what joins it */

	target->snats = (struct ezlb_snats){ 0 };
	for (size_t i = 0; i < actual->services.len; i++) {
		const struct ezlb_service_key *key = &actual->services.items[i].key;
		const struct ezlb_snat_row snat = { .proto = key->proto, .backend = key->listen };

		if (!ezlb_scope_has(keep, key))
			continue;
		*EZLB_PUSH(&target->services) = actual->services.items[i];
		if (by_listener)
			keep_snat(actual, &wanted, &snat, target);
	}
	for (size_t i = 0; i < actual->dests.len; i++) {
		const struct ezlb_dest_row *dest = &actual->dests.items[i];
		const struct ezlb_snat_row snat = { .proto = dest->service.proto,
						    .backend = dest->endpoint };

		if (!ezlb_scope_has(keep, &dest->service))
			continue;
		*EZLB_PUSH(&target->dests) = *dest;
		if (!by_listener)
			keep_snat(actual, &wanted, &snat, target);
	}
	for (size_t i = 0; i < wanted.len; i++)
		*EZLB_PUSH(&target->snats) = wanted.items[i];
	EZLB_VEC_CLEAR(&wanted);
	ezlb_table_sort(target);
	unique_snats(&target->snats);
}
