/* SPDX-License-Identifier: GPL-2.0-or-later */
/* genl: asks the kernel for the id of a genetlink family. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/err.h>

/*
 * Finds the id of a family by name, within timeout_ms. A request by name makes the kernel load the
 * module with that name in its aliases; without `load` this lists all existing families instead,
 * which loads nothing. -ENOENT if the family does not exist.
 */
int ezlb_ipvs_genl_resolve(const char *name, bool load, unsigned timeout_ms, uint16_t *family,
			   struct ezlb_err *err);
