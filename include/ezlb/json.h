/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json: how packages write JSON. A thin layer over jansson with ezlb's kinds of values. Members
 * keep the order in which they are put. Texts are converted to valid UTF-8 (utf8.h), which jansson
 * requires; any other failure of jansson means that memory ran out, and aborts. Code that reads
 * JSON uses jansson itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <ezlb/text.h>

/* Return new values, which the caller owns. */
json_t *ezlb_json_object(void);
json_t *ezlb_json_array(void);
json_t *ezlb_json_text(const char *text); /* NULL: null */

/* Both take ownership of value. */
void ezlb_json_add(json_t *array, json_t *value);
void ezlb_json_put(json_t *object, const char *key, json_t *value);
void ezlb_json_put_text(json_t *object, const char *key, const char *text); /* NULL: null */
void ezlb_json_put_bool(json_t *object, const char *key, bool value);
void ezlb_json_put_count(json_t *object, const char *key, uint64_t value);
void ezlb_json_put_known(json_t *object, const char *key, int64_t value); /* < 0: null */
/* RFC 3339 in UTC, "2026-11-23T01:02:03.456Z"; null for 0 and for times that have no such form. */
void ezlb_json_put_time(json_t *object, const char *key, int64_t ms);
void ezlb_json_put_hash(json_t *object, const char *key, uint64_t hash); /* 0: null */

/*
 * Writes the value on one line and frees it. `bare`: without the enclosing braces, for a document
 * that is too large to build as one value.
 */
void ezlb_json_dump(json_t *value, bool bare, struct ezlb_text *out);
/*
 * Writes the value as indented lines for people, ends with a newline, and frees the value. If a
 * text has a character that is not plain (utf8.h), all that is not ASCII is escaped, because the
 * reader may be a terminal.
 */
void ezlb_json_print(json_t *value, struct ezlb_text *out);
