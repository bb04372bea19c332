// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * replay: runs fuzz targets without a fuzzer, for the normal builds:
 *
 *   fuzz_replay TARGET [--mutations N] PATH...
 *
 * Each PATH is an input, or a directory with inputs; "-" is the standard input. Then each target
 * gets N inputs that are made of these by random edits, the same ones in each run. While an input
 * runs, it is in a file: if the process dies, the last line that was printed names that file.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Made by test/fuzz/CMakeLists.txt: FUZZ_TARGETS(X) is X(addresses) X(api) ..., and their
 * prototypes. */
#include "fuzz_targets.h"

#define INPUT_MAX (1 << 20)
#define GROWTH	  64 /* of an input by one mutation, at most */

#define ROW(target) { #target, fuzz_##target },

static const struct target {
	const char *name;
	int (*run)(const uint8_t *data, size_t size);
} targets[] = { FUZZ_TARGETS(ROW) };

struct input {
	uint8_t *bytes;
	size_t len;
};

static struct input *inputs;
static size_t n_inputs;
static uint32_t seed = 20261130;
static int current = -1; /* the file with the input that runs */

static void fail(const char *what, const char *name)
{
	fprintf(stderr, "fuzz_replay: %s %s\n", what, name);
	exit(2);
}

static uint32_t rnd(size_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return below ? (uint32_t)((seed >> 8) % below) : 0;
}

/* --- inputs ---------------------------------------------------------------------------------- */

static void read_input(int fd, const char *name)
{
	uint8_t *bytes = malloc(INPUT_MAX);
	size_t len = 0;
	ssize_t n = 0;

	if (!bytes || fd < 0)
		fail("cannot read", name);
	while (len < INPUT_MAX && (n = read(fd, bytes + len, INPUT_MAX - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		fail("cannot read", name);
	inputs = realloc(inputs, (n_inputs + 1) * sizeof(*inputs));
	if (!inputs)
		fail("no memory for", name);
	inputs[n_inputs++] = (struct input){ realloc(bytes, len ? len : 1), len };
}

static int on_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	int fd;

	(void)st;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	read_input(fd, path);
	close(fd);
	return 0;
}

static void read_path(const char *path)
{
	if (strcmp(path, "-") == 0)
		read_input(STDIN_FILENO, path);
	else if (nftw(path, on_file, 16, FTW_PHYS) != 0)
		fail("cannot read", path);
}

/* --- mutations ------------------------------------------------------------------------------- */

/* Numbers at which code tends to be wrong, in the byte order of the host. */
static void put_number(uint8_t *bytes, size_t len)
{
	static const uint32_t numbers[] = { 0,	    1,		4,	    0x7f,
					    0x80,   0xff,	0x7fff,	    0x8000,
					    0xffff, 0x7fffffff, 0x80000000, 0xffffffff };
	uint32_t number = numbers[rnd(sizeof(numbers) / sizeof(numbers[0]))];
	size_t size = (size_t)1 << rnd(3), at = rnd(len);

	if (at + size <= len)
		memcpy(bytes + at, &number, size);
}

/* A piece of any input over, or into, this one; needs room. Returns the new length. */
static size_t put_piece(uint8_t *bytes, size_t len)
{
	const struct input *from = &inputs[rnd(n_inputs)];
	size_t at = rnd(len + 1), start = rnd(from->len), n = 1 + rnd(GROWTH);

	n = n > from->len - start ? from->len - start : n;
	if (rnd(2)) {
		memmove(bytes + at + n, bytes + at, len - at);
		len += n;
	} else if (at + n > len) {
		n = len - at;
	}
	memcpy(bytes + at, from->bytes + start, n);
	return len;
}

static size_t edit(uint8_t *bytes, size_t len)
{
	size_t at = rnd(len), n = 1 + rnd(8);

	switch (len == 0 ? 4 : rnd(5)) {
	case 0:
		bytes[at] ^= (uint8_t)(1u << rnd(8));
		return len;
	case 1:
		bytes[at] = (uint8_t)rnd(256);
		return len;
	case 2:
		put_number(bytes, len);
		return len;
	case 3:
		n = n > len - at ? len - at : n;
		memmove(bytes + at, bytes + at + n, len - at - n);
		return len - n;
	default:
		return put_piece(bytes, len);
	}
}

/* --- running --------------------------------------------------------------------------------- */

static void run(const struct target *target, const uint8_t *bytes, size_t len)
{
	/* In memory of exactly that size: the sanitizer sees a read behind the end. */
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy || ftruncate(current, 0) < 0 || pwrite(current, bytes, len, 0) != (ssize_t)len)
		fail("cannot store an input of", target->name);
	memcpy(copy, bytes, len);
	target->run(copy, len);
	free(copy);
}

static void run_mutations(const struct target *target, unsigned long n)
{
	uint8_t *bytes = malloc(INPUT_MAX + 4 * GROWTH);

	if (!bytes)
		fail("no memory for", target->name);
	for (unsigned long i = 0; i < n && n_inputs > 0; i++) {
		const struct input *from = &inputs[i % n_inputs];
		size_t len = from->len;

		memcpy(bytes, from->bytes, len);
		for (uint32_t edits = 1 + rnd(4); edits > 0; edits--)
			len = edit(bytes, len);
		run(target, bytes, len);
	}
	free(bytes);
}

static const struct target *target_of(const char *name)
{
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (strcmp(targets[i].name, name) == 0)
			return &targets[i];
	fail("there is no target", name);
	return NULL;
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	const struct target *target;
	unsigned long mutations = 0;
	char path[256];

	if (argc < 3)
		fail("usage: fuzz_replay", "TARGET [--mutations N] PATH...");
	target = target_of(argv[1]);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--mutations") == 0 && i + 1 < argc)
			mutations = strtoul(argv[++i], NULL, 10);
		else
			read_path(argv[i]);
	}
	snprintf(path, sizeof(path), "%s/ezlb-fuzz-%s-%d", tmp ? tmp : "/tmp", target->name,
		 (int)getpid());
	current = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (current < 0)
		fail("cannot create", path);
	printf("%s: %zu inputs, %lu mutations; if it dies the input is %s\n", target->name,
	       n_inputs, mutations, path);
	fflush(stdout);
	for (size_t i = 0; i < n_inputs; i++)
		run(target, inputs[i].bytes, inputs[i].len);
	run_mutations(target, mutations);
	unlink(path);
	while (n_inputs > 0)
		free(inputs[--n_inputs].bytes);
	free(inputs);
	return 0;
}
