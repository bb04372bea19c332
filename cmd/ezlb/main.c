// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "cmd.h"

static const struct command {
	const char *name;
	int (*run)(const struct flags *flags);
	const char *help;
} commands[] = {
	{ "run", cmd_run, "watch the service files and keep the kernel in line with them" },
	{ "once", cmd_once, "do the same once; exit 0 converged, 1 not" },
	{ "check", cmd_check, "[FILE or DIR]...: check service files; 0 valid, 1 errors, 2 usage" },
	{ "plan", cmd_plan, "print what `once` would do; 0 nothing, 2 changes pending, 1 error" },
	{ "host-setup", cmd_host_setup, "load the modules and set the sysctls the services need" },
	{ "doctor", cmd_doctor, "look for what would stop packets; 0 nothing, 1 something" },
	{ "status", cmd_status, "[SERVICE]: what a running ezlb has, problems first; 1 no answer" },
	{ "events", cmd_events, "what has happened to the services of a running ezlb" },
	{ "probe", cmd_probe, "ready|live: for exec probes; 0 yes, 1 no, and why on stdout" },
	{ "log-level", cmd_log_level, "error|warn|info|debug: of a running ezlb, until it ends" },
	{ "reload", cmd_reload, "have a running ezlb read its files now" },
	{ "cleanup", cmd_cleanup, "remove everything of ezlb's from the kernel" },
	{ "version", cmd_version, "print the version" },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int usage(FILE *out)
{
	fprintf(out, "usage: ezlb COMMAND [FLAGS]\n\ncommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fprintf(out, "\n`ezlb COMMAND --help` lists the flags.\n");
	return out == stdout ? 0 : EXIT_USAGE;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct flags flags;
	int status;

	if (!flags_parse(&flags, argc, argv)) {
		flags_clear(&flags);
		return EXIT_USAGE;
	}
	if (flags.help) {
		printf("usage: ezlb %s [FLAGS]\n%s\n\nflags:\n", command->name, command->help);
		flags_print();
		status = 0;
	} else {
		status = command->run(&flags);
	}
	flags_clear(&flags);
	return status;
}

int cmd_fail(const struct ezlb_err *err)
{
	fprintf(stderr, "ezlb: %s\n", err->msg);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return usage(stdout);
	if (strcmp(argv[1], "--version") == 0)
		return cmd_version(NULL);
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return run_command(&commands[i], argc - 1, argv + 1);
	fprintf(stderr, "ezlb: unknown command '%s'\n", argv[1]);
	return usage(stderr);
}
