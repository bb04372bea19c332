// SPDX-License-Identifier: GPL-2.0-or-later
/* ask: what the commands that talk to a running ezlb share. */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <ezlb/utf8.h>

#include "cmd.h"

#define WIDTH_MIN 40 /* columns; a table needs them */

int cmd_ask(const struct flags *flags, bool post, const char *path, char **body,
	    struct ezlb_err *err)
{
	const struct ezlb_question question = { .state_dir = flags->options.state_dir,
						.path = path,
						.post = post };
	struct ezlb_answer answer;
	int rc = ezlb_console_ask(&question, &answer, err);

	*body = NULL;
	if (rc < 0)
		return rc;
	if (answer.status != 200) {
		ezlb_utf8_plain(answer.body, true);
		rc = ezlb_err_set(err, EPROTO, "ezlb answered with HTTP status %ld: %.*s",
				  answer.status, (int)strcspn(answer.body, "\n"), answer.body);
		free(answer.body);
		return rc;
	}
	/* Remove control characters for a terminal only; a program gets the bytes unchanged. */
	if (isatty(STDOUT_FILENO))
		ezlb_utf8_plain(answer.body, true);
	*body = answer.body;
	return 0;
}

/* The terminal's columns; 0: no terminal, or unknown. */
static unsigned terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = { 0 };
	long width = columns ? strtol(columns, NULL, 10) : 0;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width <= 0 || width > 10000)
		return 0;
	return width < WIDTH_MIN ? WIDTH_MIN : (unsigned)width;
}

struct ezlb_console_look cmd_look(const struct flags *flags)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (struct ezlb_console_look){ .width = terminal_width(),
					   .colour = flags->colour,
					   .json = flags->json,
					   .now_ms = (int64_t)now.tv_sec * 1000 +
						     now.tv_nsec / 1000000 };
}

int cmd_print(const char *text)
{
	if (fputs(text, stdout) != EOF && fflush(stdout) != EOF)
		return 0;
	fprintf(stderr, "ezlb: cannot write to stdout: %s\n", ezlb_errno_str(errno));
	return 1;
}

int cmd_print_text(struct ezlb_text *text)
{
	EZLB_AUTO_FREE char *bytes = ezlb_text_take(text, NULL);

	return cmd_print(bytes);
}
