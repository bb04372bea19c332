/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config: the bytes of one service file to a spec, or to diagnostics that say where they are wrong.
 * Reads no file and knows no other file: what two files claim together is for desired.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/diag.h>
#include <ezlb/snapshot.h>
#include <ezlb/spec.h>

#define EZLB_BACKENDS_MAX 5000 /* of one service */

/*
 * `file` is the path to show to humans; its base name without .yaml or .yml is the default name.
 * Returns a new spec that the caller frees, or NULL with at least one diagnostic added. All errors
 * of the file are reported at once, at most 20. Bounded in time and memory for any input.
 */
struct ezlb_spec *ezlb_config_parse(const char *file, const char *text, size_t len,
				    struct ezlb_diags *diags);
