/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table: all commands and all flags as data. Parsing, usage errors and help use only these two
 * tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cmd.h"

/* In the order of the help. */
enum flag {
	FLAG_CONFIG_DIR,
	FLAG_STATE_DIR,
	FLAG_PERSIST_DIR,
	FLAG_DATAPLANE,
	FLAG_PROBE,
	FLAG_SNAT_BACKEND,
	FLAG_ADOPT,
	FLAG_FIREWALL,
	FLAG_HOST_SETUP,
	FLAG_VIP_DEVICE,
	FLAG_VIP_WHEN,
	FLAG_VIP_HOLD,
	FLAG_VIP_GUARD,
	FLAG_TIMEOUT_TCP,
	FLAG_TIMEOUT_TCPFIN,
	FLAG_TIMEOUT_UDP,
	FLAG_SYNC_INTERFACE,
	FLAG_SYNC_ID,
	FLAG_CLEANUP,
	FLAG_DRAIN_ON_EXIT,
	FLAG_EMPTY_HOLD,
	FLAG_ADMIN_ADDRESS,
	FLAG_TRAFFIC_INTERVAL,
	FLAG_CONNECTION_LOG,
	FLAG_SANDBOX,
	FLAG_LOG_LEVEL,
	FLAG_LOG_FORMAT,
	FLAG_OUTPUT,
	FLAG_COLOUR,
	FLAG_FROM,
	FLAG_OUTPUT_DIR,
	FLAG_WATCH,
	FLAG_FOLLOW,
	FLAG_SORT,
	FLAG_LIMIT,
	FLAG_FORMAT,
	FLAG_STRICT,
	FLAG_ALLOW_EMPTY,
	FLAG_CONFIGMAP,
	FLAG_BEST_EFFORT,
	FLAG_WAIT,
	FLAG_UNTIL_EXIT,
	FLAG_HELP,
	FLAGS,
};
#define FLAG_BIT(flag) (UINT64_C(1) << (flag))

struct flag_row {
	const char *name;	/* without the dashes */
	const char *env;	/* the environment variable; NULL: none */
	const char *arg;	/* its values; NULL: takes none */
	const char *by_default; /* for the help; NULL: none */
	const char *help;	/* sentences */
	char letter;		/* the short form; 0: none */
	bool arg_optional;
};
extern const struct flag_row flag_table[FLAGS];

struct command {
	const char *name;
	int (*run)(const struct flags *flags);
	const char *args;    /* as in the usage; "": takes none */
	const char *summary; /* for the list of commands */
	const char *help;    /* sentences */
	const char *status;  /* a line for each exit status: "0  no errors\n" */
	const char *example; /* one command per line */
	uint64_t flags;	     /* FLAG_BIT of each flag that it takes, except --help */
};
extern const struct command command_table[];
extern const size_t n_commands;

const struct command *command_find(const char *name); /* NULL: unknown */
bool command_takes(const struct command *command, enum flag flag);

void help_overview(FILE *out);
void help_command(const struct command *command);
