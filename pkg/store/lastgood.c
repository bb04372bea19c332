// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/store.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <ezlb/log.h>
#include <ezlb/mem.h>

#include "newfile.h"
#include "statedir.h"

#define HASH_LEN   16  /* hex digits */
#define BASE_MAX   238 /* NAME_MAX without the hash and its '-' */
#define NEW_NAME   "new"
#define PLACES	   2
#define PERSISTENT 1 /* the place of the persist directory */

static const struct dir_kind persist_dir = { "persist directory", "--persist-dir", 0700 };

void ezlb_lastgood_open(struct ezlb_lastgood *lastgood, const char *state_dir, bool writes)
{
	*lastgood = (struct ezlb_lastgood){ .writes = writes };
	if (state_dir)
		lastgood->dir = ezlb_asprintf("%s/lastgood", state_dir);
}

static bool writes_to(const struct ezlb_lastgood *lastgood, int i)
{
	return lastgood->writes && (i != PERSISTENT || !lastgood->persist_fixed);
}

void ezlb_lastgood_close(struct ezlb_lastgood *lastgood)
{
	if (lastgood->persist && writes_to(lastgood, PERSISTENT))
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

static char *read_from(const char *dir, const char *path, size_t *len)
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
			bytes = read_from(place(lastgood, i), path, len);
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
		bytes = read_from(dir, key.path, &len);
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

static void list_dir(const char *path, struct ezlb_files *files)
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
			list_dir(place(lastgood, i), files);
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
 * No fsync: a kill loses no written data, a reboot writes all of it, and the hash detects the
 * damage of a power cut. (ext4 and btrfs have the old version or the new one even then: they write
 * the data before a rename that replaces a file.) With thousands of files fsync would slow down the
 * start.
 */
static int store(const char *dir, const char *path, const char *bytes, size_t len)
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
	return store(dir, path, bytes, len);
}

bool ezlb_lastgood_write(struct ezlb_lastgood *lastgood, const char *path, const char *bytes,
			 size_t len)
{
	int failed = 0;

	if (!lastgood->writes || !keeps(lastgood, path))
		return true;
	for (int i = 0; i < PLACES; i++) {
		int rc = place(lastgood, i) && writes_to(lastgood, i)
				 ? store(place(lastgood, i), path, bytes, len)
				 : 0;

		if (rc < 0 && i == PERSISTENT && failed == 0)
			rc = replace(place(lastgood, i), path, bytes, len);
		failed = rc < 0 ? rc : failed;
	}
	if (failed)
		warn(lastgood,
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
		warn(lastgood,
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

		if (!place(lastgood, i) || !writes_to(lastgood, i))
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
		if (place(lastgood, i) && writes_to(lastgood, i))
			prune_dir(lastgood, place(lastgood, i), hashes, n);
}

/* --- the persist directory ----------------------------------------------------------------- */

static bool is_same_dir(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The state directory has versions that an ezlb without a persist directory has stored. */
static void copy_all(struct ezlb_lastgood *lastgood)
{
	struct ezlb_snapshot stored = { .borrowed = false };

	list_dir(lastgood->dir, &stored.files);
	for (size_t i = 0; i < stored.files.len; i++) {
		const struct ezlb_file *file = &stored.files.items[i];
		size_t len = 0;
		EZLB_AUTO_FREE char *bytes = read_from(lastgood->persist, file->path, &len);
		bool same = bytes && len == file->len && memcmp(bytes, file->bytes, len) == 0;
		int rc = same ? 0 : store(lastgood->persist, file->path, file->bytes, file->len);

		if (rc < 0)
			warn(lastgood, "cannot copy the last good version of a file", file->path,
			     -rc);
	}
	ezlb_snapshot_clear(&stored);
}

/*
 * Returns true if there is a directory to use. The lock of a reader stays unset. Where the lock
 * cannot be opened because the file system is read-only or full, what is stored still counts.
 */
static bool open_dir(struct ezlb_lastgood *lastgood, const char *dir, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *state_dir = ezlb_strndup(lastgood->dir,
						      strlen(lastgood->dir) - strlen("/lastgood"));
	int rc = lastgood->writes ? dir_make(dir, &persist_dir, err) : 0;

	/* Never open the lock of the state directory again: closing it would end that lock. */
	if (rc < 0 || is_same_dir(dir, state_dir))
		return false;
	rc = lastgood->writes ? dir_lock(dir, &persist_dir, err)
			      : dir_check(dir, &persist_dir, err);
	lastgood->lock = rc;
	lastgood->persist_fixed = lastgood->writes && rc < 0;
	return rc >= 0 || (rc != -EBUSY && dir_check(dir, &persist_dir, NULL) == 0);
}

static void use_dir(struct ezlb_lastgood *lastgood, const char *dir, struct ezlb_err *err)
{
	free(lastgood->persist);
	lastgood->persist = NULL;
	if (!open_dir(lastgood, dir, err))
		return;
	lastgood->persist = ezlb_asprintf("%s/lastgood", dir);
	if (writes_to(lastgood, PERSISTENT))
		copy_all(lastgood);
}

static void warn_of_reboot(const struct ezlb_err *err)
{
	ezlb_log(EZLB_WARN, "config",
		 EZLB_S("msg", "the last good versions of the service files will not survive a "
			       "reboot of this host"),
		 EZLB_S("err", err->msg));
}

void ezlb_lastgood_persist(struct ezlb_lastgood *lastgood, const char *dir)
{
	struct ezlb_err err = { 0 };

	if (!lastgood->dir || !dir)
		return;
	use_dir(lastgood, dir, &err);
	if (!lastgood->writes || (!lastgood->persist && !err.code))
		return;
	lastgood->persist_dir = ezlb_strdup(dir);
	lastgood->problem = err;
	if (err.code)
		warn_of_reboot(&err);
}

/* --- what others do to the directories ----------------------------------------------------- */

/*
 * True if the directory was there at the last look, and is not there any more or is another one.
 * ext4 gives the inode number of a removed directory to the next one.
 */
static bool is_lost(struct ezlb_lastgood_seen *seen, const char *dir)
{
	struct ezlb_lastgood_seen now = { 0 }, before = *seen;
	struct statx st;

	if (statx(AT_FDCWD, dir, 0, STATX_INO | STATX_BTIME, &st) == 0)
		now = (struct ezlb_lastgood_seen){
			.dev = makedev(st.stx_dev_major, st.stx_dev_minor),
			.ino = st.stx_ino,
			.born = { .tv_sec = st.stx_btime.tv_sec, .tv_nsec = st.stx_btime.tv_nsec },
		};
	*seen = now;
	return before.ino &&
	       (before.dev != now.dev || before.ino != now.ino ||
		before.born.tv_sec != now.born.tv_sec || before.born.tv_nsec != now.born.tv_nsec);
}

/* Another process has the directory now: it would delete our versions, and we would delete its. */
static void leave_persist(struct ezlb_lastgood *lastgood)
{
	close(lastgood->lock);
	free(lastgood->persist);
	lastgood->persist = NULL;
}

/* Returns true if the lock of the new directory is taken. */
static bool lock_again(struct ezlb_lastgood *lastgood)
{
	struct ezlb_err err = { 0 };
	int rc = dir_keep(&lastgood->lock, lastgood->persist_dir, &persist_dir, &err);

	if (rc == -EBUSY)
		leave_persist(lastgood);
	if (rc < 0 && !lastgood->lock_lost)
		warn_of_reboot(&err);
	lastgood->problem = err;
	lastgood->lock_lost = rc < 0 && rc != -EBUSY;
	if (rc == 0)
		copy_all(lastgood);
	return rc == 0;
}

/* Returns true if the persist directory, which could not be used, can be used now. */
static bool use_again(struct ezlb_lastgood *lastgood)
{
	struct ezlb_err err = { 0 };

	use_dir(lastgood, lastgood->persist_dir, &err);
	lastgood->problem = err;
	if (!lastgood->persist || !writes_to(lastgood, PERSISTENT))
		return false;
	ezlb_log(EZLB_INFO, "config",
		 EZLB_S("msg", "the last good versions of the service files survive a reboot of "
			       "this host again"),
		 EZLB_S("persist_dir", lastgood->persist_dir));
	return true;
}

bool ezlb_lastgood_keep(struct ezlb_lastgood *lastgood)
{
	bool again, lost;

	if (!lastgood->dir || !lastgood->writes)
		return false;
	again = is_lost(&lastgood->seen[0], lastgood->dir);
	if (!lastgood->persist_dir)
		return again;
	if (!lastgood->persist || !writes_to(lastgood, PERSISTENT))
		return use_again(lastgood) || again;
	lost = is_lost(&lastgood->seen[PERSISTENT], lastgood->persist);
	return ((lost || lastgood->lock_lost) && lock_again(lastgood)) || again;
}
