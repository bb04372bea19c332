/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table: the rows that the kernel should hold, or does hold. Flat values, each with its whole key,
 * sorted by it. _cmp orders by key alone and is a total order; _same compares the values.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/mem.h>
#include <ezlb/spec.h>

struct ezlb_service_key {
	enum ezlb_proto proto;
	struct ezlb_endpoint listen;
};

/* A virtual service. */
struct ezlb_service_row {
	struct ezlb_service_key key;
	char scheduler[EZLB_SCHED_MAX + 1];
	uint32_t flags;	  /* IP_VS_SVC_F_*, without the kernel's own IP_VS_SVC_F_HASHED */
	uint32_t timeout; /* persistence, seconds; 0 with the flag unset */
	uint32_t netmask; /* IPv4: network order mask, ~0 = host; IPv6: prefix length, 128 = host */
};

/* A real server of a virtual service. */
struct ezlb_dest_row {
	struct ezlb_service_key service;
	struct ezlb_endpoint endpoint;
	enum ezlb_forward forward;
	uint32_t weight;
	uint32_t upper, lower; /* connection thresholds; 0 = none */
	bool full_nat; /* target rows only, no part of key or value: needs its SNAT row first */
};

/*
 * Source NAT for what goes to one backend, shared by all full_nat services that use it; or, where the
 * SNAT layer is by_listener, for what goes through one service.
 */
struct ezlb_snat_row {
	enum ezlb_proto proto;
	struct ezlb_endpoint backend; /* or the listener */
	struct ezlb_addr to; /* family 0: MASQUERADE */
};

/*
 * The module is here because the kernel loads the nat table by itself, but not what it hangs on,
 * and a host with iptables-nft never has it loaded.
 */
enum ezlb_setting { EZLB_IP_TABLES, EZLB_VS_CONNTRACK, EZLB_IP_FORWARD, EZLB_SETTINGS };

/* A host setting that the wanted services need: a sysctl, or a module (1 = loaded). */
struct ezlb_setting_row {
	enum ezlb_setting setting;
	int value; /* -1 in an actual table: the kernel does not have it */
};

struct ezlb_services EZLB_VEC(struct ezlb_service_row);
struct ezlb_dests EZLB_VEC(struct ezlb_dest_row);
struct ezlb_snats EZLB_VEC(struct ezlb_snat_row);
struct ezlb_setting_rows EZLB_VEC(struct ezlb_setting_row);

struct ezlb_table {
	struct ezlb_services services;
	struct ezlb_dests dests;
	struct ezlb_snats snats;
	struct ezlb_setting_rows settings;
	/*
	 * The frame of the SNAT rows: for iptables the chain EZLB-SNAT and its jump. Target:
	 * whether it should be there. Actual: `present` where any part of it is, `sound` where it
	 * is complete (chain there, exactly one jump, nothing in the chain that is not a row).
	 */
	bool snat_wanted;
	bool snat_present, snat_sound;
};

/* The key set that a pass may look at: what ezlb owns or wants. All else is foreign. */
struct ezlb_scope EZLB_VEC(struct ezlb_service_key);

void ezlb_table_sort(struct ezlb_table *table);
void ezlb_table_clear(struct ezlb_table *table);

int ezlb_service_key_cmp(const void *a, const void *b);
int ezlb_service_row_cmp(const void *a, const void *b);
int ezlb_dest_row_cmp(const void *a, const void *b);
int ezlb_snat_row_cmp(const void *a, const void *b);
int ezlb_setting_row_cmp(const void *a, const void *b);

bool ezlb_service_row_same(const struct ezlb_service_row *a, const struct ezlb_service_row *b);
bool ezlb_dest_row_same(const struct ezlb_dest_row *a, const struct ezlb_dest_row *b);
bool ezlb_snat_row_same(const struct ezlb_snat_row *a, const struct ezlb_snat_row *b);

bool ezlb_scope_has(const struct ezlb_scope *scope, const struct ezlb_service_key *key);

/* "tcp 10.0.0.1:80" */
#define EZLB_SERVICE_KEY_STRLEN (EZLB_ENDPOINT_STRLEN + 8)
const char *ezlb_service_key_format(const struct ezlb_service_key *key,
				    char buf[EZLB_SERVICE_KEY_STRLEN]);

const char *ezlb_setting_str(enum ezlb_setting setting); /* "net.ipv4.vs.conntrack" */
