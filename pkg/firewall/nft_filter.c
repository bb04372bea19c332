// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_filter.h"

#include <errno.h>
#include <netinet/in.h>

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "compat.h"

static bool is_str(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

/* --- reading --------------------------------------------------------------------------------- */

struct reading {
	struct ezlb_nl *nl;
	const char *table;
	struct ezlb_fw_actual *actual;
	struct ezlb_fw_names *names; /* set to collect table names instead of `actual` */
};

static bool is_filter(const struct nftnl_chain *chain)
{
	return nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) &&
	       is_str(nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE), "filter");
}

static void take_chain(struct ezlb_fw_actual *actual, const struct nftnl_chain *chain)
{
	struct ezlb_fw_chain *out = EZLB_PUSH(&actual->chains);
	const char *name = nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);

	out->name = ezlb_strdup(name ? name : "");
	out->hook = -1;
	if (!is_filter(chain))
		return;
	out->hook = (int)nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM);
	out->policy_drops = nftnl_chain_is_set(chain, NFTNL_CHAIN_POLICY) &&
			    nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) == NF_DROP;
	for (enum ezlb_gate gate = 0; gate < EZLB_GATES; gate++) {
		out->home |= strcmp(out->name, ezlb_fw_home(gate)) == 0 &&
			     out->hook == ezlb_fw_hook(gate) &&
			     nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO) == 0;
	}
}

static void take_name(struct ezlb_fw_names *names, const char *name)
{
	for (size_t i = 0; i < names->len; i++) {
		if (strcmp(names->items[i], name) == 0)
			return;
	}
	*EZLB_PUSH(names) = ezlb_strdup(name);
}

static int on_chain(void *arg, const struct nlmsghdr *msg)
{
	struct nftnl_chain *chain = ezlb_nft_must(nftnl_chain_alloc());
	struct reading *reading = arg;
	const char *table = NULL;

	if (ezlb_nft_parse_chain(msg, chain) == 0)
		table = nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE);
	if (table && reading->names && is_filter(chain))
		take_name(reading->names, table);
	if (table && reading->actual && strcmp(table, reading->table) == 0)
		take_chain(reading->actual, chain);
	nftnl_chain_free(chain);
	return table ? 0 : -EBADMSG;
}

static struct ezlb_fw_chain *chain_of(struct ezlb_fw_actual *actual, const char *name)
{
	for (size_t i = 0; i < actual->chains.len; i++) {
		if (is_str(name, actual->chains.items[i].name))
			return &actual->chains.items[i];
	}
	return NULL;
}

static int on_rule(void *arg, const struct nlmsghdr *msg)
{
	struct nftnl_rule *rule = ezlb_nft_must(nftnl_rule_alloc());
	struct reading *reading = arg;
	struct ezlb_fw_chain *chain = NULL;
	int rc = ezlb_nft_parse_rule(msg, rule);

	/* Of a foreign rule with something that libnftnl does not know, what was read counts. */
	if (rc != -EBADMSG && is_str(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), reading->table))
		chain = chain_of(reading->actual, nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN));
	if (chain)
		ezlb_fw_compat_read(reading->actual->family, rule, EZLB_PUSH(&chain->rules));
	nftnl_rule_free(rule);
	return rc == -EBADMSG ? rc : 0;
}

static int dump(struct reading *reading, uint8_t family, uint16_t type, ezlb_nl_msg_fn fn)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, type, family, NLM_F_DUMP);

	/* Some kernels ignore it and send all tables. */
	if (reading->table)
		mnl_attr_put_strz(msg, NFTA_RULE_TABLE, reading->table);
	ezlb_nl_msg_end(&buf);
	return ezlb_nl_ask(reading->nl, &buf, fn, reading);
}

static int read_table(void *arg)
{
	struct reading *reading = arg;
	struct ezlb_fw_actual *actual = reading->actual;
	int rc;

	ezlb_fw_actual_clear(actual);
	rc = dump(reading, actual->family, NFT_MSG_GETCHAIN, on_chain);
	if (rc == 0 && actual->chains.len)
		rc = dump(reading, actual->family, NFT_MSG_GETRULE, on_rule);
	return rc;
}

int ezlb_fw_nft_read(struct ezlb_nl *nl, uint8_t family, const char *table,
		     struct ezlb_fw_actual *actual)
{
	struct reading reading = { .nl = nl, .table = table, .actual = actual };
	int rc;

	actual->family = family;
	rc = ezlb_nft_read(nl, read_table, &reading, &actual->gen);
	if (rc < 0)
		ezlb_fw_actual_clear(actual);
	return rc;
}

void ezlb_fw_names_clear(struct ezlb_fw_names *names)
{
	while (names->len)
		free(names->items[--names->len]);
	EZLB_VEC_CLEAR(names);
}

int ezlb_fw_nft_tables(struct ezlb_nl *nl, uint8_t family, struct ezlb_fw_names *out)
{
	struct reading reading = { .nl = nl, .names = out };

	return dump(&reading, family, NFT_MSG_GETCHAIN, on_chain);
}

/* --- writing --------------------------------------------------------------------------------- */

/* Frees the rule. */
static void put_rule(struct ezlb_nl_buf *out, uint8_t family, struct nftnl_rule *rule,
		     const struct ezlb_fw_step *step)
{
	bool del = step->kind == EZLB_FW_DEL_RULE;
	/* Without NLM_F_APPEND it becomes the first rule. */
	uint16_t flags = step->kind == EZLB_FW_JUMP ? NLM_F_CREATE : NLM_F_CREATE | NLM_F_APPEND;

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, EZLB_FW_TABLE);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, step->chain);
	if (del)
		nftnl_rule_set_u64(rule, NFTNL_RULE_HANDLE, step->handle);
	nftnl_rule_nlmsg_build_payload(ezlb_nft_msg_start(out,
							  del ? NFT_MSG_DELRULE : NFT_MSG_NEWRULE,
							  family, del ? 0 : flags),
				       rule);
	ezlb_nl_msg_end(out);
	nftnl_rule_free(rule);
}

static void put_chain(struct ezlb_nl_buf *out, uint8_t family, const char *chain, bool del)
{
	struct nlmsghdr *msg = ezlb_nft_msg_start(out, del ? NFT_MSG_DELCHAIN : NFT_MSG_NEWCHAIN,
						  family, del ? 0 : NLM_F_CREATE | NLM_F_EXCL);

	mnl_attr_put_strz(msg, NFTA_CHAIN_TABLE, EZLB_FW_TABLE);
	mnl_attr_put_strz(msg, NFTA_CHAIN_NAME, chain);
	ezlb_nl_msg_end(out);
}

static void put_step(struct ezlb_nl_buf *out, uint8_t family, const struct ezlb_fw_step *step)
{
	switch (step->kind) {
	case EZLB_FW_DEL_RULE:
		put_rule(out, family, ezlb_nft_must(nftnl_rule_alloc()), step);
		return;
	case EZLB_FW_DEL_CHAIN:
	case EZLB_FW_NEW_CHAIN:
		put_chain(out, family, step->chain, step->kind == EZLB_FW_DEL_CHAIN);
		return;
	case EZLB_FW_APPEND:
		put_rule(out, family, ezlb_fw_compat_build(&step->row), step);
		return;
	case EZLB_FW_JUMP:
		put_rule(out, family, ezlb_fw_compat_jump(ezlb_fw_ours(step->row.gate)), step);
		return;
	}
}

int ezlb_fw_nft_write(struct ezlb_nl *nl, const struct ezlb_fw_actual *actual,
		      const struct ezlb_fw_steps *steps, int *rejected)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf batch = { .items = NULL };

	ezlb_nft_put_begin(&batch, actual->gen);
	for (size_t i = 0; i < steps->len; i++)
		put_step(&batch, actual->family, &steps->items[i]);
	ezlb_nft_put_commit(&batch);
	return ezlb_nft_commit(nl, &batch, rejected);
}
