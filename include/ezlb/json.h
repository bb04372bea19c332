/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json: how packages write JSON: members of objects, in the order in which they are put. It is
 * jansson with ezlb's kinds of values and rules: texts are made UTF-8 first (utf8.h), which jansson
 * demands; what else it refuses, it does for want of memory, and that aborts, as everywhere.
 * Whoever reads JSON uses jansson itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <ezlb/text.h>

/* New values, the caller's. */
json_t *ezlb_json_object(void);
json_t *ezlb_json_array(void);
json_t *ezlb_json_text(const char *text); /* NULL: null */

/* Both take value. */
void ezlb_json_add(json_t *array, json_t *value);
void ezlb_json_put(json_t *object, const char *key, json_t *value);
void ezlb_json_put_text(json_t *object, const char *key, const char *text); /* NULL: null */
void ezlb_json_put_bool(json_t *object, const char *key, bool value);
void ezlb_json_put_count(json_t *object, const char *key, uint64_t value);
void ezlb_json_put_known(json_t *object, const char *key, int64_t value); /* < 0: null */
/* RFC 3339 in UTC, "2026-11-23T01:02:03.456Z"; 0 and what has no such form: null. */
void ezlb_json_put_time(json_t *object, const char *key, int64_t ms);
void ezlb_json_put_hash(json_t *object, const char *key, uint64_t hash); /* 0: null */

/*
 * Writes the value on one line and drops it; `bare`: without the braces around it, for a document
 * that is too large to be one value.
 */
void ezlb_json_dump(json_t *value, bool bare, struct ezlb_text *out);
/* The same as lines, which are indented, for people; ends in a newline. */
void ezlb_json_print(json_t *value, struct ezlb_text *out);
