// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/import.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ezlb/config.h>
#include <ezlb/utf8.h>

#include "formats.h"

static const struct {
	const char *name;
	import_read_fn read;
} formats[EZLB_IMPORT_FORMATS] = {
	[EZLB_IMPORT_GO] = { "go", ezlb_import_go },
	[EZLB_IMPORT_IPVSADM] = { "ipvsadm", ezlb_import_ipvsadm },
	[EZLB_IMPORT_KEEPALIVED] = { "keepalived", ezlb_import_keepalived },
	[EZLB_IMPORT_KUBERNETES] = { "kubernetes", ezlb_import_kubernetes },
};

const char *ezlb_import_format_str(enum ezlb_import_format format)
{
	return formats[format].name ? formats[format].name : "unknown";
}

int ezlb_import_format_parse(const char *text, enum ezlb_import_format *out)
{
	for (size_t i = 0; i < EZLB_IMPORT_FORMATS; i++)
		if (formats[i].name && strcmp(formats[i].name, text) == 0) {
			*out = (enum ezlb_import_format)i;
			return 0;
		}
	return -EINVAL;
}

bool ezlb_import_read(struct ezlb_import *import, enum ezlb_import_format format, const char *file,
		      const char *text, size_t len)
{
	size_t before = import->diags.len;

	formats[format].read(import, file, text, len);
	return import->diags.len == before;
}

void ezlb_import_note(struct ezlb_import *import, enum ezlb_import_fate fate, const char *file,
		      struct ezlb_mark at, const char *service, const char *fmt, ...)
{
	struct ezlb_import_note *note = EZLB_PUSH(&import->notes);
	va_list ap;

	*note = (struct ezlb_import_note){ .fate = fate, .file = ezlb_strdup(file), .at = at };
	snprintf(note->service, sizeof(note->service), "%s", service ? service : "");
	va_start(ap, fmt);
	if (vasprintf(&note->text, fmt, ap) < 0)
		abort(); /* out of memory, as everywhere */
	va_end(ap);
}

bool ezlb_import_add(struct ezlb_import *import, struct ezlb_spec *spec)
{
	if (import->specs.len < EZLB_IMPORT_SERVICES_MAX) {
		*EZLB_PUSH(&import->specs) = spec;
		return true;
	}
	if (!import->full)
		ezlb_diags_add(&import->diags, spec->file ? spec->file : spec->name, spec->name_at,
			       EZLB_E_SIZE,
			       "more than %d services; import the others by themselves",
			       EZLB_IMPORT_SERVICES_MAX);
	import->full = true;
	ezlb_spec_free(spec);
	return false;
}

static bool taken(const struct ezlb_import *import, const char *name)
{
	for (size_t i = 0; i < import->specs.len; i++)
		if (strcmp(import->specs.items[i]->name, name) == 0)
			return true;
	return false;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Only letters and digits, and one '-' in place of what is between them. Returns the length. */
static size_t clean(const char *wanted, char out[EZLB_NAME_MAX + 1])
{
	size_t n = 0;

	for (; *wanted && n < EZLB_NAME_MAX; wanted++) {
		char c = *wanted >= 'A' && *wanted <= 'Z' ? (char)(*wanted - 'A' + 'a') : *wanted;

		if (is_name_char(c))
			out[n++] = c;
		else if (n > 0 && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
	return n;
}

/* Puts "-N" behind the first n characters. */
static bool is_free(const struct ezlb_import *import, char out[EZLB_NAME_MAX + 1], size_t n,
		    unsigned number)
{
	char suffix[16];
	size_t len = (size_t)snprintf(suffix, sizeof(suffix), "-%u", number);

	if (n + len > EZLB_NAME_MAX)
		n = EZLB_NAME_MAX - len;
	memcpy(out + n, suffix, len + 1);
	return !taken(import, out);
}

/* By halves, because all services of a file may have the same name. */
static void number(const struct ezlb_import *import, char out[EZLB_NAME_MAX + 1], size_t n)
{
	unsigned low = 1, high = 2;

	for (; !is_free(import, out, n, high); high *= 2)
		low = high;
	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if (is_free(import, out, n, middle))
			high = middle;
		else
			low = middle;
	}
	is_free(import, out, n, high);
}

void ezlb_import_name(const struct ezlb_import *import, const char *wanted,
		      char out[EZLB_NAME_MAX + 1])
{
	size_t n = clean(wanted, out);

	if (n == 0)
		n = clean("service", out);
	if (taken(import, out))
		number(import, out, n);
}

/* A comment is one line of characters that a service file may have. */
static void put_comment(struct ezlb_text *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void put_comment(struct ezlb_text *out, const char *fmt, ...)
{
	char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		abort();
	va_end(ap);
	ezlb_utf8_plain(line, false);
	ezlb_text_printf(out, "# %s\n", line);
	free(line);
}

char *ezlb_import_text(const struct ezlb_import *import, const struct ezlb_spec *spec)
{
	struct ezlb_text out = { 0 };
	char *body = ezlb_config_write(spec);

	if (spec->file)
		put_comment(&out, "From %s by `ezlb import`.", spec->file);
	for (size_t i = 0; i < import->notes.len; i++) {
		const struct ezlb_import_note *note = &import->notes.items[i];

		if (strcmp(note->service, spec->name) == 0)
			put_comment(&out, "%s", note->text);
	}
	ezlb_text_puts(&out, body);
	free(body);
	return ezlb_text_take(&out, NULL);
}

void ezlb_import_clear(struct ezlb_import *import)
{
	for (size_t i = 0; i < import->specs.len; i++)
		ezlb_spec_free(import->specs.items[i]);
	EZLB_VEC_CLEAR(&import->specs);
	for (size_t i = 0; i < import->notes.len; i++) {
		free(import->notes.items[i].file);
		free(import->notes.items[i].text);
	}
	EZLB_VEC_CLEAR(&import->notes);
	ezlb_diags_clear(&import->diags);
}
