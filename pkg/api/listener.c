// SPDX-License-Identifier: GPL-2.0-or-later
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ezlb/mem.h>

/* Large, because a client that finds the queue full tries again only after a second. */
#define BACKLOG	    SOMAXCONN
#define SOCKET_MODE 0660

/* The place of a unix socket. Keep `dir` open while `addr` is used: it may be a path through it. */
struct place {
	int dir;
	const char *name; /* within dir; points into the path */
	struct sockaddr_un addr;
};

static int place_open(const char *path, struct place *out, struct ezlb_err *err)
{
	const char *slash = strrchr(path, '/');
	size_t dir_len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
	EZLB_AUTO_FREE char *dir = dir_len ? ezlb_strndup(path, dir_len) : ezlb_strdup(".");
	int n;

	*out = (struct place){ .name = path + dir_len, .addr.sun_family = AF_UNIX };
	out->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (out->dir < 0)
		return ezlb_err_sys(err, errno, "cannot open the directory %s", dir);
	if (ezlb_strcpy(out->addr.sun_path, sizeof(out->addr.sun_path), path))
		return 0;
	n = snprintf(out->addr.sun_path, sizeof(out->addr.sun_path), "/proc/self/fd/%d/%s",
		     out->dir, out->name);
	if ((size_t)n < sizeof(out->addr.sun_path))
		return 0;
	ezlb_close_fd(&out->dir);
	return ezlb_err_set(err, ENAMETOOLONG,
			    "the name of the socket, %s, is too long: the limit is 80 bytes",
			    out->name);
}

/* Removes the socket of a dead process. Returns 0 if the path is free. */
static int place_clear(const struct place *place, struct ezlb_err *err)
{
	const struct sockaddr *addr = (const void *)&place->addr;
	EZLB_AUTO_CLOSE int fd = -1;
	struct stat st;

	if (fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : ezlb_err_sys(err, errno, "cannot examine the socket");
	if (!S_ISSOCK(st.st_mode))
		return ezlb_err_set(err, EEXIST, "the file is not a socket: remove it");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ezlb_err_sys(err, errno, "cannot create a socket");
	/* unix(7): ECONNREFUSED if nobody listens, EAGAIN if the queue of the listener is full. */
	if (connect(fd, addr, sizeof(place->addr)) == 0 || errno == EAGAIN || errno == EPROTOTYPE)
		return ezlb_err_set(err, EADDRINUSE,
				    "another process listens there: stop it, or choose "
				    "another --state-dir");
	if (errno != ECONNREFUSED)
		return ezlb_err_sys(err, errno, "cannot find out whether a process listens there");
	if (unlinkat(place->dir, place->name, 0) < 0 && errno != ENOENT)
		return ezlb_err_sys(err, errno, "cannot remove the socket of a dead process");
	return 0;
}

static int place_listen(const struct place *place, struct listener *out, struct ezlb_err *err)
{
	const struct sockaddr *addr = (const void *)&place->addr;
	EZLB_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return ezlb_err_sys(err, errno, "cannot create a socket");
	if (bind(fd, addr, sizeof(place->addr)) < 0)
		return ezlb_err_sys(err, errno, "cannot create the socket file");
	/* Nobody can connect before listen(), so the mode of the umask does no harm. */
	if (fchmodat(place->dir, place->name, SOCKET_MODE, 0) < 0 || listen(fd, BACKLOG) < 0 ||
	    fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		int code = errno;

		unlinkat(place->dir, place->name, 0);
		return ezlb_err_sys(err, code, "cannot listen");
	}
	*out = (struct listener){ .fd = fd, .dev = st.st_dev, .ino = st.st_ino };
	fd = -1;
	return 0;
}

int listener_open_unix(const char *path, struct listener *out, struct ezlb_err *err)
{
	struct place place;
	int rc = place_open(path, &place, err);

	if (rc < 0)
		return rc;
	rc = place_clear(&place, err);
	if (rc == 0)
		rc = place_listen(&place, out, err);
	ezlb_close_fd(&place.dir);
	return rc;
}

int listener_open_tcp(const struct ezlb_endpoint *address, struct listener *out,
		      struct ezlb_err *err)
{
	struct sockaddr_storage addr;
	unsigned len = ezlb_endpoint_sockaddr(address, &addr);
	EZLB_AUTO_CLOSE int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
					0);
	int on = 1;

	if (fd < 0)
		return ezlb_err_sys(err, errno, "cannot create a socket");
	/* Else connections of the earlier process keep the port in use for a minute. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&addr, len) < 0 || listen(fd, BACKLOG) < 0) {
		if (errno == EADDRINUSE)
			return ezlb_err_set(err, EADDRINUSE,
					    "another process listens there: stop it, or choose "
					    "another --admin-address");
		if (errno == EADDRNOTAVAIL)
			return ezlb_err_set(err, EADDRNOTAVAIL,
					    "this host has no such address: add it, or choose "
					    "another --admin-address");
		return ezlb_err_sys(err, errno, "cannot listen");
	}
	*out = (struct listener){ .fd = fd };
	fd = -1;
	return 0;
}

bool listener_has_file(const struct listener *listener, const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_dev == listener->dev && st.st_ino == listener->ino;
}

void listener_close(struct listener *listener, const char *path)
{
	if (path != NULL && listener_has_file(listener, path))
		unlink(path);
	ezlb_close_fd(&listener->fd);
}
