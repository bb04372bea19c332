/* SPDX-License-Identifier: GPL-2.0-or-later */
/* deliverable: the condition Deliverable: can packets reach the backends, and answers the clients?
 */
#pragma once

#include <ezlb/obstacle.h>
#include <ezlb/view.h>

#include "conditions.h"

/* What the conditions of all services are made from. */
struct deliverable {
	const struct ezlb_view *view; /* these two are borrowed */
	const struct ezlb_catalog *catalog;
	bool has_listeners; /* the next member is filled in: rarely is a backend on this host */
	struct ezlb_obstacle_listeners listeners; /* those of all services, on this host */
};
void deliverable_clear(struct deliverable *deliverable);

/*
 * More than one thing may be wrong: the worst is the reason, and the message has all. `spec` NULL:
 * no version is applied.
 */
void conditions_deliverable(struct deliverable *deliverable, const struct ezlb_spec *spec,
			    struct conditions_value *out);
