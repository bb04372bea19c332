/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * traffic: what the kernel has counted of services and dests. The numbers are the kernel's own:
 * they begin with 0 when it makes the object, outlive ezlb, and never go back while the object is
 * there. A dest that is removed and soon added again is the same object (IPVS keeps removed ones
 * for a while, for the connections that they still have); after that it begins anew.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/mem.h>
#include <ezlb/table.h>

struct ezlb_counters {
	uint64_t connections;
	uint64_t packets_in, packets_out; /* in: from clients */
	uint64_t bytes_in, bytes_out;
	/* A second, as the kernel estimates every 2 s; 0 where net.ipv4.vs.run_estimation is. */
	uint64_t connection_rate;
	uint64_t packet_rate_in, packet_rate_out;
	uint64_t byte_rate_in, byte_rate_out;
};

struct ezlb_traffic_row {
	struct ezlb_service_key service;
	bool of_dest;		      /* else of the service as a whole */
	struct ezlb_endpoint backend; /* of_dest only */
	/* Of dests; of a service the sums over its dests. */
	uint32_t active, inactive; /* connections */
	uint32_t weight;	   /* of a dest, as the kernel has it */
	struct ezlb_counters counters;
};

struct ezlb_traffic EZLB_VEC(struct ezlb_traffic_row);

/* By service, of_dest, backend: a service comes right before its dests. */
int ezlb_traffic_row_cmp(const void *a, const void *b);
