// SPDX-License-Identifier: GPL-2.0-or-later
#include "inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cap-ng.h>
#include <linux/capability.h>

#include <ezlb/mem.h>

#define LINE 256

/* One line of /proc/PID/status. */
static void take(const char *line, struct ezlb_sandbox_state *out)
{
	unsigned number;
	uint64_t set;

	if (sscanf(line, "Uid: %*u %u", &number) == 1)
		out->uid = number;
	else if (sscanf(line, "CapPrm: %" SCNx64, &set) == 1)
		out->permitted = set;
	else if (sscanf(line, "CapBnd: %" SCNx64, &set) == 1)
		out->bounding = set;
	else if (sscanf(line, "NoNewPrivs: %u", &number) == 1)
		out->no_new_privs = number == 1;
	else if (sscanf(line, "Seccomp: %u", &number) == 1)
		out->filtered = number == 2;
	else if (sscanf(line, "Threads: %u", &number) == 1)
		out->threads = number;
}

int ezlb_sandbox_look(pid_t pid, struct ezlb_sandbox_state *out, struct ezlb_err *err)
{
	char path[64], line[LINE];
	FILE *file;

	*out = (struct ezlb_sandbox_state){ .uid = 0 };
	if (pid == 0)
		ezlb_strcpy(path, sizeof(path), "/proc/thread-self/status");
	else
		snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return ezlb_err_sys(err, errno, "cannot read %s", path);
	while (fgets(line, sizeof(line), file))
		take(line, out);
	fclose(file);
	return 0;
}

const char *ezlb_sandbox_caps_format(uint64_t caps, char buf[static EZLB_SANDBOX_CAPS_STRLEN])
{
	const uint64_t all = (CAP_SET(CAP_LAST_CAP) << 1) - 1;

	if (caps == 0 || (caps & all) == all) {
		ezlb_strcpy(buf, EZLB_SANDBOX_CAPS_STRLEN, caps ? "all" : "none");
		return buf;
	}
	buf[0] = '\0';
	for (unsigned cap = 0; cap < 64; cap++) {
		const char *name = caps & CAP_SET(cap) ? capng_capability_to_name(cap) : NULL;

		if (name)
			ezlb_strcatf(buf, EZLB_SANDBOX_CAPS_STRLEN, "%s%s", buf[0] ? "," : "",
				     name);
	}
	return buf;
}
