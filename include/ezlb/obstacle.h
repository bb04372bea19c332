/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * obstacle: sentences about what keeps the packets of a service from a backend or from a client.
 * `ezlb status` and `ezlb doctor` both use them, so that they say the same in the same words. Each
 * function returns buf.
 */
#pragma once

#include <ezlb/spec.h>

#define EZLB_OBSTACLE_STRLEN 256

/* An address of snat_ip that is not local. */
const char *ezlb_obstacle_source(const struct ezlb_addr *missing, char buf[EZLB_OBSTACLE_STRLEN]);
/* A local backend of a full_nat service. This one works. `others`: there are so many more. */
const char *ezlb_obstacle_here(const struct ezlb_endpoint *backend, size_t others,
			       char buf[EZLB_OBSTACLE_STRLEN]);
/* A local backend that is a listener of the service `name`. */
const char *ezlb_obstacle_listener(const struct ezlb_endpoint *backend, size_t others,
				   const char *name, char buf[EZLB_OBSTACLE_STRLEN]);

/* --- backends that are listeners ------------------------------------------------------------- */

/* Where clients connect; port 0 as `last`: one port. */
struct ezlb_obstacle_listener {
	struct ezlb_endpoint listen;
	uint16_t last_port;
	enum ezlb_proto proto;
	const char *name; /* of its service; borrowed */
};
/* Sorted by address; the zero value is empty; cleared with EZLB_VEC_CLEAR. */
struct ezlb_obstacle_listeners EZLB_VEC(struct ezlb_obstacle_listener);

/* Adds the listeners of a spec, except one that is a firewall mark. */
void ezlb_obstacle_add(struct ezlb_obstacle_listeners *listeners, const struct ezlb_spec *spec);
void ezlb_obstacle_sort(struct ezlb_obstacle_listeners *listeners);
/* The listener that takes packets of this service to this backend; NULL if there is none. */
const struct ezlb_obstacle_listener *
ezlb_obstacle_find(const struct ezlb_obstacle_listeners *listeners, const struct ezlb_spec *spec,
		   const struct ezlb_endpoint *backend);
