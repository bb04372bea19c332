/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parsed: keeps what ezlb_catalog_is_whole and _parse_ahead parsed for the next update. */
#pragma once

#include <ezlb/catalog.h>

/*
 * Returns the spec of the file's bytes, which the caller owns, or NULL with diagnostics added. Uses
 * the kept result or parses the bytes. *meaning is the spec's revision_of, or 0: not known yet.
 * Call parsed_sort first.
 */
struct ezlb_spec *parsed_take(struct ezlb_parsed_files *parsed, const struct ezlb_file *file,
			      struct ezlb_diags *diags, uint64_t *meaning);
/* Adds n zeroed results, and returns the first of them. */
struct ezlb_parsed_file *parsed_room(struct ezlb_catalog *catalog, size_t n);
void parsed_sort(struct ezlb_parsed_files *parsed);
void parsed_clear(struct ezlb_parsed_files *parsed);
