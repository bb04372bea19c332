// SPDX-License-Identifier: GPL-2.0-or-later
/* metrics_vips: the addresses of the listeners, with --vip-device. */
#include "metrics_rows.h"
#include "metrics_text.h"

/* A service may have several listeners on an address. */
static bool is_again(const struct ezlb_status_listener *listeners, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (ezlb_addr_cmp(&listeners[k].of.listen.addr, &listeners[i].of.listen.addr) == 0)
			return true;
	return false;
}

/* Of an address on a link of somebody else ezlb does not decide: it has no sample. */
static bool is_ours(enum ezlb_vip_state state)
{
	return state != EZLB_VIP_UNKNOWN && state != EZLB_VIP_ELSEWHERE;
}

static void put_service(const struct metric *metric, const struct ezlb_status *status,
			const struct ezlb_status_service *service, struct ezlb_text *out)
{
	const struct ezlb_status_listener *all = status->listeners.items + service->first_listener;
	char address[EZLB_ADDR_STRLEN];

	for (size_t i = 0; i < service->n_listeners; i++) {
		if (!is_ours(all[i].vip) || is_again(all, i))
			continue;
		ezlb_text_puts(out, metric->name);
		metric_label(out, "{service", service->name);
		metric_label(out, ",address", ezlb_addr_format(&all[i].of.listen.addr, address));
		metric_end(out, metric, all[i].vip == EZLB_VIP_ANNOUNCED);
	}
}

void metrics_put_vips(const struct ezlb_status *status, struct ezlb_text *out)
{
	static const struct metric metric = { "ezlb_vip_announced", "gauge",
					      "1: the address is on the link of --vip-device.", 0 };

	if (!status->vip_device[0])
		return;
	metric_head(out, &metric);
	for (size_t i = 0; i < status->services.len; i++)
		if (status->services.items[i].applied)
			put_service(&metric, status, &status->services.items[i], out);
}
