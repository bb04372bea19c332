/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reader: the spec under construction, and what the rules need to know of the file beside it.
 */
#pragma once

#include <ezlb/spec.h>
#include <ezlb/yaml.h>

#include "schema.h"

/* One item of `listen`. */
struct listen_item {
	struct ezlb_endpoint first; /* family 0: it could not be read */
	uint16_t last_port;	    /* of a range; else 0 */
	struct ezlb_mark at;
};

#define PROTOS	   3
#define LISTEN_MAX 64 /* items of `listen` */

struct reader {
	struct ezlb_source *src;
	struct ezlb_spec *spec;
	struct ezlb_backend *backend; /* being read */
	/* Where each field of a table begins in the file; line 0: not in the file. Of the mapping
	 * that was read last. */
	struct ezlb_mark at[TABLES][MAX_FIELDS];

	struct EZLB_VEC(struct listen_item) listen;
	bool listen_list; /* it is a list, perhaps of one */
	enum ezlb_proto protos[PROTOS];
	size_t n_protos;
	uint32_t fwmark;		    /* 0: none */
	struct ezlb_mark flag_scheduler[2]; /* scheduler_flags has one of sh, of mh */
	struct ezlb_mark source_at;

	bool netmask_mask;     /* written like 255.255.255.0 */
	bool full_nat_unclear; /* present, but neither true nor false */
	bool check_on;	       /* health_check.enabled is true, and in the file */
	bool check_off;	       /* it is false */
	bool source_auto;
};

/* read.c: the place of a field in the mapping of this table that was read last. */
struct ezlb_mark ezlb_read_at(const struct reader *r, const struct table *table, const char *name);
bool ezlb_read_given(const struct reader *r, const struct table *table, const char *name);
/* Fills in the defaults of a table, as if they were in the file. */
void ezlb_read_defaults(struct reader *r, const struct table *table);
/* Reads the keys of a mapping. */
void ezlb_read_map(struct reader *r, const struct ezlb_node *map, const struct table *table);
void ezlb_read_value(struct reader *r, const struct field *field, const struct ezlb_node *node);

/* Calls `one` for a value that is no list, or for each of the 1 to `max` items of a list. */
void ezlb_read_each(struct reader *r, const struct field *field, const struct ezlb_node *node,
		    size_t max, read_fn one);
/*
 * others.c: help for a key of keepalived, ipvsadm or Kubernetes; NULL: no such key.
 */
const char *ezlb_other_key(enum table_id table, const char *key);

/* other_file.c: what a file with errors is, if it is no service file. */
struct other_file {
	struct ezlb_mark at;
	const char *help;
	char message[160];
};
/*
 * The errors of the file begin at `first` of src->diags. root is NULL if the text is not YAML.
 * False: it may be a service file with errors.
 */
bool ezlb_other_guess(const struct ezlb_source *src, size_t first, const struct ezlb_node *root,
		      struct other_file *out);

/* read_service.c: without `name` the name of the file. */
void ezlb_read_default_name(struct reader *r, const struct ezlb_node *root);

/* listener.c: a listener with its key. fwmark 0: none, or that which a range gets by itself. */
struct ezlb_listener ezlb_listener_of(enum ezlb_proto proto, const struct ezlb_endpoint *first,
				      uint16_t last_port, uint32_t fwmark);
/* The listeners of the spec, from what the file says. */
void ezlb_listeners_make(struct reader *r);

/* Rules that involve several fields. They ignore fields that could not be read. */
void ezlb_rules_check(struct reader *r);     /* rules.c: addresses, ports, source NAT */
void ezlb_rules_listeners(struct reader *r); /* rules_listener.c */
void ezlb_rules_words(struct reader *r);     /* rules_word.c: fields that need each other */
void ezlb_rules_health(struct reader *r);    /* rules_health.c */
