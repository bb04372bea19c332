// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * user: of the password file alone. getpwnam() would load the modules that /etc/nsswitch.conf
 * names into a process that is root and has all capabilities, and some ask a server over the
 * network and wait for it.
 */
#include "inside.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* The number -1 means "as it is" to setresuid(2), and 0 is root. */
static bool is_other(id_t id)
{
	return id != 0 && id != (id_t)-1;
}

bool ezlb_sandbox_find_user(const char *passwd, struct ezlb_sandbox_user *out)
{
	FILE *file = fopen(passwd, "re");
	const struct passwd *entry;
	bool found = false;

	*out = (struct ezlb_sandbox_user){ EZLB_SANDBOX_NOBODY, EZLB_SANDBOX_NOBODY };
	if (!file)
		return false;
	while (!found && (entry = fgetpwent(file)))
		found = strcmp(entry->pw_name, EZLB_SANDBOX_USER) == 0 && is_other(entry->pw_uid) &&
			is_other(entry->pw_gid);
	if (found)
		*out = (struct ezlb_sandbox_user){ entry->pw_uid, entry->pw_gid };
	fclose(file);
	return found;
}
