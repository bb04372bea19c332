/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inputs: the bytes that `ezlb check` checks: files, directories, streams. */
#pragma once

#include <ezlb/controller.h>
#include <ezlb/snapshot.h>

struct input {
	struct ezlb_file file; /* of a manifest or a stream up to 32 MiB */
	char *real;	       /* the path without symlinks in its directory; NULL: a stream */
	bool manifest;
	bool named;  /* an argument; otherwise it is in a directory */
	bool stream; /* standard input, or a pipe */
};
struct inputs EZLB_VEC(struct input);

/* Sorted by path, each file once. -errno and err if one of the paths cannot be read. */
int inputs_read(const struct ezlb_validate_options *options, struct inputs *out,
		struct ezlb_names *ignored, struct ezlb_err *err);
void inputs_clear(struct inputs *inputs);
