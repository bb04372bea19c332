/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schema: all fields of a service file as tables. The parser reads by them, defaults and limits
 * come from them, and `ezlb schema` prints them as a JSON Schema.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/check.h>

#include "fields.h"

struct ezlb_node;
struct ezlb_spec;
struct reader;
struct field;
struct table;

#define MAX_FIELDS 32 /* in one mapping */

enum value {
	VALUE_TEXT,	/* with a pattern, or any text. With limits: a number, too */
	VALUE_BOOL,	/* true or false */
	VALUE_NUMBER,	/* within its limits */
	VALUE_DURATION, /* within its limits, in ms */
	VALUE_WORD,	/* one of its words. With limits: a number, too */
	VALUE_MAP,	/* a mapping with its table. With limits: a duration, too */
	VALUE_MAPS,	/* a list of mappings with its table */
	VALUE_TEXTS,	/* a mapping of any keys to texts. The pattern is that of a key, the limit
			   their number */
};

/* The object that a value without a reader of its own is stored in. */
enum place { IN_SPEC, IN_REQUEST, IN_BACKEND };

/* Reads a value that is there. Reports what is wrong with it. */
typedef void (*read_fn)(struct reader *r, const struct field *field, const struct ezlb_node *node);

/*
 * Appends the texts of the value as in a file: one, or those of a list. None: the key is left out,
 * as it is where the only one is the default.
 */
struct writer;
typedef void (*write_fn)(const struct writer *w, const struct field *field, struct ezlb_texts *to);

/* One key of a mapping. */
struct field {
	const char *name;
	enum value value;
	const char *about;	  /* a description of one line, for editors */
	const char *by_default;	  /* as in a file; NULL: none, or `about` says what */
	const char *needed;	  /* the help text if a required key is missing; NULL: optional */
	const char *unless;	  /* the key that may be there in place of a required one */
	const char *const *words; /* ends with NULL */
	const struct alias *aliases; /* ends with a NULL word; NULL: none */
	const char *pattern;  /* a regular expression for editors; ECMA 262, as in JSON Schema */
	struct bounds limits; /* both 0: none */
	bool many;	      /* one value or a list of values */
	bool any;	      /* the text may look like a number or a boolean */
	bool empty;	      /* an empty value is the same as none */
	unsigned types;	      /* of health check: CHECK_BIT of those that use it; 0: all */
	const struct table *table; /* of VALUE_MAP and VALUE_MAPS */
	read_fn read;		   /* NULL: by `value`, to `place` and `offset` */
	write_fn write;		   /* NULL: by `value` from there, or by `table` */
	enum place place;
	size_t offset;
};
#define CHECK_BIT(type) (1u << EZLB_CHECK_##type)

enum table_id {
	TABLE_SERVICE,
	TABLE_BACKEND,
	TABLE_CHECK,
	TABLE_PERSISTENCE,
	TABLE_TUNNEL,
	TABLES
};
struct table {
	enum table_id id;
	const struct field *fields;
	size_t n;
};
extern const struct table service_table, backend_table, check_table, persistence_table,
	tunnel_table;

/* What a file gets that does not say it: the type of the check, and the name for SNI, NULL or owned
 * by the caller. */
enum ezlb_check_type ezlb_default_check_type(const struct ezlb_spec *spec);
char *ezlb_default_server_name(const struct ezlb_request *request);

/* Readers of single fields, and of what is special in a mapping. */
void ezlb_read_name(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_listen(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_protocol(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_fwmark(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_scheduler(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_scheduler_flags(struct reader *r, const struct field *field,
			       const struct ezlb_node *node);
void ezlb_read_one_packet(struct reader *r, const struct field *field,
			  const struct ezlb_node *node);
void ezlb_read_persistence(struct reader *r, const struct field *field,
			   const struct ezlb_node *node);
void ezlb_read_persistence_timeout(struct reader *r, const struct field *field,
				   const struct ezlb_node *node);
void ezlb_read_netmask(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_engine(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_forward(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_tunnel_type(struct reader *r, const struct field *field,
			   const struct ezlb_node *node);
void ezlb_read_tunnel_port(struct reader *r, const struct field *field,
			   const struct ezlb_node *node);
void ezlb_read_tunnel_checksum(struct reader *r, const struct field *field,
			       const struct ezlb_node *node);
void ezlb_read_full_nat(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_snat_ip(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_address(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_backends(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_fallback(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_min_healthy(struct reader *r, const struct field *field,
			   const struct ezlb_node *node);
void ezlb_read_vip(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_client_address(struct reader *r, const struct field *field,
			      const struct ezlb_node *node);
void ezlb_read_on_failure(struct reader *r, const struct field *field,
			  const struct ezlb_node *node);

void ezlb_read_enabled(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_check_type(struct reader *r, const struct field *field,
			  const struct ezlb_node *node);
void ezlb_read_initial(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_check_port(struct reader *r, const struct field *field,
			  const struct ezlb_node *node);
void ezlb_read_source(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_method(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_path(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_host(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_headers(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_status(struct reader *r, const struct field *field, const struct ezlb_node *node);
/* Part of a URL: a name or an IPv4 address, without a port. */
bool ezlb_is_server_name(const char *text);
void ezlb_read_server_name(struct reader *r, const struct field *field,
			   const struct ezlb_node *node);
void ezlb_read_insecure(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_ca_file(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_payload(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_answer(struct reader *r, const struct field *field, const struct ezlb_node *node);
void ezlb_read_query_name(struct reader *r, const struct field *field,
			  const struct ezlb_node *node);
void ezlb_read_query_type(struct reader *r, const struct field *field,
			  const struct ezlb_node *node);
void ezlb_read_rcode(struct reader *r, const struct field *field, const struct ezlb_node *node);
/* In the order of the words in the table: RFC 1035 3.2.2, RFC 3596, RFC 2782. */
extern const uint16_t ezlb_query_types[];

/* Writers of single fields: write_service.c, write_check.c, write_request.c. */
void ezlb_write_address(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_persistence_timeout(const struct writer *w, const struct field *field,
				    struct ezlb_texts *to);
void ezlb_write_netmask(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_engine(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_tunnel_type(const struct writer *w, const struct field *field,
			    struct ezlb_texts *to);
void ezlb_write_tunnel_port(const struct writer *w, const struct field *field,
			    struct ezlb_texts *to);
void ezlb_write_tunnel_checksum(const struct writer *w, const struct field *field,
				struct ezlb_texts *to);
void ezlb_write_name(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_listen(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_protocol(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_fwmark(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_scheduler(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_scheduler_flags(const struct writer *w, const struct field *field,
				struct ezlb_texts *to);
void ezlb_write_persistence(const struct writer *w, const struct field *field,
			    struct ezlb_texts *to);
void ezlb_write_one_packet(const struct writer *w, const struct field *field,
			   struct ezlb_texts *to);
void ezlb_write_forward(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_full_nat(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_snat_ip(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_min_healthy(const struct writer *w, const struct field *field,
			    struct ezlb_texts *to);
void ezlb_write_vip(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_client_address(const struct writer *w, const struct field *field,
			       struct ezlb_texts *to);
void ezlb_write_on_failure(const struct writer *w, const struct field *field,
			   struct ezlb_texts *to);
void ezlb_write_enabled(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_check_type(const struct writer *w, const struct field *field,
			   struct ezlb_texts *to);
void ezlb_write_initial(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_check_port(const struct writer *w, const struct field *field,
			   struct ezlb_texts *to);
void ezlb_write_source(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_method(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_path(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_host(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_headers(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_status(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_insecure(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_server_name(const struct writer *w, const struct field *field,
			    struct ezlb_texts *to);
void ezlb_write_ca_file(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_payload(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_answer(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_query_name(const struct writer *w, const struct field *field,
			   struct ezlb_texts *to);
void ezlb_write_query_type(const struct writer *w, const struct field *field,
			   struct ezlb_texts *to);
void ezlb_write_rcode(const struct writer *w, const struct field *field, struct ezlb_texts *to);
void ezlb_write_fast_interval(const struct writer *w, const struct field *field,
			      struct ezlb_texts *to);
