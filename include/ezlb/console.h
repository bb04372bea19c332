/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console: the client of the admin socket. Asks a running ezlb, and prints its answers as tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/admin.h>
#include <ezlb/err.h>
#include <ezlb/text.h>

struct ezlb_answer {
	long status; /* HTTP status */
	char *body;  /* ends in a NUL; the caller frees it */
	size_t len;
};

struct ezlb_question {
	const char *state_dir; /* has the socket */
	const char *path;      /* with the query: "/api/v1/events?since=5" */
	bool post;	       /* a POST without a body */
	long timeout_ms;       /* from the first byte to the last; 0: 10 s */
};

/*
 * Sends one request over the socket. Returns 0 with any HTTP status; -errno if no daemon runs or it
 * does not answer, with a text for the operator in err.
 */
int ezlb_console_ask(const struct ezlb_question *question, struct ezlb_answer *out,
		     struct ezlb_err *err);

struct ezlb_console_look {
	unsigned width; /* columns; 0: no limit */
	bool colour;
	bool json;	/* services and events: print each as a JSON object */
	int64_t now_ms; /* wall clock, for "3m ago" */
};

/*
 * The table of all services, problems first; `json` is the document of /api/v1/status. Backends
 * have a line each under services with problems, and under all services if there are few. -EBADMSG
 * if json is another document.
 */
int ezlb_console_status(const char *json, const struct ezlb_console_look *look,
			struct ezlb_text *out, struct ezlb_err *err);
/* Everything about one service, by name; -ENOENT if it does not exist. */
int ezlb_console_service(const char *json, const char *name, const struct ezlb_console_look *look,
			 struct ezlb_text *out, struct ezlb_err *err);
/* Its last events, at most 20; `json` is the document of /api/v1/events. No event: no text. */
int ezlb_console_service_events(const char *json, const char *name,
				const struct ezlb_console_look *look, struct ezlb_text *out,
				struct ezlb_err *err);
/* The last event that was printed; the zero value: none yet. */
struct ezlb_console_cursor {
	uint64_t seq;
	int64_t time_ms;
};

/*
 * Prints one line for each event after the cursor, without a limit of width, and moves the cursor.
 * `json` is the answer to /api/v1/events?since=SEQ with the cursor's seq: it contains the last
 * event again, which proves that it is the same daemon. -ESTALE if it is another daemon: the cursor
 * is reset, ask again.
 */
int ezlb_console_events(const char *json, const struct ezlb_console_look *look,
			struct ezlb_console_cursor *cursor, struct ezlb_text *out,
			struct ezlb_err *err);

/* How far a balancer is that drains: the document of /api/v1/drain. */
struct ezlb_console_drain {
	bool draining;
	bool moved;	/* the addresses have */
	bool idle;	/* no connection is active, and the addresses have moved */
	int64_t active; /* connections; -1: unknown */
	char text[512]; /* "3 active connections: 2 of web, 1 of api" */
};
/* -EBADMSG if json is another document. */
int ezlb_console_drain(const char *json, struct ezlb_console_drain *out, struct ezlb_err *err);

/*
 * Prints lines over the previous frame on a terminal with so many rows; 0: no limit. Lines without
 * room are left out and counted.
 */
void ezlb_console_frame(const char *text, unsigned rows, struct ezlb_text *out);
