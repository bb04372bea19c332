/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doc: the daemon's JSON, as docs/admin.md has it. A member that is not there, or is something
 * else, is as null: the daemon may be of another version.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <ezlb/err.h>

/*
 * Every text in it is plain (plain.h); newlines stay only in members called "text". NULL and
 * -EBADMSG in *rc where it is no object with an array called `list`. The caller has the reference.
 */
json_t *doc_load(const char *json, const char *list, int *rc, struct ezlb_err *err);

bool doc_has(const json_t *object, const char *key);	     /* and not null */
const char *doc_text(const json_t *object, const char *key); /* "" where null */
bool doc_is(const json_t *object, const char *key, const char *text);
bool doc_true(const json_t *object, const char *key);
double doc_number(const json_t *object, const char *key); /* 0 where null */
int64_t doc_int(const json_t *object, const char *key);
int64_t doc_time(const json_t *object, const char *key); /* ms of the wall clock, 0 where null */
