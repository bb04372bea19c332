/* SPDX-License-Identifier: GPL-2.0-or-later */
/* versions: a store of last good versions on a disk that is full, read-only or cannot be read when
 * the test says so. */
#pragma once

#include "fixture.h"

#include <sys/syscall.h>

#include <ezlb/store.h>

#define WEB "/etc/ezlb/services.d/web.yaml"
#define API "/etc/ezlb/services.d/api.yaml"

static struct ezlb_lastgood store;
static bool disk_full, read_only, cannot_read;

static size_t room; /* bytes that are written before the disk is full */

/* In place of the C library's. A byte over another one needs no room. */
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	if (read_only) {
		errno = EROFS;
		return -1;
	}
	if (disk_full && n > 1 && room == 0) {
		errno = ENOSPC;
		return -1;
	}
	if (disk_full && n > 1) {
		n = n < room ? n : room;
		room -= n;
	}
	return syscall(SYS_pwrite64, fd, bytes, n, at);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
	if (!cannot_read)
		return syscall(SYS_pread64, fd, bytes, n, at);
	errno = EIO;
	return -1;
}

static inline int setup(void **state)
{
	int rc = setup_top(state);

	ezlb_lastgood_open(&store, at("state").s, true);
	return rc < 0 ? rc : mkdir(at("state").s, 0755);
}

static inline int teardown(void **state)
{
	ezlb_lastgood_close(&store);
	return teardown_top(state);
}

#define FILE_NAME "state/versions"

/* As another process does after this one was killed. */
static inline void open_again(void)
{
	ezlb_lastgood_close(&store);
	ezlb_lastgood_open(&store, at("state").s, true);
}

/* NULL: there must be none. Returns what was logged; the caller frees. */
static inline char *assert_reads(const char *path, const char *want)
{
	struct capture capture = capture_begin(STDERR_FILENO);
	size_t len = 0;
	char *got = ezlb_lastgood_read(&store, path, &len), *log = capture_end(capture);

	if (want) {
		assert_non_null(got);
		assert_int_equal(len, strlen(want));
		assert_string_equal(got, want);
		assert_string_equal(log, "");
	} else {
		assert_null(got);
	}
	free(got);
	return log;
}

/* Returns what was logged; the caller frees. */
static inline char *assert_writes(const char *path, const char *bytes, bool want)
{
	struct capture capture = capture_begin(STDERR_FILENO);
	bool ok = ezlb_lastgood_write(&store, path, bytes, strlen(bytes));
	char *log = capture_end(capture);

	assert_int_equal(ok, want);
	if (ok)
		assert_string_equal(log, "");
	return log;
}

static inline void open_again_quietly(void)
{
	struct capture capture = capture_begin(STDERR_FILENO);

	open_again();
	free(capture_end(capture));
}

static inline void prune(const char *const *paths, size_t n)
{
	ezlb_lastgood_prune(&store, paths, n);
}

static inline uint64_t file_size(void)
{
	struct stat st = { .st_size = 0 };

	stat(at(FILE_NAME).s, &st);
	return (uint64_t)st.st_size;
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
