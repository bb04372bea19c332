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

#include "lastgood_place.h"
#include "newfile.h"

#define HASH_LEN 16  /* hex digits */
#define BASE_MAX 238 /* NAME_MAX without the hash and its '-' */
#define NEW_NAME "new"
#define PLACES	 2

void ezlb_lastgood_open(struct ezlb_lastgood *lastgood, const char *state_dir, bool writes)
{
	*lastgood = (struct ezlb_lastgood){ .writes = writes };
	if (state_dir)
		lastgood->dir = ezlb_asprintf("%s/lastgood", state_dir);
}

bool lastgood_writes_to(const struct ezlb_lastgood *lastgood, int i)
{
	return lastgood->writes && (i != LASTGOOD_PERSISTENT || !lastgood->persist_fixed);
}

void ezlb_lastgood_close(struct ezlb_lastgood *lastgood)
{
	if (lastgood->persist && lastgood_writes_to(lastgood, LASTGOOD_PERSISTENT))
		close(lastgood->lock);
	free(lastgood->dir);
	free(lastgood->persist);
	free(lastgood->persist_dir);
	lastgood->dir = lastgood->persist = lastgood->persist_dir = NULL;
}

/* Where the versions are, the newest first; NULL: not used. */
static const char *place(const struct ezlb_lastgood *lastgood, int i)
{
	return i == 0 ? lastgood->dir : lastgood->persist;
}

static bool keeps(const struct ezlb_lastgood *lastgood, const char *path)
{
	return lastgood->dir && !strchr(path, '\n');
}

static uint64_t hash_of(const char *path)
{
	return ezlb_hash(path, strlen(path));
}

static char *file_of(const char *dir, const char *path)
{
	const char *slash = strrchr(path, '/');

	return ezlb_asprintf("%s/%016" PRIx64 "-%.*s", dir, hash_of(path), BASE_MAX,
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

char *lastgood_read_from(const char *dir, const char *path, size_t *len)
{
	EZLB_AUTO_FREE char *file = file_of(dir, path);
	EZLB_AUTO_CLOSE int fd = -1;
	char *bytes;

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

char *ezlb_lastgood_read(const struct ezlb_lastgood *lastgood, const char *path, size_t *len)
{
	char *bytes = NULL;

	for (int i = 0; !bytes && i < PLACES; i++)
		if (place(lastgood, i) && keeps(lastgood, path))
			bytes = lastgood_read_from(place(lastgood, i), path, len);
	return bytes;
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

/* Only names that ezlb creates: HASH-NAME. NEW_NAME is the temporary file of a kill. */
static bool is_version(const char *name)
{
	return strspn(name, "0123456789abcdef") == HASH_LEN && name[HASH_LEN] == '-';
}

bool ezlb_lastgood_is_of(const char *path, const char *dir)
{
	size_t len = strlen(dir);
	bool slash = len > 0 && dir[len - 1] == '/';

	return strncmp(path, dir, len) == 0 && (slash || path[len] == '/') &&
	       !strchr(path + len + !slash, '/');
}

/* Is the stored file a version of a file in `dir`, or of any file if that is NULL? */
static bool is_version_of(const char *place, const char *name, const char *dir)
{
	EZLB_AUTO_FREE char *stored = NULL, *path = NULL;

	if (!is_version(name))
		return false;
	if (!dir)
		return true;
	stored = ezlb_asprintf("%s/%s", place, name);
	path = path_in(stored);
	return path && ezlb_lastgood_is_of(path, dir);
}

static bool any_of(const struct ezlb_lastgood *lastgood, const char *of)
{
	bool any = false;

	for (int i = 0; i < PLACES; i++) {
		DIR *dir = place(lastgood, i) ? opendir(place(lastgood, i)) : NULL;
		const struct dirent *entry;

		while (dir && !any && (entry = readdir(dir)))
			any = is_version_of(place(lastgood, i), entry->d_name, of);
		if (dir)
			closedir(dir);
	}
	return any;
}

bool ezlb_lastgood_any(const struct ezlb_lastgood *lastgood)
{
	return any_of(lastgood, NULL);
}

bool ezlb_lastgood_any_of(const struct ezlb_lastgood *lastgood, const char *dir)
{
	return any_of(lastgood, dir);
}

/* Skips the paths among the first `known` files, which are sorted. */
static void read_stored(const char *dir, const char *name, size_t known, struct ezlb_files *out)
{
	EZLB_AUTO_FREE char *stored = ezlb_asprintf("%s/%s", dir, name);
	struct ezlb_file key = { .path = path_in(stored) }, *file;
	char *bytes = NULL;
	size_t len = 0;

	if (key.path && !ezlb_find(&key, out->items, known, sizeof(key), ezlb_file_cmp))
		bytes = lastgood_read_from(dir, key.path, &len);
	if (!bytes) {
		free(key.path);
		return;
	}
	file = EZLB_PUSH(out);
	file->path = key.path;
	file->bytes = bytes;
	file->len = len;
	file->hash = ezlb_hash(bytes, len);
}

void lastgood_list_dir(const char *path, struct ezlb_files *files)
{
	DIR *dir = opendir(path);
	size_t known = files->len;
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (is_version(entry->d_name))
			read_stored(path, entry->d_name, known, files);
	closedir(dir);
	EZLB_SORT(files, ezlb_file_cmp);
}

void ezlb_lastgood_list(const struct ezlb_lastgood *lastgood, struct ezlb_files *files)
{
	for (int i = 0; i < PLACES; i++)
		if (place(lastgood, i))
			lastgood_list_dir(place(lastgood, i), files);
}

/* --- writing ------------------------------------------------------------------------------- */

void lastgood_warn(struct ezlb_lastgood *lastgood, const char *msg, const char *path, int code)
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
 * No fsync: a kill loses no written data, a reboot writes all of it, and the hash detects the
 * damage of a power cut. (ext4 and btrfs have the old version or the new one even then: they write
 * the data before a rename that replaces a file.) With thousands of files fsync would slow down the
 * start.
 */
int lastgood_store(const char *dir, const char *path, const char *bytes, size_t len)
{
	EZLB_AUTO_FREE char *tmp = ezlb_asprintf("%s/" NEW_NAME, dir);
	EZLB_AUTO_FREE char *file = file_of(dir, path);
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

/* Without the older version, which also makes room on a full disk. */
static int replace(const char *dir, const char *path, const char *bytes, size_t len)
{
	EZLB_AUTO_FREE char *file = file_of(dir, path);

	unlink(file);
	return lastgood_store(dir, path, bytes, len);
}

bool ezlb_lastgood_write(struct ezlb_lastgood *lastgood, const char *path, const char *bytes,
			 size_t len)
{
	int failed = 0;

	if (!lastgood->writes || !keeps(lastgood, path))
		return true;
	for (int i = 0; i < PLACES; i++) {
		int rc = place(lastgood, i) && lastgood_writes_to(lastgood, i)
				 ? lastgood_store(place(lastgood, i), path, bytes, len)
				 : 0;

		if (rc < 0 && i == LASTGOOD_PERSISTENT && failed == 0)
			rc = replace(place(lastgood, i), path, bytes, len);
		failed = rc < 0 ? rc : failed;
	}
	if (failed)
		lastgood_warn(
			lastgood,
			"cannot store the last good version of a file: if the file is broken when "
			"ezlb restarts, its service gets an older version or is lost",
			path, -failed);
	else
		lastgood->warned = false;
	return failed == 0;
}

static void remove_file(struct ezlb_lastgood *lastgood, const char *file, const char *path)
{
	if (unlink(file) < 0 && errno != ENOENT && errno != ENOTDIR)
		lastgood_warn(
			lastgood,
			"cannot remove the last good version of a removed file: a broken file with "
			"that name would bring its service back",
			path, errno);
}

void ezlb_lastgood_forget(struct ezlb_lastgood *lastgood, const char *path)
{
	if (!lastgood->writes || !keeps(lastgood, path))
		return;
	for (int i = 0; i < PLACES; i++) {
		EZLB_AUTO_FREE char *file = NULL;

		if (!place(lastgood, i) || !lastgood_writes_to(lastgood, i))
			continue;
		file = file_of(place(lastgood, i), path);
		remove_file(lastgood, file, path);
	}
}

static int hash_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Other files in the directory stay. */
static bool is_stale(const char *name, const uint64_t *hashes, size_t n)
{
	uint64_t hash;

	if (strcmp(name, NEW_NAME) == 0)
		return true;
	if (!is_version(name))
		return false;
	hash = strtoull(name, NULL, 16);
	return !ezlb_find(&hash, hashes, n, sizeof(hash), hash_cmp);
}

static void prune_dir(struct ezlb_lastgood *lastgood, const char *path, const uint64_t *hashes,
		      size_t n)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		EZLB_AUTO_FREE char *file = NULL;

		if (!is_stale(entry->d_name, hashes, n))
			continue;
		file = ezlb_asprintf("%s/%s", path, entry->d_name);
		remove_file(lastgood, file, file);
	}
	closedir(dir);
}

void ezlb_lastgood_prune(struct ezlb_lastgood *lastgood, const char *const *paths, size_t n)
{
	EZLB_AUTO_FREE uint64_t *hashes = ezlb_calloc(n, sizeof(*hashes));

	for (size_t i = 0; i < n; i++)
		hashes[i] = hash_of(paths[i]);
	ezlb_sort(hashes, n, sizeof(*hashes), hash_cmp);
	for (int i = 0; i < PLACES; i++)
		if (place(lastgood, i) && lastgood_writes_to(lastgood, i))
			prune_dir(lastgood, place(lastgood, i), hashes, n);
}
