// SPDX-License-Identifier: GPL-2.0-or-later
/* fits: versions more in a set without conflicts. */
#include <ezlb/desired.h>

#include <ezlb/mem.h>

#include "claim.h"
#include "within.h"

struct snat {
	struct ezlb_snat_key key;
	const struct ezlb_spec *spec;
};

/* What the new versions claim, sorted, so that a set of any size is compared in one walk. */
struct claimed {
	struct names EZLB_VEC(const char *) names;
	struct keys EZLB_VEC(struct ezlb_service_key) keys;
	struct all_ports EZLB_VEC(struct ezlb_listener) ports; /* without marks of files */
	struct snats EZLB_VEC(struct snat) snats;
};

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* By protocol, address and first port. */
static int ports_cmp(const void *pa, const void *pb)
{
	const struct ezlb_listener *a = pa, *b = pb;
	int rc = (a->proto > b->proto) - (a->proto < b->proto);

	return rc ? rc : ezlb_endpoint_cmp(&a->listen, &b->listen);
}

static int snat_cmp(const void *pa, const void *pb)
{
	const struct snat *a = pa, *b = pb;

	return ezlb_snat_key_cmp(&a->key, &b->key);
}

static struct snat snat_at(const struct ezlb_spec *spec, size_t i, size_t k)
{
	return (struct snat){ ezlb_snat_key_of(EZLB_SNAT_KEY_BACKEND, &spec->listeners[i].key,
					       &spec->backends[k].endpoint),
			      spec };
}

static void claimed_add(struct claimed *claimed, const struct ezlb_spec *spec,
			enum ezlb_snat_key_kind snat_key)
{
	bool snat = spec->full_nat && snat_key == EZLB_SNAT_KEY_BACKEND;

	*EZLB_PUSH(&claimed->names) = spec->name;
	for (size_t i = 0; i < spec->n_listeners; i++) {
		*EZLB_PUSH(&claimed->keys) = spec->listeners[i].key;
		if (!ezlb_listener_is_mark(&spec->listeners[i]))
			*EZLB_PUSH(&claimed->ports) = spec->listeners[i];
		for (size_t k = 0; snat && k < spec->n_backends; k++)
			*EZLB_PUSH(&claimed->snats) = snat_at(spec, i, k);
	}
}

static bool snat_differs(const struct snat *a, const struct snat *b)
{
	return ezlb_range_cmp(&a->spec->snat_ip, &b->spec->snat_ip) != 0;
}

/* Sorts them. False if two of the new versions have a conflict: their claims are neighbours then.
 */
static bool claimed_agree(struct claimed *claimed)
{
	const struct snat *snats;
	bool agree = true;

	EZLB_SORT(&claimed->names, name_cmp);
	EZLB_SORT(&claimed->keys, ezlb_service_key_cmp);
	EZLB_SORT(&claimed->ports, ports_cmp);
	EZLB_SORT(&claimed->snats, snat_cmp);
	snats = claimed->snats.items;
	for (size_t i = 1; i < claimed->names.len; i++)
		agree &= name_cmp(&claimed->names.items[i - 1], &claimed->names.items[i]) != 0;
	for (size_t i = 1; i < claimed->keys.len; i++)
		agree &= ezlb_service_key_cmp(&claimed->keys.items[i - 1],
					      &claimed->keys.items[i]) != 0;
	for (size_t i = 1; i < claimed->ports.len; i++)
		agree &= !claim_overlap(&claimed->ports.items[i - 1], &claimed->ports.items[i]);
	for (size_t i = 1; i < claimed->snats.len; i++)
		agree &= snat_cmp(&snats[i - 1], &snats[i]) != 0 ||
			 !snat_differs(&snats[i - 1], &snats[i]);
	return agree;
}

static void claimed_clear(struct claimed *claimed)
{
	EZLB_VEC_CLEAR(&claimed->names);
	EZLB_VEC_CLEAR(&claimed->keys);
	EZLB_VEC_CLEAR(&claimed->ports);
	EZLB_VEC_CLEAR(&claimed->snats);
}

/*
 * Of ports that do not overlap with each other, the last that begin before the listener's end are
 * the only ones that can contain its first port.
 */
static bool overlaps(const struct claimed *claimed, const struct ezlb_listener *listener)
{
	struct ezlb_listener end = *listener;
	size_t i;

	end.listen.port = claim_last_port(listener);
	i = EZLB_FIRST(&claimed->ports, &end, ports_cmp);
	return (i < claimed->ports.len && claim_overlap(&claimed->ports.items[i], listener)) ||
	       (i > 0 && claim_overlap(&claimed->ports.items[i - 1], listener));
}

static bool listens_with(const struct claimed *claimed, const struct ezlb_spec *other)
{
	for (size_t i = 0; i < other->n_listeners; i++)
		if (EZLB_FIND(&claimed->keys, &other->listeners[i].key, ezlb_service_key_cmp) ||
		    overlaps(claimed, &other->listeners[i]))
			return true;
	return false;
}

/* Equal keys of the new versions have the same source NAT. */
static bool sends_differently(const struct claimed *claimed, const struct ezlb_spec *other)
{
	if (claimed->snats.len == 0 || !other->full_nat)
		return false;
	for (size_t i = 0; i < other->n_listeners; i++)
		for (size_t k = 0; k < other->n_backends; k++) {
			const struct snat key = snat_at(other, i, k);
			const struct snat *have = EZLB_FIND(&claimed->snats, &key, snat_cmp);

			if (have && snat_differs(have, &key))
				return true;
		}
	return false;
}

size_t desired_dests(const struct ezlb_spec *spec)
{
	return spec ? spec->n_listeners * spec->n_backends : 0;
}

static size_t sum_dests(const struct ezlb_desired *specs)
{
	size_t sum = 0;

	for (size_t i = 0; i < specs->len; i++)
		sum += desired_dests(specs->items[i]);
	return sum;
}

bool desired_fit_within(const struct ezlb_desired *specs, const struct ezlb_desired *among,
			enum ezlb_snat_key_kind snat_key, size_t max)
{
	struct claimed claimed = { .names = { 0 } };
	bool fit = sum_dests(specs) + sum_dests(among) <= max;

	for (size_t i = 0; i < specs->len; i++) {
		fit &= !claim_needs_nftables(specs->items[i], snat_key);
		claimed_add(&claimed, specs->items[i], snat_key);
	}
	fit = fit && claimed_agree(&claimed);
	for (size_t i = 0; fit && i < among->len; i++) {
		const struct ezlb_spec *other = among->items[i];
		const char *name = other->name;

		fit = !EZLB_FIND(&claimed.names, &name, name_cmp) &&
		      !listens_with(&claimed, other) && !sends_differently(&claimed, other);
	}
	claimed_clear(&claimed);
	return fit;
}

bool ezlb_desired_fit(const struct ezlb_desired *specs, const struct ezlb_desired *among,
		      enum ezlb_snat_key_kind snat_key)
{
	return desired_fit_within(specs, among, snat_key, EZLB_DESIRED_DESTS_MAX);
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
