// SPDX-License-Identifier: GPL-2.0-or-later
#include "source.h"

#include <sys/socket.h>

struct ezlb_addr ezlb_probe_source(const struct ezlb_addr_range *range, uint32_t turn)
{
	struct ezlb_addr addr = range->first;
	uint64_t carry;

	if (addr.family == 0)
		return addr;
	carry = turn % ezlb_range_size(range);
	for (int i = addr.family == AF_INET ? 3 : 15; i >= 0 && carry > 0; i--) {
		carry += addr.bytes[i];
		addr.bytes[i] = (uint8_t)(carry & 0xff);
		carry >>= 8;
	}
	return addr;
}
