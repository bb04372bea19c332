/* SPDX-License-Identifier: GPL-2.0-or-later */
/* differ: what its two files share. */
#pragma once

#include <stdbool.h>

#include <ezlb/table.h>

/* The rows of a table as sorted lines, with every value that list can read; owned. */
struct lines {
	char **items;
	size_t len, cap;
};

void lines_of_table(struct lines *lines, const struct ezlb_table *table);
void lines_clear(struct lines *lines);
/* Prints the lines that only one of the two has, and returns how many there are. */
size_t lines_compare(const struct lines *memory, const struct lines *kernel);
