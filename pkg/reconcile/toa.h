/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toa: what target wants of the TOA layer (struct ezlb_toa_row). */
#pragma once

#include <ezlb/reconcile.h>

/*
 * Adds rows, hooks and the frame if a service asks for it. If this host cannot do it, what the
 * kernel has stays as it is.
 */
void toa_want(const struct ezlb_desired *desired, const struct ezlb_table *actual,
	      struct ezlb_table *target);

/*
 * The same for services that stay as the kernel has them. If one of them has a row, all hooks stay
 * as well. Rows and hooks can be in target twice afterwards.
 */
void toa_keep(const struct ezlb_scope *keep, const struct ezlb_table *actual,
	      struct ezlb_table *target);
