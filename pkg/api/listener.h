/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listener: opens a listening socket, and checks that its file is still there. */
#pragma once

#include <sys/types.h>

#include <ezlb/addr.h>
#include <ezlb/err.h>

struct listener {
	int fd;	   /* non-blocking, close-on-exec */
	dev_t dev; /* of the socket file */
	ino_t ino;
};

/*
 * Returns 0, or -errno with nothing open. The path may be longer than sun_path. Does not replace
 * the socket of a running process (EADDRINUSE) or a file that is not a socket (EEXIST).
 */
int listener_open_unix(const char *path, struct listener *out, struct ezlb_err *err);
int listener_open_tcp(const struct ezlb_endpoint *address, struct listener *out,
		      struct ezlb_err *err);

bool listener_has_file(const struct listener *listener, const char *path);
/* Also removes the file at `path`, which may be NULL, if it is the listener's. */
void listener_close(struct listener *listener, const char *path);
