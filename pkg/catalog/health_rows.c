// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/catalog.h>

void ezlb_catalog_health_rows(const struct ezlb_desired *desired, struct ezlb_health_rows *out)
{
	for (size_t i = 0; i < desired->len; i++) {
		const struct ezlb_spec *spec = desired->items[i];

		for (size_t k = 0; spec->check.type != EZLB_CHECK_NONE && k < spec->n_backends;
		     k++) {
			struct ezlb_health_row *row = EZLB_PUSH(out);

			ezlb_strcpy(row->service, sizeof(row->service), spec->name);
			row->backend = spec->backends[k].endpoint;
			row->check = spec->check;
			if (row->check.port == 0 && row->backend.port == 0)
				row->check.port = spec->listen.port;
		}
	}
}
