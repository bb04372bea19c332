/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print: a table of the kernel to one number. */
#pragma once

#include <stdint.h>

#include <ezlb/table.h>

/* Of all keys and values, and of the frame of the SNAT rows. The table is sorted. */
uint64_t ezlb_memory_print(const struct ezlb_table *table);
