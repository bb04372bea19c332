/* SPDX-License-Identifier: GPL-2.0-or-later */
/* roles: what each backend of one service does, made of the roster of a pass. */
#pragma once

#include <ezlb/view.h>

/*
 * The roles of the backends of the service, and of those that left its file and still drain. Sorted
 * by backend, each backend once. `spec` NULL: none. *out may have an older list, whose room is
 * used.
 */
void roles_take(const struct ezlb_roster *roster, const struct ezlb_spec *spec,
		struct ezlb_view_roles *out);
/* Makes `to` a copy of `from` without spare room, if they differ. */
void roles_keep(struct ezlb_view_roles *to, const struct ezlb_view_roles *from);
/* NULL: it has none. */
const struct ezlb_view_role *roles_find(const struct ezlb_view_roles *roles,
					const struct ezlb_endpoint *backend);
size_t roles_count(const struct ezlb_view_roles *roles, enum ezlb_role role);
const char *roles_why_drains(enum ezlb_drain_cause cause); /* "it left the file" */
/* Does a backend with this role get new connections? */
bool roles_serves(const struct ezlb_view_role *role);

/*
 * Adds events about the changes from the roles of `service` to `now`. `found` is what the kernel
 * had before the pass.
 */
struct roles_change {
	const struct ezlb_view_service *service;
	const struct ezlb_view_roles *now;
	const struct ezlb_spec *spec;
	const struct ezlb_pass_found *found;
	uint64_t clock_ms; /* by ezlb_now_ms */
	int64_t now_ms;
};
void roles_report(struct ezlb_view *view, const struct roles_change *change);
