/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doc: the daemon's JSON, as docs/admin.md describes it. A member that is missing or has another
 * type counts as null, because the daemon may have another version.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <ezlb/err.h>

/*
 * Makes every string plain (ezlb_utf8_plain); newlines stay only in members named "text". Returns
 * NULL and -EBADMSG in *rc if json is no object with an array named `list`. The caller owns the
 * reference.
 */
json_t *doc_load(const char *json, const char *list, int *rc, struct ezlb_err *err);

bool doc_has(const json_t *object, const char *key);	     /* exists, and is not null */
const char *doc_text(const json_t *object, const char *key); /* "" if null */
bool doc_is(const json_t *object, const char *key, const char *text);
bool doc_true(const json_t *object, const char *key);
double doc_number(const json_t *object, const char *key); /* 0 if null */
/* The first object of the array whose member `key` is `text`; NULL: none. */
const json_t *doc_find(const json_t *array, const char *key, const char *text);
int64_t doc_int(const json_t *object, const char *key);
int64_t doc_time(const json_t *object, const char *key); /* ms of the wall clock, 0 if null */
