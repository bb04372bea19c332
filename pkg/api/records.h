/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * records: what the daemon and the worker tell each other about clients of the admin server, as
 * bytes of a record of the channel. Pure. A decoder accepts exactly what its encoder writes: it
 * checks each length and each value, and returns false for anything else.
 *
 * The daemon gives each accepted connection a number, which it never uses again. Since a connection
 * has one request, this number also identifies the request:
 *
 *   CLIENT   to the worker: this connection, with its descriptor, and the door that it came by
 *   REQUEST  to the daemon: what its client asks, at most once
 *   REPLY    to the worker: the answer, inline or as one descriptor of sealed memory
 *   GONE     both ways: the connection is over
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/api.h>
#include <ezlb/mem.h>
#include <ezlb/text.h>

#define RECORDS_ARGUMENTS_MAX 32
#define RECORDS_TEXT_MAX      EZLB_API_HEADER_MAX /* bytes of one path, key or value */
#define RECORDS_TYPE_MAX      64		  /* a content type, with NUL */
#define RECORDS_INLINE_MAX    (32 * 1024)	  /* a longer document is a descriptor */

struct records_client {
	uint64_t id;
	bool is_local; /* came by the unix socket */
};
void records_put_client(const struct records_client *client, struct ezlb_text *out);
bool records_get_client(const void *data, size_t len, struct records_client *out);

/* The body of GONE: a number. */
void records_put_id(uint64_t id, struct ezlb_text *out);
bool records_get_id(const void *data, size_t len, uint64_t *out);

struct records_argument {
	char *key, *value;
};

/* What a client asks. The zero value is empty. */
struct records_question {
	char *path; /* "/metrics", no query */
	struct records_arguments EZLB_VEC(struct records_argument) arguments;
	bool is_post;
	bool takes_gzip;
};
void records_question_clear(struct records_question *question);
/*
 * True if it can be a REQUEST: not too long, not too many arguments, and each text is UTF-8 without
 * control characters and others that a terminal interprets.
 */
bool records_question_is_valid(const struct records_question *question);
/* `question` is valid. */
void records_put_request(uint64_t id, const struct records_question *question,
			 struct ezlb_text *out);
/* *out is valid afterwards; on failure it is empty. The caller clears it. */
bool records_get_request(const void *data, size_t len, uint64_t *id, struct records_question *out);

struct records_answer {
	uint64_t id;
	unsigned status; /* of HTTP, 200 to 599 */
	char type[RECORDS_TYPE_MAX];
	bool is_packed;	   /* the document is compressed with gzip */
	bool is_file;	   /* it comes as a descriptor */
	uint64_t len;	   /* bytes of the document */
	const char *bytes; /* of an inline document; borrowed, and NULL of a file */
};
void records_put_reply(const struct records_answer *answer, struct ezlb_text *out);
bool records_get_reply(const void *data, size_t len, struct records_answer *out);
