// SPDX-License-Identifier: GPL-2.0-or-later
#include "words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/mem.h>

/* The kernel's longest line has about 200 characters; one read returns about one page. */
#define BUFFER 16384

struct words word_next(struct words *rest)
{
	struct words word;

	while (rest->at < rest->end && *rest->at == ' ')
		rest->at++;
	word.at = rest->at;
	while (rest->at < rest->end && *rest->at != ' ' && *rest->at != '\n')
		rest->at++;
	word.end = rest->at;
	return word;
}

bool word_is(struct words word, const char *want)
{
	size_t len = strlen(want);

	return (size_t)(word.end - word.at) == len && memcmp(word.at, want, len) == 0;
}

bool word_is_number(struct words word)
{
	if (word.at == word.end)
		return false;
	while (word.at < word.end && *word.at >= '0' && *word.at <= '9')
		word.at++;
	return word.at == word.end;
}

bool word_char(struct words *rest, char want)
{
	if (rest->at == rest->end || *rest->at != want)
		return false;
	rest->at++;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool word_hex(struct words *rest, uint8_t *bytes, size_t n)
{
	if ((size_t)(rest->end - rest->at) < 2 * n)
		return false;
	for (size_t i = 0; i < n; i++, rest->at += 2) {
		int high = hex_digit(rest->at[0]), low = hex_digit(rest->at[1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool word_ipv6(struct words *rest, struct ezlb_addr *out)
{
	out->family = AF_INET6;
	for (size_t i = 0; i < 8; i++) {
		if ((i > 0 && !word_char(rest, ':')) || !word_hex(rest, &out->bytes[2 * i], 2))
			return false;
	}
	return true;
}

bool word_proto(struct words word, enum ezlb_proto *out)
{
	static const char *const words[] = {
		[EZLB_TCP] = "TCP",
		[EZLB_UDP] = "UDP",
		[EZLB_SCTP] = "SCTP",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (word_is(word, words[i])) {
			*out = (enum ezlb_proto)i;
			return true;
		}
	}
	return false;
}

/* --- files --------------------------------------------------------------------------------- */

/* Moves an incomplete last line to the front of buf and returns its length. */
static size_t on_text(char *buf, size_t len, words_line_fn fn, void *arg)
{
	struct words rest = { buf, buf + len };
	const char *newline;

	while ((newline = memchr(rest.at, '\n', (size_t)(rest.end - rest.at)))) {
		fn(arg, (struct words){ rest.at, newline + 1 });
		rest.at = newline + 1;
	}
	len = (size_t)(rest.end - rest.at);
	if (len == BUFFER) {
		fn(arg, rest);
		return 0;
	}
	memmove(buf, rest.at, len);
	return len;
}

int words_read(const char *path, uint64_t until_ms, words_line_fn fn, void *arg)
{
	EZLB_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[BUFFER];
	size_t left = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf + left, sizeof(buf) - left)) > 0) {
		left = on_text(buf, left + (size_t)n, fn, arg);
		if (until_ms > 0 && ezlb_now_ms() >= until_ms)
			return -ETIMEDOUT;
	}
	if (n < 0)
		return -errno;
	if (left > 0)
		fn(arg, (struct words){ buf, buf + left });
	return 0;
}
