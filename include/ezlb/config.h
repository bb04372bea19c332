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

struct ezlb_inset; /* yaml.h */
/*
 * The same for a service file that is a text in another file, as a key of a ConfigMap: `file` is
 * the other file, and all places are in it; `name` is the base name of the service file.
 */
struct ezlb_spec *ezlb_config_parse_inset(const char *file, const char *name, const char *text,
					  size_t len, const struct ezlb_inset *inset,
					  struct ezlb_diags *diags);

/*
 * The inverse: the text of a service file from which ezlb_config_parse makes an equal spec, apart
 * from places and the file's name. It has the name and what differs from the defaults, in the order
 * of docs/service-file.md, the backends before those of fallback. The caller frees.
 *
 * The spec has a name, listeners and backends. Its listeners are those that a file can name: each
 * address with each protocol; or one mark; or one range of ports with any mark. Whether the values
 * go together is not checked: who made the spec by hand parses the text.
 */
char *ezlb_config_write(const struct ezlb_spec *spec);

/*
 * Specs that are made by hand, for ezlb_config_write: one with all defaults, to which listeners and
 * backends are added. The caller frees.
 *
 *   file	   NULL
 *   check.type    EZLB_CHECK_TCP. The default of a file without a listener for TCP is
 *                 EZLB_CHECK_NONE: set it to have no `type` in the text.
 *   check.request has all its defaults; those of other types of check are not written.
 *   check.source  has family 0, which is written as `source: none` beside a snat_ip. Copy snat_ip
 *                 to it for the default.
 */
struct ezlb_spec *ezlb_config_defaults(const char *name);
/* last_port 0: one port. A range of ports gets the mark of ezlb_range_mark. */
void ezlb_config_add_listener(struct ezlb_spec *spec, enum ezlb_proto proto,
			      const struct ezlb_endpoint *first, uint16_t last_port);
/* Packets with a mark: the only listener. */
void ezlb_config_add_mark(struct ezlb_spec *spec, uint8_t family, uint32_t fwmark);
/* With weight 1. Valid until the next is added. */
struct ezlb_backend *ezlb_config_add_backend(struct ezlb_spec *spec,
					     const struct ezlb_endpoint *endpoint);

/* A JSON Schema of service files, made from the tables that the parser uses. The caller frees. */
char *ezlb_config_schema(void);
