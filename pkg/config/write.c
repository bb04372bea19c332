// SPDX-License-Identifier: GPL-2.0-or-later
/* A spec to the text of a service file, by the tables of schema.h. */
#include <ezlb/config.h>

#include <stdarg.h>
#include <stdio.h>

#include <ezlb/duration.h>

#include "writer.h"

#define WIDTH 80 /* a longer list has a line for each item */

void ezlb_write_text(struct ezlb_texts *to, const char *text)
{
	*EZLB_PUSH(to) = ezlb_strdup(text);
}

void ezlb_write_add(struct ezlb_texts *to, const char *fmt, ...)
{
	char **text = EZLB_PUSH(to);
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(text, fmt, ap) < 0)
		abort();
	va_end(ap);
}

/* Keeps the room: a table has many fields. */
static void drop_all(struct ezlb_texts *texts)
{
	for (size_t i = 0; i < texts->len; i++)
		free(texts->items[i]);
	texts->len = 0;
}

/* "  name:" */
static void put_name(struct ezlb_text *out, const char *name, int indent)
{
	if (indent > 0) /* there is no buffer yet at the first name of a file */
		memset(EZLB_ROOM(out, (size_t)indent), ' ', (size_t)indent);
	out->len += (size_t)indent;
	ezlb_text_puts(out, name);
	ezlb_text_put(out, ":", 1);
}

static const void *where(const struct writer *w, const struct field *field)
{
	const char *object = NULL;

	switch (field->place) {
	case IN_SPEC:
		object = (const char *)w->spec;
		break;
	case IN_REQUEST:
		object = (const char *)w->spec->check.request;
		break;
	case IN_BACKEND:
		object = (const char *)w->backend;
		break;
	}
	return object + field->offset;
}

/* Decimal; as printf, which takes ten times as long. */
static const char *number_text(uint32_t n, char buf[EZLB_DURATION_STRLEN])
{
	char *at = buf + EZLB_DURATION_STRLEN - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return at;
}

/* By the kind of the value; NULL: none. */
static const char *value_text(const struct writer *w, const struct field *field,
			      char buf[EZLB_DURATION_STRLEN])
{
	const void *from = where(w, field);

	if (field->value == VALUE_BOOL)
		return *(const bool *)from ? "true" : "false";
	if (field->value == VALUE_NUMBER)
		return number_text(*(const uint32_t *)from, buf);
	if (field->value == VALUE_DURATION)
		return ezlb_duration_format(*(const uint32_t *)from, buf);
	return *(char *const *)from;
}

/* For fields without a function of their own. The default adds nothing: most values are one. */
static void add_value(const struct writer *w, const struct field *field, struct ezlb_texts *to)
{
	char buf[EZLB_DURATION_STRLEN];
	const char *text = value_text(w, field, buf);

	if (text && (!field->by_default || strcmp(text, field->by_default) != 0))
		ezlb_write_text(to, text);
}

/* Whether the type of the health check uses the field. */
static bool applies(const struct writer *w, const struct field *field)
{
	enum ezlb_check_type type = w->spec->check.type;

	return !field->types || (type != EZLB_CHECK_NONE && type != EZLB_CHECK_TCP &&
				 (field->types & 1u << type) && w->spec->check.request);
}

/* Only texts may need quotes; a number stays one where a number may stand. */
static void put_value(struct ezlb_text *out, const struct field *field, const char *text)
{
	if (field->value == VALUE_TEXT && (field->any || !ezlb_field_is_decimal(text)))
		ezlb_write_quoted(out, text);
	else
		ezlb_text_puts(out, text);
}

static void put_list(struct ezlb_text *out, const struct field *field,
		     const struct ezlb_texts *texts, int indent)
{
	size_t start = out->len;

	for (size_t i = 0; i < texts->len; i++) {
		ezlb_text_puts(out, i == 0 ? " [" : ", ");
		put_value(out, field, texts->items[i]);
	}
	ezlb_text_puts(out, "]\n");
	if (out->len - start + strlen(field->name) + (size_t)indent <= WIDTH)
		return;
	out->len = start;
	ezlb_text_puts(out, "\n");
	for (size_t i = 0; i < texts->len; i++) {
		ezlb_text_printf(out, "%*s  - ", indent, "");
		put_value(out, field, texts->items[i]);
		ezlb_text_puts(out, "\n");
	}
}

/* "Name: value" each */
static void put_texts(struct ezlb_text *out, const struct ezlb_texts *texts, int indent)
{
	ezlb_text_puts(out, "\n");
	for (size_t i = 0; i < texts->len; i++) {
		const char *text = texts->items[i], *value = strstr(text, ": ");
		EZLB_AUTO_FREE char *name = ezlb_strndup(text, (size_t)(value - text));

		ezlb_text_printf(out, "%*s  ", indent, "");
		ezlb_write_quoted(out, name);
		ezlb_text_puts(out, ": ");
		ezlb_write_quoted(out, value + 2);
		ezlb_text_puts(out, "\n");
	}
}

static bool is_default(const struct field *field, const struct ezlb_texts *texts)
{
	return texts->len == 0 || (texts->len == 1 && field->by_default &&
				   strcmp(texts->items[0], field->by_default) == 0);
}

static void put_table(struct ezlb_text *out, const struct writer *w, const struct table *table,
		      int indent);

/* `- address:` and the other fields below it. */
static void put_backends(struct ezlb_text *out, const struct writer *w, const struct field *field,
			 int indent)
{
	bool fallback = field->read == ezlb_read_fallback, first = true;

	for (size_t i = 0; i < w->spec->n_backends; i++) {
		struct writer one = { .spec = w->spec, .backend = &w->spec->backends[i] };
		size_t start;

		if (one.backend->fallback != fallback)
			continue;
		if (first) {
			put_name(out, field->name, indent);
			ezlb_text_puts(out, "\n");
		}
		first = false;
		start = out->len;
		put_table(out, &one, field->table, indent + 4);
		out->items[start + (size_t)indent + 2] = '-';
	}
}

static void put_map(struct ezlb_text *out, const struct writer *w, const struct field *field,
		    int indent)
{
	size_t start = out->len, head;

	put_name(out, field->name, indent);
	ezlb_text_puts(out, "\n");
	head = out->len;
	put_table(out, w, field->table, indent + 2);
	if (out->len == head)
		out->len = start;
}

/* `texts` is empty, and afterwards, too. */
static void put_field(struct ezlb_text *out, const struct writer *w, const struct field *field,
		      struct ezlb_texts *texts, int indent)
{
	if (field->write)
		field->write(w, field, texts);
	else if (!field->table)
		add_value(w, field, texts);
	if (!is_default(field, texts)) {
		put_name(out, field->name, indent);
		if (field->value == VALUE_TEXTS) {
			put_texts(out, texts, indent);
		} else if (texts->len > 1 || ezlb_write_as_list(w, field)) {
			put_list(out, field, texts, indent);
		} else {
			ezlb_text_puts(out, " ");
			put_value(out, field, texts->items[0]);
			ezlb_text_puts(out, "\n");
		}
	} else if (field->value == VALUE_MAP) {
		put_map(out, w, field, indent);
	} else if (field->value == VALUE_MAPS) {
		put_backends(out, w, field, indent);
	}
	drop_all(texts);
}

static void put_table(struct ezlb_text *out, const struct writer *w, const struct table *table,
		      int indent)
{
	struct ezlb_texts texts = { 0 };

	for (size_t i = 0; table && i < table->n; i++)
		if (applies(w, &table->fields[i]))
			put_field(out, w, &table->fields[i], &texts, indent);
	EZLB_VEC_CLEAR(&texts);
}

char *ezlb_config_write(const struct ezlb_spec *spec)
{
	struct writer w = { .spec = spec };
	struct ezlb_text out = { 0 };

	put_table(&out, &w, &service_table, 0);
	return ezlb_text_take(&out, NULL);
}
