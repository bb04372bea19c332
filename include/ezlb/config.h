/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config: parses one service file into a spec, or into diagnostics that say where the errors are.
 * Reads no file and knows no other file: desired finds conflicts between files.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/diag.h>
#include <ezlb/snapshot.h>
#include <ezlb/spec.h>

#define EZLB_DESTS_MAX 65536 /* per service: backends of all its listeners and protocols */

/*
 * `file` is the path shown to humans; its base name without .yaml or .yml is the default service
 * name. Returns a new spec, which the caller frees, or NULL with at least one diagnostic added.
 * Reports all errors of the file at once, at most 20. Bounded in time and memory for any input.
 */
struct ezlb_spec *ezlb_config_parse(const char *file, const char *text, size_t len,
				    struct ezlb_diags *diags);

/*
 * The inverse: the text of a service file from which ezlb_config_parse makes an equal spec. It has
 * only what differs from the defaults. The caller frees.
 */
char *ezlb_config_write(const struct ezlb_spec *spec);

/* A JSON Schema of service files, made from the tables that the parser uses. The caller frees. */
char *ezlb_config_schema(void);
