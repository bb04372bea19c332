// SPDX-License-Identifier: GPL-2.0-or-later
/* revision: one number for all applied versions. */
#include <ezlb/catalog.h>

#include <inttypes.h>

#include <ezlb/text.h>

struct part {
	const char *name;
	uint64_t hash;
};
struct parts EZLB_VEC(struct part);

static int part_cmp(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return strcmp(x->name, y->name);
}

uint64_t ezlb_catalog_revision(const struct ezlb_catalog *catalog)
{
	struct parts parts = { 0 };
	struct ezlb_text text = { 0 };
	uint64_t revision;

	for (size_t i = 0; i < catalog->entries.len; i++) {
		const struct ezlb_catalog_entry *entry = &catalog->entries.items[i];

		if (entry->last)
			*EZLB_PUSH(&parts) = (struct part){ entry->last->name, entry->last_hash };
	}
	/* Applied versions have different names. */
	EZLB_SORT(&parts, part_cmp);
	/* As text, so that it is the same on each architecture. */
	for (size_t i = 0; i < parts.len; i++)
		ezlb_text_printf(&text, "%s %016" PRIx64 "\n", parts.items[i].name,
				 parts.items[i].hash);
	revision = ezlb_hash(text.items, text.len);
	EZLB_VEC_CLEAR(&parts);
	EZLB_VEC_CLEAR(&text);
	return revision;
}
