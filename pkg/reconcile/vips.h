/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vips: which addresses target wants on which dummy link. */
#pragma once

#include <ezlb/reconcile.h>

/*
 * The addresses of listeners, on the link of the flag, or on the other one while the balancer is
 * drained; not those that are withdrawn. The link of the flag stays while an address may return.
 */
void vips_want(const struct ezlb_desired *desired, const struct ezlb_roster *roster,
	       const struct ezlb_table *actual, const struct ezlb_policy *policy,
	       struct ezlb_table *target);

/* True if a service that stays has this address. */
bool vips_keeps(const struct ezlb_scope *keep, const struct ezlb_table *actual,
		const struct ezlb_addr *addr);

/*
 * The addresses of services that stay as the kernel has them, on the links that they have, which
 * stay if ezlb owns them. From one of today's two links an address moves to the other as above.
 * Links and vips can be in target twice afterwards.
 */
void vips_keep(const struct ezlb_scope *keep, const struct ezlb_table *actual,
	       const struct ezlb_policy *policy, struct ezlb_table *target);
