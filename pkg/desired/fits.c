// SPDX-License-Identifier: GPL-2.0-or-later
/* fits: one version more in a set without conflicts. */
#include <ezlb/desired.h>

#include <ezlb/mem.h>

#include "claim.h"

struct snat_keys EZLB_VEC(struct ezlb_snat_key);

static bool listens_with(const struct ezlb_spec *spec, const struct ezlb_spec *other)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (ezlb_spec_has(other, &spec->listeners[i].key) ||
		    claim_overlaps(other, &spec->listeners[i]))
			return true;
	return false;
}

static struct ezlb_snat_key snat_key_at(const struct ezlb_spec *spec, size_t i, size_t k)
{
	return ezlb_snat_key_of(EZLB_SNAT_KEY_BACKEND, &spec->listeners[i].key,
				&spec->backends[k].endpoint);
}

static void list_snat_keys(const struct ezlb_spec *spec, struct snat_keys *out)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		for (size_t k = 0; k < spec->n_backends; k++)
			*EZLB_PUSH(out) = snat_key_at(spec, i, k);
	EZLB_SORT(out, ezlb_snat_key_cmp);
}

static bool sends_differently(const struct snat_keys *keys, const struct ezlb_spec *spec,
			      const struct ezlb_spec *other)
{
	if (keys->len == 0 || !other->full_nat ||
	    ezlb_range_cmp(&spec->snat_ip, &other->snat_ip) == 0)
		return false;
	for (size_t i = 0; i < other->n_listeners; i++)
		for (size_t k = 0; k < other->n_backends; k++) {
			const struct ezlb_snat_key key = snat_key_at(other, i, k);

			if (EZLB_FIND(keys, &key, ezlb_snat_key_cmp))
				return true;
		}
	return false;
}

bool ezlb_desired_fits(const struct ezlb_spec *spec, const struct ezlb_desired *among,
		       enum ezlb_snat_key_kind snat_key)
{
	struct snat_keys keys = { 0 };
	bool fits = !claim_needs_nftables(spec, snat_key);

	if (spec->full_nat && snat_key == EZLB_SNAT_KEY_BACKEND)
		list_snat_keys(spec, &keys);
	for (size_t i = 0; fits && i < among->len; i++) {
		const struct ezlb_spec *other = among->items[i];

		fits = strcmp(spec->name, other->name) != 0 && !listens_with(spec, other) &&
		       !sends_differently(&keys, spec, other);
	}
	EZLB_VEC_CLEAR(&keys);
	return fits;
}

bool ezlb_desired_fits_for(const struct ezlb_spec *spec, const struct ezlb_spec *last)
{
	return claim_nothing_new(spec, last);
}

int desired_cmp(const void *pa, const void *pb)
{
	const struct ezlb_spec *a = *(const struct ezlb_spec *const *)pa;
	const struct ezlb_spec *b = *(const struct ezlb_spec *const *)pb;
	struct ezlb_service_key ka = ezlb_spec_key(a), kb = ezlb_spec_key(b);

	return ezlb_service_key_cmp(&ka, &kb);
}

void ezlb_desired_drop(struct ezlb_desired *desired, const struct ezlb_spec *spec)
{
	size_t i = EZLB_FIRST(desired, &spec, desired_cmp);

	if (i == desired->len || desired->items[i] != spec)
		return;
	memmove(&desired->items[i], &desired->items[i + 1],
		(--desired->len - i) * sizeof(const struct ezlb_spec *));
}

void ezlb_desired_add(struct ezlb_desired *desired, const struct ezlb_spec *spec)
{
	size_t i = EZLB_FIRST(desired, &spec, desired_cmp);

	*EZLB_PUSH(desired) = NULL;
	memmove(&desired->items[i + 1], &desired->items[i],
		(desired->len - 1 - i) * sizeof(const struct ezlb_spec *));
	desired->items[i] = spec;
}
