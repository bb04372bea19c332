// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/log.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum ezlb_log_level max_level = EZLB_INFO;
static enum ezlb_log_format out_format = EZLB_LOGFMT;

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static const char *const format_names[] = { "logfmt", "json" };

/* One event is one write(), so that lines of several processes do not mix. */
struct line {
	char text[8192];
	size_t len;
};

static void put(struct line *line, const char *text, size_t len)
{
	size_t room = sizeof(line->text) - 2 - line->len; /* '}' and newline always fit */

	if (len > room)
		len = room;
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

static void puts_(struct line *line, const char *text)
{
	put(line, text, strlen(text));
}

static void put_escaped(struct line *line, const char *text)
{
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		char hex[8];

		if (c == '"' || c == '\\')
			put(line, "\\", 1);
		if (c == '\n')
			puts_(line, "\\n");
		else if (c == '\t')
			puts_(line, "\\t");
		else if (c < 0x20 || c == 0x7f)
			put(line, hex, (size_t)snprintf(hex, sizeof(hex), "\\u%04x", c));
		else
			put(line, p, 1);
	}
}

static bool needs_quotes(const char *text)
{
	if (*text == '\0')
		return true;
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == '"' || *p == '=' || *p == '\\' || *p == 0x7f)
			return true;
	return false;
}

static void put_field(struct line *line, const struct ezlb_kv *kv)
{
	bool json = out_format == EZLB_JSON;
	bool quote = !kv->is_num && (json || needs_quotes(kv->text));
	char num[32];

	if (!kv->is_num && !kv->text)
		return;
	if (line->len > (json ? 1u : 0u))
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

void ezlb_log_write(enum ezlb_log_level level, const char *pkg, const struct ezlb_kv *kv)
{
	struct line line = { .len = 0 };
	ssize_t n;

	if (!ezlb_log_enabled(level))
		return;
	if (out_format == EZLB_JSON)
		puts_(&line, "{");
	put_time(&line);
	put_field(&line, &EZLB_S("level", level_names[level]));
	put_field(&line, &EZLB_S("pkg", pkg));
	for (; kv->key; kv++)
		put_field(&line, kv);
	if (out_format == EZLB_JSON)
		line.text[line.len++] = '}';
	line.text[line.len++] = '\n';
	n = write(STDERR_FILENO, line.text, line.len);
	(void)n; /* there is nowhere to complain to */
}

void ezlb_log_setup(enum ezlb_log_level level, enum ezlb_log_format format)
{
	max_level = level;
	out_format = format;
}

bool ezlb_log_enabled(enum ezlb_log_level level)
{
	return level <= max_level;
}

static int lookup(const char *const *names, int n, const char *text)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return -EINVAL;
}

int ezlb_log_level_parse(const char *text, enum ezlb_log_level *out)
{
	int i = lookup(level_names, 4, text);

	if (i < 0)
		return i;
	*out = (enum ezlb_log_level)i;
	return 0;
}

int ezlb_log_format_parse(const char *text, enum ezlb_log_format *out)
{
	int i = lookup(format_names, 2, text);

	if (i < 0)
		return i;
	*out = (enum ezlb_log_format)i;
	return 0;
}
