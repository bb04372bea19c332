/* SPDX-License-Identifier: GPL-2.0-or-later */
/* words: reads the lines that IPVS writes in /proc. Looks at no byte beyond the end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/spec.h>

struct words {
	const char *at, *end;
};

/* Takes the next word of the line: up to a space or a newline. Empty at the end. */
struct words word_next(struct words *rest);
bool word_is(struct words word, const char *want);
bool word_is_number(struct words word);
/* Takes this character. */
bool word_char(struct words *rest, char want);
/* Takes n bytes of two digits each. */
bool word_hex(struct words *rest, uint8_t *bytes, size_t n);
/* Takes "fd00:0010:0000:0000:0000:0000:0000:0001": the kernel's %pI6 writes all zeros. */
bool word_ipv6(struct words *rest, struct ezlb_addr *out);
/* "TCP" */
bool word_proto(struct words word, enum ezlb_proto *out);

/* Gets each line of a text, with its newline, which the last line may lack. */
typedef void (*words_line_fn)(void *arg, struct words line);
/*
 * Reads a file of any length in one fixed buffer. A line that is longer than any of the kernel's
 * comes in parts. -ETIMEDOUT: it was not at its end at the time `until_ms` (ezlb_now_ms; 0: no
 * limit); else the errors of open(2) and read(2).
 */
int words_read(const char *path, uint64_t until_ms, words_line_fn fn, void *arg);
