// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow.h"

struct ezlb_flows ezlb_flows_sorted(const struct ezlb_flows *flows)
{
	struct ezlb_flows sorted = { .items = NULL };

	EZLB_VEC_APPEND(&sorted, flows);
	EZLB_SORT(&sorted, ezlb_flow_cmp);
	return sorted;
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

const struct ezlb_flow *ezlb_flows_find(const struct ezlb_flows *sorted,
					const struct ezlb_ct_entry *entry)
{
	struct ezlb_flow key = { .proto = entry->proto,
				 .listen = entry->listen,
				 .backend = entry->backend };
	const struct ezlb_flow *flow = EZLB_FIND(sorted, &key, ezlb_flow_cmp);

	if (flow)
		return flow;
	key.untranslated = true;
	flow = EZLB_FIND(sorted, &key, ezlb_flow_cmp);
	return flow && is_untranslated(entry, &flow->source) ? flow : NULL;
}

bool ezlb_flows_filter(const struct ezlb_flows *flows, uint8_t family, struct ezlb_ct_filter *out)
{
	bool found = false;

	*out = (struct ezlb_ct_filter){
		.family = family, .proto = true, .addr = true, .port = true
	};
	for (size_t i = 0; i < flows->len; i++) {
		const struct ezlb_flow *flow = &flows->items[i];

		if (flow->listen.addr.family != family)
			continue;
		if (!found)
			out->like = *flow;
		found = true;
		out->proto &= flow->proto == out->like.proto;
		out->addr &= ezlb_addr_cmp(&flow->listen.addr, &out->like.listen.addr) == 0;
		out->port &= flow->listen.port == out->like.listen.port;
	}
	return found;
}
