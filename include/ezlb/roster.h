/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * roster: which backends of each virtual service are dests now, with which weight, and why. Package
 * lifecycle makes it from the files, the verdicts and the kernel; package reconcile turns it into
 * rows; preview and view tell the operator.
 */
#pragma once

#include <stdint.h>

#include <ezlb/table.h>

/* What a backend does in one virtual service. */
enum EZLB_BYTE ezlb_role {
	EZLB_ROLE_WAITING,   /* no dest: its first probe has not answered yet */
	EZLB_ROLE_OUT,	     /* no dest: down */
	EZLB_ROLE_STANDBY,   /* no dest: a fallback that is not needed */
	EZLB_ROLE_SERVING,   /* a dest with the weight of the file */
	EZLB_ROLE_STARTING,  /* slow start: a dest whose weight grows */
	EZLB_ROLE_FALLBACK,  /* a fallback that serves: no other backend is healthy */
	EZLB_ROLE_FAIL_OPEN, /* down or unknown, and still a dest: fewer than min_healthy are up */
	EZLB_ROLE_DRAINING,  /* weight 0: it leaves when its connections have ended */
	EZLB_ROLES
};
const char *ezlb_role_str(enum ezlb_role role); /* "fail_open" */

/* Why a backend drains. */
enum EZLB_BYTE ezlb_drain_cause {
	EZLB_DRAIN_REMOVED, /* it is no longer in the file */
	EZLB_DRAIN_DOWN,    /* health says down */
	EZLB_DRAIN_STANDBY, /* a fallback that is not needed any more */
	EZLB_DRAIN_CAUSES
};
const char *ezlb_drain_cause_str(enum ezlb_drain_cause cause); /* "removed" */

int ezlb_drain_cause_parse(const char *text, enum ezlb_drain_cause *out); /* 0 or -EINVAL */

/* A drain as the ledger keeps it, so that its deadline survives a restart. */
struct ezlb_drain {
	struct ezlb_service_key service;
	struct ezlb_endpoint backend;
	uint64_t until_ms; /* by ezlb_now_ms */
	enum ezlb_drain_cause cause;
};
struct ezlb_drains EZLB_VEC(struct ezlb_drain);
int ezlb_drain_cmp(const void *a, const void *b); /* by service, backend */

#define EZLB_NOT_IN_FILE SIZE_MAX

/* One backend of one virtual service. */
struct ezlb_roster_row {
	struct ezlb_service_key service;
	struct ezlb_endpoint backend; /* of its dest, see ezlb_dest_endpoint */
	size_t index; /* in the backends of the spec; EZLB_NOT_IN_FILE: it has left the file */
	/* By ezlb_now_ms. DRAINING: when it is removed at the latest. STARTING: when it has its
	 * full weight. Else 0. */
	uint64_t until_ms;
	uint32_t weight; /* of its dest; no dest with WAITING, OUT, STANDBY */
	uint32_t full;	 /* the weight that its dest has when it serves */
	uint32_t active; /* DRAINING: its connections when the kernel was last read */
	enum ezlb_role role;
	enum ezlb_drain_cause cause; /* DRAINING */
};
struct ezlb_roster_rows EZLB_VEC(struct ezlb_roster_row);

struct ezlb_roster {
	struct ezlb_roster_rows rows; /* sorted by service, backend */
	/*
	 * When the next step is due although nothing else happens: a weight grows, a drain is over,
	 * or the connections of a draining dest must be read again. UINT64_MAX: never.
	 */
	uint64_t due_ms;
	/*
	 * Addresses of listeners that must not be on the link of --vip-device: with `serving`, no
	 * backend of a service on them serves, or has not served for long enough. Sorted.
	 */
	struct ezlb_addrs withdrawn;
	/* With `serving`: the services on each address that is not withdrawn. Sorted. */
	struct ezlb_vip_needs vip_needs;
};

int ezlb_roster_row_cmp(const void *a, const void *b); /* by service, backend */
/* NULL if there is none. */
const struct ezlb_roster_row *ezlb_roster_find(const struct ezlb_roster *roster,
					       const struct ezlb_service_key *service,
					       const struct ezlb_endpoint *backend);
/* The rows of one virtual service; *n is their number. */
const struct ezlb_roster_row *ezlb_roster_of(const struct ezlb_roster *roster,
					     const struct ezlb_service_key *service, size_t *n);
/* The rows that drain, in the order of the roster. */
void ezlb_roster_drains(const struct ezlb_roster *roster, struct ezlb_drains *out);
/* Has a backend with this role a dest? */
bool ezlb_role_has_dest(enum ezlb_role role);
void ezlb_roster_clear(struct ezlb_roster *roster);
