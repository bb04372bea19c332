// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow.h"

static bool is_same_range(const struct ezlb_flow *a, const struct ezlb_flow *b)
{
	return a->proto == b->proto && a->last_port == b->last_port &&
	       ezlb_endpoint_cmp(&a->listen, &b->listen) == 0;
}

void ezlb_flow_index_make(const struct ezlb_flows *flows, struct ezlb_flow_index *out)
{
	*out = (struct ezlb_flow_index){ .flows = { 0 } };
	EZLB_VEC_APPEND(&out->flows, flows);
	EZLB_SORT(&out->flows, ezlb_flow_cmp);
	for (size_t i = 0; i < out->flows.len; i++) {
		const struct ezlb_flow *flow = &out->flows.items[i];

		if (flow->last_port && (i == 0 || !is_same_range(flow, flow - 1)))
			*EZLB_PUSH(&out->ranges) = *flow;
	}
}

void ezlb_flow_index_clear(struct ezlb_flow_index *index)
{
	EZLB_VEC_CLEAR(&index->flows);
	EZLB_VEC_CLEAR(&index->ranges);
}

/* Without IPVS the answers come from the listener itself, which is no backend. */
static bool is_untranslated(const struct ezlb_ct_entry *entry, const struct ezlb_addr_range *source)
{
	const struct ezlb_addr *addr = &entry->source.addr;

	if (ezlb_endpoint_cmp(&entry->backend, &entry->listen) == 0)
		return true;
	if (source->first.family == 0)
		return ezlb_addr_cmp(addr, &entry->client.addr) == 0;
	return ezlb_addr_cmp(addr, &source->first) < 0 || ezlb_addr_cmp(addr, &source->last) > 0;
}

/* `key` has the listener. */
static const struct ezlb_flow *find_at(const struct ezlb_flows *sorted, struct ezlb_flow key,
				       const struct ezlb_ct_entry *entry)
{
	const struct ezlb_flow *flow;

	key.untranslated = false;
	key.backend = entry->backend;
	flow = EZLB_FIND(sorted, &key, ezlb_flow_cmp);
	if (!flow && entry->backend.port == entry->listen.port) {
		key.backend.port = 0;
		flow = EZLB_FIND(sorted, &key, ezlb_flow_cmp);
	}
	if (flow)
		return flow;
	key.untranslated = true;
	flow = EZLB_FIND(sorted, &key, ezlb_flow_cmp);
	return flow && is_untranslated(entry, &flow->source) ? flow : NULL;
}

static bool is_in_range(const struct ezlb_flow *range, const struct ezlb_ct_entry *entry)
{
	return range->proto == entry->proto &&
	       ezlb_addr_cmp(&range->listen.addr, &entry->listen.addr) == 0 &&
	       entry->listen.port >= range->listen.port && entry->listen.port <= range->last_port;
}

const struct ezlb_flow *ezlb_flow_index_find(const struct ezlb_flow_index *index,
					     const struct ezlb_ct_entry *entry)
{
	const struct ezlb_flow key = { .proto = entry->proto, .listen = entry->listen };
	const struct ezlb_flow *flow = find_at(&index->flows, key, entry);

	for (size_t i = 0; i < index->ranges.len && !flow; i++)
		if (is_in_range(&index->ranges.items[i], entry))
			flow = find_at(&index->flows, index->ranges.items[i], entry);
	return flow;
}
