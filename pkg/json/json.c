// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/json.h>

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <ezlb/utf8.h>

/* 32 bits of microseconds, in milliseconds, have ten digits. */
#define REAL_DIGITS 10
/* The end of the year 9999: RFC 3339 5.6 has four digits for the year. */
#define LAST_MS INT64_C(253402300799999)

static json_t *checked(json_t *value)
{
	if (!value)
		abort();
	return value;
}

json_t *ezlb_json_object(void)
{
	return checked(json_object());
}

json_t *ezlb_json_array(void)
{
	return checked(json_array());
}

json_t *ezlb_json_text(const char *text)
{
	EZLB_AUTO_FREE char *fixed = NULL;
	json_t *value;

	if (!text)
		return json_null();
	value = json_string(text);
	if (value)
		return value;
	fixed = ezlb_utf8_fix(text);
	return checked(json_string(fixed));
}

void ezlb_json_add(json_t *array, json_t *value)
{
	if (json_array_append_new(array, checked(value)) < 0)
		abort();
}

void ezlb_json_put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(object, key, checked(value)) < 0)
		abort();
}

void ezlb_json_put_text(json_t *object, const char *key, const char *text)
{
	ezlb_json_put(object, key, ezlb_json_text(text));
}

void ezlb_json_put_bool(json_t *object, const char *key, bool value)
{
	ezlb_json_put(object, key, json_boolean(value));
}

void ezlb_json_put_count(json_t *object, const char *key, uint64_t value)
{
	/* jansson has signed integers only. */
	ezlb_json_put(object, key, json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

void ezlb_json_put_known(json_t *object, const char *key, int64_t value)
{
	ezlb_json_put(object, key, value < 0 ? json_null() : json_integer(value));
}

void ezlb_json_put_time(json_t *object, const char *key, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char second[sizeof("2026-11-23T01:02:03")], text[32];
	struct tm tm;

	if (ms <= 0 || ms > LAST_MS || !gmtime_r(&seconds, &tm)) {
		ezlb_json_put(object, key, json_null());
		return;
	}
	strftime(second, sizeof(second), "%FT%T", &tm);
	snprintf(text, sizeof(text), "%s.%03dZ", second, (int)(ms % 1000));
	ezlb_json_put_text(object, key, text);
}

void ezlb_json_put_hash(json_t *object, const char *key, uint64_t hash)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, hash);
	ezlb_json_put_text(object, key, hash ? text : NULL);
}

static int append(const char *bytes, size_t len, void *arg)
{
	ezlb_text_put(arg, bytes, len);
	return 0;
}

void ezlb_json_dump(json_t *value, bool bare, struct ezlb_text *out)
{
	size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS) | (bare ? JSON_EMBED : 0);

	if (json_dump_callback(value, append, out, flags) < 0)
		abort();
	json_decref(value);
}

/* Is there something that a terminal interprets or does not show? JSON forbids only some of it. */
static bool is_plain(const char *text, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		uint32_t c;

		n = ezlb_utf8_decode(text + i, len - i, &c);
		if (n == 0 || (c != '\n' && !ezlb_utf8_is_plain(c)))
			return false;
	}
	return true;
}

void ezlb_json_print(json_t *value, struct ezlb_text *out)
{
	size_t begin = out->len;

	if (json_dump_callback(value, append, out, JSON_INDENT(2)) < 0)
		abort();
	if (out->len > begin && !is_plain(out->items + begin, out->len - begin)) {
		out->len = begin;
		if (json_dump_callback(value, append, out, JSON_INDENT(2) | JSON_ENSURE_ASCII) < 0)
			abort();
	}
	ezlb_text_puts(out, "\n");
	json_decref(value);
}
