/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body: the members of a shared document, which only request.c reads. */
#pragma once

#include <ezlb/api.h>

struct ezlb_api_body {
	unsigned refs;
	char *owned; /* NULL: the bytes are static */
	const char *bytes;
	size_t len;
	char *gzip; /* NULL: none */
	size_t gzip_len;
};

struct ezlb_api_body *body_ref(struct ezlb_api_body *body);
