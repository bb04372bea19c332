// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables as a JSON Schema, draft 7: the version that editors know best. A service file is YAML,
 * so a text that looks like a number or a boolean arrives as one.
 */
#include <ezlb/config.h>

#include <ezlb/json.h>

#include "schema.h"

#define DURATION "^(?=.)([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"
#define DIGITS	 "^(0|[1-9][0-9]*)$"

static json_t *map_schema(const struct table *table);

static json_t *type_schema(const char *type, const char *pattern)
{
	json_t *out = ezlb_json_object();

	ezlb_json_put_text(out, "type", type);
	if (pattern)
		ezlb_json_put_text(out, "pattern", pattern);
	return out;
}

static void put_types(json_t *out, const char *first, const char *second, const char *third)
{
	const char *const types[] = { first, second, third };
	json_t *array = ezlb_json_array();

	for (size_t i = 0; i < 3; i++)
		if (types[i])
			ezlb_json_add(array, ezlb_json_text(types[i]));
	ezlb_json_put(out, "type", array);
}

/* A number may be in quotes; the limits of a schema do not see it then. */
static json_t *number_schema(const struct field *field, const char *pattern)
{
	json_t *out = ezlb_json_object();

	put_types(out, "integer", "string", NULL);
	ezlb_json_put_count(out, "minimum", field->limits.min);
	ezlb_json_put_count(out, "maximum", field->limits.max);
	ezlb_json_put_text(out, "pattern", pattern);
	return out;
}

static json_t *text_schema(const struct field *field)
{
	json_t *out = ezlb_json_object();

	if (field->limits.max > 0) {
		json_decref(out);
		return number_schema(field, field->pattern);
	}
	if (field->any)
		put_types(out, "string", "number", "boolean");
	else if (field->empty)
		put_types(out, "string", "null", NULL);
	else
		ezlb_json_put_text(out, "type", "string");
	if (field->pattern)
		ezlb_json_put_text(out, "pattern", field->pattern);
	else
		ezlb_json_put_count(out, "minLength", 1);
	return out;
}

static json_t *any_of(json_t *a, json_t *b)
{
	json_t *out = ezlb_json_object(), *array = ezlb_json_array();

	ezlb_json_add(array, a);
	ezlb_json_add(array, b);
	ezlb_json_put(out, "anyOf", array);
	return out;
}

static json_t *word_schema(const struct field *field)
{
	json_t *out = ezlb_json_object(), *words = ezlb_json_array();

	for (size_t i = 0; field->words[i]; i++)
		ezlb_json_add(words, ezlb_json_text(field->words[i]));
	ezlb_json_put(out, "enum", words);
	return field->limits.max > 0 ? any_of(out, number_schema(field, DIGITS)) : out;
}

static json_t *list_schema(json_t *items, uint64_t most)
{
	json_t *out = ezlb_json_object();

	ezlb_json_put_text(out, "type", "array");
	ezlb_json_put_count(out, "minItems", 1);
	if (most > 0)
		ezlb_json_put_count(out, "maxItems", most);
	ezlb_json_put(out, "items", items);
	return out;
}

static json_t *texts_schema(const struct field *field)
{
	json_t *out = ezlb_json_object(), *names = ezlb_json_object(), *value = ezlb_json_object();

	ezlb_json_put_text(out, "type", "object");
	ezlb_json_put_text(names, "pattern", field->pattern);
	ezlb_json_put(out, "propertyNames", names);
	put_types(value, "string", "number", "boolean");
	ezlb_json_put(out, "additionalProperties", value);
	ezlb_json_put_count(out, "maxProperties", field->limits.max);
	return out;
}

static json_t *value_schema(const struct field *field)
{
	json_t *map;

	switch (field->value) {
	case VALUE_TEXT:
		return text_schema(field);
	case VALUE_BOOL:
		return type_schema("boolean", NULL);
	case VALUE_NUMBER:
		return number_schema(field, DIGITS);
	case VALUE_DURATION:
		return type_schema("string", DURATION);
	case VALUE_WORD:
		return word_schema(field);
	case VALUE_MAP:
		map = map_schema(field->table);
		return field->limits.max > 0 ? any_of(type_schema("string", DURATION), map) : map;
	case VALUE_MAPS:
		return list_schema(map_schema(field->table), EZLB_BACKENDS_MAX);
	case VALUE_TEXTS:
		return texts_schema(field);
	}
	return NULL;
}

static json_t *default_of(const struct field *field)
{
	const char *text = field->by_default;

	if (field->value == VALUE_BOOL)
		return json_boolean(strcmp(text, "true") == 0);
	if (field->limits.max > 0 && field->value != VALUE_DURATION && ezlb_field_is_decimal(text))
		return json_integer(strtol(text, NULL, 10));
	return ezlb_json_text(text);
}

static json_t *field_schema(const struct field *field)
{
	json_t *out = ezlb_json_object(), *value = value_schema(field);

	ezlb_json_put_text(out, "description", field->about);
	if (field->by_default)
		ezlb_json_put(out, "default", default_of(field));
	if (field->many)
		value = any_of(value, list_schema(value_schema(field), 0));
	json_object_update(out, value);
	json_decref(value);
	return out;
}

static json_t *required(const char *name)
{
	json_t *out = ezlb_json_object(), *names = ezlb_json_array();

	ezlb_json_add(names, ezlb_json_text(name));
	ezlb_json_put(out, "required", names);
	return out;
}

static void put_needed(json_t *out, const struct table *table)
{
	json_t *names = ezlb_json_array();

	for (size_t i = 0; i < table->n; i++) {
		const struct field *field = &table->fields[i];

		if (!field->needed)
			continue;
		if (!field->unless) {
			ezlb_json_add(names, ezlb_json_text(field->name));
			continue;
		}
		json_t *either = any_of(required(field->name), required(field->unless));

		json_object_update(out, either);
		json_decref(either);
	}
	if (json_array_size(names) > 0)
		ezlb_json_put(out, "required", names);
	else
		json_decref(names);
}

static json_t *map_schema(const struct table *table)
{
	json_t *out = ezlb_json_object(), *fields = ezlb_json_object(), *own = ezlb_json_object();

	ezlb_json_put_text(out, "type", "object");
	put_needed(out, table);
	for (size_t i = 0; i < table->n; i++)
		ezlb_json_put(fields, table->fields[i].name, field_schema(&table->fields[i]));
	ezlb_json_put(out, "properties", fields);
	ezlb_json_put(own, "^x-", ezlb_json_object());
	ezlb_json_put(out, "patternProperties", own);
	ezlb_json_put_bool(out, "additionalProperties", false);
	return out;
}

char *ezlb_config_schema(void)
{
	json_t *out = ezlb_json_object(), *service = map_schema(&service_table);
	struct ezlb_text text = { 0 };

	ezlb_json_put_text(out, "$schema", "http://json-schema.org/draft-07/schema#");
	ezlb_json_put_text(out, "title", "ezlb service file");
	ezlb_json_put_text(
		out, "description",
		"One service of ezlb, a layer-4 load balancer. Keys that begin with x- are "
		"for your own use.");
	json_object_update(out, service);
	json_decref(service);
	ezlb_json_print(out, &text);
	return ezlb_text_take(&text, NULL);
}
