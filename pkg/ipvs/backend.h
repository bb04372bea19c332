/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backend: the layer over a socket that may come from a test. */
#pragma once

#include <ezlb/layer.h>

#include "netlink.h"

/* As ezlb_ipvs_open. What source->arg and procfs point to outlives the layer. */
int ezlb_ipvs_open_source(const struct ezlb_ipvs_source *source, struct ezlb_layer **out,
			  struct ezlb_err *err);
