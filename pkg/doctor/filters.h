/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filters: reads the facts about packet filters: which chains drop, which have a rule with a
 * comment that begins with "ezlb-", and whether iptables-nft has tables. Loads no module.
 */
#pragma once

#include "facts.h"

int filters_read(const struct ezlb_doctor *doctor, struct host_facts *host, struct net_facts *out,
		 struct ezlb_err *err);

/* Finds the comment in the bytes of a rule; false if there is none. */
bool filters_comment(const void *rule, size_t len, char *out, size_t size);
