// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <ezlb/log.h>

#include "run.h"

#define EXIT_USAGE 2

/* Without this a closed standard stream's number would go to a descriptor of ours. */
static void fill_standard_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static int show(const struct args *args)
{
	struct ezlb_text text = { 0 };

	if (args->version)
		ezlb_text_puts(&text, "ezlb-toa " EZLB_VERSION "\n");
	else if (args->of_command)
		args_help(args->command, &text);
	else
		args_overview(&text);
	return run_print(0, &text);
}

static int run(const struct args *args)
{
	switch (args->command) {
	case COMMAND_RUN:
		return run_run(args);
	case COMMAND_ATTACH:
		return run_attach(args);
	case COMMAND_DETACH:
		return run_detach(args);
	case COMMAND_STATUS:
		return run_status(args);
	case COMMANDS:
		break;
	}
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const struct args_env env = { getenv("EZLB_TOA_FROM"), getenv("EZLB_TOA_CGROUP") };
	struct ezlb_err err = { 0 };
	struct args args;
	int status;

	fill_standard_streams();
	ezlb_log_setup(EZLB_INFO, EZLB_LOGFMT);
	if (args_parse(argc, argv, &env, &args, &err) < 0)
		status = run_fail(EXIT_USAGE, &err);
	else if (args.help || args.version)
		status = show(&args);
	else
		status = run(&args);
	args_clear(&args);
	return status;
}
