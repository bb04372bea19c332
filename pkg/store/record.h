/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record: the format of a file of versions, on bytes. Pure: no file is opened here.
 *
 *   ezlb-versions 1
 *   @+ CHECK HASH PATHLEN LEN        hex, 16 16 4 8 digits
 *   /etc/ezlb/services.d/web.yaml    the path, PATHLEN bytes
 *   listen: ...                      the version, LEN bytes, and a newline after it
 *
 * HASH is of the version; CHECK is of HASH, the lengths and the path, and for '-' all its bits are
 * the other way round. So no change of a record is taken for a record, except '+' to 'x', which is
 * written over a version that does not count any more where no record can be appended. Of several
 * records of a path the last one counts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/mem.h>

#define RECORD_FIRST	 "ezlb-versions 1\n"
#define RECORD_FIRST_LEN (sizeof(RECORD_FIRST) - 1)
#define RECORD_HEAD	 51
#define RECORD_PATH_MAX	 4096
#define RECORD_KIND_AT	 1 /* where in a record its kind is */

enum record_kind {
	RECORD_SET = '+',
	RECORD_FORGET = '-',   /* of a file that was removed */
	RECORD_OUTDATED = 'x', /* was a RECORD_SET; counts as a RECORD_FORGET */
};

struct record {
	enum record_kind kind;
	size_t at, size;  /* in the text */
	const char *path; /* in the text, without a NUL; so are the bytes */
	size_t path_len;
	const char *bytes;
	size_t len;
	uint64_t hash; /* of the bytes */
};

struct record_text EZLB_VEC(char);

/* Appends a record. `rec` needs kind, path, path_len, bytes, len and hash. Sets at and size. */
void record_add(struct record_text *out, struct record *rec);
/* The record at this place of the text; false: none, or it is damaged. */
bool record_parse(const char *text, size_t len, size_t at, struct record *rec);
size_t record_size(size_t path_len, size_t len);

/* What is between whole records. */
struct record_scan {
	const char *text;
	size_t len;
	size_t at;    /* of the next record; zero at the start */
	size_t whole; /* where the last whole record ends: the next one can be appended there */
	size_t lost;  /* bytes between whole records, without those after the last one */
	/* The path of the first damaged record whose path is known, in the text; NULL: none. */
	const char *lost_path;
	size_t lost_path_len;
};

/* The next whole record, also behind damage; false: there is none any more. */
bool record_next(struct record_scan *scan, struct record *rec);
