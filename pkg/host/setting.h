/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setting: reads and writes settings of the host. */
#pragma once

#include <ezlb/err.h>
#include <ezlb/table.h>

/* As in struct ezlb_host_options. */
struct settings {
	const char *root;
	bool hands_off;
};

/* Adds a row for each setting except EZLB_ACCEPT_RA. On failure *rows may have some of them. */
int settings_list(const struct settings *settings, struct ezlb_setting_rows *rows,
		  struct ezlb_err *err);
/* The same for the interfaces with accept_ra 1. */
int settings_list_ra(const struct settings *settings, struct ezlb_setting_rows *rows,
		     struct ezlb_err *err);

/* As HOST_SET and HOST_RESET in ezlb/host.h; return 0 or -errno. */
int setting_set(const struct settings *settings, const struct ezlb_setting_row *want);
int setting_reset(const struct settings *settings, const struct ezlb_setting_row *before);
