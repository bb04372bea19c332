/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view_inside: the functions that the files of this package share. */
#pragma once

#include <ezlb/view.h>

#include "conditions.h"

/*
 * Some services, or all: their places in view->services, which are those in the entries of the
 * catalog, because both are sorted by path and have the same files.
 */
struct view_some {
	bool all; /* items is empty */
	size_t *items;
	size_t len, cap;
};
/* Nothing to clear. */
struct view_some view_all(const struct ezlb_catalog *catalog);
/* The services of the specs, which are applied versions of the catalog. The caller clears. */
void view_find(const struct ezlb_catalog *catalog, const struct ezlb_desired *specs,
	       struct view_some *out);
/* Adds one; view_sort must follow. */
void view_add(struct view_some *some, size_t place);
void view_sort(struct view_some *some);
size_t view_nth(const struct view_some *some, size_t k);

/* Sets the conditions. `pass` NULL: files were read; conditions that need a pass stay. */
void view_set(struct ezlb_view *view, const struct ezlb_catalog *catalog,
	      const struct view_some *some, const struct conditions_pass *pass, int64_t now_ms);
/* Brings view->summary up to date after conditions of these services were set. */
void view_sum(struct ezlb_view *view, const struct view_some *some);
/* As ezlb_events_add. */
struct ezlb_event *view_add_event(struct ezlb_view *view, enum ezlb_event_type type,
				  int64_t now_ms);
void view_service_clear(struct ezlb_view_service *service);
void view_dirs_clear(struct ezlb_status_dirs *dirs);
/* Does this balancer drain? Then `why` is the reason for ezlb_view_ready. */
bool view_drains(const struct ezlb_view *view, char why[EZLB_MESSAGE_STRLEN]);
