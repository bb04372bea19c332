/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * traffic: the kernel's counters of services and dests. They start at 0 when the kernel creates the
 * object, survive a restart of ezlb, and never decrease while the object exists. A dest that is
 * removed and soon added again is the same object, because IPVS keeps removed dests while they have
 * connections; later it starts at 0 again.
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
	/* Per second, estimated by the kernel every 2 s; 0 if net.ipv4.vs.run_estimation is 0. */
	uint64_t connection_rate;
	uint64_t packet_rate_in, packet_rate_out;
	uint64_t byte_rate_in, byte_rate_out;
};

struct ezlb_traffic_row {
	struct ezlb_service_key service;
	bool of_dest;		      /* false: of the service as a whole */
	struct ezlb_endpoint backend; /* of_dest only */
	/* For a service: the sums over its dests. */
	uint32_t active, inactive; /* connections */
	uint32_t weight;	   /* of a dest, in the kernel */
	struct ezlb_counters counters;
};

struct ezlb_traffic EZLB_VEC(struct ezlb_traffic_row);

/* By service, of_dest, backend: a service comes directly before its dests. */
int ezlb_traffic_row_cmp(const void *a, const void *b);
