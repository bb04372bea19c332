/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow: which conntrack entries belong to which flows. Pure: knows neither messages nor sockets. */
#pragma once

#include <stdbool.h>

#include <ezlb/conntrack.h>

/* What ezlb wants to know of an entry; `zone` and `id` are for naming it to the kernel. */
struct ezlb_ct_entry {
	enum ezlb_proto proto;
	struct ezlb_endpoint client, listen; /* the original direction: from and to */
	struct ezlb_endpoint backend;	     /* where the answers come from */
	uint16_t zone;
	uint32_t id; /* the kernel's own; a later entry of the same addresses has another */
};
struct ezlb_ct_entries EZLB_VEC(struct ezlb_ct_entry);

/* What the flows of one family have in common with `like`, so that the kernel need say no more. */
struct ezlb_ct_filter {
	uint8_t family;
	bool proto, addr, port; /* of the listener */
	struct ezlb_flow like;
};

/* A copy in the order that find wants; to be freed with EZLB_VEC_CLEAR. */
struct ezlb_flows ezlb_flows_sorted(const struct ezlb_flows *flows);
bool ezlb_flows_find(const struct ezlb_flows *sorted, const struct ezlb_ct_entry *entry);

/* False where no flow is of this family. */
bool ezlb_flows_filter(const struct ezlb_flows *flows, uint8_t family, struct ezlb_ct_filter *out);
