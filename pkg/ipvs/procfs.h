/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * procfs: reads /proc/net/ip_vs, which is about seven times cheaper than a dump, so peek uses it;
 * it shows less than a dump does, so list never uses it. Source: ip_vs_info_seq_show() in
 * net/netfilter/ipvs/ip_vs_ctl.c.
 */
#pragma once

#include <stdint.h>

#include <ezlb/table.h>
#include <ezlb/traffic.h>

#define EZLB_IPVS_PROCFS "/proc/net/ip_vs"

/*
 * Sets *print to a hash of the services in scope and their dests, without connection counts and
 * independent of their order; 0 if there are none. A line of unknown format is always hashed, in
 * scope or not. -ENOENT if ip_vs is not loaded; else the errors of open(2) and read(2). Uses one
 * fixed buffer. An empty scope does not open the file.
 *
 * If the table changes between two reads, a service may appear twice or not at all. The hash then
 * differs once, which may report a change of rows in scope that did not happen.
 */
int ezlb_ipvs_procfs_print(const char *path, const struct ezlb_scope *scope, uint64_t *print);

/* The dests of the services in scope, sorted. Lines of unknown format are left out; errors as
 * above. */
int ezlb_ipvs_procfs_dests(const char *path, const struct ezlb_scope *scope,
			   struct ezlb_traffic *out);
