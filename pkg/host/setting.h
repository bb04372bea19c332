/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setting: one setting of the host, by the files under a root. */
#pragma once

#include <ezlb/err.h>
#include <ezlb/table.h>

/* Where settings are, and whether they are ours to change. */
struct settings {
	const char *root;
	bool hands_off;
};

/* Adds a row for each setting but EZLB_ACCEPT_RA. On failure *rows may have some of them. */
int settings_list(const struct settings *settings, struct ezlb_setting_rows *rows,
		  struct ezlb_err *err);
/* Adds a row for each interface with accept_ra 1. Likewise. */
int settings_list_ra(const struct settings *settings, struct ezlb_setting_rows *rows,
		     struct ezlb_err *err);

/* As HOST_SET and HOST_RESET in host.h; -errno. */
int setting_set(const struct settings *settings, const struct ezlb_setting_row *want);
int setting_reset(const struct settings *settings, const struct ezlb_setting_row *before);
