/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz: what the fuzz targets share. A target is a file with LLVMFuzzerTestOneInput, which gets any
 * bytes and ends the process if the code under test crashes or breaks a promise. libFuzzer or AFL++
 * calls it (scripts/fuzz), and so does replay.c in the normal builds. See docs/dev/fuzzing.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Always returns 0. In the normal builds it has another name for each target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise of the code under test. */
#define FUZZ_CHECK(promise) ((promise) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #promise))

static inline _Noreturn void fuzz_fail(const char *file, int line, const char *promise)
{
	fprintf(stderr, "%s:%d: this is not true: %s\n", file, line, promise);
	abort();
}

/* A copy with a NUL behind it, and nothing more: the sanitizer sees each read beyond. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* A copy of exactly these bytes, with the alignment of malloc. */
static inline void *fuzz_bytes(const uint8_t *data, size_t size)
{
	void *bytes = calloc(1, size ? size : 1);

	if (!bytes)
		abort();
	if (size > 0)
		memcpy(bytes, data, size);
	return bytes;
}

/* Bytes of the input that are not used yet. */
struct fuzz_rest {
	const uint8_t *at;
	size_t len;
};

/* Takes what is before the next separator, or all. */
static inline struct fuzz_rest fuzz_piece(struct fuzz_rest *rest, uint8_t separator)
{
	const uint8_t *end = rest->len ? memchr(rest->at, separator, rest->len) : NULL;
	struct fuzz_rest piece = { rest->at, end ? (size_t)(end - rest->at) : rest->len };
	size_t taken = piece.len + (end ? 1 : 0);

	rest->at += taken;
	rest->len -= taken;
	return piece;
}

/* Takes one byte; 0 at the end. */
static inline uint8_t fuzz_byte(struct fuzz_rest *rest)
{
	if (rest->len == 0)
		return 0;
	rest->len--;
	return *rest->at++;
}
