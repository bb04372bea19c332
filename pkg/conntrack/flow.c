// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow.h"

static int flow_cmp(const void *va, const void *vb)
{
	const struct ezlb_flow *a = va, *b = vb;
	int rc = (a->proto > b->proto) - (a->proto < b->proto);

	if (rc == 0)
		rc = ezlb_endpoint_cmp(&a->listen, &b->listen);
	return rc ? rc : ezlb_endpoint_cmp(&a->backend, &b->backend);
}

struct ezlb_flows ezlb_flows_sorted(const struct ezlb_flows *flows)
{
	struct ezlb_flows sorted = { .items = NULL };

	EZLB_VEC_APPEND(&sorted, flows);
	EZLB_SORT(&sorted, flow_cmp);
	return sorted;
}

bool ezlb_flows_find(const struct ezlb_flows *sorted, const struct ezlb_ct_entry *entry)
{
	const struct ezlb_flow key = { .proto = entry->proto,
				       .listen = entry->listen,
				       .backend = entry->backend };

	return EZLB_FIND(sorted, &key, flow_cmp) != NULL;
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
