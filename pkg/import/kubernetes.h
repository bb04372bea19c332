/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kubernetes: Services with their EndpointSlices or Endpoints, as `kubectl get -o yaml` or `-o
 * json` prints them, to service files.
 */
#pragma once

#include <ezlb/import.h>
#include <ezlb/yaml.h>

#include "notes.h"

/* An object that belongs to a Service. */
struct k8s_part {
	const char *ns, *service;
	const struct ezlb_node *node;
	size_t order; /* in the input */
};

struct k8s {
	struct ezlb_import *import;
	struct import_notes notes;
	const char *file;
	struct EZLB_VEC(const struct ezlb_node *) services;
	struct EZLB_VEC(struct k8s_part) slices, endpoints; /* sorted by ns and service */
	size_t others; /* objects of other kinds, and where the first one is */
	struct ezlb_mark others_at;
	size_t inner; /* Services without an address outside of the cluster */
	struct ezlb_mark inner_at;
};

/* One port of a Service, with its backends of one family. */
struct k8s_port {
	const char *name; /* "" if it has none */
	enum ezlb_proto proto;
	uint16_t port;
	struct EZLB_VEC(struct ezlb_endpoint) backends; /* sorted; owned */
	size_t unready;
	bool done;		      /* it is in a file */
	char file[EZLB_NAME_MAX + 1]; /* in this one; "" if in none */
};
struct k8s_ports EZLB_VEC(struct k8s_port);

/* A Service while it is read. */
struct k8s_job {
	struct k8s *k;
	const struct ezlb_node *service, *spec;
	const char *ns, *service_name;
	char name[EZLB_NAME_MAX + 1]; /* of its first file */
	struct EZLB_VEC(struct ezlb_addr) addresses;
	size_t files;
	bool several; /* files */
	bool ipv6;    /* these are for the second family */
};

/* "default" without a namespace. */
const char *k8s_namespace(const struct ezlb_node *object);
bool k8s_number(const char *text, unsigned long max, unsigned long *out);
/* Fills the backends of the ports from the slices, or from Endpoints if there are none. */
void k8s_backends(const struct k8s *k, const char *ns, const char *service, uint8_t family,
		  struct k8s_ports *ports);
void k8s_service(struct k8s *k, const struct ezlb_node *service);
/* kubernetes_notes.c */
void k8s_note(struct k8s_job *job, enum ezlb_import_fate fate, const struct ezlb_node *at,
	      const char *text);
void k8s_note_settings(struct k8s_job *job);
/* Whether externalTrafficPolicy keeps the address of the client. */
bool k8s_is_local(const struct k8s_job *job);
