/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print: reduces a table to one number, for peek. */
#pragma once

#include <stdint.h>

#include <ezlb/table.h>

/* A hash of all keys and values and of the frames. The table is sorted. */
uint64_t ezlb_memory_print(const struct ezlb_table *table);
