// SPDX-License-Identifier: GPL-2.0-or-later
#include "link.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ezlb/mem.h>
#include <ezlb/utf8.h>

const char *link_self(int fd, char buf[LINK_SELF_STRLEN])
{
	snprintf(buf, LINK_SELF_STRLEN, "/proc/self/fd/%d", fd);
	return buf;
}

/* Where the file of fd is, without links. False: it has no path, or nobody can tell. */
static bool real_path(int fd, char out[PATH_MAX])
{
	char self[LINK_SELF_STRLEN];
	ssize_t len = readlink(link_self(fd, self), out, PATH_MAX - 1);

	if (len <= 0)
		return false;
	out[len] = '\0';
	return out[0] == '/';
}

/* Whether `path` is in `dir` or below it, or the same. */
static bool is_in(const char *path, const char *dir)
{
	size_t len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

bool link_is_below(int home, int fd)
{
	char dir[PATH_MAX], path[PATH_MAX];

	return real_path(home, dir) && real_path(fd, path) && is_in(path, dir);
}

/*
 * Every user may read the file, and enter each directory on its path, apart from those on the path
 * of the config directory.
 */
static bool is_public(char *path, const struct stat *st, const char *home)
{
	struct stat dir;

	if (!(st->st_mode & S_IROTH))
		return false;
	for (char *slash = strrchr(path, '/'); slash && slash != path; slash = strrchr(path, '/')) {
		*slash = '\0';
		if (is_in(home, path))
			return true;
		if (stat(path, &dir) < 0 || !(dir.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

char *link_problem(int home, int fd, const struct stat *st)
{
	char path[PATH_MAX], dir[PATH_MAX];
	EZLB_AUTO_FREE char *shown = NULL;

	if (link_is_below(home, fd))
		return NULL;
	if (!real_path(home, dir))
		ezlb_strcpy(dir, sizeof(dir), "/");
	shown = ezlb_strdup(real_path(fd, path) ? path : "a file without a path");
	if (shown[0] == '/' && is_public(path, st, dir))
		return NULL;
	ezlb_utf8_plain(shown, false);
	return ezlb_asprintf("leads to %s, which is outside of the config directory and which not "
			     "every user may read: ezlb does not read it. If it is a service file, "
			     "copy it into the directory",
			     shown);
}
