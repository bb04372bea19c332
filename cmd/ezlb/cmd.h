/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd: what the subcommands share. A subcommand takes flags and returns an exit status. */
#pragma once

#include <ezlb/connections.h>
#include <ezlb/console.h>
#include <ezlb/controller.h>
#include <ezlb/import.h>
#include <ezlb/log.h>
#include <ezlb/review.h>

/* Exit statuses beyond 0 and 1. */
#define EXIT_USAGE   2
#define EXIT_PENDING 2 /* plan: there are changes to make */

struct flags {
	struct ezlb_options options;
	const char **args; /* the arguments that are no flags, in order; points into argv */
	int n_args;
	bool json;   /* -o json; otherwise text */
	bool colour; /* print colours on stdout */
	bool watch;
	bool follow;
	enum ezlb_review_format format; /* of check */
	bool strict, allow_empty;
	const char **configmaps; /* owned array of borrowed words */
	size_t n_configmaps;
	enum ezlb_connections_sort sort;
	size_t limit;	  /* of connections */
	uint32_t wait_ms; /* drain: how long to wait for connections to end */
	bool until_exit;  /* drain: until the running ezlb ends */
	bool best_effort; /* what fails does not change the exit status */
	bool help;
	enum ezlb_import_format from;
	const char *output_dir; /* NULL: stdout */
};

struct command; /* table.h */

/*
 * Reads the EZLB_* variables and then the flags that the command takes; argv[0] is its name. Sets
 * up the log. On a mistake it prints a message to stderr and returns false. The caller clears
 * *flags in both cases.
 */
bool flags_parse(const struct command *command, struct flags *flags, int argc, char **argv);
void flags_clear(struct flags *flags);

/* "ezlb: <msg>" on stderr; returns 1. */
int cmd_fail(const struct ezlb_err *err);

/*
 * Asks the ezlb of --state-dir. The caller frees the answer, *body. -errno with err set also if the
 * HTTP status is not 200.
 */
int cmd_ask(const struct flags *flags, bool post, const char *path, char **body,
	    struct ezlb_err *err);
struct ezlb_console_look cmd_look(const struct flags *flags);
/* Prints to stdout and flushes it; returns an exit status. */
int cmd_print(const char *text);
int cmd_print_text(struct ezlb_text *text); /* empties it */

int cmd_run(const struct flags *flags);
int cmd_once(const struct flags *flags);
int cmd_check(const struct flags *flags);
int cmd_plan(const struct flags *flags);
int cmd_cleanup(const struct flags *flags);
int cmd_host_setup(const struct flags *flags);
int cmd_doctor(const struct flags *flags);
int cmd_status(const struct flags *flags);
int cmd_events(const struct flags *flags);
int cmd_who(const struct flags *flags);
int cmd_connections(const struct flags *flags);
int cmd_probe(const struct flags *flags);
int cmd_log_level(const struct flags *flags);
int cmd_reload(const struct flags *flags);
int cmd_drain(const struct flags *flags);
int cmd_undrain(const struct flags *flags);
int cmd_import(const struct flags *flags);
int cmd_schema(const struct flags *flags);
int cmd_version(const struct flags *flags); /* flags may be NULL */
