// SPDX-License-Identifier: GPL-2.0-or-later
#include "attributes.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>

/* As the kernel has it: a mask for IPv4, a length for IPv6. 0: the whole address. */
static uint32_t netmask_of(int family, uint8_t prefix)
{
	if (family == AF_INET6)
		return prefix ? prefix : 128;
	return prefix ? htonl(~0u << (32 - prefix)) : ~0u;
}

void attributes_of_service(const struct ezlb_spec *spec, struct ezlb_service_row *row)
{
	const struct ezlb_persistence *persistence = &spec->persistence;
	int family = row->key.listen.addr.family;

	ezlb_strcpy(row->scheduler, sizeof(row->scheduler), spec->scheduler);
	row->flags = spec->flags;
	row->timeout = persistence->timeout_s;
	row->netmask = netmask_of(family, 0);
	if (persistence->timeout_s == 0)
		return;
	row->flags |= IP_VS_SVC_F_PERSISTENT;
	row->netmask = netmask_of(family, persistence->prefix);
	ezlb_strcpy(row->engine, sizeof(row->engine), persistence->engine);
}

void attributes_of_dest(const struct ezlb_spec *spec, const struct ezlb_backend *backend,
			struct ezlb_dest_row *row)
{
	row->forward = spec->forward;
	if (spec->forward == EZLB_TUNNEL)
		row->tunnel = spec->tunnel;
	row->full_nat = spec->full_nat;
	if (backend) {
		row->upper = backend->upper;
		row->lower = backend->lower;
	}
}
