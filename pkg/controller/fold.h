/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fold: everything that is known to one status, at one moment. Reads; changes nothing. */
#pragma once

#include <ezlb/controller.h>
#include <ezlb/status.h>
#include <ezlb/watch.h>

#include "dataplane.h"
#include "view.h"

/* Where it is known. All borrowed. */
struct fold_sources {
	const struct ezlb_options *options;
	const struct view *view;
	const struct ezlb_catalog *catalog;
	const struct ezlb_pass *pass;
	const struct dataplane *plane;
	const struct ezlb_health *health;
	const struct ezlb_watch *watch;
};

/*
 * Without what the kernel counts (ezlb_status_count). The caller clears *out. `now_ms` and
 * `clock_ms` are the same moment, of the wall clock and by ezlb_now_ms.
 */
void fold(const struct fold_sources *from, int64_t now_ms, uint64_t clock_ms,
	  struct ezlb_status *out);
