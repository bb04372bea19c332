/* SPDX-License-Identifier: GPL-2.0-or-later */
/* timing: the intervals of a watch in ms. Constant in ezlb; tests use shorter ones. */
#pragma once

#include <ezlb/watch.h>

struct watch_timing {
	uint32_t quiet;	  /* time without events before the scan of a drop-in directory */
	uint32_t cap;	  /* longest time from the first event to the scan */
	uint32_t grace;	  /* for a file that is absent, blank or not whole */
	uint32_t retry;	  /* if frozen or without a watch; also for the check of the path */
	uint32_t rescan;  /* +-10 %, with inotify */
	uint32_t poll;	  /* without inotify */
	uint32_t inotify; /* the next try of inotify */
};

extern const struct watch_timing watch_timing;

int watch_open(struct uv_loop_s *loop, const struct ezlb_watch_options *options,
	       const struct watch_timing *timing, struct ezlb_watch **out, struct ezlb_err *err);
