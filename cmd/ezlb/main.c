// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

static const struct command {
	const char *name;
	int (*run)(const struct flags *flags);
	const char *args; /* "" where it takes none */
	const char *help;
} commands[] = {
	{ "run", cmd_run, "", "watch the service files and keep the kernel in line with them" },
	{ "once", cmd_once, "", "do the same once; exit 0 converged, 1 not" },
	{ "check", cmd_check, "[FILE or DIR]...",
	  "check service files; 0 valid, 1 errors, 2 usage" },
	{ "plan", cmd_plan, "",
	  "print what `once` would do; 0 nothing, 2 changes pending, 1 error" },
	{ "host-setup", cmd_host_setup, "",
	  "load the modules and set the sysctls the services need" },
	{ "doctor", cmd_doctor, "", "look for what would stop packets; 0 nothing, 1 something" },
	{ "status", cmd_status, "[SERVICE]",
	  "what a running ezlb has, problems first; 1 no answer" },
	{ "events", cmd_events, "", "what has happened to the services of a running ezlb" },
	{ "probe", cmd_probe, "ready|live", "for exec probes; 0 yes, 1 no, and why on stdout" },
	{ "log-level", cmd_log_level, "error|warn|info|debug", "of a running ezlb, until it ends" },
	{ "reload", cmd_reload, "", "have a running ezlb read its files now" },
	{ "cleanup", cmd_cleanup, "", "remove everything of ezlb's from the kernel" },
	{ "version", cmd_version, "", "print the version" },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int usage(FILE *out)
{
	fprintf(out, "usage: ezlb COMMAND [FLAGS]\n\ncommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-10s %s%s%s\n", commands[i].name, commands[i].args,
			commands[i].args[0] ? ": " : "", commands[i].help);
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
		printf("usage: ezlb %s [FLAGS]%s%s\n%s\n\nflags:\n", command->name,
		       command->args[0] ? " " : "", command->args, command->help);
		flags_print();
		status = 0;
	} else {
		status = command->run(&flags);
	}
	if ((fflush(stdout) != 0 || ferror(stdout)) && status != 1) {
		fprintf(stderr, "ezlb: cannot write to stdout: %s\n", ezlb_errno_str(errno));
		status = 1;
	}
	flags_clear(&flags);
	return status;
}

int cmd_fail(const struct ezlb_err *err)
{
	fprintf(stderr, "ezlb: %s\n", err->msg);
	return 1;
}

/*
 * One that is closed would be the number of the next socket, and what is printed would go there. To
 * what stands in its place nothing can be written, so whoever has something to print is told.
 */
static void fill_standard_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	fill_standard_streams();
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
