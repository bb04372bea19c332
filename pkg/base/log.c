// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <ezlb/suggest.h>
#include <ezlb/utf8.h>

#include "log_out.h"

static _Atomic enum ezlb_log_level max_level = EZLB_INFO;
static enum ezlb_log_format out_format = EZLB_LOGFMT;
static bool to_journal;

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static const char *const format_names[] = { "logfmt", "json" };

/* One event is one write(), so that lines of several processes do not mix. */
struct line {
	char text[LOG_LINE_MAX];
	size_t start; /* after the priority */
	size_t len;
};

#define FIELD_MAX  32 /* of a field without key and text: quotes, separators, a number */
#define ESCAPE_MAX 12 /* "\\udb40\\udc01" */

/* Keeps room for the final quote, brace and newline, so that a truncated line stays valid. */
static bool has_room(const struct line *line, size_t need)
{
	return line->len + need + 3 <= sizeof(line->text);
}

static void put(struct line *line, const char *text, size_t len)
{
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

static void puts_(struct line *line, const char *text)
{
	put(line, text, strlen(text));
}

/* As in JSON (RFC 8259 section 7): beyond U+FFFF as a UTF-16 surrogate pair. */
static void put_escape(struct line *line, uint32_t c)
{
	char hex[ESCAPE_MAX + 1];
	int len;

	if (c > 0xffff)
		len = snprintf(hex, sizeof(hex), "\\u%04x\\u%04x", (0xd7c0 + (c >> 10)) & 0xffff,
			       0xdc00 | (c & 0x3ff));
	else
		len = snprintf(hex, sizeof(hex), "\\u%04x", c);
	put(line, hex, (size_t)len);
}

static void put_char(struct line *line, uint32_t c, const char *text, size_t len)
{
	if (c == '"' || c == '\\')
		puts_(line, "\\");
	if (c == '\n')
		puts_(line, "\\n");
	else if (c == '\t')
		puts_(line, "\\t");
	else if (!ezlb_utf8_is_plain(c))
		put_escape(line, c);
	else
		put(line, text, len);
}

static void put_escaped(struct line *line, const char *text)
{
	while (*text && has_room(line, ESCAPE_MAX)) {
		uint32_t c;
		size_t len = ezlb_utf8_decode(text, SIZE_MAX, &c);

		if (len == 0)
			puts_(line, "\\ufffd");
		else
			put_char(line, c, text, len);
		text += len ? len : 1;
	}
}

static bool needs_quotes(const char *text)
{
	if (*text == '\0')
		return true;
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == '"' || *p == '=' || *p == '\\' ||
		    (unsigned char)*p >= 0x7f)
			return true;
	return false;
}

static void put_field(struct line *line, const struct ezlb_kv *kv)
{
	bool json = out_format == EZLB_JSON;
	bool quote;
	char num[32];

	if ((!kv->is_num && !kv->text) || !has_room(line, strlen(kv->key) + FIELD_MAX))
		return;
	quote = !kv->is_num && (json || needs_quotes(kv->text));
	if (line->len - line->start > (json ? 1u : 0u))
		puts_(line, json ? "," : " ");
	puts_(line, json ? "\"" : "");
	puts_(line, kv->key);
	puts_(line, json ? "\":" : "=");
	if (quote)
		puts_(line, "\"");
	if (kv->is_num)
		put(line, num, (size_t)snprintf(num, sizeof(num), "%lld", (long long)kv->num));
	else
		put_escaped(line, kv->text);
	if (quote)
		puts_(line, "\"");
}

static void put_time(struct line *line)
{
	struct timespec ts;
	struct tm tm;
	char text[40];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03ldZ", ts.tv_nsec / 1000000);
	put_field(line, &EZLB_S("ts", text));
}

/* The priorities of syslog(3). */
static char priority(enum ezlb_log_level level)
{
	static const char priorities[] = { '3', '4', '6', '7' };

	return priorities[level];
}

static void make_line(struct line *line, enum ezlb_log_level level, const char *pkg,
		      const struct ezlb_kv *kv)
{
	line->len = 0;
	if (to_journal)
		line->len = (size_t)snprintf(line->text, sizeof(line->text), "<%c>",
					     priority(level));
	line->start = line->len;
	if (out_format == EZLB_JSON)
		puts_(line, "{");
	put_time(line);
	put_field(line, &EZLB_S("level", level_names[level]));
	put_field(line, &EZLB_S("pkg", pkg));
	for (; kv->key; kv++)
		put_field(line, kv);
	if (out_format == EZLB_JSON)
		line->text[line->len++] = '}';
	line->text[line->len++] = '\n';
}

void ezlb_log_write(enum ezlb_log_level level, const char *pkg, const struct ezlb_kv *kv)
{
	struct line line;

	if (!ezlb_log_enabled(level))
		return;
	make_line(&line, level, pkg, kv);
	log_out(line.text, line.len);
}

size_t log_out_lost_line(uint64_t lines, char *buf)
{
	const struct ezlb_kv fields[] = { EZLB_S("msg", "log lines were lost: whoever reads the "
							"log was too slow, or stood still"),
					  EZLB_I("lines", lines),
					  { .key = NULL } };
	struct line line;

	make_line(&line, EZLB_WARN, "log", fields);
	memcpy(buf, line.text, line.len);
	return line.len;
}

size_t ezlb_log_fields(char *buf, size_t size, const struct ezlb_kv *kv)
{
	struct line line;

	line.len = line.start = 0;
	if (out_format == EZLB_JSON)
		puts_(&line, "{");
	for (; kv->key; kv++)
		put_field(&line, kv);
	if (out_format == EZLB_JSON)
		line.text[line.len++] = '}';
	line.text[line.len++] = '\n';
	if (line.len > size)
		return 0;
	memcpy(buf, line.text, line.len);
	return line.len;
}

/* JOURNAL_STREAM=DEVICE:INODE is the stderr from systemd; it may have been replaced since. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char mine[64];

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(mine, sizeof(mine), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, mine) == 0;
}

void ezlb_log_setup(enum ezlb_log_level level, enum ezlb_log_format format)
{
	max_level = level;
	out_format = format;
	to_journal = is_journal();
}

void ezlb_log_set_level(enum ezlb_log_level level)
{
	max_level = level;
}

const char *ezlb_log_level_str(enum ezlb_log_level level)
{
	return level_names[level];
}

bool ezlb_log_enabled(enum ezlb_log_level level)
{
	return level <= max_level;
}

int ezlb_log_level_parse(const char *text, enum ezlb_log_level *out)
{
	int i = ezlb_word_index(level_names, 4, text);

	if (i >= 0)
		*out = (enum ezlb_log_level)i;
	return i < 0 ? i : 0;
}

int ezlb_log_format_parse(const char *text, enum ezlb_log_format *out)
{
	int i = ezlb_word_index(format_names, 2, text);

	if (i >= 0)
		*out = (enum ezlb_log_format)i;
	return i < 0 ? i : 0;
}
