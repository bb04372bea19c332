/* SPDX-License-Identifier: GPL-2.0-or-later */
/* persisted: last good versions in two directories, of which a reboot empties one. */
#pragma once

#include "fixture.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <ezlb/store.h>

#define WEB	"/etc/ezlb/services.d/web.yaml"
#define API	"/etc/ezlb/services.d/api.yaml"
#define PERSIST at("var/lib/ezlb").s

/* Opens both directories; returns what was logged, which the caller frees. */
static inline char *begin(struct ezlb_lastgood *store, const char *persist, bool writes)
{
	struct capture capture = capture_begin(STDERR_FILENO);

	ezlb_lastgood_open(store, at("run").s, writes);
	ezlb_lastgood_persist(store, persist);
	return capture_end(capture);
}

static inline struct ezlb_lastgood begin_silently(const char *persist, bool writes)
{
	struct ezlb_lastgood store;
	char *log = begin(&store, persist, writes);

	assert_string_equal(log, "");
	free(log);
	return store;
}

static inline void assert_reads(const struct ezlb_lastgood *store, const char *path,
				const char *want)
{
	size_t len = 0;
	EZLB_AUTO_FREE char *got = ezlb_lastgood_read(store, path, &len);

	if (!want) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, want);
	assert_int_equal(len, strlen(want));
}

static inline void assert_writes(struct ezlb_lastgood *store, const char *path, const char *bytes)
{
	assert_true(ezlb_lastgood_write(store, path, bytes, strlen(bytes)));
}

/* One process that stores a version, in the state directory only if persist is NULL. */
static inline void stores(const char *persist, const char *path, const char *bytes)
{
	struct ezlb_lastgood store = begin_silently(persist, true);

	assert_writes(&store, path, bytes);
	ezlb_lastgood_close(&store);
}

static inline void reboot(void)
{
	remove_tree(at("run").s);
}

/* One process that only reads, as `plan` does. */
static inline void reads(const char *path, const char *want)
{
	struct ezlb_lastgood store = begin_silently(PERSIST, false);

	assert_reads(&store, path, want);
	assert_int_equal(ezlb_lastgood_any(&store), want != NULL);
	ezlb_lastgood_close(&store);
}

#define STATE_FILE   "run/versions"
#define PERSIST_FILE "var/lib/ezlb/versions"

/* Is there a version of the file in this directory? */
static inline bool is_in(const char *dir, const char *path)
{
	struct ezlb_lastgood store;
	uint64_t hash;
	size_t len;
	bool found;

	ezlb_lastgood_open(&store, at(dir).s, false);
	found = ezlb_lastgood_find(&store, path, &len, &hash);
	ezlb_lastgood_close(&store);
	return found;
}

/* Every write of more than one byte fails in one of the two files, whose name ends like that. */
static const char *full;

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at_byte)
{
	char link[64], name[512] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (n > 1 && full && readlink(link, name, sizeof(name) - 1) > 0 && strstr(name, full)) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, bytes, n, at_byte);
}

/* True if another process could take the lock of the directory. */
static inline bool others_can_lock(const char *dir)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(ezlb_statedir_lock(dir, NULL) >= 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status != 0;
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)
