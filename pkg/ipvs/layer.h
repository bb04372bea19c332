/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layer: the IPVS layer and its traffic counters over a source that a test may replace. */
#pragma once

#include <ezlb/layer.h>
#include <ezlb/traffic.h>

#include "netlink.h"

/* As ezlb_ipvs_open. source->arg and source->procfs must outlive the layer. */
int ezlb_ipvs_open_source(const struct ezlb_ipvs_source *source, struct ezlb_layer **out,
			  struct ezlb_err *err);
/* As ezlb_ipvs_traffic. */
int ezlb_ipvs_traffic_source(const struct ezlb_ipvs_source *source, const struct ezlb_scope *scope,
			     struct ezlb_traffic *out, struct ezlb_err *err);
/* As ezlb_ipvs_service_traffic. */
int ezlb_ipvs_service_traffic_source(const struct ezlb_ipvs_source *source,
				     const struct ezlb_scope *scope, struct ezlb_traffic *out,
				     struct ezlb_err *err);

/* The running kernel. */
struct ezlb_ipvs_source ezlb_ipvs_kernel(void);

/* The receiver of a dump: fn adds rows and counts them in *len; a failed dump resets *len. */
struct ezlb_ipvs_rows {
	ezlb_nl_msg_fn fn;
	void *arg;
	size_t *len;
};

/*
 * As ezlb_ipvs_nl_dump, but reads a table that changes meanwhile again, at most twice. On failure
 * it adds no row.
 */
int ezlb_ipvs_dump(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
		   const struct ezlb_ipvs_rows *rows, struct ezlb_err *err);
