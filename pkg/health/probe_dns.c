// SPDX-License-Identifier: GPL-2.0-or-later
/* probe_dns: one query over UDP. The first datagram that comes back decides by its rcode. */
#include <errno.h>
#include <sys/random.h>

#include "dns_message.h"
#include "probe_kind.h"

static size_t query(const struct ezlb_probe *probe, unsigned char buf[EZLB_DNS_QUERY_MAX])
{
	const struct ezlb_request *request = probe->check->request;

	return ezlb_dns_query(buf, probe->id, request->query_name, request->query_type);
}

static void on_ready(struct ezlb_probe *probe, bool failed)
{
	static unsigned char answer[EZLB_PROBE_DATAGRAM_MAX]; /* the loop has one thread */
	unsigned char asked[EZLB_DNS_QUERY_MAX];
	size_t len, asked_len = query(probe, asked);

	if (ezlb_probe_udp_take(probe, failed, answer, &len))
		ezlb_probe_end(probe, ezlb_dns_judge(asked, asked_len, answer, len,
						     probe->check->request->rcodes));
}

void ezlb_probe_dns_start(struct ezlb_probe *probe)
{
	unsigned char buf[EZLB_DNS_QUERY_MAX];
	size_t len;

	if (getrandom(&probe->id, sizeof(probe->id), GRND_NONBLOCK) < 0)
		probe->id = (uint16_t)uv_hrtime();
	len = query(probe, buf);
	if (len == 0) {
		struct ezlb_probe_result invalid = { EZLB_PROBE_LOCAL_ERROR, EINVAL };

		ezlb_probe_end_soon(probe, invalid);
		return;
	}
	ezlb_probe_udp_ask(probe, buf, len, on_ready);
}
