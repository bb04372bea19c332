/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setting: the host settings that services need, sysctls and kernel modules, and one table with all
 * that is known of each: its name, its file, the value it should have, and which services need it.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/mem.h>
#include <ezlb/spec.h>

#define EZLB_DEVICE_STRLEN 16 /* IFNAMSIZ, with the NUL */

/*
 * In the order in which they are set. The modules are here because the kernel loads the nat tables
 * by itself, but not the modules that they depend on, and a host with iptables-nft never has those
 * loaded. A host that forwards IPv6 listens to router advertisements, its default route among them,
 * only on interfaces with accept_ra 2: so that comes first.
 */
enum ezlb_setting {
	EZLB_IP_TABLES,
	EZLB_IP6_TABLES,
	EZLB_VS_CONNTRACK,
	EZLB_VS_EXPIRE_NODEST, /* a udp flow of a backend that is gone goes to another */
	EZLB_IP_FORWARD,
	EZLB_ACCEPT_RA, /* of one interface */
	EZLB_IP6_FORWARD,
	EZLB_ARP_IGNORE,
	EZLB_ARP_ANNOUNCE,
	EZLB_SETTINGS
};

/* A host setting that the wanted services need: a sysctl, or a module (1 = loaded). */
struct ezlb_setting_row {
	enum ezlb_setting setting;
	char device[EZLB_DEVICE_STRLEN]; /* "" but for EZLB_ACCEPT_RA */
	int value; /* target: at least so much. Actual: -1 where the kernel does not have it */
};

/* Properties of a service that make it need a setting. A set of them is a mask: 1u << need. */
enum ezlb_need {
	EZLB_NEED_NAT4, /* full_nat, IPv4 */
	EZLB_NEED_NAT6, /* full_nat, IPv6 */
	EZLB_NEED_UDP,
	EZLB_NEED_VIP4, /* listens on IPv4; counts only where addresses are kept on a dummy link */
	EZLB_NEEDS
};

/* All that is known of a setting. A new one is a word in enum ezlb_setting and a row of these. */
struct ezlb_setting_facts {
	const char *name; /* for humans, and in the ledger; "%s" stands for the interface */
	const char
		*file; /* below /proc, with "%s" likewise; a module's is there once it is loaded */
	const char *module; /* NULL: a sysctl */
	int wanted;	    /* its value for a service that needs it */
	unsigned needed_by; /* mask of needs: it is wanted where a service has one of these */
	unsigned stops;	    /* mask of needs: without it these services do not work */
	bool iptables_only; /* not wanted where nftables does source NAT */
	bool serves_snat; /* without it a client's address is not translated, or answers get lost */
	bool after_ra;	  /* set in a second step, once accept_ra is as it should be */
};
const struct ezlb_setting_facts *ezlb_setting_facts(enum ezlb_setting setting);

/* Mask of the needs of one service. */
unsigned ezlb_spec_needs(const struct ezlb_spec *spec);

/* "net.ipv4.vs.conntrack", "net.ipv6.conf.eth0.accept_ra", "module ip_tables" */
#define EZLB_SETTING_STRLEN 64
const char *ezlb_setting_format(const struct ezlb_setting_row *row, char buf[EZLB_SETTING_STRLEN]);
/* The inverse; value stays as it is. -EINVAL for what names no setting. */
int ezlb_setting_parse(const char *text, struct ezlb_setting_row *out);

int ezlb_setting_row_cmp(const void *a, const void *b); /* by setting, device */
