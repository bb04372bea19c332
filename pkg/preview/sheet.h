/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sheet: the ops of a plan, each with its service and its reason, and warnings about what the plan
 * leaves out, in the order of output. Borrows from the preview.
 */
#pragma once

#include <ezlb/preview.h>

enum group { GROUP_SERVICE, GROUP_HOST, GROUP_UNWANTED, GROUP_REFUSED };

/* A service of the desired set. */
struct owner {
	const struct ezlb_spec *spec;
	const char *file; /* without its directory if the name is unique */
};
/* One of its listeners. */
struct owned {
	struct ezlb_service_key key;
	const struct owner *owner;
};

/* How a service uses a backend; the first one decides about the SNAT row. */
enum rank {
	RANK_SNAT,  /* the service has full_nat */
	RANK_PLAIN, /* the service has no full_nat */
	RANK_GONE,  /* the plan removes the backend from the service */
};

/* A backend of a service, for SNAT rows of kind EZLB_SNAT_KEY_BACKEND. */
struct use {
	struct ezlb_snat_key key; /* the backend */
	enum rank rank;
	const struct owner *owner;	    /* NULL: no file asks for the service (GONE only) */
	const struct ezlb_backend *backend; /* as in the file; NULL: GONE */
};

#define WHY_STRLEN     240
#define WARNING_STRLEN 256

struct item {
	const struct ezlb_op *op; /* NULL: a warning */
	char warning[WARNING_STRLEN];
	const char *object, *refused; /* warnings only: "backend"; the refused file, or NULL */
	size_t index;		      /* in the order of execution; warnings come after the ops */
	bool old;		      /* removes a rule of the other SNAT driver */
	enum group group;
	const struct owner *owner; /* GROUP_SERVICE only */
	int line;		   /* in the owner's file; 0: none */
	char why[WHY_STRLEN];	   /* "": file and line are enough */
};

/* A dest that the plan adds, changes or removes. */
struct touched {
	struct ezlb_service_key service;
	struct ezlb_endpoint dest;
};

struct sheet {
	const struct ezlb_preview *preview;
	struct owners EZLB_VEC(struct owner) owners;	/* by file */
	struct owned_keys EZLB_VEC(struct owned) owned; /* by key */
	struct uses EZLB_VEC(struct use) uses;
	struct touched_dests EZLB_VEC(struct touched) touched; /* sorted */
	struct items EZLB_VEC(struct item) items; /* by group, then service, then index */
};

void sheet_open(struct sheet *sheet, const struct ezlb_preview *preview);
void sheet_close(struct sheet *sheet);

/* NULL: no file asks for the listener. */
const struct owner *sheet_owner(const struct sheet *sheet, const struct ezlb_service_key *key);
/* The first use of a backend by rank; NULL: none. */
const struct use *sheet_use(const struct sheet *sheet, const struct ezlb_snat_key *backend);
/* The backend of the file that has this dest; NULL: none. */
const struct ezlb_backend *sheet_backend(const struct owner *owner,
					 const struct ezlb_service_key *key,
					 const struct ezlb_endpoint *dest);
/* The plan removes the backend of the file from the service. */
bool sheet_removes(const struct sheet *sheet, const struct owner *owner,
		   const struct ezlb_endpoint *backend);
/* The first service by name that listens on the address; NULL: none. */
const struct owner *sheet_listener(const struct sheet *sheet, const struct ezlb_addr *addr);

/* Has the plan an op for this dest? */
bool sheet_touches(const struct sheet *sheet, const struct ezlb_service_key *service,
		   const struct ezlb_endpoint *dest);

/* Adds a warning for each backend, listener and file that the plan leaves out. */
void warnings_add(struct sheet *sheet);

/* Says what the backend does now, if the role is a special one; else false, and buf is "". */
#define ROLE_STRLEN 200
bool role_format(const struct sheet *sheet, const struct owner *owner,
		 const struct ezlb_roster_row *row, char buf[ROLE_STRLEN]);
/* "connect_refused", "http_status 404"; "" if it is not known to be down. */
#define OUTCOME_STRLEN 48
const char *outcome_format(const struct ezlb_verdict_row *row, char buf[OUTCOME_STRLEN]);

/* Fills in the members after `old`. */
void reason_find(const struct sheet *sheet, struct item *item);
/* "web.yaml:7, backend is up" */
#define REASON_STRLEN 512
const char *reason_format(const struct item *item, char buf[REASON_STRLEN]);
