// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/flow.h>

int ezlb_flow_cmp(const void *va, const void *vb)
{
	const struct ezlb_flow *a = va, *b = vb;
	int rc = (a->proto > b->proto) - (a->proto < b->proto);

	if (rc == 0)
		rc = ezlb_endpoint_cmp(&a->listen, &b->listen);
	if (rc == 0)
		rc = (a->last_port > b->last_port) - (a->last_port < b->last_port);
	if (rc == 0)
		rc = a->untranslated - b->untranslated;
	return rc || a->untranslated ? rc : ezlb_endpoint_cmp(&a->backend, &b->backend);
}
