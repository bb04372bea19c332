/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setting: reads and writes settings of the host. */
#pragma once

#include <ezlb/err.h>
#include <ezlb/kept.h>
#include <ezlb/table.h>

/* As in struct ezlb_host_options. */
struct settings {
	const char *root;
	bool hands_off;
};

/* Adds a row for each setting except EZLB_ACCEPT_RA. On failure *rows may have some of them. */
int settings_list(const struct settings *settings, struct ezlb_setting_rows *rows,
		  struct ezlb_err *err);
/* Files that settings_look keeps open; zeroed at first. */
struct settings_kept {
	struct ezlb_kept files[EZLB_SETTINGS];
};
/* The same rows as settings_list, for a look twice a second: about one system call for each. */
int settings_look(const struct settings *settings, struct settings_kept *kept,
		  struct ezlb_setting_rows *rows, struct ezlb_err *err);
void settings_kept_close(struct settings_kept *kept);
/* As settings_list, for the interfaces with accept_ra 1. */
int settings_list_ra(const struct settings *settings, struct ezlb_setting_rows *rows,
		     struct ezlb_err *err);

/* As HOST_SET and HOST_RESET in ezlb/host.h; return 0 or -errno. */
int setting_set(const struct settings *settings, const struct ezlb_setting_row *want);
int setting_reset(const struct settings *settings, const struct ezlb_setting_row *before);
