// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <ezlb/utf8.h>

#include "cmd.h"

#define POLL_S 1

/* Appends the events after the cursor as lines. */
static int ask(const struct flags *flags, struct ezlb_console_cursor *cursor, struct ezlb_text *out,
	       struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("/api/v1/events?since=%llu",
						  (unsigned long long)cursor->seq);
	EZLB_AUTO_FREE char *body = NULL;
	const struct ezlb_console_look look = cmd_look(flags);
	int rc = cmd_ask(flags, false, path, &body, err);

	return rc < 0 ? rc : ezlb_console_events(body, &look, cursor, out, err);
}

/* Reports once that the daemon does not answer, and continues with the next one. */
static int follow(const struct flags *flags, struct ezlb_console_cursor *cursor)
{
	bool reported = false;

	for (;;) {
		struct ezlb_text text = { 0 };
		struct ezlb_err err;
		int rc = ask(flags, cursor, &text, &err);

		if (rc < 0 && !reported) {
			ezlb_utf8_plain(err.msg, false);
			fprintf(stderr, "ezlb: %s; still following\n", err.msg);
		}
		reported = rc < 0;
		if (cmd_print_text(&text) != 0)
			return 1;
		if (rc != -ESTALE)
			sleep(POLL_S);
	}
}

int cmd_events(const struct flags *flags)
{
	struct ezlb_console_cursor cursor = { 0 };
	EZLB_AUTO_FREE char *body = NULL;
	struct ezlb_text text = { 0 };
	struct ezlb_err err;

	if (flags->json && !flags->follow)
		return cmd_ask(flags, false, "/api/v1/events", &body, &err) < 0 ? cmd_fail(&err)
										: cmd_print(body);
	if (ask(flags, &cursor, &text, &err) < 0)
		return cmd_fail(&err);
	if (cmd_print_text(&text) != 0)
		return 1;
	return flags->follow ? follow(flags, &cursor) : 0;
}
