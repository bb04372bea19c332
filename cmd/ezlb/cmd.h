/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd: what the subcommands share. Thin: flags in, exit status out. */
#pragma once

#include <ezlb/console.h>
#include <ezlb/controller.h>
#include <ezlb/log.h>

/* Exit statuses beyond 0 and 1. */
#define EXIT_USAGE   2
#define EXIT_PENDING 2 /* plan: there is something to do */

struct flags {
	struct ezlb_options options;
	const char **args; /* what is not a flag, in order; points into argv */
	int n_args;
	bool json;   /* -o: as text otherwise */
	bool colour; /* stdout takes colours */
	bool watch;
	bool follow;
	bool help;
};

struct command; /* table.h */

/*
 * Reads the EZLB_* variables, then the flags, of those that the command takes; argv[0] is its name.
 * Prints the mistake to stderr and returns false where there is one. Sets up the log. The caller
 * clears *flags in either case.
 */
bool flags_parse(const struct command *command, struct flags *flags, int argc, char **argv);
void flags_clear(struct flags *flags);

/* "ezlb: <msg>" on stderr; returns 1. */
int cmd_fail(const struct ezlb_err *err);

/*
 * Asks the ezlb of --state-dir; *body: the answer, the caller frees it. -errno also where the
 * answer is a refusal, which err tells then.
 */
int cmd_ask(const struct flags *flags, bool post, const char *path, char **body,
	    struct ezlb_err *err);
struct ezlb_console_look cmd_look(const struct flags *flags);
/* To stdout, at once; 1 where that fails. */
int cmd_print(const char *text);
int cmd_print_text(struct ezlb_text *text); /* takes it */

int cmd_run(const struct flags *flags);
int cmd_once(const struct flags *flags);
int cmd_check(const struct flags *flags);
int cmd_plan(const struct flags *flags);
int cmd_cleanup(const struct flags *flags);
int cmd_host_setup(const struct flags *flags);
int cmd_doctor(const struct flags *flags);
int cmd_status(const struct flags *flags);
int cmd_events(const struct flags *flags);
int cmd_probe(const struct flags *flags);
int cmd_log_level(const struct flags *flags);
int cmd_reload(const struct flags *flags);
int cmd_version(const struct flags *flags); /* NULL: `ezlb --version` */
