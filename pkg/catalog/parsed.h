/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parsed: results of ezlb_catalog_judge. They are kept until an update takes them: a file that is
 * not accepted yet is parsed up to a grace period before that.
 */
#pragma once

#include <ezlb/catalog.h>

/* Bytes of a file that were parsed. */
struct ezlb_parsed_file {
	char *path;
	size_t len;
	uint64_t hash;
	uint64_t at;		/* when it was parsed, by ezlb_now_ms */
	struct ezlb_spec *spec; /* NULL: the bytes are refused */
	uint64_t meaning;	/* of spec, see struct ezlb_catalog_entry */
	struct ezlb_diags diags;
	bool older; /* there was a later call of ezlb_catalog_judge */
	bool taken; /* spec and diags are those of an entry now */
};
struct ezlb_parsed_files EZLB_VEC(struct ezlb_parsed_file);

/* Parses all files, many in several threads, and adds a result for each one, in this order. */
void parsed_add(struct ezlb_parsed_files *parsed, const struct ezlb_files *files);
/* Sorts them, and keeps the newest result of each file. Then parsed_take finds them. */
void parsed_sort(struct ezlb_parsed_files *parsed);
/*
 * Returns the spec of the file's bytes, which the caller owns, or NULL with diagnostics added. Uses
 * the kept result or parses the bytes. *meaning is the spec's revision_of, or 0: not known yet.
 */
struct ezlb_spec *parsed_take(struct ezlb_parsed_files *parsed, const struct ezlb_file *file,
			      struct ezlb_diags *diags, uint64_t *meaning);
/* Drops what was taken, and what is too old to be of use. */
void parsed_tidy(struct ezlb_parsed_files *parsed);
void parsed_clear(struct ezlb_parsed_files *parsed);

/* The results in the catalog, sorted, which the caller now owns. */
struct ezlb_parsed_files parsed_get(struct ezlb_catalog *catalog);
/* Gives them to the catalog. Those that somebody else has put there meanwhile are lost. */
void parsed_put(struct ezlb_catalog *catalog, struct ezlb_parsed_files *parsed);
