/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connection: one connection from a client through a listener to a backend, as conntrack has it.
 * Package conntrack makes these of the kernel's entries; other packages select, name and print
 * them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/spec.h>

struct ezlb_connection {
	enum ezlb_proto proto;
	struct ezlb_endpoint client, listen; /* source and destination of the client's packets */
	struct ezlb_endpoint backend;	     /* the source of the answers */
	struct ezlb_endpoint source; /* their destination: what the backend takes for the client */
	uint32_t mark;		     /* conntrack's own mark, which is not that of the packets */
	const char *state; /* conntrack's word, static: "ESTABLISHED", "ASSURED"; "" not known */
	bool has_closed;   /* tcp: the state is one after ESTABLISHED */
	/* With net.netfilter.nf_conntrack_acct only. */
	bool counted;
	uint64_t bytes_in, packets_in;	 /* from the client */
	uint64_t bytes_out, packets_out; /* to the client */
	/* With net.netfilter.nf_conntrack_timestamp only: ms of the wall clock; 0: not known. */
	int64_t started_ms, ended_ms;
	int64_t expires_s; /* the entry ends after this time without a packet; < 0: not known */
	uint16_t zone;
	uint32_t id; /* by which the kernel tells a later entry with the same addresses from this */
};

/* By client, listen, proto, source, backend, zone, id: a total order, and the identity. */
int ezlb_connection_cmp(const void *a, const void *b);
/* IPVS has sent it to a backend: the answers do not come from the listener itself. */
bool ezlb_connection_is_translated(const struct ezlb_connection *connection);

/* How the packets of a backend's answers look; no two connections of a zone have the same. */
struct ezlb_connection_answer {
	enum ezlb_proto proto;
	struct ezlb_endpoint backend; /* they come from here */
	struct ezlb_endpoint source;  /* and go there; of the same family */
};
struct ezlb_connection_answers EZLB_VEC(struct ezlb_connection_answer);
int ezlb_connection_answer_cmp(const void *a, const void *b);

/*
 * Which connections: those that agree with every part that is set. An address of family 0 means
 * every address, and port 0 every port. All zero: every connection.
 */
struct ezlb_connection_select {
	bool has_proto;
	enum ezlb_proto proto;
	struct ezlb_endpoint client, listen, backend, source;
	uint16_t last_port; /* of the listener; 0: one port */
};
struct ezlb_connection_selects EZLB_VEC(struct ezlb_connection_select);

bool ezlb_connection_select_has(const struct ezlb_connection_select *select,
				const struct ezlb_connection *connection);
