/* SPDX-License-Identifier: GPL-2.0-or-later */
/* genl: where the genetlink socket and the family id come from in earnest. All of libnl is here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/err.h>

/* A socket connected to the kernel, with room for the answers to a full send; or -errno. */
int ezlb_ipvs_genl_socket(struct ezlb_err *err);

/*
 * The id of a family by name, within timeout_ms. Asking the kernel for a name makes it load the
 * module that claims that name in its aliases; without `load` all families there are get listed
 * and searched instead, which loads nothing. -ENOENT where there is none.
 */
int ezlb_ipvs_genl_resolve(const char *name, bool load, unsigned timeout_ms, uint16_t *family,
			   struct ezlb_err *err);
