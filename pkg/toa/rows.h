/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rows: the rows of the layer as entries of the map of services. Pure. */
#pragma once

#include <stdbool.h>

#include <ezlb/table.h>

#include "program_maps.h"

void ezlb_toa_key_encode(const struct ezlb_service_key *service, struct ezlb_toa_service_key *out);
/* Total: any bytes are a row, which may be one that ezlb would not write. */
void ezlb_toa_row_decode(const struct ezlb_toa_service_key *key,
			 const struct ezlb_toa_service *value, struct ezlb_toa_row *out);
/* An entry that ezlb would not write: it is no row, and ezlb_toa_rows_list leaves it out. */
bool ezlb_toa_is_odd(const struct ezlb_toa_service_key *key, const struct ezlb_toa_service *value);
