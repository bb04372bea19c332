/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: the service files, and the objects that a status is made from. */
#pragma once

#include <ezlb/controller.h>
#include <ezlb/health.h>
#include <ezlb/view.h>
#include <ezlb/watch.h>
#include <ezlb/worker.h>

#include "dataplane.h"
#include "nodedrain.h"
#include "sandbox.h"

/* Reads all files of the directories. -ENOENT if one of them cannot be read. */
int scan_dirs(const char *const *dirs, size_t n, struct ezlb_snapshot *out, struct ezlb_err *err);

struct ezlb_channel;

/* All borrowed. */
struct sources {
	const struct ezlb_options *options;
	const struct ezlb_view *view;
	const struct ezlb_catalog *catalog;
	const struct ezlb_pass *pass;
	const struct dataplane *plane;
	const struct sandbox *sandbox;	  /* NULL: the status does not say */
	const struct ezlb_health *health; /* NULL: nothing is probed */
	const struct ezlb_watch *watch;	  /* NULL: not opened yet */
	struct nodedrain *drain;	  /* what the admin server changes */
	const struct ezlb_worker *worker; /* NULL: all is in one process */
	struct ezlb_channel *channel;	  /* to the worker; NULL: all is in one process */
};

/*
 * Makes a status without the kernel's counters (ezlb_status_count). The caller clears *out.
 * `now_ms` and `clock_ms` are the same moment on the clocks of ezlb_steady_ms() and ezlb_now_ms().
 */
void sources_status(const struct sources *from, int64_t now_ms, uint64_t clock_ms,
		    struct ezlb_status *out);
