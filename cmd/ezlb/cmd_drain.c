// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <ezlb/duration.h>

#include "cmd.h"

#define POLL_MS	      500
#define SAY_MS	      1000  /* between two lines of progress on a terminal ... */
#define SAY_LITTLE_MS 10000 /* ... and elsewhere, for example in the journal */

/* What was said of the progress last. */
struct progress {
	char text[sizeof(((struct ezlb_console_drain *)NULL)->text)];
	uint64_t at_ms;
	bool moved;
};

static void say(struct progress *said, const struct ezlb_console_drain *found)
{
	uint64_t now = ezlb_now_ms(), pause = isatty(STDERR_FILENO) ? SAY_MS : SAY_LITTLE_MS;

	if (strcmp(said->text, found->text) == 0 ||
	    (said->moved && !found->idle && now - said->at_ms < pause))
		return;
	fprintf(stderr, "%s\n", found->text);
	ezlb_strcpy(said->text, sizeof(said->text), found->text);
	said->at_ms = now;
	said->moved = found->moved;
}

static int look(const struct flags *flags, struct ezlb_console_drain *found, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *body = NULL;
	int rc = cmd_ask(flags, false, "/api/v1/drain", &body, err);

	return rc < 0 ? rc : ezlb_console_drain(body, found, err);
}

static void pause_until(uint64_t until_ms)
{
	uint64_t now = ezlb_now_ms(), ms = until_ms > now ? until_ms - now : 0;

	if (ms > POLL_MS)
		ms = POLL_MS;
	nanosleep(&(struct timespec){ .tv_nsec = (long)ms * 1000000 }, NULL);
}

static int wait_until_idle(const struct flags *flags)
{
	uint64_t until = ezlb_now_ms() + flags->wait_ms;
	struct progress said = { .at_ms = 0 };
	char limit[EZLB_DURATION_STRLEN];

	for (;;) {
		bool last = ezlb_now_ms() >= until;
		struct ezlb_console_drain found;
		struct ezlb_err err;

		if (look(flags, &found, &err) < 0) {
			ezlb_err_wrap(&err, -1, "cannot wait any longer");
			return cmd_fail(&err);
		}
		if (!found.draining) {
			fprintf(stderr, "ezlb: this balancer does not drain any more: somebody has "
					"put it back, or ezlb was restarted\n");
			return 1;
		}
		if (last && !found.idle) {
			fprintf(stderr, "ezlb: after %s: %s\n",
				ezlb_duration_format(flags->wait_ms, limit), found.text);
			return 1;
		}
		say(&said, &found);
		if (found.idle)
			return 0;
		pause_until(until);
	}
}

static int ask(const struct flags *flags, const char *path)
{
	EZLB_AUTO_FREE char *body = NULL;
	struct ezlb_err err;

	if (cmd_ask(flags, true, path, &body, &err) < 0)
		return cmd_fail(&err);
	return cmd_print(body);
}

int cmd_drain(const struct flags *flags)
{
	int rc = ask(flags, flags->until_exit ? "/-/drain?until=exit" : "/-/drain");

	return rc == 0 && flags->wait_ms > 0 ? wait_until_idle(flags) : rc;
}

int cmd_undrain(const struct flags *flags)
{
	return ask(flags, "/-/undrain");
}
