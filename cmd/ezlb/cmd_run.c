// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <ezlb/mem.h>
#include <ezlb/utf8.h>

#include "cmd.h"

/* The kubelet shows it as the reason why a container ended. Exists in Kubernetes only. */
#define TERMINATION_LOG "/dev/termination-log"

static void write_termination_log(const struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int fd = open(TERMINATION_LOG,
				      O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	EZLB_AUTO_FREE char *text = ezlb_utf8_plain_copy(err->msg);

	if (fd >= 0)
		dprintf(fd, "ezlb: %s\n", text);
}

int cmd_run(const struct flags *flags)
{
	struct ezlb_err err = { 0 };

	if (ezlb_controller_run(&flags->options, &err) == 0)
		return 0;
	write_termination_log(&err);
	return cmd_fail(&err);
}
