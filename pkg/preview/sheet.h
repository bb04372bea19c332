/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sheet: the ops of a plan, each with the service that it is of and the reason for it, and warnings
 * about what the plan leaves out, in the order in which they are shown. Borrows from the preview.
 */
#pragma once

#include <ezlb/preview.h>

enum group { GROUP_SERVICE, GROUP_HOST, GROUP_NOWHERE, GROUP_REFUSED };

/* A service of the desired set. */
struct owner {
	const struct ezlb_spec *spec;
	const char *file; /* as it is shown: without its directory where that is clear */
};

/* The best claim on a backend comes first. */
enum rank {
	RANK_SNAT,  /* a full_nat service sends to it */
	RANK_PLAIN, /* another service does */
	RANK_GONE,  /* the plan takes it out of a service */
};

/* A backend of a service, for source NAT rows that are for a backend. */
struct use {
	struct ezlb_snat_key key; /* of the backend */
	enum rank rank;
	const struct owner *owner; /* NULL: no file asks for the service (GONE only) */
	struct ezlb_mark at;
};

#define WHY_STRLEN     160
#define WARNING_STRLEN 256

struct item {
	const struct ezlb_op *op; /* NULL: a warning */
	char warning[WARNING_STRLEN];
	const char *object, *refused; /* warnings only: "backend"; the refused file, or NULL */
	size_t index;		      /* in the order of execution; warnings come after the ops */
	bool old;		      /* of the other SNAT driver */
	enum group group;
	const struct owner *owner; /* SERVICE only */
	int line;		   /* in the owner's file, of what asks for it; 0: nothing there */
	char why[WHY_STRLEN];	   /* "": the place says all */
};

struct sheet {
	const struct ezlb_preview *preview;
	struct owners EZLB_VEC(struct owner) owners; /* by listener */
	struct uses EZLB_VEC(struct use) uses;
	struct items EZLB_VEC(struct item) items; /* by group, then service, then index */
};

void sheet_open(struct sheet *sheet, const struct ezlb_preview *preview);
void sheet_close(struct sheet *sheet);

/* NULL where no file asks for it. */
const struct owner *sheet_owner(const struct sheet *sheet, const struct ezlb_service_key *key);
/* The best use of a backend; NULL: there is none. */
const struct use *sheet_use(const struct sheet *sheet, const struct ezlb_snat_key *backend);
/* The plan takes the backend out of the service. */
bool sheet_goes(const struct sheet *sheet, const struct owner *owner,
		const struct ezlb_endpoint *backend);
/* Some service that listens on the address, always the same one; NULL: there is none. */
const struct owner *sheet_listener(const struct sheet *sheet, const struct ezlb_addr *addr);

/* Adds a warning for each backend, listener and file that the plan leaves out. */
void warnings_add(struct sheet *sheet);

/* Fills in all that comes after `old`. */
void reason_find(const struct sheet *sheet, struct item *item);
/* "web.yaml:7, backend is up" */
#define REASON_STRLEN 512
const char *reason_format(const struct item *item, char buf[REASON_STRLEN]);
