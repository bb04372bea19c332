/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fixture: what went to a file, to stdout or to stderr, and service keys as text. */
#pragma once

#include "tmpdir.h"

#include <errno.h>

#include <ezlb/table.h>

static inline char *read_fd(int fd)
{
	char *text = ezlb_calloc(1, 1);
	size_t len = 0;
	char part[4096];

	for (ssize_t n; (n = read(fd, part, sizeof(part))) > 0; len += (size_t)n) {
		text = ezlb_realloc(text, len + (size_t)n + 1, 1);
		memcpy(text + len, part, (size_t)n);
		text[len + (size_t)n] = '\0';
	}
	return text;
}

/* The whole file; NULL where there is none. The caller frees. */
static inline char *slurp(const char *name)
{
	int fd = open(at(name).s, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : read_fd(fd);

	if (fd >= 0)
		close(fd);
	return text;
}

/* Assert nothing between the two: cmocka would speak into the file. */
struct capture {
	int fd, was, file;
};

static inline struct capture capture_begin(int fd)
{
	struct capture c = { .fd = fd };
	char name[] = "/tmp/ezlb-capture-XXXXXX";

	fflush(NULL);
	c.was = dup(fd);
	c.file = mkstemp(name);
	assert_true(c.was >= 0 && c.file >= 0);
	unlink(name);
	dup2(c.file, fd);
	return c;
}

/* The caller frees. */
static inline char *capture_end(struct capture c)
{
	char *text;

	fflush(NULL);
	dup2(c.was, c.fd);
	close(c.was);
	lseek(c.file, 0, SEEK_SET);
	text = read_fd(c.file);
	close(c.file);
	return text;
}

static inline size_t count(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
		n++;
	return n;
}

static inline void assert_has(const char *text, const char *word)
{
	if (!strstr(text, word))
		fail_msg("no '%s' in: %s", word, text);
}

/* "tcp 10.0.0.1:80", "fwmark 7" */
static inline struct ezlb_service_key key_of(const char *text)
{
	struct ezlb_service_key key;

	assert_int_equal(ezlb_service_key_parse(text, &key), 0);
	return key;
}

/* Keys with ", " between them; sorted. */
static inline struct ezlb_scope scope_of(const char *text)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(text);
	struct ezlb_scope scope = { 0 };

	for (char *save = NULL, *one = strtok_r(copy, ",", &save); one;
	     one = strtok_r(NULL, ",", &save))
		*EZLB_PUSH(&scope) = key_of(one + strspn(one, " "));
	EZLB_SORT(&scope, ezlb_service_key_cmp);
	return scope;
}

static inline struct text scope_text(const struct ezlb_scope *scope)
{
	struct text out = { "" };
	char key[EZLB_SERVICE_KEY_STRLEN];
	size_t len = 0;

	for (size_t i = 0; i < scope->len; i++)
		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s%s", len ? ", " : "",
					ezlb_service_key_format(&scope->items[i], key));
	return out;
}
