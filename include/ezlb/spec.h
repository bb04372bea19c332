/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec: what one service file asks for, validated and with defaults filled in. Package config
 * creates it; after that it never changes. Rows for the kernel are a separate type (table.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/mem.h>

#define EZLB_NAME_MAX  63  /* a DNS label, RFC 1035 2.3.1 */
#define EZLB_SCHED_MAX 15  /* IP_VS_SCHEDNAME_MAXLEN - 1, linux/ip_vs.h */
#define EZLB_PATH_MAX  255 /* of health_check.http_path */

enum ezlb_proto { EZLB_TCP, EZLB_UDP, EZLB_SCTP };
enum ezlb_forward { EZLB_MASQ, EZLB_DIRECT, EZLB_TUNNEL };
enum ezlb_check_type { EZLB_CHECK_NONE, EZLB_CHECK_TCP, EZLB_CHECK_HTTP, EZLB_CHECK_HTTPS };

/* A place in a file; both count from 1, 0 = unknown. */
struct ezlb_mark {
	int line;
	int col;
};

struct ezlb_check {
	enum ezlb_check_type type; /* NONE: every backend counts as healthy */
	uint32_t interval_ms;
	uint32_t timeout_ms;
	uint32_t fail_count; /* consecutive failures until a backend is down */
	uint32_t rise_count; /* consecutive successes until it is up again */
	uint16_t http_expected_status;
	char http_path[EZLB_PATH_MAX + 1];
};

struct ezlb_backend {
	struct ezlb_endpoint endpoint;
	uint32_t weight; /* 0-65535; 0: no new connections */
	struct ezlb_mark at;
};

struct ezlb_spec {
	char *file; /* the path shown to humans; owned */
	char name[EZLB_NAME_MAX + 1];
	struct ezlb_endpoint listen;
	enum ezlb_proto proto;
	char scheduler[EZLB_SCHED_MAX + 1];
	enum ezlb_forward forward;
	bool full_nat;
	struct ezlb_addr_range snat_ip; /* family 0: MASQUERADE */
	bool traffic_log;
	struct ezlb_check check;
	struct ezlb_backend *backends; /* in file order; owned */
	size_t n_backends;	       /* at least one */
	struct ezlb_mark name_at, listen_at, snat_ip_at;
};

/* The set to apply, sorted by proto and listener; the specs are borrowed. */
struct ezlb_desired EZLB_VEC(const struct ezlb_spec *);

struct ezlb_spec *ezlb_spec_new(void);
void ezlb_spec_free(struct ezlb_spec *spec); /* NULL is fine */

/* True if both probe a target in the same way (the thresholds may differ). */
bool ezlb_check_same_probe(const struct ezlb_check *a, const struct ezlb_check *b);

/* The words in a service file; _parse returns 0 or -EINVAL. */
const char *ezlb_proto_str(enum ezlb_proto proto);
int ezlb_proto_parse(const char *text, enum ezlb_proto *out);
const char *ezlb_forward_str(enum ezlb_forward forward);
int ezlb_forward_parse(const char *text, enum ezlb_forward *out);
const char *ezlb_check_type_str(enum ezlb_check_type type);
int ezlb_check_type_parse(const char *text, enum ezlb_check_type *out);

/* IPPROTO_TCP and so on; the inverse returns -EPROTONOSUPPORT for other numbers. */
int ezlb_proto_number(enum ezlb_proto proto);
int ezlb_proto_from_number(int number, enum ezlb_proto *out);
