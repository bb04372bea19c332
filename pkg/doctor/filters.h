/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filters: what the packet filters have, as far as the doctor asks: who drops, who has a rule with
 * a comment that begins with "ezlb-", whether iptables-nft has tables. Loads no module.
 */
#pragma once

#include "facts.h"

int filters_read(const struct ezlb_doctor *doctor, struct host_facts *host, struct net_facts *out,
		 struct ezlb_err *err);

/* The comment in the bytes of a rule; false where there is none. */
bool filters_comment(const void *rule, size_t len, char *out, size_t size);
