/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listener: a socket that listens, and whether its file is still the one that we have made. */
#pragma once

#include <sys/types.h>

#include <ezlb/addr.h>
#include <ezlb/err.h>

struct listener {
	int fd;	   /* non-blocking, close-on-exec */
	dev_t dev; /* of the socket's file */
	ino_t ino;
};

/*
 * 0 or -errno, and then nothing is left open. A path longer than sun_path is fine. Who listens on
 * the path already is left alone (EADDRINUSE), and so is a file that is no socket (EEXIST).
 */
int listener_open_unix(const char *path, struct listener *out, struct ezlb_err *err);
int listener_open_tcp(const struct ezlb_endpoint *address, struct listener *out,
		      struct ezlb_err *err);

bool listener_has_file(const struct listener *listener, const char *path);
/* Also removes the file at `path`, which may be NULL, where it is the listener's. */
void listener_close(struct listener *listener, const char *path);
