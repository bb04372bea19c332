/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view_inside: the functions that the files of this package share. */
#pragma once

#include <ezlb/view.h>

#include "conditions.h"

/*
 * Sets the conditions of all services, which are those of the catalog, in its order. `pass` NULL:
 * files were read; conditions that need a pass stay.
 */
void view_set_all(struct ezlb_view *view, const struct ezlb_catalog *catalog,
		  const struct conditions_pass *pass, int64_t now_ms);
/* As ezlb_events_add. */
struct ezlb_event *view_add_event(struct ezlb_view *view, enum ezlb_event_type type,
				  int64_t now_ms);
void view_dirs_clear(struct ezlb_status_dirs *dirs);
/* Does this balancer drain? Then `why` is the reason for ezlb_view_ready. */
bool view_drains(const struct ezlb_view *view, char why[EZLB_MESSAGE_STRLEN]);
