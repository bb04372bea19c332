/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body: the members of a shared document, and its forms as sealed memory for another process. */
#pragma once

#include <ezlb/api.h>

struct ezlb_api_body {
	unsigned refs;
	char *owned; /* NULL: the bytes are static, mapped, or only in a file */
	const char *bytes;
	size_t len;
	bool is_packed; /* the bytes are compressed already: a document that came from the daemon */
	char *gzip;	/* NULL: none, or only in a file */
	size_t gzip_len;
	int file, gzip_file; /* sealed memory; -1: none */
	void *map;	     /* that has the bytes; NULL: none */
};

struct ezlb_api_body *body_ref(struct ezlb_api_body *body);
bool body_has_gzip(const struct ezlb_api_body *body);
/*
 * The descriptor of one form, which stays the body's. Makes it if there is none yet. -1: it could
 * not be made.
 */
int body_file(struct ezlb_api_body *body, bool packed);
/* The bytes of a file that came from the daemon, which the caller closes. NULL: failed. */
struct ezlb_api_body *body_map(int file, size_t len);
