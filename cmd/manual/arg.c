// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "manual.h"

/* Where a value has a name in capitals, and where it is a choice of words. */
enum arg_kind arg_kind(const char *arg)
{
	if (!arg || arg[0] == '\0')
		return ARG_NONE;
	if (strstr(arg, "FILE"))
		return ARG_FILE;
	if (strcmp(arg, "DIR") == 0)
		return ARG_DIR;
	if (strstr(arg, "SERVICE"))
		return ARG_SERVICE;
	if (strchr(arg, '|') && strspn(arg, "abcdefghijklmnopqrstuvwxyz-|") == strlen(arg))
		return ARG_WORDS;
	return ARG_ANYTHING;
}

void put_words(const char *arg, const char *separator)
{
	for (; *arg; arg++)
		if (*arg == '|')
			fputs(separator, stdout);
		else
			putchar(*arg);
}

size_t sentence_len(const char *help)
{
	const char *end = strstr(help, ". ");
	size_t len = end ? (size_t)(end - help) : strlen(help);

	return len - (!end && len > 0 && help[len - 1] == '.');
}
