/* SPDX-License-Identifier: GPL-2.0-or-later */
/* skeleton: the program that this ezlb contains, and copying of maps. */
#pragma once

#include <ezlb/err.h>

#include "program.h"

/* The name of the program in the kernel. It has a hash of its source: so it tells the version. */
const char *ezlb_toa_skeleton_name(void);
/* Loads program and maps, and fills the descriptors of *out. */
int ezlb_toa_skeleton_load(struct ezlb_toa_program *out, struct ezlb_err *err);

/* Copies rows, connections and counters, each if its layout is the same in both. */
int ezlb_toa_program_copy(const struct ezlb_toa_program *from, const struct ezlb_toa_program *to,
			  struct ezlb_err *err);
