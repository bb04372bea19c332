// SPDX-License-Identifier: GPL-2.0-or-later
#include "differ.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct lines *lines, char *line)
{
	*EZLB_PUSH(lines) = line;
}

static int line_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_service(struct lines *lines, const struct ezlb_service_row *row)
{
	char key[EZLB_SERVICE_KEY_STRLEN];

	add(lines, ezlb_asprintf("service %s %s flags %x timeout %u netmask %x engine '%s'",
				 ezlb_service_key_format(&row->key, key), row->scheduler,
				 row->flags, row->timeout, row->netmask, row->engine));
}

static void add_dest(struct lines *lines, const struct ezlb_dest_row *row)
{
	char key[EZLB_SERVICE_KEY_STRLEN], to[EZLB_ENDPOINT_STRLEN];

	add(lines,
	    ezlb_asprintf("dest %s -> %s weight %u upper %u lower %u %s tunnel %s port %u %s",
			  ezlb_service_key_format(&row->service, key),
			  ezlb_endpoint_format(&row->endpoint, to), row->weight, row->upper,
			  row->lower, ezlb_forward_str(row->forward),
			  ezlb_tunnel_type_str(row->tunnel.type), row->tunnel.port,
			  ezlb_tunnel_checksum_str(row->tunnel.checksum)));
}

static void add_snat(struct lines *lines, const struct ezlb_snat_row *row)
{
	char key[EZLB_SERVICE_KEY_STRLEN], to[EZLB_RANGE_STRLEN] = "masquerade";

	if (row->to.first.family)
		ezlb_range_format(&row->to, to);
	add(lines, ezlb_asprintf("snat by %s %s to %s",
				 row->key.kind == EZLB_SNAT_KEY_LISTENER ? "listener" : "backend",
				 ezlb_snat_key_format(&row->key, key), to));
}

static void add_mark(struct lines *lines, const struct ezlb_mark_row *row)
{
	char key[EZLB_SERVICE_KEY_STRLEN], range[EZLB_MARK_STRLEN];

	add(lines, ezlb_asprintf("mark %s of %s", ezlb_mark_row_format(row, range),
				 ezlb_service_key_format(&row->service, key)));
}

void lines_of_table(struct lines *lines, const struct ezlb_table *table)
{
	char addr[EZLB_ADDR_STRLEN];

	for (size_t i = 0; i < table->services.len; i++)
		add_service(lines, &table->services.items[i]);
	for (size_t i = 0; i < table->dests.len; i++)
		add_dest(lines, &table->dests.items[i]);
	for (size_t i = 0; i < table->snats.len; i++)
		add_snat(lines, &table->snats.items[i]);
	for (size_t i = 0; i < table->marks.len; i++)
		add_mark(lines, &table->marks.items[i]);
	for (size_t i = 0; i < table->links.len; i++)
		add(lines, ezlb_asprintf("link %s", table->links.items[i].device));
	for (size_t i = 0; i < table->vips.len; i++)
		add(lines, ezlb_asprintf("address %s on %s",
					 ezlb_addr_format(&table->vips.items[i].addr, addr),
					 table->vips.items[i].device));
	add(lines, ezlb_asprintf("frame of the SNAT rows: %s", !table->snat_present ? "none"
							       : table->snat_sound  ? "sound"
										    : "not sound"));
	EZLB_SORT(lines, line_cmp);
}

void lines_clear(struct lines *lines)
{
	for (size_t i = 0; i < lines->len; i++)
		free(lines->items[i]);
	EZLB_VEC_CLEAR(lines);
}

size_t lines_compare(const struct lines *memory, const struct lines *kernel)
{
	size_t m = 0, k = 0, n = 0;

	while (m < memory->len || k < kernel->len) {
		const int cmp = m == memory->len   ? 1
				: k == kernel->len ? -1
						   : strcmp(memory->items[m], kernel->items[k]);

		if (cmp < 0)
			printf("  only in memory: %s\n", memory->items[m]);
		else if (cmp > 0)
			printf("  only in the kernel: %s\n", kernel->items[k]);
		n += cmp != 0;
		m += cmp <= 0;
		k += cmp >= 0;
	}
	return n;
}
