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

/*
 * The same by service, in which a later read of the same scope finds its way faster: the kernel's
 * order hardly changes. The zero value is empty. Free it with clear, also for another scope.
 */
struct ezlb_ipvs_seen {
	uint64_t line; /* the hash of a service's line */
	size_t at;     /* where its sum is */
};
struct ezlb_ipvs_sums {
	struct EZLB_VEC(uint64_t) of;		     /* of each service in scope, with its dests */
	uint64_t strange;			     /* of the lines of unknown format */
	struct EZLB_VEC(struct ezlb_ipvs_seen) seen; /* in the kernel's order */
};
#define EZLB_IPVS_NO_SUM SIZE_MAX

int ezlb_ipvs_procfs_sums(const char *path, const struct ezlb_scope *scope,
			  struct ezlb_ipvs_sums *sums);
/* The print: that of ezlb_ipvs_procfs_print. */
uint64_t ezlb_ipvs_sums_total(const struct ezlb_ipvs_sums *sums);
/*
 * Where the sum of the service is; EZLB_IPVS_NO_SUM if it is not in scope. The text does not say
 * the family of a mark: two services with one mark have one sum.
 */
size_t ezlb_ipvs_sums_index(const struct ezlb_scope *scope, const struct ezlb_service_key *key);
void ezlb_ipvs_sums_clear(struct ezlb_ipvs_sums *sums);

/* The dests of the services in scope, sorted. Lines of unknown format are left out; errors as
 * above. */
int ezlb_ipvs_procfs_dests(const char *path, const struct ezlb_scope *scope,
			   struct ezlb_traffic *out);
