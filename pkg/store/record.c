// SPDX-License-Identifier: GPL-2.0-or-later
#include "record.h"

#include <inttypes.h>
#include <stdio.h>

#include <ezlb/snapshot.h>

#define CHECK_AT    3
#define HASH_AT	    20
#define PATH_LEN_AT 37
#define LEN_AT	    42

size_t record_size(size_t path_len, size_t len)
{
	return RECORD_HEAD + path_len + 1 + len + 1;
}

/* Of the text between the check and the end of the path. */
static uint64_t check_of(const char *rec, enum record_kind kind, size_t path_len)
{
	uint64_t hash = ezlb_hash(rec + HASH_AT, RECORD_HEAD - HASH_AT + path_len);

	return kind == RECORD_FORGET ? ~hash : hash;
}

void record_add(struct record_text *out, struct record *rec)
{
	size_t size = record_size(rec->path_len, rec->len);
	char *to = EZLB_ROOM(out, size), head[RECORD_HEAD + 1], check[17];

	snprintf(head, sizeof(head), "@%c %016d %016" PRIx64 " %04zx %08zx\n", rec->kind, 0,
		 rec->hash, rec->path_len & 0xffff, rec->len & 0xffffffff);
	memcpy(to, head, RECORD_HEAD);
	memcpy(to + RECORD_HEAD, rec->path, rec->path_len);
	snprintf(check, sizeof(check), "%016" PRIx64, check_of(to, rec->kind, rec->path_len));
	memcpy(to + CHECK_AT, check, 16);
	to[RECORD_HEAD + rec->path_len] = '\n';
	if (rec->len > 0)
		memcpy(to + RECORD_HEAD + rec->path_len + 1, rec->bytes, rec->len);
	to[size - 1] = '\n';
	rec->at = out->len;
	rec->size = size;
	out->len += size;
}

/* Only the digits that record_add writes. */
static bool take_hex(const char *text, size_t digits, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < digits; i++) {
		char c = text[i];

		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return false;
		*out = *out << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return true;
}

/* All but the bytes: kind, lengths and path are as they were written. */
static bool parse_head(const char *text, size_t len, size_t at, struct record *rec)
{
	const char *head = text + at;
	uint64_t check, path_len, bytes_len;

	if (len - at < RECORD_HEAD || head[0] != '@' ||
	    (head[1] != RECORD_SET && head[1] != RECORD_FORGET && head[1] != RECORD_OUTDATED) ||
	    head[2] != ' ' || head[CHECK_AT + 16] != ' ' || head[RECORD_HEAD - 1] != '\n' ||
	    !take_hex(head + CHECK_AT, 16, &check) || !take_hex(head + HASH_AT, 16, &rec->hash) ||
	    !take_hex(head + PATH_LEN_AT, 4, &path_len) || !take_hex(head + LEN_AT, 8, &bytes_len))
		return false;
	if (path_len == 0 || path_len > RECORD_PATH_MAX || bytes_len > EZLB_FILE_MAX ||
	    len - at - RECORD_HEAD < path_len)
		return false;
	rec->kind = (enum record_kind)head[1];
	rec->at = at;
	rec->path = head + RECORD_HEAD;
	rec->path_len = path_len;
	rec->len = bytes_len;
	rec->size = record_size(path_len, bytes_len);
	rec->bytes = rec->path + path_len + 1;
	return check == check_of(head, rec->kind, path_len);
}

static bool is_whole(const char *text, size_t len, const struct record *rec)
{
	if (len - rec->at < rec->size || rec->path[rec->path_len] != '\n' ||
	    text[rec->at + rec->size - 1] != '\n')
		return false;
	return rec->kind == RECORD_FORGET ? rec->len == 0
					  : ezlb_hash(rec->bytes, rec->len) == rec->hash;
}

bool record_parse(const char *text, size_t len, size_t at, struct record *rec)
{
	return at < len && parse_head(text, len, at, rec) && is_whole(text, len, rec);
}

/* The next record behind what is damaged at scan->at. */
static bool find_next(const struct record_scan *scan, struct record *rec)
{
	size_t at = scan->at;
	const char *mark;

	/* The lengths of a record whose bytes are damaged are right. */
	if (parse_head(scan->text, scan->len, at, rec) && scan->len - at > rec->size &&
	    record_parse(scan->text, scan->len, at + rec->size, rec))
		return true;
	while (at + 1 < scan->len &&
	       (mark = memchr(scan->text + at + 1, '@', scan->len - at - 1))) {
		at = (size_t)(mark - scan->text);
		if (record_parse(scan->text, scan->len, at, rec))
			return true;
	}
	return false;
}

static void note_lost(struct record_scan *scan, const struct record *next)
{
	struct record damaged;

	scan->lost += next->at - scan->at;
	if (scan->lost_path || !parse_head(scan->text, scan->len, scan->at, &damaged))
		return;
	scan->lost_path = damaged.path;
	scan->lost_path_len = damaged.path_len;
}

static void skip_first_line(struct record_scan *scan)
{
	if (scan->len < RECORD_FIRST_LEN || memcmp(scan->text, RECORD_FIRST, RECORD_FIRST_LEN) != 0)
		return;
	scan->at = scan->whole = RECORD_FIRST_LEN;
}

bool record_next(struct record_scan *scan, struct record *rec)
{
	if (scan->at == 0)
		skip_first_line(scan);
	if (!record_parse(scan->text, scan->len, scan->at, rec)) {
		if (!find_next(scan, rec))
			return false;
		note_lost(scan, rec);
	}
	scan->at = scan->whole = rec->at + rec->size;
	return true;
}
