/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * actual: a filter table of one family as the kernel has it, as a value: its chains, and of their
 * rules what matters here. Reading it from the kernel is for legacy.h and nft_filter.h. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/firewall.h>

/* The legacy table, and the one of iptables-nft in the families ip and ip6. */
#define EZLB_FW_TABLE "filter"

enum ezlb_fw_kind {
	EZLB_FW_OTHER,
	EZLB_FW_DROP, /* by whatever name, and on whatever condition */
	EZLB_FW_GO,   /* to another chain, whether it comes back or not */
	EZLB_FW_ROW,  /* exactly as ezlb makes it */
};

struct ezlb_fw_rule {
	enum ezlb_fw_kind kind;
	char *to;		    /* of GO; owned */
	bool plain;		    /* of GO: a jump of each packet */
	struct ezlb_accept_row row; /* of ROW; whether it is in its gate's chain is not said */
	uint64_t handle;	    /* nf_tables' */
};

struct ezlb_fw_chain {
	char *name; /* owned */
	int hook;   /* NF_INET_LOCAL_IN or so; -1: a chain that others jump to */
	bool home;  /* of the name and at the place where iptables has it: our jump goes there */
	bool policy_drops;
	struct EZLB_VEC(struct ezlb_fw_rule) rules;
};

/* Zeroed it is that of a table that is not there. */
struct ezlb_fw_actual {
	uint8_t family;
	uint32_t gen; /* of the ruleset that it is of; nf_tables' */
	struct EZLB_VEC(struct ezlb_fw_chain) chains;
};
#define EZLB_FW_AUTO_ACTUAL __attribute__((cleanup(ezlb_fw_actual_clear)))
void ezlb_fw_actual_clear(struct ezlb_fw_actual *actual);

/* "INPUT", "EZLB-INPUT", and where the former hangs. */
const char *ezlb_fw_home(enum ezlb_gate gate);
const char *ezlb_fw_ours(enum ezlb_gate gate);
int ezlb_fw_hook(enum ezlb_gate gate);

/* NULL where there is none of that name. */
const struct ezlb_fw_chain *ezlb_fw_chain_find(const struct ezlb_fw_actual *actual,
					       const char *name);
/* Where the jump of this gate goes; NULL where the filter has no such chain. */
const struct ezlb_fw_chain *ezlb_fw_home_find(const struct ezlb_fw_actual *actual,
					      enum ezlb_gate gate);

/* Does a base chain drop anything, itself or in a chain that it leads to? Ours never do. */
enum ezlb_fw_drops { EZLB_FW_LETS_PASS, EZLB_FW_BY_RULE, EZLB_FW_BY_POLICY };
enum ezlb_fw_drops ezlb_fw_drops(const struct ezlb_fw_actual *actual,
				 const struct ezlb_fw_chain *chain);
/* The same of the chain where the jump of this gate goes. */
bool ezlb_fw_closed(const struct ezlb_fw_actual *actual, enum ezlb_gate gate);
