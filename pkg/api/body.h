/* SPDX-License-Identifier: GPL-2.0-or-later */
/* body: the part of a shared document that only an answer needs. */
#pragma once

#include <ezlb/api.h>

struct ezlb_api_body {
	unsigned refs;
	char *owned; /* NULL: the bytes are static */
	const char *bytes;
	size_t len;
	char *gzip; /* NULL: there is no such form of it */
	size_t gzip_len;
};

struct ezlb_api_body *body_ref(struct ezlb_api_body *body);
