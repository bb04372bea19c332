// SPDX-License-Identifier: GPL-2.0-or-later
#include "focus.h"

void focus_all(struct focus *focus)
{
	focus->all = true;
	focus->quiet = false;
	focus->keys.len = 0;
}

void focus_time(struct focus *focus)
{
	bool quiet = !focus->all && focus->keys.len == 0;

	focus_all(focus);
	focus->quiet = quiet;
}

void focus_forget(struct focus *focus)
{
	focus->all = focus->quiet = false;
	focus->keys.len = 0;
}

/* --- finding a service --------------------------------------------------------------------- */

static int by_key(const void *pa, const void *pb)
{
	const struct ezlb_service_key *key = pa;
	const struct ezlb_spec *const *spec = pb;
	const struct ezlb_service_key first = ezlb_spec_key(*spec);

	return ezlb_service_key_cmp(key, &first);
}

static const struct ezlb_spec *find(const struct ezlb_desired *desired,
				    const struct ezlb_service_key *key)
{
	const struct ezlb_spec **spec = EZLB_FIND(desired, key, by_key);

	return spec ? *spec : NULL;
}

static uint64_t hash_of(const char *name)
{
	return ezlb_hash(name, strlen(name));
}

static int name_cmp(const void *pa, const void *pb)
{
	const struct focus_name *a = pa, *b = pb;

	return (a->hash > b->hash) - (a->hash < b->hash);
}

static void learn_names(struct focus_names *names, const struct ezlb_desired *desired)
{
	names->len = 0;
	for (size_t i = 0; i < desired->len; i++)
		*EZLB_PUSH(names) = (struct focus_name){ hash_of(desired->items[i]->name), i };
	EZLB_SORT(names, name_cmp);
}

/* Two names may have one hash: then only one of them is found. */
static const struct ezlb_spec *find_name(struct focus *focus, const struct ezlb_desired *desired,
					 const char *name)
{
	const struct focus_name key = { .hash = hash_of(name) }, *found;
	const struct ezlb_spec *spec;

	if (focus->names.len != desired->len)
		learn_names(&focus->names, desired);
	found = EZLB_FIND(&focus->names, &key, name_cmp);
	spec = found ? desired->items[found->at] : NULL;
	return spec && strcmp(spec->name, name) == 0 ? spec : NULL;
}

/* --- adding one ---------------------------------------------------------------------------- */

static void add(struct focus *focus, const struct ezlb_spec *spec)
{
	struct ezlb_service_key key;
	size_t at;

	focus->quiet = false;
	if (focus->all)
		return;
	if (!spec || focus->keys.len == FOCUS_MAX) {
		focus_all(focus);
		return;
	}
	key = ezlb_spec_key(spec);
	at = EZLB_FIRST(&focus->keys, &key, ezlb_service_key_cmp);
	if (!ezlb_scope_has(&focus->keys, &key))
		EZLB_SPLICE(&focus->keys, at, 0, &key, 1);
}

void focus_name(struct focus *focus, const struct ezlb_desired *desired, const char *name)
{
	add(focus, focus->all ? NULL : find_name(focus, desired, name));
}

void focus_specs(struct focus *focus, const struct ezlb_desired *desired,
		 const struct ezlb_desired *specs)
{
	for (size_t i = 0; i < specs->len; i++) {
		const struct ezlb_service_key key = ezlb_spec_key(specs->items[i]);

		add(focus, find(desired, &key));
	}
}

void focus_keys(struct focus *focus, const struct ezlb_desired *desired,
		const struct ezlb_scope *keys)
{
	for (size_t i = 0; i < keys->len; i++)
		add(focus, find(desired, &keys->items[i]));
}

void focus_files(struct focus *focus, const struct ezlb_desired *desired,
		 const struct ezlb_catalog_change *change)
{
	if (change->all) {
		focus_all(focus);
		focus->names.len = 0;
		return;
	}
	focus_specs(focus, desired, &change->services);
}

void focus_list(struct focus *focus, const struct ezlb_desired *desired, struct ezlb_desired *out)
{
	for (size_t i = 0; i < focus->keys.len; i++) {
		const struct ezlb_spec *spec = find(desired, &focus->keys.items[i]);

		if (spec)
			*EZLB_PUSH(out) = spec;
	}
}

void focus_clear(struct focus *focus)
{
	EZLB_VEC_CLEAR(&focus->keys);
	EZLB_VEC_CLEAR(&focus->names);
}
