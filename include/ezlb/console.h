/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console: the other end of the admin socket. Asks a running ezlb, and makes tables for eyes of
 * what it answers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/admin.h>
#include <ezlb/err.h>
#include <ezlb/text.h>

struct ezlb_answer {
	long status; /* of HTTP */
	char *body;  /* ended by a NUL; free it */
	size_t len;
};

struct ezlb_question {
	const char *state_dir; /* the socket is in it */
	const char *path;      /* with the query: "/api/v1/events?since=5" */
	bool post;	       /* a POST without a body */
	long timeout_ms;       /* from the first byte to the last; 0: 10 s */
};

/*
 * One request over the socket. 0 whatever the HTTP status is; -errno where there is no daemon to
 * ask, or it does not answer: err says so in words for the operator.
 */
int ezlb_console_ask(const struct ezlb_question *question, struct ezlb_answer *out,
		     struct ezlb_err *err);

struct ezlb_console_look {
	unsigned width; /* columns; 0: as wide as it comes */
	bool colour;
	bool json;	/* of a service and of events: as JSON instead, an object each */
	int64_t now_ms; /* wall clock, for "3m ago" */
};

/*
 * The table of all services, problems first; `json` is the document of /api/v1/status. Services
 * that are not well have a line for each backend; the others have too where there are few of them.
 * -EBADMSG where json is not that.
 */
int ezlb_console_status(const char *json, const struct ezlb_console_look *look,
			struct ezlb_text *out, struct ezlb_err *err);
/* All about one service, by name; -ENOENT where there is none of that name. */
int ezlb_console_service(const char *json, const char *name, const struct ezlb_console_look *look,
			 struct ezlb_text *out, struct ezlb_err *err);
/* Its last events, at most 20, of the document of /api/v1/events; nothing where there are none. */
int ezlb_console_service_events(const char *json, const char *name,
				const struct ezlb_console_look *look, struct ezlb_text *out,
				struct ezlb_err *err);
/* The last event that was shown; the zero value: none yet. */
struct ezlb_console_cursor {
	uint64_t seq;
	int64_t time_ms;
};

/*
 * One line for each event behind the cursor, as wide as it comes, and moves the cursor. The
 * question is /api/v1/events?since=SEQ with the cursor's seq: that the last event comes again,
 * unchanged, says that it is still the same daemon. -ESTALE where it is another one: the cursor is
 * at the beginning then, ask again.
 */
int ezlb_console_events(const char *json, const struct ezlb_console_look *look,
			struct ezlb_console_cursor *cursor, struct ezlb_text *out,
			struct ezlb_err *err);

/*
 * Bytes that show text, which is lines, in place of the frame before on a terminal of so many rows;
 * 0: of any. What has no room is counted.
 */
void ezlb_console_frame(const char *text, unsigned rows, struct ezlb_text *out);
