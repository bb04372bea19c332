/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd: what the subcommands share. Thin: flags in, exit status out. */
#pragma once

#include <ezlb/controller.h>
#include <ezlb/log.h>

/* Exit statuses beyond 0 and 1. */
#define EXIT_USAGE   2
#define EXIT_PENDING 2 /* plan: there is something to do */

struct flags {
	struct ezlb_options options;
	const char **args; /* what is not a flag, in order; points into argv */
	int n_args;
	bool json; /* -o: as text otherwise */
	bool help;
};

/*
 * Reads EZLB_* variables, then flags; argv[0] is the subcommand's name. Prints the mistake to
 * stderr and returns false where there is one. Sets up the log.
 */
bool flags_parse(struct flags *flags, int argc, char **argv);
void flags_clear(struct flags *flags);
void flags_print(void); /* the list of flags, for --help */

/* The subcommand takes no arguments; prints the mistake otherwise. */
bool flags_no_args(const struct flags *flags, const char *command);

/* "ezlb: <msg>" on stderr; returns 1. */
int cmd_fail(const struct ezlb_err *err);

int cmd_run(const struct flags *flags);
int cmd_once(const struct flags *flags);
int cmd_check(const struct flags *flags);
int cmd_plan(const struct flags *flags);
int cmd_cleanup(const struct flags *flags);
int cmd_host_setup(const struct flags *flags);
int cmd_doctor(const struct flags *flags);
int cmd_version(const struct flags *flags); /* NULL: `ezlb --version` */
