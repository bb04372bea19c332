// SPDX-License-Identifier: GPL-2.0-or-later
#include "seeds.h"

#include "test/unit/conntrack/entries.h"

void seeds_conntrack(void)
{
	struct ezlb_ct_entry entries[] = {
		entry(EZLB_UDP, "172.16.0.2:5353", "10.0.0.1:53", "10.1.0.1:53", 7),
		entry(EZLB_TCP, "172.16.0.2:40001", "10.0.0.1:80", "10.0.0.1:80", 8),
		entry(EZLB_SCTP, "[fd00::9]:40001", "[fd00::1]:80", "[fd00::2]:8080", 9),
	};
	struct ezlb_text seed = { 0 };
	union message msg;

	entries[1].closing = true;
	entries[2].zone = 3;
	for (size_t i = 0; i < COUNT_OF(entries); i++) {
		char name[] = "entry0";

		entry_message(&msg, &entries[i], 0);
		seed_add(&seed, &msg.msg, 1);
		seed_done(&seed, 1);
		name[5] = (char)('0' + i);
		seed_put("conntrack", name, &seed);
	}
	for (size_t i = 0; i < COUNT_OF(entries); i++) {
		entry_message(&msg, &entries[i], 0);
		seed_add(&seed, &msg.msg, 1);
	}
	seed_done(&seed, 1);
	seed_ack(&seed, 2);
	seed_put("conntrack", "dump", &seed);
}
