/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvsadm: what the two files that read the output of `ipvsadm -S` share. */
#pragma once

#include <ezlb/import.h>
#include <ezlb/table.h>

#include "ipvsadm_args.h"

#define SLOTS (2 * EZLB_IMPORT_SERVICES_MAX)

/* A virtual service, and what its backends say of it as a whole. */
struct service {
	struct ezlb_spec *spec; /* owned until it is added */
	struct ezlb_service_key key;
	bool broken; /* reported */
};

struct parser {
	struct ezlb_import *import;
	struct ezlb_source src;
	struct EZLB_VEC(struct service) services;
	size_t slots[SLOTS]; /* a hash table of services: the index + 1; 0: empty */
	bool thresholds;     /* some line has them */
};

/* ipvsadm_service.c: each returns false after it has reported an error. */
bool ipvsadm_refuse(struct parser *p, const struct args *args, enum option at, const char *help,
		    const char *what, const char *text);
void ipvsadm_note(struct parser *p, const struct service *service, const struct args *args,
		  enum option at, enum ezlb_import_fate fate, const char *text);
bool ipvsadm_number(struct parser *p, const struct args *args, enum option at, uint32_t max,
		    uint32_t *out);
/* "IP", "IP:port", "[IPv6]:port"; port 0 is none. */
bool ipvsadm_endpoint(struct parser *p, const struct args *args, enum option at,
		      struct ezlb_endpoint *out);
bool ipvsadm_mark(struct parser *p, const struct args *args, uint32_t *out);
bool ipvsadm_scheduler(struct parser *p, const struct service *service, const struct args *args);
bool ipvsadm_persistence(struct parser *p, const struct service *service, const struct args *args);
