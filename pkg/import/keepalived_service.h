/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepalived_service: one virtual_server of keepalived.conf on its way to service files. Keywords
 * are rows of tables: each has a function that uses it, or the words that say why it is gone.
 */
#pragma once

#include "keepalived_read.h"

struct ka_service;

/* Uses a keyword, with its words and its block. */
typedef void (*ka_fn)(struct ka_service *s, const struct ka_stmt *stmt);
struct ka_keyword {
	const char *name;
	ka_fn use;
	const char *gone; /* if `use` is NULL: what became of it */
};
struct ka_table {
	const char *of; /* "virtual_server" */
	const struct ka_keyword *rows;
	size_t n;
};
#define KA_TABLE(name, rows)                                     \
	{                                                        \
		(name), (rows), sizeof(rows) / sizeof((rows)[0]) \
	}

/* Settings of checks, which a checker takes from its real_server, and that from the service. */
struct ka_timing {
	long delay_loop_ms, delay_before_ms, connect_ms; /* -1: not set */
	int retry, alpha;				 /* -1: not set */
	const struct ka_stmt *loop_at, *before_at, *connect_at;
	const char *host; /* virtualhost; NULL: not set */
};

enum ka_probe { KA_NONE, KA_TCP, KA_UDP, KA_DNS, KA_HTTP, KA_HTTPS };

/* A checker, while its keywords are read. */
struct ka_check {
	enum ka_probe probe;
	struct ka_timing timing;
	uint16_t port; /* connect_port; 0: that of the real_server */
	struct ezlb_addr source;
	bool url, sni, any_reply, payload;
	const char *path, *dns_name, *dns_type;
	struct ezlb_text statuses, body, payload_hex, answer_hex;
};

struct ka_server {
	const struct ka_stmt *stmt;
	struct ezlb_endpoint ep;
	uint32_t weight, upper, lower;
	bool sorry, inhibit;
	char *forward;	 /* lines of the service file; owned */
	char *check;	 /* the same; owned */
	uint16_t probed; /* the port that the check names; 0: none */
	struct ka_timing timing;
};

/* An address and port, or a mark, of a virtual_server or its group. */
struct ka_listener {
	struct ezlb_endpoint ep; /* of a mark only the family, 0 if not said */
	uint32_t mark;
};
struct ka_listeners EZLB_VEC(struct ka_listener);

struct ka_service {
	struct ka_reader *reader;
	const struct ka_stmt *stmt;
	char name[EZLB_NAME_MAX + 1];
	char what[KA_SHOW_STRLEN]; /* "virtual_server 10.0.0.1 80" */
	struct ka_listeners listeners;
	uint8_t ip_family; /* AF_INET, AF_INET6; 0: not said */
	enum ezlb_proto proto;
	const struct ka_stmt *protocol; /* that says it; NULL: none does */
	bool is_mark;			/* virtual_server fwmark N */
	const char *scheduler;
	bool flag_fallback, flag_port, ops, inhibit;
	long persistence_s;
	int prefix; /* of persistence; 0: none */
	const char *engine;
	char *forward; /* lines; NULL: NAT; owned */
	uint32_t weight;
	struct ka_timing timing;
	struct EZLB_VEC(struct ka_server) servers;
	bool bare; /* a backend is written without a port, so the check needs one */
	/* What is being read now. */
	struct ka_server *server;
	struct ka_check *check;
};

/* keepalived_words.c: values, and the reading of a block by a table. */
void ka_use(struct ka_service *s, const struct ka_table *table, const struct ka_stmt *stmt);
void ka_note(struct ka_service *s, enum ezlb_import_fate fate, const struct ka_stmt *stmt,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Each reports what it cannot read as a setting that is gone, and returns false. */
bool ka_number(struct ka_service *s, const struct ka_stmt *stmt, size_t i, unsigned long max,
	       unsigned long *out);
bool ka_seconds(struct ka_service *s, const struct ka_stmt *stmt, long *ms);
/* Without a word it is true. */
bool ka_bool(struct ka_service *s, const struct ka_stmt *stmt, bool *out);
/* "IP PORT" in words i and i + 1; a missing port is 0. Reports an error. */
bool ka_endpoint(struct ka_reader *reader, const struct ka_stmt *stmt, size_t i,
		 struct ezlb_endpoint *out);
/* "NAT", "DR", "TUN type gue port N csum" from word 1 on, as lines of a service file. */
char *ka_forward(struct ka_service *s, const struct ka_stmt *stmt);
/* The keywords that virtual_server, real_server and checkers share: into `timing`. */
bool ka_timing_use(struct ka_service *s, const struct ka_stmt *stmt, struct ka_timing *timing);
#define KA_TIMING(use)                                                                            \
	{ "delay_loop", use, NULL }, { "delay_before_retry", use, NULL },                         \
		{ "connect_timeout", use, NULL }, { "retry", use, NULL }, { "alpha", use, NULL }, \
		{ "warmup", use, NULL },                                                          \
	{                                                                                         \
		"virtualhost", use, NULL                                                          \
	}
extern const struct ka_timing ka_timing_unset;
/* What is not set is taken from `from`. */
void ka_timing_inherit(struct ka_timing *timing, const struct ka_timing *from);
#define KA_NO_PROGRAMS                                                               \
	"ezlb starts no programs; read `ezlb events -f -o json` or use alert rules " \
	"for the metrics"

/* keepalived_group.c: the listeners of a virtual_server. False: reported. */
bool ka_listeners_read(struct ka_service *s);
/* keepalived_server.c */
void ka_read_sorry(struct ka_service *s, const struct ka_stmt *stmt);
void ka_read_server(struct ka_service *s, const struct ka_stmt *stmt);
/* keepalived_check.c: the lines of health_check for a server, into server->check. */
void ka_check_server(struct ka_service *s, struct ka_server *server);
/* keepalived_probe.c: the keywords of a checker, and its lines. */
void ka_probe_read(struct ka_service *s, const struct ka_stmt *stmt, struct ka_check *check);
char *ka_probe_lines(struct ka_service *s, const struct ka_stmt *stmt, const struct ka_check *check,
		     uint16_t port);
void ka_check_clear(struct ka_check *check);
/* keepalived_write.c: one or more service files. */
void ka_service_write(struct ka_service *s);
/* keepalived_vs.c */
void ka_service_read(struct ka_reader *reader, const struct ka_stmt *stmt);
