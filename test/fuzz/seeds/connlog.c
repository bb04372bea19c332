// SPDX-License-Identifier: GPL-2.0-or-later
#include "seeds.h"

#include "test/unit/connlog/removed.h"

void seeds_connlog(void)
{
	struct removed udp = closed, sctp = closed, early = closed;
	struct ezlb_text seed = { 0 };
	union message msg;

	udp.proto = EZLB_UDP;
	udp.state = -1;
	udp.status = REPLIED;
	udp.left_s = 20;
	sctp.proto = EZLB_SCTP;
	sctp.state = SCTP_CONNTRACK_ESTABLISHED;
	sctp.mark = 7;
	early.client = "[fd00::9]:40001";
	early.listen = "[fd00::1]:80";
	early.source = "[fd00::3]:40001";
	early.backend = "[fd00::2]:80";
	early.start_ns = 0;
	early.packets_in = 0;
	early.state = TCP_CONNTRACK_SYN_SENT;
	seed_add(&seed, removed_message(&closed, &msg), 0);
	seed_put("connlog", "closed", &seed);
	seed_add(&seed, removed_message(&udp, &msg), 0);
	seed_add(&seed, removed_message(&sctp, &msg), 0);
	seed_put("connlog", "udp-sctp", &seed);
	seed_add(&seed, removed_message(&early, &msg), 0);
	seed_put("connlog", "early", &seed);
}
