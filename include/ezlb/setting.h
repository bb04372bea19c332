/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setting: the host settings that services need, sysctls and kernel modules, and one table of facts
 * about each: its name, its file, its wanted value, and the services that need it.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/mem.h>
#include <ezlb/spec.h>

#define EZLB_DEVICE_STRLEN 16 /* IFNAMSIZ, with the NUL */

/*
 * In the order in which they are set. The modules are listed because the kernel loads the nat
 * tables itself but not the modules that they depend on, and a host with iptables-nft never loads
 * those. ACCEPT_RA is set before IP6_FORWARD because a host that forwards IPv6 accepts router
 * advertisements, and with them its default route, only on interfaces with accept_ra 2.
 */
enum ezlb_setting {
	EZLB_IP_TABLES,
	EZLB_IP6_TABLES,
	EZLB_VS_CONNTRACK,
	EZLB_VS_EXPIRE_NODEST,	  /* UDP flows of a removed backend move to another backend */
	EZLB_VS_EXPIRE_QUIESCENT, /* sticky clients of a backend of weight 0 get another one */
	EZLB_IP_FORWARD,
	EZLB_ACCEPT_RA, /* per interface */
	EZLB_IP6_FORWARD,
	EZLB_ARP_IGNORE,
	EZLB_ARP_ANNOUNCE,
	EZLB_TCP_LIBERAL, /* segments beyond the window are translated like all others */
	EZLB_SLOPPY_TCP,  /* a packet in the middle of a connection creates an IPVS connection */
	EZLB_SLOPPY_SCTP,
	EZLB_CT_EVENTS,	   /* conntrack tells of the entries that it removes */
	EZLB_CT_ACCT,	   /* ... with their packets and bytes */
	EZLB_CT_TIMESTAMP, /* ... and with the times */
	EZLB_SETTINGS
};

/* A host setting that the wanted services need: a sysctl, or a module (1 = loaded). */
struct ezlb_setting_row {
	enum ezlb_setting setting;
	char device[EZLB_DEVICE_STRLEN]; /* "" except for EZLB_ACCEPT_RA */
	int value; /* target: the minimum. Actual: -1 if the kernel does not have the setting */
};

/* Properties of a service that make settings necessary. A set of them is a mask: 1u << need. */
enum ezlb_need {
	EZLB_NEED_NAT4,	   /* full_nat, IPv4 */
	EZLB_NEED_NAT6,	   /* full_nat, IPv6 */
	EZLB_NEED_NAT_TCP, /* full_nat, tcp */
	EZLB_NEED_UDP,
	EZLB_NEED_PERSISTENCE,
	EZLB_NEED_VIP4,	   /* listens on IPv4; only if ezlb adds addresses to a dummy link */
	EZLB_NEED_LOG,	   /* connection_log */
	EZLB_NEED_MH_TCP,  /* scheduler mh, tcp */
	EZLB_NEED_MH_SCTP, /* scheduler mh, sctp */
	EZLB_NEEDS
};

/* The facts about a setting. A new setting is a member of enum ezlb_setting and a row of these. */
struct ezlb_setting_facts {
	const char *name;   /* for humans and for the ledger; "%s" is the interface */
	const char *file;   /* below /proc, with "%s"; exists only while a module is loaded */
	const char *module; /* NULL: a sysctl */
	int wanted;	    /* the value that a service needs */
	unsigned needed_by; /* mask of needs: these services need this setting */
	unsigned stops;	    /* mask of needs: these services do not work without it */
	bool iptables_only; /* not needed with nftables source NAT */
	bool serves_snat; /* without it client addresses are not translated, or answers get lost */
	bool after_ra;	  /* set in a second step, after accept_ra */
	/* It changes what happens to connections of other services, so it gets its earlier value as
	 * soon as no service needs it, and not only with cleanup. */
	bool put_back;
};
const struct ezlb_setting_facts *ezlb_setting_facts(enum ezlb_setting setting);

/* Mask of the needs of one service. */
unsigned ezlb_spec_needs(const struct ezlb_spec *spec);

/* "net.ipv4.vs.conntrack", "net.ipv6.conf.eth0.accept_ra", "module ip_tables" */
#define EZLB_SETTING_STRLEN 64
const char *ezlb_setting_format(const struct ezlb_setting_row *row, char buf[EZLB_SETTING_STRLEN]);
/* The inverse; leaves value unchanged. -EINVAL if text names no setting. */
int ezlb_setting_parse(const char *text, struct ezlb_setting_row *out);

int ezlb_setting_row_cmp(const void *a, const void *b); /* by setting, device */
