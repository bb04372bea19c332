/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connections: whose connections these are. Finds the service of a connection by the service files,
 * understands what the user asks for, keeps the best of many connections in bounded memory, and
 * prints them. Pure: package conntrack asks the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/connection.h>
#include <ezlb/err.h>
#include <ezlb/spec.h>
#include <ezlb/text.h>

/* --- services -------------------------------------------------------------------------------- */

/* What a connection must know of its service. Copied from the spec. */
struct ezlb_connections_service {
	char name[EZLB_NAME_MAX + 1];
	enum ezlb_forward forward;
	bool full_nat;
	bool log; /* connection_log */
};

/* A listener, or a backend of a service with a mark; a value for sorted arrays. */
struct ezlb_connections_place {
	enum ezlb_proto proto;
	struct ezlb_endpoint at; /* of a mark of the file: only the family */
	uint16_t last_port;	 /* of a range; 0: one port */
	uint32_t mark;		 /* of the file; 0: none */
	size_t service;		 /* the index in `services` */
};
struct ezlb_connections_places EZLB_VEC(struct ezlb_connections_place);

/* The services of the files. Borrows nothing, so a thread can have one of its own. Zeroed: empty.
 */
struct ezlb_connections_index {
	struct ezlb_connections_services EZLB_VEC(struct ezlb_connections_service) services;
	struct ezlb_connections_places listeners; /* of one port, sorted */
	struct ezlb_connections_places ranges;
	struct ezlb_connections_places marks;
	struct ezlb_connections_places backends; /* of all services, sorted */
};
/* Replaces the content of *index. */
void ezlb_connections_index_make(const struct ezlb_desired *desired,
				 struct ezlb_connections_index *index);
void ezlb_connections_index_clear(struct ezlb_connections_index *index);

/*
 * The service that the connection belongs to; NULL: none of these. Its backend need not be in the
 * file any more. The listener decides, then conntrack's mark. conntrack does not know the mark of
 * the packets: a connection to an address that is no listener belongs to the service with a mark
 * that has its backend.
 *
 * Not a connection of the service: one that IPVS has not sent to a backend, because it began before
 * the service did. With direct routing and tunnels conntrack sees no answers, so its entry has the
 * listener in the place of the backend, and does count.
 */
const struct ezlb_connections_service *
ezlb_connections_match(const struct ezlb_connections_index *index,
		       const struct ezlb_connection *connection);
/* False: the entry has the listener where its backend should be (direct, tunnel). */
bool ezlb_connections_knows_backend(const struct ezlb_connections_service *service,
				    const struct ezlb_connection *connection);
