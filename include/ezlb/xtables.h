/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xtables: the legacy tables of iptables and ip6tables for snat and firewall: rules as bytes,
 * libiptc and libip6tc behind one table of calls, and a peek that needs neither library.
 */
#pragma once

#include <limits.h> /* for ip6_tables.h */
#include <net/if.h> /* before linux/if.h, which would define the same names */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <libiptc/xtcshared.h>

#include <ezlb/kept.h>
#include <ezlb/table.h>

/* Some kernel headers define it with `typeof`, which C11 does not have. */
#undef XT_ALIGN
#define XT_ALIGN(size) \
	(((size) + __alignof__(struct _xt_align) - 1) & ~(__alignof__(struct _xt_align) - 1))

/* --- entries: rules as bytes ----------------------------------------------------------------- */
/* Pure functions. The form must be of the same family as the entry. */

/* The layout of struct ipt_entry or struct ip6t_entry: offsets, except for the two sizes. */
struct ezlb_xt_form {
	uint8_t family;
	size_t addr_size;
	size_t dst, dmsk;     /* addresses */
	size_t proto;	      /* uint16_t */
	size_t flags;	      /* uint8_t */
	uint8_t proto_flag;   /* the flag that makes proto valid; 0: proto is always valid */
	size_t match_len;     /* the first match_len bytes hold the match; padding may follow */
	size_t target_offset; /* uint16_t; the next uint16_t is next_offset, the entry's length */
	size_t comefrom;      /* the kernel's own fields begin here, with padding and counters */
	size_t counters;      /* struct xt_counters, the last field of the entry */
	size_t size;	      /* without match and target */
};
extern const struct ezlb_xt_form ezlb_xt_form_ip, ezlb_xt_form_ip6;
const struct ezlb_xt_form *ezlb_xt_form_of(uint8_t family); /* NULL for any other family */

/* An entry that ezlb creates, with match and target; len is its next_offset. */
#define EZLB_XT_ENTRY_MAX 640
struct ezlb_xt_entry {
	size_t len;
	_Alignas(struct ip6t_entry) unsigned char bytes[EZLB_XT_ENTRY_MAX];
};

/* These read an entry, which need not be aligned. */
size_t ezlb_xt_entry_len(const struct ezlb_xt_form *form, const void *entry);
size_t ezlb_xt_entry_target_at(const struct ezlb_xt_form *form, const void *entry);
struct xt_counters ezlb_xt_entry_counters(const struct ezlb_xt_form *form, const void *entry);
/* True if the entry matches every packet and does not use goto (-g). Ignores the target. */
bool ezlb_xt_entry_is_plain(const struct ezlb_xt_form *form, const void *entry);

/* Builds a rule that matches every packet and jumps to the chain. */
void ezlb_xt_entry_jump(const struct ezlb_xt_form *form, const char *chain,
			struct ezlb_xt_entry *out);

/* These set fields of a zeroed entry. */
void ezlb_xt_put_proto(const struct ezlb_xt_form *form, enum ezlb_proto proto, void *entry);
void ezlb_xt_put_dst(const struct ezlb_xt_form *form, const struct ezlb_addr *dst, void *entry);
/* target_at and len: where the target begins and ends. */
void ezlb_xt_put_offsets(const struct ezlb_xt_form *form, size_t target_at, size_t len,
			 void *entry);

/*
 * Clear what does not belong to a rule: counters, padding, fields that the kernel or libiptc uses
 * internally; and the bytes after the NUL of a name, which the kernel does not write.
 */
void ezlb_xt_clean_head(const struct ezlb_xt_form *form, void *entry);
void ezlb_xt_clean_name(char name[XT_EXTENSION_MAXNAMELEN]);

/* The data of a destination port match (tcp, udp or sctp) after its header; the size is aligned. */
size_t ezlb_xt_port_size(enum ezlb_proto proto);
void ezlb_xt_port_put(enum ezlb_proto proto, uint16_t port, void *data);
uint16_t ezlb_xt_port_get(enum ezlb_proto proto, const void *data);

/* --- the libraries --------------------------------------------------------------------------- */
/* On failure they return NULL or 0 and set errno; errno 0 means a format unknown to the library. */

struct ezlb_xt {
	const struct ezlb_xt_form *form;
	struct xtc_handle *(*init)(const char *table);
	void (*free)(struct xtc_handle *handle);
	const char *(*first_chain)(struct xtc_handle *handle);
	const char *(*next_chain)(struct xtc_handle *handle);
	int (*is_chain)(const char *chain, struct xtc_handle *handle);
	int (*builtin)(const char *chain, struct xtc_handle *handle);
	const char *(*policy)(const char *chain, struct xtc_handle *handle);
	int (*create_chain)(const char *chain, struct xtc_handle *handle);
	int (*delete_chain)(const char *chain, struct xtc_handle *handle);
	int (*flush)(const char *chain, struct xtc_handle *handle);
	int (*references)(unsigned *refs, const char *chain, struct xtc_handle *handle);
	const void *(*first_rule)(const char *chain, struct xtc_handle *handle);
	const void *(*next_rule)(const void *entry, struct xtc_handle *handle);
	const char *(*target)(const void *entry, struct xtc_handle *handle);
	int (*insert)(const char *chain, const void *entry, unsigned at, struct xtc_handle *handle);
	int (*append)(const char *chain, const void *entry, struct xtc_handle *handle);
	int (*delete_at)(const char *chain, unsigned at, struct xtc_handle *handle);
	int (*commit)(struct xtc_handle *handle);
	const char *(*strerror)(int code);
};
extern const struct ezlb_xt ezlb_xt_ip, ezlb_xt_ip6;

/* Sets the error text for errno after a failed call: "cannot WHAT the TABLE: ..."; returns -errno.
 */
int ezlb_xt_explain(const struct ezlb_xt *xt, const char *what, const char *table,
		    struct ezlb_err *err);

/* --- without the libraries ------------------------------------------------------------------- */
/* `loaded` is the path of the file in which the kernel lists the loaded tables of a family. */

/* A request for the table would load its module. If the file is missing, the table is not loaded.
 */
int ezlb_xt_is_loaded(const char *loaded, const char *table, bool *out, struct ezlb_err *err);

/* What ezlb_xt_peek keeps open for one family; zeroed at first. */
struct ezlb_xt_look {
	struct ezlb_kept names; /* the file `loaded` */
	int socket_1;		/* the descriptor + 1; 0: none */
};
void ezlb_xt_look_close(struct ezlb_xt_look *look);

/*
 * Sets *print to a hash of the table without its counters. For a table of more than 2,000 entries
 * or 1 MiB it hashes only the number and size of the entries and where the built-in chains begin
 * and end. -ENOENT if the table is not loaded.
 */
int ezlb_xt_peek(struct ezlb_xt_look *look, const struct ezlb_xt_form *form, const char *loaded,
		 const char *table, uint64_t *print);
