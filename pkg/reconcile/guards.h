/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guards: at which addresses target wants only services to answer. */
#pragma once

#include <ezlb/plan.h>
#include <ezlb/reconcile.h>

/*
 * The addresses of listeners that ezlb has on its links, or would have if they were not withdrawn.
 * So a health result changes none. Not those that are on a link of somebody else, and not those
 * that packets still have when IPVS hands them to a backend on this host: the listeners of such a
 * backend with another forwarding method than masq, and a backend whose own address it is.
 */
void guards_want(const struct ezlb_desired *desired, const struct ezlb_table *actual,
		 const struct ezlb_policy *policy, struct ezlb_table *target);

/*
 * The addresses of services that stay, if the kernel has them guarded, unless a service of a file
 * decides that. Before the services that stay are in target. Rows can be in target twice
 * afterwards.
 */
void guards_keep(const struct ezlb_scope *keep, const struct ezlb_table *actual,
		 const struct ezlb_policy *policy, struct ezlb_table *target);

/* Sets by_dest of the ops of addresses in a plan that leads from actual to target. */
void guards_order(const struct ezlb_table *target, const struct ezlb_table *actual,
		  struct ezlb_plan *plan);
