// SPDX-License-Identifier: GPL-2.0-or-later
#include "colour.h"

#define BAD   "\033[1;31m"
#define WARN  "\033[33m"
#define GOOD  "\033[32m"
#define TITLE "\033[1m"
#define END   "\033[0m"

static const struct {
	const char *word, *colour;
} words[] = {
	{ "down", BAD },      { "failed", BAD },    { "NOT READY", BAD }, { "conflict", WARN },
	{ "refused", WARN },  { "stale", WARN },    { "degraded", WARN }, { "warning", WARN },
	{ "fail open", BAD }, { "fallback", WARN }, { "ok", GOOD },	  { "up", GOOD },
	{ "ready", GOOD },    { "DRAINED", WARN },
};

const char *colour_of(const struct ezlb_console_look *look, const char *word)
{
	for (size_t i = 0; look->colour && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].colour;
	return "";
}

const char *colour_end(const struct ezlb_console_look *look)
{
	return look->colour ? END : "";
}

const char *colour_title(const struct ezlb_console_look *look)
{
	return look->colour ? TITLE : "";
}
