// SPDX-License-Identifier: GPL-2.0-or-later
#include "vips.h"

#include <ezlb/node.h>

/* The two links of the policy. */
struct devices {
	struct ezlb_vip_row flag, drain; /* without an address */
	const struct ezlb_vip_row *now;	 /* which of them has the addresses now */
};

static void devices_of(const struct ezlb_policy *policy, struct devices *out)
{
	*out = (struct devices){ .now = policy->drained ? &out->drain : &out->flag };
	ezlb_strcpy(out->flag.device, sizeof(out->flag.device), policy->vip_device);
	if (policy->vip_device[0])
		ezlb_node_drain_device(policy->vip_device, out->drain.device);
}

static struct ezlb_vip_row at(const struct ezlb_vip_row *device, const struct ezlb_addr *addr)
{
	struct ezlb_vip_row row = *device;

	row.addr = *addr;
	return row;
}

static bool has(const struct ezlb_table *table, const struct ezlb_vip_row *device,
		const struct ezlb_addr *addr)
{
	const struct ezlb_vip_row row = at(device, addr);

	return EZLB_FIND(&table->vips, &row, ezlb_vip_row_cmp) != NULL;
}

static void want_link(struct ezlb_table *target, const char *device)
{
	ezlb_strcpy(EZLB_PUSH(&target->links)->device, EZLB_DEVICE_STRLEN, device);
}

/* An address that is already local on another link (VRRP, an admin) is not added. */
static bool is_elsewhere(const struct ezlb_table *actual, const struct devices *devices,
			 const struct ezlb_addr *addr)
{
	return EZLB_FIND(&actual->elsewhere, addr, ezlb_addr_row_cmp) &&
	       !has(actual, &devices->flag, addr) && !has(actual, &devices->drain, addr);
}

/* Wants the address if it is not withdrawn; true if it keeps the link of the flag. */
static bool want_addr(const struct ezlb_addr *addr, const struct ezlb_roster *roster,
		      const struct ezlb_table *actual, const struct devices *devices,
		      struct ezlb_table *target)
{
	if (is_elsewhere(actual, devices, addr))
		return false;
	if (EZLB_FIND(&roster->withdrawn, addr, ezlb_addr_row_cmp))
		return !EZLB_FIND(&actual->elsewhere, addr, ezlb_addr_row_cmp); /* it returns */
	*EZLB_PUSH(&target->vips) = at(devices->now, addr);
	return true;
}

static bool want_addrs(const struct ezlb_spec *spec, const struct ezlb_roster *roster,
		       const struct ezlb_table *actual, const struct devices *devices,
		       struct ezlb_table *target)
{
	bool any = false;

	for (size_t i = 0; i < spec->n_listeners; i++)
		if (!ezlb_listener_is_mark(&spec->listeners[i]))
			any |= want_addr(&spec->listeners[i].listen.addr, roster, actual, devices,
					 target);
	return any;
}

/*
 * What an address waits for before it is announced. One that a drained balancer takes off the link
 * of the flag waits for nothing: also a balancer that cannot program its services can be drained.
 */
static void want_needs(const struct ezlb_roster *roster, const struct ezlb_table *actual,
		       const struct ezlb_policy *policy, const struct devices *devices,
		       struct ezlb_table *target)
{
	struct ezlb_vip_needs *needs = &target->vip_needs;

	EZLB_VEC_COPY(needs, &roster->vip_needs);
	EZLB_VEC_KEEP(needs, i,
		      !policy->drained || !has(actual, &devices->flag, &needs->items[i].addr));
}

void vips_want(const struct ezlb_desired *desired, const struct ezlb_roster *roster,
	       const struct ezlb_table *actual, const struct ezlb_policy *policy,
	       struct ezlb_table *target)
{
	struct devices devices;
	bool any = false;

	if (policy->vip_device[0] == '\0')
		return;
	devices_of(policy, &devices);
	for (size_t i = 0; i < desired->len; i++)
		any |= want_addrs(desired->items[i], roster, actual, &devices, target);
	/* Listeners that differ only in the port share one address. */
	EZLB_SORT(&target->vips, ezlb_vip_row_cmp);
	EZLB_UNIQUE(&target->vips, ezlb_vip_row_cmp);
	if (any)
		want_link(target, devices.flag.device);
	if (policy->drained && target->vips.len > 0)
		want_link(target, devices.drain.device);
	want_needs(roster, actual, policy, &devices, target);
}

bool vips_keeps(const struct ezlb_scope *keep, const struct ezlb_table *actual,
		const struct ezlb_addr *addr)
{
	for (size_t i = 0; i < actual->marks.len; i++)
		if (ezlb_addr_cmp(&actual->marks.items[i].first.addr, addr) == 0 &&
		    ezlb_scope_has(keep, &actual->marks.items[i].service))
			return true;
	for (size_t i = 0; i < keep->len; i++)
		if (ezlb_addr_cmp(&keep->items[i].listen.addr, addr) == 0)
			return true;
	return false;
}

/* The link stays if it is one that ezlb owns, or is there for others. */
static void keep_link(const struct ezlb_table *actual, const char *device,
		      struct ezlb_table *target)
{
	struct ezlb_link_row link = { "" };

	ezlb_strcpy(link.device, sizeof(link.device), device);
	if (EZLB_FIND(&actual->links, &link, ezlb_link_row_cmp))
		*EZLB_PUSH(&target->links) = link;
}

static void keep_vip(const struct devices *devices, const struct ezlb_table *actual,
		     const struct ezlb_vip_row *vip, struct ezlb_table *target)
{
	struct ezlb_vip_row row = *vip;
	bool moves = strcmp(vip->device, devices->flag.device) == 0 ||
		     strcmp(vip->device, devices->drain.device) == 0;

	if (moves) {
		row = at(devices->now, &vip->addr);
		keep_link(actual, devices->flag.device, target);
	}
	if (strcmp(row.device, vip->device) == 0)
		keep_link(actual, row.device, target);
	else
		want_link(target, row.device);
	*EZLB_PUSH(&target->vips) = row;
}

void vips_keep(const struct ezlb_scope *keep, const struct ezlb_table *actual,
	       const struct ezlb_policy *policy, struct ezlb_table *target)
{
	struct devices devices;

	devices_of(policy, &devices);
	for (size_t i = 0; i < actual->vips.len; i++) {
		const struct ezlb_addr *addr = &actual->vips.items[i].addr;

		if (!vips_keeps(keep, actual, addr))
			continue;
		keep_vip(&devices, actual, &actual->vips.items[i], target);
		/* A service that stays has its dests. */
		EZLB_VEC_KEEP(&target->vip_needs, k,
			      ezlb_addr_cmp(&target->vip_needs.items[k].addr, addr) != 0);
	}
}
