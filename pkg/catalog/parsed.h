/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parsed: what ezlb_catalog_is_whole has parsed, until the next update takes it. */
#pragma once

#include <ezlb/catalog.h>

/*
 * The spec of the file's bytes, which the caller owns then, or NULL with diagnostics added. Taken
 * from what is kept, or else parsed. Call parsed_sort first.
 */
struct ezlb_spec *parsed_take(struct ezlb_parsed_files *parsed, const struct ezlb_file *file,
			      struct ezlb_diags *diags);
void parsed_sort(struct ezlb_parsed_files *parsed);
void parsed_clear(struct ezlb_parsed_files *parsed);
