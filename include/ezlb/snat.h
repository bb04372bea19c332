/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snat: the source half of FullNAT. One rule for each healthy backend of a full_nat service, in a
 * chain of our own:
 *
 *   -A POSTROUTING -j EZLB-SNAT
 *   -A EZLB-SNAT -d <backend>/32 -p <proto> -m <proto> --dport <port> \
 *       -j SNAT --to-source <first>[-<last>] --random-fully
 *   -A EZLB-SNAT -d <backend>/32 -p <proto> -m <proto> --dport <port> -j MASQUERADE --random-fully
 *
 * and the same with /128 in the table of ip6tables. Of a range the kernel takes an address by a
 * hash of the client's and the backend's: a client always comes to a backend from the same one.
 * Its ports are fully random, for in their order two connections at a time take the same one and
 * one of them fails. The packets that a rule counts are the row's connections. The jump is put
 * first in POSTROUTING: NAT is decided once for a connection, by the first rule that matches, and a
 * container engine's own MASQUERADE must not win over snat_ip. Where another program puts a rule
 * before it later, it stays where it is: two programs that both insist on being first would never
 * come to rest.
 *
 * The chain is ours alone. A rule in it that is not exactly of this form, a second rule for the
 * same backend, and any other rule of the table that leads to it make the frame unsound, and go.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/layer.h>

#define EZLB_SNAT_CHAIN "EZLB-SNAT"

/*
 * The legacy nat tables through libiptc (IPv4) and libip6tc (IPv6). One apply is at most one commit
 * a family, under the lock in $XTABLES_LOCKFILE or /run/xtables.lock with a wait of at most 2 s
 * (-EAGAIN afterwards); the table is read again under the lock before and after. An op that finds
 * its work done is done; where that is all, nothing is written. Any op that puts something in mends
 * its family's frame too, SETUP that of both. Rules keep their order and their counters, with a new
 * value too. Never touches a rule outside its chain except those that lead to it. Opening touches
 * nothing; list and removing ops do not load a table. Needs CAP_NET_ADMIN and CAP_NET_RAW (for
 * libiptc's socket).
 *
 * The frame is IPv4's and, once there has been a row of IPv6, IPv6's as well: before, no op touches
 * or loads that table. Where one family as a whole fails, its ops get its -errno, those of the
 * other go on, and apply returns 0. Only where nothing that was to do could be done does it return
 * the error (IPv4's, of two). No kernel loads ip6_tables by itself: ops that need it get
 * -ENOPROTOOPT without, and -EAFNOSUPPORT where there is no IPv6 at all. list fails where a table
 * that is loaded cannot be read.
 *
 * Its peek sees the whole of both tables, so it tells of other programs' rules as well; counters do
 * not change it. Up to 2,000 entries (and 1 MiB) a table it misses nothing. Of a larger table it
 * sees only how many entries and bytes there are and where the built-in chains begin and end: it
 * misses a rule replaced by one of the same size, another order within a chain, a policy. -ENOENT
 * where neither table is loaded.
 */
int ezlb_snat_iptables_open(struct ezlb_layer **out, struct ezlb_err *err);

/* Has the legacy nat table of IPv4 a chain whose name begins so? False where it cannot be read. */
bool ezlb_snat_iptables_has_chain(const char *prefix);

/*
 * The table `ezlb` of nf_tables, one for ip and one for ip6, through libmnl and libnftnl: a chain
 * at postrouting, priority srcnat - 10 (it comes before whatever iptables and others do), one rule
 * that looks the connection's original destination (address, protocol, port) up in a map to the
 * range of source addresses, and one that does so in a set for masquerade. Rows have the service's
 * listener in their key (EZLB_SNAT_KEY_LISTENER): backends that come and go change
 * nothing here, and what is not a connection of a service is never touched, ezlb's own probes
 * included.
 *
 * One apply is one transaction a family, of element adds and deletes: all of it or nothing. So
 * where the kernel does no IPv6, the ops of IPv6 get its -errno and the others go on. The frame is
 * the ip table and, once there has been a row of IPv6, the ip6 table. A table is ours alone: what
 * is in it and is not ours makes the frame unsound. Any op on an unsound table makes all of it
 * again, rows and all, in that one transaction: there is no moment without. An op that finds its
 * work done is done; where that is all, nothing is written. Ports are chosen fully at random,
 * addresses of a range as with iptables. Each element counts its row's connections, but with
 * kernels before 5.7; a new value, and a table made again, go on from what they find.
 *
 * Its peek is the generation of the ruleset: it misses nothing, and tells of every change of
 * anybody in the network namespace. -ENOENT where the kernel has no nf_tables.
 *
 * Opening touches nothing. list and removing ops do not load nf_tables: without it there are no
 * rows. Other ops let the kernel load what it needs, and get -ENOPROTOOPT where there is no
 * nf_tables, or -ENOENT or so where one of its modules is missing; err names the remedy. -EAGAIN
 * where others changed the ruleset each time that ezlb wanted to. Needs CAP_NET_ADMIN, for list
 * too.
 */
int ezlb_snat_nftables_open(struct ezlb_layer **out, struct ezlb_err *err);

/*
 * A socket that becomes readable when anybody changes nf_tables in this network namespace, ezlb
 * included; or -errno. The caller closes it. It does not tell what has changed: whoever is woken
 * drains it, and looks at the peek. It never reports an error for what it had no room for, which a
 * loop would take for its end. The kernel loads nf_tables for it: for who uses that anyway. Needs
 * CAP_NET_ADMIN.
 */
int ezlb_nft_watch_open(struct ezlb_err *err);
/* Reads what there is; what comes while it does so may make the socket readable once more. */
void ezlb_nft_watch_drain(int fd);

/* Which of the two, and why. */
enum ezlb_snat_driver { EZLB_SNAT_AUTO, EZLB_SNAT_IPTABLES, EZLB_SNAT_NFTABLES };
const char *ezlb_snat_driver_str(enum ezlb_snat_driver driver);		  /* "nftables" */
int ezlb_snat_driver_parse(const char *text, enum ezlb_snat_driver *out); /* or -EINVAL */

/* What its rules can tell apart. AUTO is taken for nftables, which forbids nothing. */
enum ezlb_snat_key_kind ezlb_snat_driver_key(enum ezlb_snat_driver driver);

/* What the host gives away without a module being loaded for the question. */
struct ezlb_snat_host {
	bool legacy_nat; /* one of the legacy nat tables is loaded: somebody works with it */
	bool nf_tables, ip_tables; /* in the kernel, or among the modules that it can load */
};

/* Reads files below `root`, which is "" but for tests. */
void ezlb_snat_look(const char *root, struct ezlb_snat_host *out);

/*
 * What AUTO comes to: what the host uses, else what it has. Never AUTO; *why is static, for the
 * log. Where there is neither it is iptables: that one can say so op by op.
 */
enum ezlb_snat_driver ezlb_snat_choose(const struct ezlb_snat_host *host, const char **why);
