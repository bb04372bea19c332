/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exposition: is this Prometheus' text format 0.0.4, and good style? As strict as promtool, and in
 * these stricter: every family has HELP and TYPE, only types that ezlb uses, no timestamps, no
 * empty lines. Knows nothing of the code that writes it.
 */
#pragma once

#include <stddef.h>

#include <ezlb/text.h>

/* Appends a line "LINE: what is wrong" for each fault; returns how many there are. */
size_t exposition_check(const char *bytes, size_t len, struct ezlb_text *faults);
