/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor: walks the whole way of a packet, for the host and for each service, and says where it
 * would be stopped. It changes nothing and loads nothing, but for the file of iptables' lock, which
 * it makes where there is none, as iptables does. Every finding says what it breaks and
 * which command fixes it.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/firewall.h>
#include <ezlb/mem.h>
#include <ezlb/spec.h>
#include <ezlb/text.h>

enum ezlb_level { EZLB_LEVEL_OK, EZLB_LEVEL_WARN, EZLB_LEVEL_FAIL };
const char *ezlb_level_str(enum ezlb_level level); /* "ok", "warn", "fail" */

struct ezlb_finding {
	enum ezlb_level level;
	char check[24];			 /* stable, for scripts: "vip-local" */
	char service[EZLB_NAME_MAX + 1]; /* "" for the host */
	char text[256];			 /* what is so, and what it breaks */
	char fix[256];			 /* a command; "" where there is none, or none is needed */
};
struct ezlb_findings EZLB_VEC(struct ezlb_finding);

/* What the doctor is told; all borrowed. */
struct ezlb_doctor {
	const char *root; /* before /proc and /sys; "" but for tests */
	const struct ezlb_desired *desired;
	bool nftables;		/* the SNAT driver in use; else iptables */
	bool firewall_never;	/* ezlb makes no way through filters that drop */
	const char *vip_device; /* "": none */
};

/*
 * Findings in the order of the packet's way: the host's first, then each service's by name. A
 * check without anything to complain about leaves one finding of level ok; one that does not apply
 * leaves none. What is asked of the kernel is asked within a deadline.
 */
void ezlb_doctor_run(const struct ezlb_doctor *doctor, struct ezlb_findings *out);

/*
 * Both tell each finding once, with the names of all services that have it: failures first, then
 * warnings, then what is well; in each of these, as they were found.
 *
 * The text ends with the commands that fix it as a block to copy, each once and in the order of the
 * packet's way, and with a line that counts.
 */
void ezlb_doctor_text(const struct ezlb_findings *findings, struct ezlb_text *out);
/*
 * [{"check": "vip-local", "level": "fail", "service": "api", "services": ["api", "web"],
 *   "text": "10.0.0.1 is no local address: ...", "fix": "ip addr add 10.0.0.1/32 dev lo"}]
 *
 * service is the first of services, "" where the finding is the host's. fix has a line for each
 * command, "" where there is none.
 */
void ezlb_doctor_json(const struct ezlb_findings *findings, struct ezlb_text *out);
