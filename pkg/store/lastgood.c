// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/store.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/log.h>
#include <ezlb/mem.h>

#include "newfile.h"

#define HASH_LEN 16  /* hex digits */
#define BASE_MAX 238 /* NAME_MAX without the hash and its '-' */
#define NEW_NAME "new"

void ezlb_lastgood_open(struct ezlb_lastgood *lastgood, const char *state_dir, bool writes)
{
	*lastgood = (struct ezlb_lastgood){ .writes = writes };
	if (state_dir)
		lastgood->dir = ezlb_asprintf("%s/lastgood", state_dir);
}

void ezlb_lastgood_close(struct ezlb_lastgood *lastgood)
{
	free(lastgood->dir);
	lastgood->dir = NULL;
}

static bool keeps(const struct ezlb_lastgood *lastgood, const char *path)
{
	return lastgood->dir && !strchr(path, '\n');
}

static uint64_t hash_of(const char *path)
{
	return ezlb_hash(path, strlen(path));
}

static char *file_of(const struct ezlb_lastgood *lastgood, const char *path)
{
	const char *slash = strrchr(path, '/');

	return ezlb_asprintf("%s/%016" PRIx64 "-%.*s", lastgood->dir, hash_of(path), BASE_MAX,
			     slash ? slash + 1 : path);
}

/*
 * The hash detects a truncated file, for example after a power cut: the rest of a service file can
 * be a valid service with fewer backends.
 */
static char *line_of(const char *path, const char *bytes, size_t len)
{
	return ezlb_asprintf("%016" PRIx64 " %s\n", ezlb_hash(bytes, len), path);
}

static size_t line_len(const char *path)
{
	return HASH_LEN + 1 + strlen(path) + 1;
}

/* Reads a whole regular file; NULL if it is another kind of file or longer than `max`. */
static char *read_regular(int fd, size_t max, size_t *len)
{
	EZLB_AUTO_FREE char *buf = NULL;
	struct stat st;
	ssize_t n = 1;
	char *whole;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uintmax_t)st.st_size > max)
		return NULL;
	buf = ezlb_calloc(1, (size_t)st.st_size + 1);
	for (*len = 0; n > 0 && *len < (size_t)st.st_size; *len += (size_t)n) {
		n = read(fd, buf + *len, (size_t)st.st_size - *len);
		if (n < 0)
			return NULL;
	}
	whole = buf;
	buf = NULL;
	return whole;
}

/* Removes the first line; false if it does not match the bytes and the path. */
static bool take_line(const char *path, char *bytes, size_t *len)
{
	EZLB_AUTO_FREE char *want = NULL;
	size_t n = line_len(path);

	if (*len < n)
		return false;
	want = line_of(path, bytes + n, *len - n);
	if (memcmp(bytes, want, n) != 0)
		return false;
	*len -= n;
	memmove(bytes, bytes + n, *len + 1);
	return true;
}

char *ezlb_lastgood_read(const struct ezlb_lastgood *lastgood, const char *path, size_t *len)
{
	EZLB_AUTO_FREE char *file = NULL;
	EZLB_AUTO_CLOSE int fd = -1;
	char *bytes;

	if (!keeps(lastgood, path))
		return NULL;
	file = file_of(lastgood, path);
	fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	bytes = read_regular(fd, line_len(path) + EZLB_FILE_MAX, len);
	if (bytes && take_line(path, bytes, len))
		return bytes;
	ezlb_log(EZLB_WARN, "config",
		 EZLB_S("msg", "the saved last good version of a file is damaged: "
			       "ignored"),
		 EZLB_S("file", path), EZLB_S("stored", file));
	free(bytes);
	return NULL;
}

/* --- listing ------------------------------------------------------------------------------- */

/* The path in the first line, which the caller frees; NULL: none. */
static char *path_in(const char *stored)
{
	/* O_NONBLOCK: do not block on a FIFO with that name. */
	int fd = open(stored, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	EZLB_AUTO_FREE char *line = NULL;
	size_t cap = 0;
	ssize_t len = file ? getline(&line, &cap, file) : -1;
	const char *space = len > 0 ? strchr(line, ' ') : NULL;

	if (file)
		fclose(file);
	if (!space || line[len - 1] != '\n')
		return NULL;
	return ezlb_strndup(space + 1, (size_t)(line + len - 1 - (space + 1)));
}

static void read_stored(const struct ezlb_lastgood *lastgood, const char *name,
			struct ezlb_files *out)
{
	EZLB_AUTO_FREE char *stored = ezlb_asprintf("%s/%s", lastgood->dir, name);
	char *path = path_in(stored);
	size_t len = 0;
	char *bytes = path ? ezlb_lastgood_read(lastgood, path, &len) : NULL;
	struct ezlb_file *file;

	if (!bytes) {
		free(path);
		return;
	}
	file = EZLB_PUSH(out);
	file->path = path;
	file->bytes = bytes;
	file->len = len;
	file->hash = ezlb_hash(bytes, len);
}

void ezlb_lastgood_list(const struct ezlb_lastgood *lastgood, struct ezlb_files *files)
{
	DIR *dir = lastgood->dir ? opendir(lastgood->dir) : NULL;
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (strchr(entry->d_name,
			   '-')) /* HASH-NAME; "new" is the temporary file of a kill */
			read_stored(lastgood, entry->d_name, files);
	closedir(dir);
}

/* --- writing ------------------------------------------------------------------------------- */

static void warn(struct ezlb_lastgood *lastgood, const char *msg, const char *path, int code)
{
	if (!lastgood->warned)
		ezlb_log(EZLB_WARN, "config", EZLB_S("msg", msg), EZLB_S("file", path),
			 EZLB_S("reason", ezlb_errno_str(code)));
	lastgood->warned = true;
}

static int put(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/*
 * No fsync: a kill loses no written data, and the hash detects the damage of a power cut, after
 * which the kernel has no services to keep. With thousands of files fsync would slow down the
 * start.
 */
static int store(const struct ezlb_lastgood *lastgood, const char *path, const char *bytes,
		 size_t len)
{
	EZLB_AUTO_FREE char *tmp = ezlb_asprintf("%s/" NEW_NAME, lastgood->dir);
	EZLB_AUTO_FREE char *file = file_of(lastgood, path);
	EZLB_AUTO_FREE char *line = line_of(path, bytes, len);
	int fd = newfile_open(tmp, 0600, NULL), rc;

	if (fd < 0)
		return fd;
	rc = put(fd, line, strlen(line));
	if (rc == 0)
		rc = put(fd, bytes, len);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(tmp, file) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(tmp); /* frees space on a full disk */
	return rc;
}

bool ezlb_lastgood_write(struct ezlb_lastgood *lastgood, const char *path, const char *bytes,
			 size_t len)
{
	int rc;

	if (!lastgood->writes || !keeps(lastgood, path))
		return true;
	rc = store(lastgood, path, bytes, len);
	if (rc < 0)
		warn(lastgood,
		     "cannot store the last good version of a file: if the file is broken when "
		     "ezlb restarts, its service gets an older version or is lost",
		     path, -rc);
	else
		lastgood->warned = false;
	return rc == 0;
}

static void remove_file(struct ezlb_lastgood *lastgood, const char *file, const char *path)
{
	if (unlink(file) < 0 && errno != ENOENT && errno != ENOTDIR)
		warn(lastgood,
		     "cannot remove the last good version of a removed file: a broken file with "
		     "that name would bring its service back",
		     path, errno);
}

void ezlb_lastgood_forget(struct ezlb_lastgood *lastgood, const char *path)
{
	EZLB_AUTO_FREE char *file = NULL;

	if (!lastgood->writes || !keeps(lastgood, path))
		return;
	file = file_of(lastgood, path);
	remove_file(lastgood, file, path);
}

static int hash_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Only names that ezlb creates: other files in the directory stay. */
static bool is_stale(const char *name, const uint64_t *hashes, size_t n)
{
	uint64_t hash;

	if (strcmp(name, NEW_NAME) == 0)
		return true;
	if (strspn(name, "0123456789abcdef") != HASH_LEN || name[HASH_LEN] != '-')
		return false;
	hash = strtoull(name, NULL, 16);
	return !ezlb_find(&hash, hashes, n, sizeof(hash), hash_cmp);
}

void ezlb_lastgood_prune(struct ezlb_lastgood *lastgood, const char *const *paths, size_t n)
{
	EZLB_AUTO_FREE uint64_t *hashes = ezlb_calloc(n, sizeof(*hashes));
	DIR *dir = lastgood->dir && lastgood->writes ? opendir(lastgood->dir) : NULL;
	const struct dirent *entry;

	if (!dir)
		return;
	for (size_t i = 0; i < n; i++)
		hashes[i] = hash_of(paths[i]);
	ezlb_sort(hashes, n, sizeof(*hashes), hash_cmp);
	while ((entry = readdir(dir))) {
		EZLB_AUTO_FREE char *file = NULL;

		if (!is_stale(entry->d_name, hashes, n))
			continue;
		file = ezlb_asprintf("%s/%s", lastgood->dir, entry->d_name);
		remove_file(lastgood, file, file);
	}
	closedir(dir);
}
