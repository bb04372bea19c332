// SPDX-License-Identifier: GPL-2.0-or-later
#include "import_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads until the end, or until one byte more than the limit is there. */
static int read_all(int fd, struct ezlb_text *out)
{
	const size_t room = 65536;

	while (out->len <= EZLB_IMPORT_BYTES_MAX) {
		char *to = EZLB_ROOM(out, room);
		ssize_t n = read(fd, to, room);

		if (n == 0)
			return 0;
		if (n > 0)
			out->len += (size_t)n;
		else if (errno != EINTR)
			return -errno;
	}
	return -EFBIG;
}

int import_file_read(const char *path, char **text, size_t *len, struct ezlb_err *err)
{
	bool standard = strcmp(path, IMPORT_STDIN) == 0;
	EZLB_AUTO_CLOSE int fd = standard ? dup(STDIN_FILENO)
					  : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct ezlb_text out = { 0 };
	int rc = fd < 0 ? -errno : read_all(fd, &out);

	if (rc < 0) {
		EZLB_VEC_CLEAR(&out);
		if (rc == -EFBIG)
			return ezlb_err_set(err, EFBIG, "%s has more than %d MiB", path,
					    EZLB_IMPORT_BYTES_MAX / (1024 * 1024));
		return ezlb_err_sys(err, -rc, "cannot read %s", standard ? "stdin" : path);
	}
	*text = ezlb_text_take(&out, len);
	return 0;
}

/* The pattern as seen from here. */
static char *from_here(const char *from, const char *pattern)
{
	const char *slash = strrchr(from, '/');

	if (pattern[0] == '/' || !slash)
		return ezlb_strdup(pattern);
	return ezlb_asprintf("%.*s%s", (int)(slash - from + 1), from, pattern);
}

/* A FIFO that nobody writes to would keep the import waiting; keepalived refuses it, too. */
static int read_included(const char *path, struct ezlb_import_include *out, struct ezlb_err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return ezlb_err_set(err, EINVAL, "%s is not a regular file", path);
	return import_file_read(path, &out->text, &out->len, err);
}

/* As keepalived does: names in order, directories left out. */
int import_file_include(void *ctx, const char *from, const char *pattern,
			struct ezlb_import_includes *out, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = from_here(from, pattern);
	glob_t found = { 0 };
	int rc = 0;

	(void)ctx;
	if (glob(path, GLOB_MARK, NULL, &found) != 0) {
		globfree(&found);
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++) {
		const char *name = found.gl_pathv[i];
		struct ezlb_import_include one = { .file = NULL };

		if (name[strlen(name) - 1] == '/')
			continue;
		rc = read_included(name, &one, err);
		if (rc < 0)
			break;
		one.file = ezlb_strdup(name);
		*EZLB_PUSH(out) = one;
	}
	globfree(&found);
	return rc;
}

static int make_dir(const char *dir, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_strdup(dir);
	struct stat st;

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0755); /* what is wrong with it the last one tells */
		*p = '/';
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return ezlb_err_sys(err, errno, "cannot make the directory %s", dir);
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return ezlb_err_set(err, ENOTDIR, "%s is not a directory", dir);
	return 0;
}

static char *path_of(const char *dir, const struct ezlb_spec *spec)
{
	return ezlb_asprintf("%s/%s.yaml", dir, spec->name);
}

static int check_absent(const struct ezlb_import *import, const char *dir, struct ezlb_err *err)
{
	struct stat st;

	for (size_t i = 0; i < import->specs.len; i++) {
		EZLB_AUTO_FREE char *path = path_of(dir, import->specs.items[i]);

		if (lstat(path, &st) == 0)
			return ezlb_err_set(err, EEXIST,
					    "%s exists: nothing is overwritten, and nothing was "
					    "written; use an empty directory",
					    path);
	}
	return 0;
}

static int put_bytes(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Never replaces a file; file systems without the flag have links. */
static int publish(const char *temporary, const char *path)
{
	if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (link(temporary, path) < 0)
		return -errno;
	unlink(temporary);
	return 0;
}

static int write_one(const char *dir, const struct ezlb_spec *spec, const char *text,
		     struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = path_of(dir, spec);
	EZLB_AUTO_FREE char *temporary = ezlb_asprintf("%s/.%s.yaml.%d", dir, spec->name, getpid());
	/* Headers and bodies of health checks may have secrets: not for everybody. */
	EZLB_AUTO_CLOSE int fd = open(temporary,
				      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	int rc = fd < 0 ? -errno : put_bytes(fd, text, strlen(text));

	if (rc == 0)
		rc = publish(temporary, path);
	if (rc == 0)
		return 0;
	if (fd >= 0)
		unlink(temporary);
	return ezlb_err_sys(err, -rc, "cannot write %s", path);
}

/* Those of this run: the next one would refuse to overwrite them. */
static void take_back(const struct ezlb_import *import, const char *dir, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		EZLB_AUTO_FREE char *path = path_of(dir, import->specs.items[i]);

		unlink(path);
	}
}

int import_files_write(const struct ezlb_import *import, const char *dir, struct ezlb_err *err)
{
	size_t written = 0;
	int rc = make_dir(dir, err);

	if (rc == 0)
		rc = check_absent(import, dir, err);
	while (rc == 0 && written < import->specs.len) {
		const struct ezlb_spec *spec = import->specs.items[written];
		EZLB_AUTO_FREE char *text = ezlb_import_text(import, spec);

		rc = write_one(dir, spec, text, err);
		written += rc == 0;
	}
	if (rc < 0)
		take_back(import, dir, written);
	return rc;
}
