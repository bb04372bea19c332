// SPDX-License-Identifier: GPL-2.0-or-later
/* Parameters: $NAME=VALUE, and their use as $NAME or ${NAME}. */
#include <ctype.h>
#include <string.h>

#include "keepalived_read.h"

static size_t name_len(const char *text)
{
	size_t n = 0;

	if (isdigit((unsigned char)text[0]))
		return 0;
	while (isalnum((unsigned char)text[n]) || text[n] == '_')
		n++;
	return n;
}

size_t ka_is_definition(const char *line)
{
	size_t n = line[0] == '$' ? name_len(line + 1) : 0;

	return n > 0 && line[n + 1] == '=' ? n + 2 : 0;
}

void ka_define(struct ka_reader *reader, const char *name, size_t len, char *value)
{
	struct ka_definition *definition;

	for (size_t i = 0; i < reader->definitions.len; i++) {
		definition = &reader->definitions.items[i];
		if (strlen(definition->name) == len && strncmp(definition->name, name, len) == 0) {
			free(definition->value);
			definition->value = value;
			return;
		}
	}
	definition = EZLB_PUSH(&reader->definitions);
	definition->name = ezlb_strndup(name, len);
	definition->value = value;
}

/* The value of a parameter as a new string, or NULL. */
static char *value_of(const struct ka_reader *reader, const char *file, const char *name,
		      size_t len)
{
	static const struct {
		const char *name, *value;
	} fixed[] = { { "_HASH", "#" }, { "_BANG", "!" } };
	const char *slash = strrchr(file, '/');

	for (size_t i = 0; i < reader->definitions.len; i++) {
		const struct ka_definition *definition = &reader->definitions.items[i];

		if (strlen(definition->name) == len && strncmp(definition->name, name, len) == 0)
			return ezlb_strdup(definition->value);
	}
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (strlen(fixed[i].name) == len && strncmp(fixed[i].name, name, len) == 0)
			return ezlb_strdup(fixed[i].value);
	if (len == 4 && strncmp(name, "_PWD", 4) == 0)
		return slash ? ezlb_strndup(file, (size_t)(slash - file)) : ezlb_strdup(".");
	return NULL;
}

/* The parameter that begins with the '$' at `at`: its value, and its length in the line. */
static char *parameter(const struct ka_reader *reader, const char *file, const char *at,
		       size_t *len)
{
	bool braces = at[1] == '{';
	const char *name = at + 1 + braces;
	size_t n = name_len(name);
	char after = name[n];

	if (n == 0 || (braces ? after != '}' : after != '\0' && !isspace((unsigned char)after)))
		return NULL;
	*len = n + 1 + 2 * (size_t)braces;
	return value_of(reader, file, name, n);
}

char *ka_substitute(const struct ka_reader *reader, const char *file, const char *line)
{
	for (const char *at = strchr(line, '$'); at; at = strchr(at + 1, '$')) {
		size_t len;
		EZLB_AUTO_FREE char *value = parameter(reader, file, at, &len);

		if (value)
			return ezlb_asprintf("%.*s%s%s", (int)(at - line), line, value, at + len);
	}
	return NULL;
}

void ka_definitions_clear(struct ka_reader *reader)
{
	for (size_t i = 0; i < reader->definitions.len; i++) {
		free(reader->definitions.items[i].name);
		free(reader->definitions.items[i].value);
	}
	EZLB_VEC_CLEAR(&reader->definitions);
}
