// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ezlb/mem.h>
#include <ezlb/suggest.h>
#include <ezlb/utf8.h>

#include "table.h"

static int unknown_command(const char *typed)
{
	EZLB_AUTO_FREE char *shown = ezlb_utf8_plain_copy(typed);
	const char *names[32], *near;
	size_t n = 0;

	while (n < n_commands && n < sizeof(names) / sizeof(names[0])) {
		names[n] = command_table[n].name;
		n++;
	}
	near = ezlb_suggest(typed, names, n);
	fprintf(stderr, "ezlb: unknown command '%s'; ", shown);
	if (near)
		fprintf(stderr, "did you mean '%s'?\n", near);
	else
		fprintf(stderr, "`ezlb help` lists them\n");
	return EXIT_USAGE;
}

static bool has_args(const struct command *command, const struct flags *flags)
{
	EZLB_AUTO_FREE char *shown = NULL;

	if (command->args[0] || flags->n_args == 0)
		return true;
	shown = ezlb_utf8_plain_copy(flags->args[0]);
	fprintf(stderr, "ezlb: %s takes no arguments, got '%s'\n", command->name, shown);
	return false;
}

static int run_with(const struct command *command, const struct flags *flags)
{
	if (!flags->help)
		return has_args(command, flags) ? command->run(flags) : EXIT_USAGE;
	help_command(command);
	return 0;
}

/* A failed printf() to stdout makes the command fail, too. */
static int flush(int status)
{
	if ((fflush(stdout) != 0 || ferror(stdout)) && status != 1) {
		fprintf(stderr, "ezlb: cannot write to stdout: %s\n", ezlb_errno_str(errno));
		return 1;
	}
	return status;
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct flags flags;
	int status = EXIT_USAGE;

	if (flags_parse(command, &flags, argc, argv))
		status = run_with(command, &flags);
	flags_clear(&flags);
	return status;
}

/* `ezlb help [COMMAND]` */
static int help(int argc, char **argv)
{
	const struct command *command = argc > 2 ? command_find(argv[2]) : NULL;

	if (argc > 3) {
		fprintf(stderr, "ezlb: help takes at most one argument, a command\n");
		return EXIT_USAGE;
	}
	if (argc > 2 && !command)
		return unknown_command(argv[2]);
	if (command)
		help_command(command);
	else
		help_overview(stdout);
	return 0;
}

/*
 * Without this, a closed standard stream's number would go to the next socket, and output would be
 * sent there. The descriptor is read-only, so that output fails instead of being lost.
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

static int run(int argc, char **argv)
{
	const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;

	if (command)
		return run_command(command, argc - 1, argv + 1);
	if (argc < 2) {
		help_overview(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "help") == 0)
		return help(argc, argv);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(1, argv);
	if (strcmp(argv[1], "--version") == 0)
		return cmd_version(NULL);
	return unknown_command(argv[1]);
}

int main(int argc, char **argv)
{
	fill_standard_streams();
	return flush(run(argc, argv));
}
