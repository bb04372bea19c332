// SPDX-License-Identifier: GPL-2.0-or-later
#include "olddir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/log.h>
#include <ezlb/mem.h>

#include "record.h"

#define HASH_LEN 16    /* hex digits */
#define NEW_NAME "new" /* the temporary file of a kill */

static bool is_version(const char *name)
{
	return strspn(name, "0123456789abcdef") == HASH_LEN && name[HASH_LEN] == '-';
}

/* Reads a whole regular file; NULL if it is another kind of file or too long. */
static char *read_regular(int dir, const char *name, size_t *len)
{
	/* O_NONBLOCK: do not block on a FIFO with that name. */
	EZLB_AUTO_CLOSE int fd = openat(dir, name,
					O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	EZLB_AUTO_FREE char *buf = NULL;
	struct stat st;
	ssize_t n = 1;
	char *whole;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > EZLB_FILE_MAX + RECORD_PATH_MAX + HASH_LEN + 2)
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

/*
 * The path and the bytes of a stored file; false: damaged. The hash detects a truncated file: the
 * rest of a service file can be a valid service with fewer backends.
 */
static bool parse(const char *name, const char *text, size_t len, struct ezlb_file *file)
{
	const char *end = memchr(text, '\n', len);
	char hash[HASH_LEN + 1];

	if (!end || end - text < HASH_LEN + 2 || text[HASH_LEN] != ' ')
		return false;
	file->path = ezlb_strndup(text + HASH_LEN + 1, (size_t)(end - text) - HASH_LEN - 1);
	file->len = len - (size_t)(end + 1 - text);
	file->hash = ezlb_hash(end + 1, file->len);
	snprintf(hash, sizeof(hash), "%016" PRIx64, file->hash);
	if (strncmp(hash, text, HASH_LEN) != 0)
		return false;
	snprintf(hash, sizeof(hash), "%016" PRIx64, ezlb_hash(file->path, strlen(file->path)));
	if (strncmp(hash, name, HASH_LEN) != 0)
		return false;
	file->bytes = ezlb_calloc(1, file->len + 1);
	memcpy(file->bytes, end + 1, file->len);
	return true;
}

static void take(int dir, const char *where, const char *name, struct ezlb_files *files)
{
	struct ezlb_file file = { .path = NULL };
	EZLB_AUTO_FREE char *text = NULL;
	size_t len = 0;

	text = read_regular(dir, name, &len);
	if (text && parse(name, text, len, &file)) {
		*EZLB_PUSH(files) = file;
		return;
	}
	ezlb_log(EZLB_WARN, "config",
		 EZLB_S("msg", "the saved last good version of a file is damaged: ignored"),
		 EZLB_S("file", file.path), EZLB_S("dir", where), EZLB_S("stored", name));
	ezlb_file_clear(&file);
}

/* A link with this name is not of ezlb, and what it points to is not ezlb's to empty. */
static DIR *open_dir(const char *dir)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/lastgood", dir);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *old = fd < 0 ? NULL : fdopendir(fd);

	if (!old && fd >= 0)
		close(fd);
	return old;
}

bool olddir_list(const char *dir, struct ezlb_files *files)
{
	DIR *old = open_dir(dir);
	const struct dirent *entry;

	if (!old)
		return false;
	while ((entry = readdir(old)))
		if (is_version(entry->d_name))
			take(dirfd(old), dir, entry->d_name, files);
	closedir(old);
	EZLB_SORT(files, ezlb_file_cmp);
	return true;
}

int olddir_remove(const char *dir)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/lastgood", dir);
	DIR *old = open_dir(dir);
	const struct dirent *entry;
	int rc = 0;

	if (!old)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	while ((entry = readdir(old)))
		if ((is_version(entry->d_name) || strcmp(entry->d_name, NEW_NAME) == 0) &&
		    unlinkat(dirfd(old), entry->d_name, 0) < 0)
			rc = -errno;
	closedir(old);
	rmdir(path); /* fails where somebody else has put a file there: that stays */
	return rc;
}
