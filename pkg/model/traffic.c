// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/traffic.h>

int ezlb_traffic_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_traffic_row *a = pa, *b = pb;
	int rc = ezlb_service_key_cmp(&a->service, &b->service);

	if (rc == 0)
		rc = a->of_dest - b->of_dest;
	return rc ? rc : ezlb_endpoint_cmp(&a->backend, &b->backend);
}
