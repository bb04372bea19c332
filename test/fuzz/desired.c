// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several service files, with a byte ff between them, as one set: each second one is the last good
 * version of the file before it. Nothing is claimed twice, and what is chosen stays chosen.
 */
#include "specs.h"

#include <ezlb/desired.h>

#define FILES_MAX 6

struct world {
	struct ezlb_spec *specs[2 * FILES_MAX];
	struct ezlb_candidate candidates[FILES_MAX];
	size_t n;
};

static void read_world(struct world *world, struct fuzz_rest rest)
{
	for (size_t i = 0; i < 2 * FILES_MAX && rest.len > 0; i++) {
		struct fuzz_rest piece = fuzz_piece(&rest, 0xff);
		char name[] = "a.yaml", *bytes = fuzz_bytes(piece.at, piece.len);
		struct ezlb_diags diags = { 0 };

		name[0] = (char)('a' + i / 2);
		world->specs[i] = ezlb_config_parse(name, bytes, piece.len, &diags);
		if (i % 2)
			world->candidates[i / 2].last = world->specs[i];
		else
			world->candidates[i / 2].fresh = world->specs[i];
		world->n = i / 2 + 1;
		ezlb_diags_clear(&diags);
		free(bytes);
	}
}

static void check_pair(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	const struct ezlb_service_key x = ezlb_spec_key(a), y = ezlb_spec_key(b);

	FUZZ_CHECK(ezlb_service_key_cmp(&x, &y) < 0);
	FUZZ_CHECK(strcmp(a->name, b->name) != 0);
	for (size_t i = 0; i < a->n_listeners; i++)
		FUZZ_CHECK(!ezlb_spec_has(b, &a->listeners[i].key));
}

/* A diagnostic for each file whose new version was not chosen. */
static bool is_told(const struct ezlb_diags *diags, const char *file)
{
	for (size_t i = 0; i < diags->len; i++)
		if (strcmp(diags->items[i].file, file) == 0)
			return true;
	return false;
}

static void check_merge(struct world *world, enum ezlb_snat_key_kind kind,
			struct ezlb_desired *desired)
{
	struct ezlb_diags diags = { 0 };
	size_t n = 0;

	ezlb_desired_merge(world->candidates, world->n, kind, desired, &diags);
	for (size_t i = 0; i < world->n; i++) {
		const struct ezlb_candidate *c = &world->candidates[i];

		FUZZ_CHECK(!c->chosen || c->chosen == c->fresh || c->chosen == c->last);
		FUZZ_CHECK(!c->fresh || c->chosen == c->fresh || is_told(&diags, c->fresh->file));
		n += c->chosen != NULL;
	}
	FUZZ_CHECK(desired->len == n);
	for (size_t i = 0; i < desired->len; i++)
		for (size_t j = i + 1; j < desired->len; j++)
			check_pair(desired->items[i], desired->items[j]);
	fuzz_check_diags(&diags, 0, SIZE_MAX - 1);
	ezlb_diags_clear(&diags);
}

/* What is applied is the last good version of the next time, and that comes to an end. */
static void check_settles(struct world *world, enum ezlb_snat_key_kind kind)
{
	bool changed = true;

	for (size_t round = 0; changed; round++) {
		struct ezlb_desired desired = { 0 };

		FUZZ_CHECK(round <= FILES_MAX + 1);
		check_merge(world, kind, &desired);
		changed = false;
		for (size_t i = 0; i < world->n; i++) {
			changed |= world->candidates[i].chosen != world->candidates[i].last;
			world->candidates[i].last = world->candidates[i].chosen;
		}
		EZLB_VEC_CLEAR(&desired);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int kind = 0; kind < 2; kind++) {
		struct world world = { .n = 0 };

		read_world(&world, (struct fuzz_rest){ data, size });
		check_settles(&world, kind ? EZLB_SNAT_KEY_LISTENER : EZLB_SNAT_KEY_BACKEND);
		for (size_t i = 0; i < 2 * FILES_MAX; i++)
			ezlb_spec_free(world.specs[i]);
	}
	return 0;
}
