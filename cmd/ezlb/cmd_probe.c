// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include <ezlb/utf8.h>

#include "cmd.h"

#define TIMEOUT_MS 5000

/* Prints to stdout only: the kubelet copies stdout into the event of a failed probe. */
static int probe(const struct flags *flags, const char *path)
{
	const struct ezlb_question question = { .state_dir = flags->options.state_dir,
						.path = path,
						.timeout_ms = TIMEOUT_MS };
	struct ezlb_answer answer;
	struct ezlb_err err;

	if (ezlb_console_ask(&question, &answer, &err) < 0) {
		ezlb_utf8_plain(err.msg, false);
		puts(err.msg);
		return 1;
	}
	ezlb_utf8_plain(answer.body, true);
	answer.body[answer.len - (answer.len > 0 && answer.body[answer.len - 1] == '\n')] = '\0';
	puts(answer.body);
	free(answer.body);
	return answer.status == 200 ? 0 : 1;
}

int cmd_probe(const struct flags *flags)
{
	if (flags->n_args == 1 && strcmp(flags->args[0], "ready") == 0)
		return probe(flags, "/readyz");
	if (flags->n_args == 1 && strcmp(flags->args[0], "live") == 0)
		return probe(flags, "/livez");
	fprintf(stderr, "ezlb: probe takes one argument: ready or live\n");
	return EXIT_USAGE;
}
