/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow: matches conntrack entries with flows. Pure: uses neither messages nor sockets. */
#pragma once

#include <stdbool.h>

#include <ezlb/conntrack.h>

/* One conntrack entry. `zone` and `id` identify it to the kernel. */
struct ezlb_ct_entry {
	enum ezlb_proto proto;
	struct ezlb_endpoint client, listen; /* source and destination of the original direction */
	struct ezlb_endpoint backend;	     /* source of the answers */
	struct ezlb_endpoint source;	     /* their destination: what the backend sees */
	uint16_t zone;
	uint32_t id;  /* set by the kernel; a later entry has another one */
	bool closing; /* a tcp connection that is being closed, or is closed */
};
struct ezlb_ct_entries EZLB_VEC(struct ezlb_ct_entry);

/* Flows, sorted, for ezlb_flow_index_find. */
struct ezlb_flow_index {
	struct ezlb_flows flows;
	struct ezlb_flows ranges; /* one flow to each range of ports */
};
void ezlb_flow_index_make(const struct ezlb_flows *flows, struct ezlb_flow_index *out);
void ezlb_flow_index_clear(struct ezlb_flow_index *index);
/* The flow of `index->flows` that the entry is one of; NULL if there is none. */
const struct ezlb_flow *ezlb_flow_index_find(const struct ezlb_flow_index *index,
					     const struct ezlb_ct_entry *entry);
