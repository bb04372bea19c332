/* SPDX-License-Identifier: GPL-2.0-or-later */
/* admin_inside: what the files of the admin server share. */
#pragma once

#include "admin.h"

#define ADMIN_JSON "application/json"
#define ADMIN_TEXT "text/plain; charset=utf-8"

/* Sends the text, which is empty then, and frees the request. */
void admin_reply_text(struct ezlb_api_request *request, unsigned status, const char *type,
		      struct ezlb_text *text);
void admin_reply_line(struct ezlb_api_request *request, unsigned status, const char *line);
/* Answers the first n, which stay in their order; later ones wait on. */
void admin_serve(struct admin_waiting *waiting, size_t n, unsigned status, const char *type,
		 struct ezlb_api_body *body);

/* The paths of the drain of this balancer. */
void admin_get_drain(struct admin *admin, struct ezlb_api_request *request);
void admin_post_drain(struct admin *admin, struct ezlb_api_request *request);
void admin_post_undrain(struct admin *admin, struct ezlb_api_request *request);
/* The count that admin_get_drain() asks for is done. */
void admin_on_count(void *arg, const struct opencount_result *result, size_t n);
