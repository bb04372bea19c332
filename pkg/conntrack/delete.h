/* SPDX-License-Identifier: GPL-2.0-or-later */
/* delete: ezlb_conntrack_delete and _count with any netlink socket, for tests. */
#pragma once

#include <ezlb/conntrack.h>
#include <ezlb/netlink.h>

/* The running kernel. */
extern const struct ezlb_nl_source ezlb_ct_kernel;

int ezlb_ct_delete(const struct ezlb_nl_source *source, const struct ezlb_flows *flows, size_t *n,
		   struct ezlb_err *err);
int ezlb_ct_count(const struct ezlb_nl_source *source, struct ezlb_flows *flows, size_t *n,
		  struct ezlb_err *err);
int ezlb_ct_sources(const struct ezlb_nl_source *source, enum ezlb_proto proto,
		    const struct ezlb_endpoint *backend, struct ezlb_ports_sources *out,
		    struct ezlb_err *err);
