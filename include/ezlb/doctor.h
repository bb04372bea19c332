/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor: follows the path of a packet through the host, for each service, and reports where the
 * packet would be lost. It changes nothing; it only creates the iptables lock file if that is
 * missing, as iptables does, and the kernel loads nf_conntrack_netlink when it is asked for the
 * connections of a host that has conntrack. A finding says what breaks and which command fixes it.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/firewall.h>
#include <ezlb/mem.h>
#include <ezlb/ports.h>
#include <ezlb/spec.h>
#include <ezlb/sync.h>
#include <ezlb/text.h>

enum ezlb_level { EZLB_LEVEL_OK, EZLB_LEVEL_WARN, EZLB_LEVEL_FAIL };
const char *ezlb_level_str(enum ezlb_level level); /* "ok", "warn", "fail" */

struct ezlb_finding {
	enum ezlb_level level;
	char check[24];			 /* stable, for scripts: "vip-local" */
	char service[EZLB_NAME_MAX + 1]; /* "" for the host */
	char text[256];			 /* the state, and what it breaks */
	char fix[256];			 /* a command; "" if none exists or none is needed */
};
struct ezlb_findings EZLB_VEC(struct ezlb_finding);

/* The input; all borrowed. */
struct ezlb_doctor {
	const char *root; /* prefix of /proc and /sys; "" except in tests */
	const struct ezlb_desired *desired;
	bool nftables;		     /* the SNAT driver in use; else iptables */
	bool firewall_never;	     /* ezlb adds no accept rules to filters that drop */
	const char *vip_device;	     /* "": none */
	enum ezlb_vip_when vip_when; /* of services without `vip` */
	bool vip_guard_never;	     /* any program of this host may answer at vips */
	bool vip_guard;		     /* else: the kernel has what ezlb needs for that */
	const char *sync_device;     /* of the sync daemon of IPVS; "": none */
	uint8_t sync_id;
	const struct ezlb_syncs *syncs; /* those that run; NULL: not read */
	const struct ezlb_ports *ports; /* judged; of the services in the kernel; NULL: not read */
	/* Why this host cannot tell backends the client's address; "": it can; NULL: not known. */
	const char *toa_problem;
};

/*
 * Adds findings in the order of the packet's path: those of the host, then those of each service,
 * sorted by name. A test without a problem adds one finding of level ok; a test that does not apply
 * adds none. Requests to the kernel have a time limit.
 */
void ezlb_doctor_run(const struct ezlb_doctor *doctor, struct ezlb_findings *out);

/*
 * Both report each finding once, with the names of all its services: failures first, then warnings,
 * then ok; within a level in the order in which they were found.
 *
 * The text ends with the fixes as a block to copy, each command once and in the order of the
 * packet's path, and with a line of counts.
 */
void ezlb_doctor_text(const struct ezlb_findings *findings, struct ezlb_text *out);
/*
 * [{"check": "vip-local", "level": "fail", "service": "api", "services": ["api", "web"],
 *   "text": "10.0.0.1 is not a local address: ...", "fix": "ip addr add 10.0.0.1/32 dev lo"}]
 *
 * service is the first of services, "" for a finding of the host. fix has one line per command, ""
 * if there is none.
 */
void ezlb_doctor_json(const struct ezlb_findings *findings, struct ezlb_text *out);
