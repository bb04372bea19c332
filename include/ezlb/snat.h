/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snat: the source NAT of full_nat services. With iptables: one rule for each healthy backend of
 * such a service, in a chain of ezlb's own:
 *
 *   -A POSTROUTING -j EZLB-SNAT
 *   -A EZLB-SNAT -d <backend>/32 -p <proto> -m <proto> --dport <port> \
 *       -j SNAT --to-source <first>[-<last>] --random-fully
 *   -A EZLB-SNAT -d <backend>/32 -p <proto> -m <proto> --dport <port> -j MASQUERADE --random-fully
 *
 * and the same with /128 in the ip6tables nat table. The kernel chooses an address of a range by a
 * hash of the addresses of client and backend, so a backend always sees a client with the same
 * address. Ports are fully random: with sequential ports two simultaneous connections can get the
 * same port, and one fails. A rule's packet counter is the row's number of connections. ezlb
 * inserts the jump first in POSTROUTING: the first rule that matches decides the NAT of a
 * connection, and a container engine's MASQUERADE must not take precedence over snat_ip. If another
 * program later inserts a rule before the jump, ezlb leaves it: two programs that both insist on
 * the first place would never stop.
 *
 * ezlb owns the chain. The frame is not sound if the chain has a rule of another form or a second
 * rule for the same backend, or if another rule of the table leads to it; ezlb deletes such rules.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/layer.h>

#define EZLB_SNAT_CHAIN "EZLB-SNAT"

/*
 * The iptables driver: the legacy nat tables through libiptc (IPv4) and libip6tc (IPv6). One apply
 * does at most one commit per family. It waits at most 2 s for the lock in $XTABLES_LOCKFILE or
 * /run/xtables.lock (then -EAGAIN), and reads the table under the lock before and after the commit.
 * An op whose result already exists succeeds; if that is true of all ops, nothing is written. ADD
 * and SET also repair the frame of their family, SETUP that of both families. Rules keep their
 * order and their counters, even when their value changes. Outside its chain it changes only rules
 * that lead to the chain. Opening changes nothing; list and removing ops load no table. Needs
 * CAP_NET_ADMIN and CAP_NET_RAW (for libiptc's socket).
 *
 * The frame covers IPv4 and, as soon as an IPv6 row was added, IPv6; until then no op touches or
 * loads the IPv6 table. If one family fails as a whole, its ops get its -errno, the ops of the
 * other family go on, and apply returns 0. apply returns an error (IPv4's if both fail) only if
 * everything failed. No kernel loads ip6_tables by itself: without it the ops that need it get
 * -ENOPROTOOPT, or -EAFNOSUPPORT if the kernel has no IPv6. list fails if a loaded table cannot be
 * read.
 *
 * peek hashes both tables without counters, so it also reports changes of other programs' rules. It
 * misses nothing in a table of up to 2,000 entries and 1 MiB. Of a larger table it sees only the
 * number of entries and bytes and where the built-in chains begin and end: it misses a rule
 * replaced by one of the same size, another order within a chain, and a policy. -ENOENT if neither
 * table is loaded.
 */
int ezlb_snat_iptables_open(struct ezlb_layer **out, struct ezlb_err *err);

/* True if the IPv4 legacy nat table has a chain with this prefix; false if it cannot be read. */
bool ezlb_snat_iptables_has_chain(const char *prefix);

/*
 * The nftables driver: the nf_tables table `ezlb`, one for ip and one for ip6, through libmnl and
 * libnftnl. It has a chain at postrouting, priority srcnat - 10 (before iptables and others), with
 * two rules. Both look up the connection's original destination (address, protocol, port): one in a
 * map to the range of source addresses, one in a set for masquerade. The row key is the service's
 * listener (EZLB_SNAT_KEY_LISTENER): a change of backends changes nothing here, and connections
 * that belong to no service, such as ezlb's own probes, are never translated.
 *
 * One apply is one transaction per family of element adds and deletes: all or nothing. So if the
 * kernel has no IPv6, the ops of IPv6 get its -errno and the others go on. The frame is the ip
 * table and, as soon as an IPv6 row was added, the ip6 table. ezlb owns these tables: anything else
 * in them makes the frame unsound. Any op on an unsound table creates the whole table again with
 * its rows, in the same transaction, so the rules are never missing. An op whose result already
 * exists succeeds; if that is true of all ops, nothing is written. Ports are fully random,
 * addresses of a range as with iptables. Each element counts its row's connections, except on
 * kernels before 5.7; a changed element or a table created again keeps its counts.
 *
 * peek is the generation of the ruleset: it misses nothing, and reports every change by any program
 * in the network namespace. -ENOENT if the kernel has no nf_tables.
 *
 * Opening changes nothing. list and removing ops do not load nf_tables: if it is not loaded, no
 * rows exist. Other ops let the kernel load the modules; they get -ENOPROTOOPT if nf_tables is
 * missing, or an error such as -ENOENT if one of its modules is missing; err names the fix. -EAGAIN
 * if other programs changed the ruleset before every try. Needs CAP_NET_ADMIN, also for list.
 */
int ezlb_snat_nftables_open(struct ezlb_layer **out, struct ezlb_err *err);

/*
 * Returns a socket that becomes readable when any program, ezlb included, changes nf_tables in this
 * network namespace; or -errno. The caller closes it. It does not say what changed: drain it, then
 * compare the peek. A full socket buffer is never reported as an error, which would end the event
 * loop's watch of it. Opening it makes the kernel load nf_tables, so open it only if nf_tables is
 * in use. Needs CAP_NET_ADMIN.
 */
int ezlb_nft_watch_open(struct ezlb_err *err);
/* Reads all pending messages; later ones may make the socket readable again. */
void ezlb_nft_watch_drain(int fd);

/* --- marks for ranges of ports ---------------------------------------------------------------- */

#define EZLB_MARK_TABLE "ezlb-mark"

/*
 * The layer of the marks, for either driver: the nf_tables table `ezlb-mark` of family inet, with
 * the chains `prerouting` and `output` at priority mangle. Each row is a rule in both:
 *
 *   ip daddr 10.0.0.1 tcp dport 5000-5100 meta mark set 0x... comment "tcp 10.0.0.1:5000 5100 ..."
 *
 * One apply is one transaction that creates the table again with all rows, or deletes it with the
 * last one. If anything in the table is not ezlb's, list returns only a row without a mark, so all
 * rows are added again. list and removing ops do not load nf_tables; others get -ENOPROTOOPT where
 * the kernel has none. peek is the generation of the ruleset while the table exists, else 0.
 */
int ezlb_mark_open(struct ezlb_layer **out, struct ezlb_err *err);

/* --- guarded addresses --------------------------------------------------------------------------
 */

/*
 * The same layer has the nf_tables table EZLB_GUARD_TABLE of family inet, with a set of addresses
 * for each family, the chain `input` at priority 110, and for IPv4, and likewise for IPv6:
 *
 *   ip daddr @guarded_ip iiftype != loopback tcp flags & (fin | syn | rst | ack) == syn
 *       counter reject with tcp reset
 *   ip daddr @guarded_ip iiftype != loopback meta l4proto != tcp meta l4proto != icmp ct state new
 *       counter reject with icmpx port-unreachable
 *
 * IPVS takes its packets at 98 and 99, so these rules see only what would reach a program of this
 * host. So they need not know the services, and cannot stop one whatever changes when. One apply is
 * one transaction that creates the table again, with counters at 0, or deletes it with the last
 * address. If anything in it is not ezlb's, list returns only a row without an address. What fails
 * is the error of the ops alone.
 */

/* --- the choice of a driver ------------------------------------------------------------------ */

enum ezlb_snat_driver { EZLB_SNAT_AUTO, EZLB_SNAT_IPTABLES, EZLB_SNAT_NFTABLES };
const char *ezlb_snat_driver_str(enum ezlb_snat_driver driver);		  /* "nftables" */
int ezlb_snat_driver_parse(const char *text, enum ezlb_snat_driver *out); /* or -EINVAL */

/* The key of the driver's rules. AUTO counts as nftables, which allows every combination. */
enum ezlb_snat_key_kind ezlb_snat_driver_key(enum ezlb_snat_driver driver);

/* What the host has, found without loading a module. */
struct ezlb_snat_host {
	bool legacy_nat;	   /* a legacy nat table is loaded, so a program uses it */
	bool nf_tables, ip_tables; /* loaded, built in, or available as a module */
};

/* Reads files below `root`, which is "" except in tests. */
void ezlb_snat_look(const char *root, struct ezlb_snat_host *out);

/*
 * Chooses the driver for AUTO: the one that the host uses, else one that it has. Never returns
 * AUTO; *why is static, for the log. If the host has neither, it returns iptables, which reports
 * the failure for each op.
 */
enum ezlb_snat_driver ezlb_snat_choose(const struct ezlb_snat_host *host, const char **why);
