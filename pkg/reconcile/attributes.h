/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attributes: what IPVS keeps of a service and of a dest, as the file says. */
#pragma once

#include <ezlb/table.h>

/* Sets all but the key, which the row has already. */
void attributes_of_service(const struct ezlb_spec *spec, struct ezlb_service_row *row);

/*
 * Sets all but the service, the endpoint and the weight. `backend` NULL: it has left the file, and
 * has no thresholds.
 */
void attributes_of_dest(const struct ezlb_spec *spec, const struct ezlb_backend *backend,
			struct ezlb_dest_row *row);
