/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xtables: the legacy tables of iptables and ip6tables, which are alike: their entries as bytes,
 * libiptc and libip6tc behind one table of calls, and a look that needs neither of them. What rules
 * say is for snat and firewall.
 */
#pragma once

#include <limits.h> /* for ip6_tables.h */
#include <net/if.h> /* before linux/if.h, which then leaves out what is in here */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <libiptc/xtcshared.h>

#include <ezlb/table.h>

/* The kernel's own uses `typeof` in some versions of its headers, and C11 has no such word. */
#undef XT_ALIGN
#define XT_ALIGN(size) \
	(((size) + __alignof__(struct _xt_align) - 1) & ~(__alignof__(struct _xt_align) - 1))

/* --- entries, which are rules ---------------------------------------------------------------- */
/* Pure, all of it. Of two pointers the form's is of the family that the entry is of. */

/* Where struct ipt_entry and struct ip6t_entry have what: offsets, but for those of a size. */
struct ezlb_xt_form {
	uint8_t family;
	size_t addr_size;
	size_t dst, dmsk;     /* addresses */
	size_t proto;	      /* uint16_t */
	size_t flags;	      /* uint8_t */
	uint8_t proto_flag;   /* says that proto counts; 0 where that goes without saying */
	size_t said;	      /* so many bytes say what the rule matches; padding may follow */
	size_t target_offset; /* uint16_t; the next uint16_t is next_offset, the entry's length */
	size_t comefrom;      /* from here on the kernel's own, with padding and the counters */
	size_t counters;      /* struct xt_counters, which end the entry */
	size_t size;	      /* without match and target */
};
extern const struct ezlb_xt_form ezlb_xt_form_ip, ezlb_xt_form_ip6;
const struct ezlb_xt_form *ezlb_xt_form_of(uint8_t family); /* NULL for any other */

/* One with match and target, of those that ezlb makes; len is its next_offset. */
#define EZLB_XT_ENTRY_MAX 640
struct ezlb_xt_entry {
	size_t len;
	_Alignas(struct ip6t_entry) unsigned char bytes[EZLB_XT_ENTRY_MAX];
};

/* Of an entry anywhere in memory. */
size_t ezlb_xt_entry_len(const struct ezlb_xt_form *form, const void *entry);
size_t ezlb_xt_entry_target_at(const struct ezlb_xt_form *form, const void *entry);
struct xt_counters ezlb_xt_entry_counters(const struct ezlb_xt_form *form, const void *entry);
/* Does it match every packet, and jump (-j) rather than go (-g)? Whereto is not said. */
bool ezlb_xt_entry_is_plain(const struct ezlb_xt_form *form, const void *entry);

/* A rule that matches every packet and jumps to the chain. */
void ezlb_xt_entry_jump(const struct ezlb_xt_form *form, const char *chain,
			struct ezlb_xt_entry *out);

/* Parts of a rule, to be put into one that is zeroed. */
void ezlb_xt_put_proto(const struct ezlb_xt_form *form, enum ezlb_proto proto, void *entry);
void ezlb_xt_put_dst(const struct ezlb_xt_form *form, const struct ezlb_addr *dst, void *entry);
/* Where the target begins, and where it ends. */
void ezlb_xt_put_offsets(const struct ezlb_xt_form *form, size_t target_at, size_t len,
			 void *entry);

/*
 * Clear what says nothing about a rule: counters, padding, fields that the kernel or libiptc uses
 * for itself; and what follows the NUL of a name (the kernel writes no further than that).
 */
void ezlb_xt_clean_head(const struct ezlb_xt_form *form, void *entry);
void ezlb_xt_clean_name(char name[XT_EXTENSION_MAXNAMELEN]);

/* What a match of a destination port has behind its head, named as its protocol; size is aligned.
 */
size_t ezlb_xt_port_size(enum ezlb_proto proto);
void ezlb_xt_port_put(enum ezlb_proto proto, uint16_t port, void *data);
uint16_t ezlb_xt_port_get(enum ezlb_proto proto, const void *data);

/* --- the libraries --------------------------------------------------------------------------- */
/* They speak through errno: NULL or 0 for failure; 0 there is that of a format unknown to them. */

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

/* --- without them ---------------------------------------------------------------------------- */
/* `loaded` names the file in which the kernel lists a family's tables that are loaded. */

/* Asking for the table itself would load its module. No such file: not loaded. */
int ezlb_xt_is_loaded(const char *loaded, const char *table, bool *out, struct ezlb_err *err);

/*
 * A hash of the table, counters left out. Of one with more than 2,000 entries or 1 MiB it is that
 * of their number and size and of where the built-in chains begin and end. -ENOENT where it is not
 * loaded.
 */
int ezlb_xt_peek(const struct ezlb_xt_form *form, const char *loaded, const char *table,
		 uint64_t *print);
