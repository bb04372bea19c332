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
	bool log;		       /* connection_log */
	struct ezlb_addr_range source; /* snat_ip; family 0: any address */
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

/* --- what the user asks for ------------------------------------------------------------------ */

/* More selects than this become one that has every connection. */
#define EZLB_CONNECTIONS_SELECTS_MAX 16

struct ezlb_connections_query {
	const struct ezlb_connections_service *service; /* NULL: every service */
	struct ezlb_endpoint at; /* of a client, a listener or a backend; family 0: any */
};
/*
 * "web", "10.0.0.1", "10.0.0.1:80", "fd00::1", "[fd00::1]:80"; NULL: everything. -ENOENT: it is no
 * address, and no service of the index has the name.
 */
int ezlb_connections_query_parse(const struct ezlb_connections_index *index, const char *text,
				 struct ezlb_connections_query *out, struct ezlb_err *err);
/* Appends selects that have at least the connections that the query means. */
void ezlb_connections_query_selects(const struct ezlb_connections_index *index,
				    const struct ezlb_connections_query *query,
				    struct ezlb_connection_selects *out);

/* What an address is in a connection. */
enum ezlb_connections_role {
	EZLB_ROLE_CLIENT = 1 << 0,
	EZLB_ROLE_LISTENER = 1 << 1,
	EZLB_ROLE_BACKEND = 1 << 2,
};
/* Does the query mean a connection of this service? Sets *roles, 0 if it asks for no address. */
bool ezlb_connections_query_has(const struct ezlb_connections_query *query,
				const struct ezlb_connections_service *service,
				const struct ezlb_connection *connection, unsigned *roles);

/*
 * The first word of a line, which must be an address with its port: "10.0.0.3:40001",
 * "[fd00::3]:40001". "[::ffff:10.0.0.3]:40001", as a server on :: logs it, is the address of IPv4.
 * -ENODATA: there is no word.
 */
int ezlb_who_parse(const char *line, struct ezlb_endpoint *out, struct ezlb_err *err);

/* --- the connections to print ---------------------------------------------------------------- */

struct ezlb_connections_row {
	struct ezlb_connection connection;
	const struct ezlb_connections_service *service; /* borrowed from the index */
};
struct ezlb_connections_rows EZLB_VEC(struct ezlb_connections_row);

/* The longest first, those whose age or bytes are not known last; then by client and the rest. */
enum ezlb_connections_sort { EZLB_CONNECTIONS_BY_AGE, EZLB_CONNECTIONS_BY_BYTES };
const char *ezlb_connections_sort_str(enum ezlb_connections_sort sort);
int ezlb_connections_sort_parse(const char *text, enum ezlb_connections_sort *out);

/* The first `limit` rows in the order of `sort` of however many, in memory for `limit` rows. */
struct ezlb_connections_top {
	enum ezlb_connections_sort sort;
	size_t limit; /* 1 at least */
	struct ezlb_connections_rows rows;
	size_t total;			     /* rows that were added */
	size_t clients, listeners, backends; /* those with the address in this role */
};
void ezlb_connections_top_add(struct ezlb_connections_top *top,
			      const struct ezlb_connections_row *row, unsigned roles);
/* Sorts the rows, once after all were added. Removes a connection that was added twice. */
void ezlb_connections_top_finish(struct ezlb_connections_top *top);
void ezlb_connections_top_clear(struct ezlb_connections_top *top); /* the rows and the counts */

#define EZLB_WHO_MAX 10000 /* addresses, and rows */

/* Source addresses, and the connections that have them. Zeroed: empty. */
struct ezlb_who {
	struct ezlb_who_addresses EZLB_VEC(struct ezlb_endpoint) addresses; /* in the order asked */
	struct ezlb_who_addresses sorted; /* each once; made by _selects */
	struct ezlb_connections_rows rows;
	bool stopped; /* EZLB_WHO_MAX rows were found; others are left out */
};
/*
 * Sorts the addresses, once after all were added, and appends the answers that the backends of the
 * services can send to them. False: there may be others, because the ports of a service with
 * full_nat are not known or are many, or these would be more than EZLB_WHO_ANSWERS_MAX; *out is
 * empty then. Nor are those of backends that are in no file, and of direct routing and tunnels.
 */
#define EZLB_WHO_ANSWERS_MAX 10000
bool ezlb_who_answers(struct ezlb_who *who, const struct ezlb_connections_index *index,
		      struct ezlb_connection_answers *out);
/* Keeps the row if its source address is one of the addresses. */
void ezlb_who_add(struct ezlb_who *who, const struct ezlb_connections_row *row);
/* Sorts the rows, after all were added, and removes those that were added twice. */
void ezlb_who_finish(struct ezlb_who *who);
/* Is there an address that no row has? After _finish. */
bool ezlb_who_is_missing(const struct ezlb_who *who);
/* The rows of one address: *n in a sequence. */
const struct ezlb_connections_row *ezlb_who_rows(const struct ezlb_who *who,
						 const struct ezlb_endpoint *address, size_t *n);
void ezlb_who_clear(struct ezlb_who *who);

/* --- printing -------------------------------------------------------------------------------- */

/* Settings of the host that decide what conntrack knows; < 0: not known. */
struct ezlb_connections_host {
	int timestamp, accounting, ipvs;
};

/* What stdout says. All borrowed. */
struct ezlb_connections_view {
	const struct ezlb_connections_index *index;
	struct ezlb_connections_host host;
	int64_t now_ms;	  /* the wall clock */
	const char *torn; /* a sentence: connections may be missing; NULL: no */
};

/* A table with a line for each row; nothing without rows. */
void ezlb_connections_text(const struct ezlb_connections_view *view,
			   const struct ezlb_connections_top *top, struct ezlb_text *out);
void ezlb_who_text(const struct ezlb_connections_view *view, const struct ezlb_who *who,
		   struct ezlb_text *out);
/*
 * {"total": 2, "shown": 1, "sort": "age", "connections": [{"service": "web", "protocol": "tcp",
 *   "client": "172.16.0.2:1001", "listener": "10.0.0.1:80", "source": "10.0.0.3:40001",
 *   "backend": "192.168.10.11:80", "state": "ESTABLISHED", "since": "2026-11-23T01:02:03.456Z",
 *   "age_s": 192, "expires_s": 431999, "bytes_in": 1, "packets_in": 2, "bytes_out": 3,
 *   "packets_out": 4}], "notes": ["..."]}
 *
 * What is not known is null. Of `who`: {"addresses": [{"address": "10.0.0.3:40001",
 * "connections": [as above]}], "notes": ["..."]}.
 */
void ezlb_connections_json(const struct ezlb_connections_view *view,
			   const struct ezlb_connections_query *query,
			   const struct ezlb_connections_top *top, struct ezlb_text *out);
void ezlb_who_json(const struct ezlb_connections_view *view, const struct ezlb_who *who,
		   struct ezlb_text *out);
/*
 * Sentences about what the rows do not say, one a line: why something is not known, which
 * connections cannot be here, that there are more.
 */
void ezlb_connections_notes(const struct ezlb_connections_view *view,
			    const struct ezlb_connections_query *query,
			    const struct ezlb_connections_top *top, struct ezlb_text *out);
void ezlb_who_notes(const struct ezlb_connections_view *view, const struct ezlb_who *who,
		    struct ezlb_text *out);

/*
 * One line about a connection that is there, that begins or that has ended: "new" and so on; JSON:
 * {"time": "...", "event": "new", ... as above}.
 */
enum ezlb_connections_event { EZLB_CONNECTION_OPEN, EZLB_CONNECTION_NEW, EZLB_CONNECTION_ENDED };
void ezlb_connections_event_text(const struct ezlb_connections_row *row,
				 enum ezlb_connections_event event, int64_t now_ms,
				 struct ezlb_text *out);
void ezlb_connections_event_json(const struct ezlb_connections_row *row,
				 enum ezlb_connections_event event, int64_t now_ms,
				 struct ezlb_text *out);
