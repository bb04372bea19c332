/* SPDX-License-Identifier: GPL-2.0-or-later */
/* args: the command line and the two variables. Pure: the caller gives the environment. */
#pragma once

#include "from.h"

enum command { COMMAND_RUN, COMMAND_ATTACH, COMMAND_DETACH, COMMAND_STATUS, COMMANDS };

struct args {
	enum command command;
	bool help, version; /* that is all that is asked for; help of `command` if `of_command` */
	bool of_command;
	struct from_list from; /* not empty for run and attach */
	const char *cgroup;    /* NULL: the first that is mounted */
	bool pin, json;
};

struct args_env {
	const char *from, *cgroup; /* NULL or "": not set */
};

/*
 * -EINVAL with err set: wrong usage. *args points into argv and env; the caller clears it with
 * args_clear() in both cases.
 */
int args_parse(int argc, char **argv, const struct args_env *env, struct args *args,
	       struct ezlb_err *err);
void args_clear(struct args *args);

/* Appends the overview, or what one command does and takes. */
void args_overview(struct ezlb_text *text);
void args_help(enum command command, struct ezlb_text *text);
