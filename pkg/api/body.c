// SPDX-License-Identifier: GPL-2.0-or-later
#include "body.h"

#include <ezlb/mem.h>

struct ezlb_api_body *ezlb_api_body_new(char *bytes, size_t len)
{
	struct ezlb_api_body *body = ezlb_api_body_static(bytes, len);

	body->owned = bytes;
	return body;
}

struct ezlb_api_body *ezlb_api_body_static(const char *bytes, size_t len)
{
	struct ezlb_api_body *body = ezlb_calloc(1, sizeof(*body));

	*body = (struct ezlb_api_body){ .refs = 1, .bytes = bytes, .len = len };
	return body;
}

void ezlb_api_body_gzip(struct ezlb_api_body *body, char *bytes, size_t len)
{
	body->gzip = bytes;
	body->gzip_len = len;
}

struct ezlb_api_body *body_ref(struct ezlb_api_body *body)
{
	body->refs++;
	return body;
}

void ezlb_api_body_unref(struct ezlb_api_body *body)
{
	if (--body->refs > 0)
		return;
	free(body->owned);
	free(body->gzip);
	free(body);
}
