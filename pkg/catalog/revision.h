/* SPDX-License-Identifier: GPL-2.0-or-later */
/* revision: what the applied versions say, as numbers. */
#pragma once

#include <stdint.h>

#include <ezlb/spec.h>

/*
 * A hash of the text that ezlb_config_write makes of the spec without its snat_ip, so comments and
 * the format of the file do not count. 0 for NULL.
 */
uint64_t revision_of(const struct ezlb_spec *spec);
