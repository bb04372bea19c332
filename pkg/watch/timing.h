/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timing: the intervals of a watch, in ms. Fixed in the product; a parameter here, so that tests
 * need not wait for them.
 */
#pragma once

#include <ezlb/watch.h>

struct watch_timing {
	uint32_t quiet;	  /* without events, before a drop-in directory is looked at */
	uint32_t cap;	  /* from the first event, quiet or not */
	uint32_t grace;	  /* for what is absent, blank or not whole */
	uint32_t retry;	  /* a directory that is frozen or has no watch; is it still the same one */
	uint32_t rescan;  /* +-10 %, with inotify */
	uint32_t poll;	  /* without inotify */
	uint32_t inotify; /* asking for inotify again */
};

extern const struct watch_timing watch_timing;

int watch_open(struct uv_loop_s *loop, const struct ezlb_watch_options *options,
	       const struct watch_timing *timing, struct ezlb_watch **out, struct ezlb_err *err);
