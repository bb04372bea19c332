/* SPDX-License-Identifier: GPL-2.0-or-later */
/* genl: asks the kernel for the id of a genetlink family. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/err.h>

/*
 * The id of a family by name, within timeout_ms. Asking the kernel for a name makes it load the
 * module that claims that name in its aliases; without `load` all families there are get listed
 * and searched instead, which loads nothing. -ENOENT where there is none.
 */
int ezlb_ipvs_genl_resolve(const char *name, bool load, unsigned timeout_ms, uint16_t *family,
			   struct ezlb_err *err);
