// SPDX-License-Identifier: GPL-2.0-or-later
#include "telling.h"

#define LOGGED_MAX 1000 /* bounds the memory for the names that were logged */

void tell_line(enum ezlb_log_level level, const char *msg, const char *path, const char *reason)
{
	ezlb_log(level, "watch", EZLB_S("msg", msg), EZLB_S("path", path),
		 EZLB_S("reason", reason));
}

static void tell_once(struct watch_names *logged, enum ezlb_log_level level,
		      const struct watch_names *names, const char *msg)
{
	for (size_t i = 0; i < names->len && logged->len < LOGGED_MAX; i++) {
		if (watch_names_add(logged, names->items[i]))
			tell_line(level, msg, names->items[i], NULL);
	}
}

static const char mount_warning[] =
	"the file is a mount point, such as a subPath volume: ezlb sees a change of its content up to "
	"33 s later, and never sees a replaced file, which is how the kubelet updates it: mount the "
	"whole directory instead";

void tell_names(struct watch_names *logged, const struct watch_look *seen)
{
	tell_once(logged, EZLB_INFO, &seen->ignored,
		  "not a .yaml or .yml file: ignored (files in subdirectories are not read)");
	tell_once(logged, EZLB_WARN, &seen->mounted, mount_warning);
}

void tell_directory(const struct watch_settle *settle, const char *before)
{
	if (settle->problem && (!before || strcmp(before, settle->problem) != 0))
		tell_line(EZLB_WARN,
			  "config directory cannot be read: frozen, its last files stay applied",
			  settle->path, settle->problem);
	if (!settle->problem && before)
		tell_line(EZLB_INFO, "config directory is readable again", settle->path, NULL);
}
