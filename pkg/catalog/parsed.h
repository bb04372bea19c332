/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parsed: keeps what ezlb_catalog_is_whole parsed for the next update. */
#pragma once

#include <ezlb/catalog.h>

/*
 * Returns the spec of the file's bytes, which the caller owns, or NULL with diagnostics added. Uses
 * the kept result or parses the bytes. Call parsed_sort first.
 */
struct ezlb_spec *parsed_take(struct ezlb_parsed_files *parsed, const struct ezlb_file *file,
			      struct ezlb_diags *diags);
void parsed_sort(struct ezlb_parsed_files *parsed);
void parsed_clear(struct ezlb_parsed_files *parsed);
