// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ezlb/utf8.h>

#include "cmd.h"

#define REDRAW_S 2

static int render_service(const struct flags *flags, const char *json,
			  const struct ezlb_console_look *look, struct ezlb_text *out,
			  struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *events = NULL;
	int rc = ezlb_console_service(json, flags->args[0], look, out, err);

	if (rc == 0 && !look->json)
		rc = cmd_ask(flags, false, "/api/v1/events", &events, err);
	if (rc == 0 && events)
		rc = ezlb_console_service_events(events, flags->args[0], look, out, err);
	return rc;
}

static int render(const struct flags *flags, struct ezlb_text *out, struct ezlb_err *err)
{
	const struct ezlb_console_look look = cmd_look(flags);
	EZLB_AUTO_FREE char *json = NULL;
	int rc = cmd_ask(flags, false, "/api/v1/status", &json, err);

	if (rc < 0)
		return rc;
	if (flags->n_args == 1)
		return render_service(flags, json, &look, out, err);
	if (!flags->json)
		return ezlb_console_status(json, &look, out, err);
	ezlb_text_puts(out, json);
	return 0;
}

/* The terminal's rows; 0: no terminal, or unknown. */
static unsigned terminal_rows(void)
{
	struct winsize size = { 0 };

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_row;
}

/* Signals wait until the frame is written: one in between would leave the shell coloured. */
static int show(struct ezlb_text *text, bool in_place)
{
	EZLB_AUTO_FREE char *lines = ezlb_text_take(text, NULL);
	struct ezlb_text frame = { 0 };
	sigset_t all, before;
	int status;

	if (in_place)
		ezlb_console_frame(lines, terminal_rows(), &frame);
	else
		ezlb_text_printf(&frame, "%s\n", lines);
	sigfillset(&all);
	sigdelset(&all, SIGPIPE); /* still ends the process */
	sigprocmask(SIG_BLOCK, &all, &before);
	status = cmd_print_text(&frame);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}

static int watch(const struct flags *flags)
{
	bool in_place = isatty(STDOUT_FILENO) && !flags->json;

	for (bool first = true;; first = false) {
		struct ezlb_text text = { 0 };
		struct ezlb_err err;

		if (render(flags, &text, &err) < 0) {
			EZLB_VEC_CLEAR(&text);
			if (first)
				return cmd_fail(&err);
			/* ezlb may be restarting: show the error, and ask again. */
			ezlb_utf8_plain(err.msg, false);
			ezlb_text_printf(&text, "ezlb: %s\n", err.msg);
		}
		if (first && in_place)
			fputs("\033[2J", stdout);
		if (show(&text, in_place) != 0)
			return 1;
		sleep(REDRAW_S);
	}
}

int cmd_status(const struct flags *flags)
{
	struct ezlb_text text = { 0 };
	struct ezlb_err err;

	if (flags->n_args > 1) {
		fprintf(stderr, "ezlb: status takes at most one argument, the name of a service\n");
		return EXIT_USAGE;
	}
	if (flags->watch)
		return watch(flags);
	if (render(flags, &text, &err) < 0) {
		EZLB_VEC_CLEAR(&text);
		return cmd_fail(&err);
	}
	return cmd_print_text(&text);
}
