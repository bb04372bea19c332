/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print: reduces a table to one number, for peek. */
#pragma once

#include <stdint.h>

#include <ezlb/table.h>

/* The rows of one virtual service and its dests; a hash of their keys and values. */
struct service_print {
	struct ezlb_service_key service; /* first: prints are compared by it */
	uint64_t hash;
};
struct service_prints EZLB_VEC(struct service_print);
/* One for each service; sorted, as the table is. */
void ezlb_memory_print_services(const struct ezlb_table *table, struct service_prints *out);
/* A hash of all keys and values and of the frames. The table is sorted. */
uint64_t ezlb_memory_print(const struct ezlb_table *table);
