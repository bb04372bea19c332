/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * actual: a filter table of one family as a value: its chains, and what matters of their rules.
 * legacy.h and nft_filter.h read it from the kernel. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/firewall.h>

/* The name of the legacy tables and of those of iptables-nft. */
#define EZLB_FW_TABLE "filter"

enum ezlb_fw_kind {
	EZLB_FW_OTHER,
	EZLB_FW_DROP, /* DROP or REJECT, under any condition */
	EZLB_FW_GO,   /* a jump or goto to another chain */
	EZLB_FW_ROW,  /* exactly as ezlb writes it */
};

struct ezlb_fw_rule {
	enum ezlb_fw_kind kind;
	char *to;		    /* for GO; owned */
	bool plain;		    /* for GO: a jump for every packet */
	struct ezlb_accept_row row; /* for ROW, in any chain */
	uint64_t handle;	    /* nf_tables only */
};

struct ezlb_fw_chain {
	char *name; /* owned */
	int hook;   /* such as NF_INET_LOCAL_IN; -1: not a base chain */
	bool home;  /* has the name and hook of iptables' base chain, so ezlb's jump goes here */
	bool policy_drops;
	struct EZLB_VEC(struct ezlb_fw_rule) rules;
};

/* Zeroed for a table that does not exist. */
struct ezlb_fw_actual {
	uint8_t family;
	uint32_t gen; /* nf_tables only: the generation of the ruleset that was read */
	struct EZLB_VEC(struct ezlb_fw_chain) chains;
};
#define EZLB_FW_AUTO_ACTUAL __attribute__((cleanup(ezlb_fw_actual_clear)))
void ezlb_fw_actual_clear(struct ezlb_fw_actual *actual);

/* "INPUT", "EZLB-INPUT", and the hook of the former. */
const char *ezlb_fw_home(enum ezlb_gate gate);
const char *ezlb_fw_ours(enum ezlb_gate gate);
int ezlb_fw_hook(enum ezlb_gate gate);

/* NULL if no chain has the name. */
const struct ezlb_fw_chain *ezlb_fw_chain_find(const struct ezlb_fw_actual *actual,
					       const char *name);
/* The base chain for ezlb's jump of this gate; NULL if the filter does not have it. */
const struct ezlb_fw_chain *ezlb_fw_home_find(const struct ezlb_fw_actual *actual,
					      enum ezlb_gate gate);

/* Whether a base chain drops, itself or in a chain that it leads to. ezlb's chains never drop. */
enum ezlb_fw_drops { EZLB_FW_LETS_PASS, EZLB_FW_BY_RULE, EZLB_FW_BY_POLICY };
enum ezlb_fw_drops ezlb_fw_drops(const struct ezlb_fw_actual *actual,
				 const struct ezlb_fw_chain *chain);
/* The same for the base chain of this gate. */
bool ezlb_fw_closed(const struct ezlb_fw_actual *actual, enum ezlb_gate gate);
