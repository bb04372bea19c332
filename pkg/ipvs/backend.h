/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backend: the layer and the traffic over a socket that may come from a test. */
#pragma once

#include <ezlb/layer.h>
#include <ezlb/traffic.h>

#include "netlink.h"

/* As ezlb_ipvs_open. What source->arg and procfs point to outlives the layer. */
int ezlb_ipvs_open_source(const struct ezlb_ipvs_source *source, struct ezlb_layer **out,
			  struct ezlb_err *err);
/* As ezlb_ipvs_traffic. */
int ezlb_ipvs_traffic_source(const struct ezlb_ipvs_source *source, const struct ezlb_scope *scope,
			     struct ezlb_traffic *out, struct ezlb_err *err);

/* The one that is not of a test. */
struct ezlb_ipvs_source ezlb_ipvs_kernel(void);

/* Where the rows of a dump go, and how many are there, so that they can be taken back. */
struct ezlb_ipvs_rows {
	ezlb_nl_msg_fn fn;
	void *arg;
	size_t *len;
};

/*
 * As ezlb_ipvs_nl_dump, but a table that changes while it is read is read again, twice at most. On
 * failure it has added no row.
 */
int ezlb_ipvs_dump(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
		   const struct ezlb_ipvs_rows *rows, struct ezlb_err *err);
