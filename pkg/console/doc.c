// SPDX-License-Identifier: GPL-2.0-or-later
#include "doc.h"

#include <errno.h>
#include <string.h>

#include <ezlb/mem.h>
#include <ezlb/utf8.h>

#include "human.h"

/* Cleans the whole document, so no renderer can forget to. Jansson limits the depth. */
static void make_plain(json_t *value, bool lines)
{
	json_t *member;
	const char *key;
	size_t i;

	if (json_is_string(value)) {
		EZLB_AUTO_FREE char *text = ezlb_strdup(json_string_value(value));

		ezlb_utf8_plain(text, lines);
		json_string_set(value, text);
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, member) make_plain(member, lines);
	} else {
		json_object_foreach(value, key, member)
			make_plain(member, strcmp(key, "text") == 0);
	}
}

json_t *doc_load(const char *json, const char *list, int *rc, struct ezlb_err *err)
{
	json_error_t error;
	json_t *doc = json_loads(json, 0, &error);

	if (!doc) {
		ezlb_utf8_plain(error.text, false); /* it quotes the answer */
		*rc = ezlb_err_set(err, EBADMSG, "the daemon's answer is not JSON: %s, at byte %d",
				   error.text, error.position);
	} else if (!json_is_array(json_object_get(doc, list))) {
		*rc = ezlb_err_set(err, EBADMSG,
				   "the daemon's answer has no list of %s: does it have the same "
				   "version as this program? (ezlb version)",
				   list);
		json_decref(doc);
		doc = NULL;
	} else {
		*rc = 0;
		make_plain(doc, false);
	}
	return doc;
}

bool doc_has(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value && !json_is_null(value);
}

const char *doc_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

bool doc_is(const json_t *object, const char *key, const char *text)
{
	return strcmp(doc_text(object, key), text) == 0;
}

const json_t *doc_find(const json_t *array, const char *key, const char *text)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (doc_is(json_array_get(array, i), key, text))
			return json_array_get(array, i);
	return NULL;
}

bool doc_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

double doc_number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

int64_t doc_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

int64_t doc_time(const json_t *object, const char *key)
{
	return human_time_parse(doc_text(object, key));
}
