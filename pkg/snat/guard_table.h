/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard_table: the nf_tables table of guarded addresses: a set of addresses and two rules for each
 * family. One description serves to create and to compare them. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h> /* for libnftnl */

#include <libmnl/libmnl.h>
#include <libnftnl/set.h>

#include <ezlb/netfilter.h>
#include <ezlb/table.h>

#define GUARD_CHAIN "input"
#define GUARD_RULES 4u
#define GUARD_SETS  2u

/* The name of the set: IPv4, IPv6. */
extern const char *const guard_sets[GUARD_SETS];

/* Appends the requests that create the table with these rows, sorted; that delete the table. */
void guard_put_all(struct ezlb_nl_buf *buf, const struct ezlb_guards *rows);
void guard_put_del(struct ezlb_nl_buf *buf);

/* True if the message from the kernel describes what put_all creates. */
bool guard_is_table(const struct nlmsghdr *msg);
bool guard_is_chain(const struct nlmsghdr *msg);
bool guard_is_set(const struct nlmsghdr *msg, unsigned six);
bool guard_is_rule(const struct nlmsghdr *msg, unsigned i);
/* -EINVAL for an element that put_all would not create. */
int guard_elem_parse(const struct nftnl_set_elem *elem, unsigned six, struct ezlb_guard_row *out);
