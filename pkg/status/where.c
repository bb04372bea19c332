// SPDX-License-Identifier: GPL-2.0-or-later
#include "where.h"

#include <stdio.h>

const char *where_is(const struct ezlb_status *status, const struct ezlb_status_listener *listener,
		     char buf[EZLB_MESSAGE_STRLEN])
{
	static const struct {
		const char *before, *after; /* the link is between */
	} texts[] = {
		[EZLB_VIP_ANNOUNCED] = { "is on ", "" },
		[EZLB_VIP_WITHDRAWN] = { "is not on ",
					 ": no backend of a service on it serves (vip: serving)" },
		[EZLB_VIP_HELD] = { "is not on ",
				    " yet: a backend serves again; it returns after --vip-hold" },
		[EZLB_VIP_DRAINED] = { "is on ", ": this balancer drains" },
		[EZLB_VIP_ELSEWHERE] = { "is on a link that is not ezlb's, so ezlb does not add it "
					 "to ",
					 "" },
		[EZLB_VIP_MISSING] = { "is not on ", ", where it should be" },
	};
	char link[EZLB_DEVICE_STRLEN], address[EZLB_ADDR_STRLEN];
	enum ezlb_vip_state state = listener->vip;

	buf[0] = '\0';
	if (state == EZLB_VIP_UNKNOWN)
		return buf;
	memcpy(link, status->vip_device, sizeof(link));
	if (state == EZLB_VIP_DRAINED)
		ezlb_node_drain_device(status->vip_device, link);
	snprintf(buf, EZLB_MESSAGE_STRLEN, "%s %s%s%s",
		 ezlb_addr_format(&listener->of.listen.addr, address), texts[state].before, link,
		 texts[state].after);
	return buf;
}

const char *where_drained(const struct ezlb_status *status, char buf[EZLB_MESSAGE_STRLEN])
{
	char link[EZLB_DEVICE_STRLEN];

	ezlb_node_drain_device(status->vip_device, link);
	if (status->vip_device[0])
		snprintf(buf, EZLB_MESSAGE_STRLEN,
			 "its addresses are on %s, and open connections go on", link);
	else
		snprintf(buf, EZLB_MESSAGE_STRLEN,
			 "without --vip-device ezlb moves no addresses: only `ezlb probe ready` "
			 "tells it");
	return buf;
}
