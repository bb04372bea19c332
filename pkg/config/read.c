// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads mappings by the tables of schema.h. */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>

#include <ezlb/suggest.h>

#include "reader.h"

#define DEFAULT_MAX 32 /* the longest name of a field, and default, with its NUL */

static const struct field *find_field(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->fields[i].name, name) == 0)
			return &table->fields[i];
	return NULL;
}

struct ezlb_mark ezlb_read_at(const struct reader *r, const struct table *table, const char *name)
{
	const struct field *field = find_field(table, name);

	return field ? r->at[table->id][field - table->fields] : (struct ezlb_mark){ 0, 0 };
}

bool ezlb_read_given(const struct reader *r, const struct table *table, const char *name)
{
	return ezlb_read_at(r, table, name).line > 0;
}

static void refuse_key(struct ezlb_source *src, const struct ezlb_node *node,
		       const struct table *table)
{
	const char *names[MAX_FIELDS], *near;
	const char *other = ezlb_other_key(table->id, node->key);
	char shown[EZLB_SHOW_STRLEN], help[64];

	/* {http_expected_status: 200-299,301}: the comma ends the value. */
	if (isdigit((unsigned char)node->key[0]) && ezlb_node_empty(node))
		other = "inside { } a value with a comma needs quotes";

	for (size_t i = 0; i < table->n; i++)
		names[i] = table->fields[i].name;
	near = ezlb_source_is_full(src) ? NULL : ezlb_suggest(node->key, names, table->n);
	if (near)
		snprintf(help, sizeof(help), "did you mean '%s'?", near);
	ezlb_source_refuse(src, node->key_at, EZLB_E_UNKNOWN_KEY,
			   other  ? other
			   : near ? help
				  : "`man ezlb-service` has all keys; x- begins one of your own",
			   "unknown key '%s'", ezlb_source_show(node->key, shown));
}

static void *where(struct reader *r, const struct field *field)
{
	char *object = NULL;

	switch (field->place) {
	case IN_SPEC:
		object = (char *)r->spec;
		break;
	case IN_REQUEST:
		object = (char *)r->spec->check.request;
		break;
	case IN_BACKEND:
		object = (char *)r->backend;
		break;
	}
	return object + field->offset;
}

static void read_text(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	const char *text;
	char **to = where(r, field);

	if (!ezlb_field_text(r->src, node, &text))
		return;
	free(*to);
	*to = ezlb_strdup(text);
}

/* By the kind of the value; all others have a reader of their own. */
void ezlb_read_value(struct reader *r, const struct field *field, const struct ezlb_node *node)
{
	char help[96];

	if (field->read)
		field->read(r, field, node);
	else if (field->value == VALUE_MAP) {
		if (field->table == &check_table)
			ezlb_strcpy(help, sizeof(help),
				    "indent its keys below it, for example 'enabled: false'");
		else
			snprintf(help, sizeof(help), "indent its keys below %s:", field->name);
		if (ezlb_field_is(r->src, node, EZLB_NODE_MAP, help))
			ezlb_read_map(r, node, field->table);
	} else if (field->value == VALUE_BOOL)
		ezlb_field_bool(r->src, node, where(r, field));
	else if (field->value == VALUE_NUMBER)
		ezlb_field_uint(r->src, node, field->limits, where(r, field));
	else if (field->value == VALUE_DURATION)
		ezlb_field_duration(r->src, node, field->limits, where(r, field));
	else
		read_text(r, field, node);
}

void ezlb_read_each(struct reader *r, const struct field *field, const struct ezlb_node *node,
		    size_t max, read_fn one)
{
	size_t n = 0;

	if (node->kind != EZLB_NODE_LIST) {
		one(r, field, node);
		return;
	}
	for (const struct ezlb_node *item = node->first; item; item = item->next)
		n++;
	if (n == 0)
		ezlb_source_refuse(r->src, node->at, EZLB_E_MISSING, "write one value or more",
				   "the list of %s has no values", field->name);
	if (n > max) {
		ezlb_source_refuse(r->src, node->at, EZLB_E_SIZE, NULL,
				   "%zu values: %s may have at most %zu", n, field->name, max);
		return;
	}
	for (const struct ezlb_node *item = node->first; item; item = item->next)
		one(r, field, item);
}

/* The text of the table goes the way of a text in the file, so that both mean the same. */
void ezlb_read_defaults(struct reader *r, const struct table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct field *field = &table->fields[i];
		char text[DEFAULT_MAX], key[DEFAULT_MAX];
		struct ezlb_node node = { .kind = EZLB_NODE_SCALAR, .text = text, .key = key };

		bool fits;

		if (!field->by_default)
			continue;
		fits = ezlb_strcpy(text, sizeof(text), field->by_default) &&
		       ezlb_strcpy(key, sizeof(key), field->name);
		assert(fits);
		(void)fits;
		ezlb_read_value(r, field, &node);
	}
}

static void check_needed(struct reader *r, const struct ezlb_node *map, const struct table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct field *field = &table->fields[i];

		if (!field->needed || r->at[table->id][i].line > 0 ||
		    (field->unless && ezlb_read_given(r, table, field->unless)))
			continue;
		ezlb_source_refuse(r->src, map->at, EZLB_E_MISSING, field->needed,
				   "'%s' is missing", field->name);
	}
}

void ezlb_read_map(struct reader *r, const struct ezlb_node *map, const struct table *table)
{
	struct ezlb_mark *at = r->at[table->id];

	memset(at, 0, sizeof(r->at[table->id]));
	for (const struct ezlb_node *node = map->first; node; node = node->next) {
		const struct field *field = find_field(table, node->key);

		if (!field && strncmp(node->key, "x-", 2) != 0)
			refuse_key(r->src, node, table);
		/* A duplicate has already been reported. */
		if (!field || at[field - table->fields].line > 0)
			continue;
		at[field - table->fields] = node->at;
		if (!field->empty || !ezlb_node_empty(node))
			ezlb_read_value(r, field, node);
	}
	check_needed(r, map, table);
}
