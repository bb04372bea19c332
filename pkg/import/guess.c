// SPDX-License-Identifier: GPL-2.0-or-later
/* What a text looks like, by the first line that only one of the formats has. */
#include <ezlb/import.h>

#include <string.h>

/* A line without its indentation and its end. */
struct line {
	const char *text;
	size_t len;
	bool indented;
};

static bool next_line(const char **p, const char *end, struct line *out)
{
	const char *start = *p, *eol;

	if (start >= end)
		return false;
	eol = memchr(start, '\n', (size_t)(end - start));
	*p = eol ? eol + 1 : end;
	if (!eol)
		eol = end;
	*out = (struct line){ .text = start };
	while (out->text < eol && (*out->text == ' ' || *out->text == '\t'))
		out->text++;
	out->indented = out->text > start;
	out->len = (size_t)(eol - out->text);
	return true;
}

static bool begins(const struct line *line, const char *word)
{
	size_t len = strlen(word);

	return line->len >= len && memcmp(line->text, word, len) == 0;
}

static bool has(const struct line *line, const char *word)
{
	return memmem(line->text, line->len, word, strlen(word)) != NULL;
}

/* A word, and a blank or the end of the line. */
static bool first_word_is(const struct line *line, const char *word)
{
	size_t len = strlen(word);

	return begins(line, word) && (line->len == len || strchr(" \t\r", line->text[len]) != NULL);
}

static bool is_ipvsadm(const struct line *line)
{
	static const char *const words[] = { "-A",
					     "-a",
					     "--add-service",
					     "ipvsadm",
					     "--add-server",
					     "/sbin/ipvsadm",
					     "/usr/sbin/ipvsadm" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (first_word_is(line, words[i]))
			return true;
	return begins(line, "IP Virtual Server version"); /* ipvsadm -L */
}

static bool is_keepalived(const struct line *line)
{
	static const char *const words[] = { "global_defs",	     "virtual_server",
					     "virtual_server_group", "vrrp_instance",
					     "vrrp_sync_group",	     "vrrp_script",
					     "static_ipaddress",     "static_routes" };

	if (first_word_is(line, "include"))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (first_word_is(line, words[i]))
			return true;
	return begins(line, "global_defs{");
}

static bool is_kubernetes(const struct line *line)
{
	return begins(line, "apiVersion:") || begins(line, "\"apiVersion\"") ||
	       begins(line, "kind:") || begins(line, "\"kind\"") ||
	       (begins(line, "{") && has(line, "\"apiVersion\""));
}

static bool is_go(const struct line *line)
{
	if (begins(line, "\"services\"") || (begins(line, "{") && has(line, "\"services\"")))
		return true;
	return !line->indented && (begins(line, "services:") || begins(line, "global:"));
}

enum ezlb_import_format ezlb_import_guess(const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	struct line line;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	while (next_line(&p, end, &line)) {
		if (line.len == 0 || line.text[0] == '#' || line.text[0] == '!')
			continue;
		if (is_ipvsadm(&line))
			return EZLB_IMPORT_IPVSADM;
		if (is_keepalived(&line))
			return EZLB_IMPORT_KEEPALIVED;
		if (is_kubernetes(&line))
			return EZLB_IMPORT_KUBERNETES;
		if (is_go(&line))
			return EZLB_IMPORT_GO;
	}
	return EZLB_IMPORT_UNKNOWN;
}
