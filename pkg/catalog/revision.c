// SPDX-License-Identifier: GPL-2.0-or-later
#include "revision.h"

#include <inttypes.h>

#include <ezlb/catalog.h>
#include <ezlb/config.h>
#include <ezlb/text.h>

uint64_t revision_of(const struct ezlb_spec *spec)
{
	EZLB_AUTO_FREE char *text = NULL;
	struct ezlb_spec shared;

	if (!spec)
		return 0;
	shared = *spec; /* borrows everything */
	/* The default source of health checks is snat_ip, and is no difference either. */
	if (spec->full_nat && ezlb_range_cmp(&spec->check.source, &spec->snat_ip) == 0)
		shared.check.source = (struct ezlb_addr_range){ 0 };
	shared.snat_ip = (struct ezlb_addr_range){ 0 };
	text = ezlb_config_write(&shared);
	return ezlb_hash(text, strlen(text));
}

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
			*EZLB_PUSH(&parts) = (struct part){ entry->last->name,
							    entry->last_meaning };
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
