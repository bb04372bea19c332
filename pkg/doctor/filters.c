// SPDX-License-Identifier: GPL-2.0-or-later
#include "filters.h"

#include <ezlb/xtables.h> /* before linux/netfilter: the order of its includes matters */

#include <ctype.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>

#include <ezlb/netfilter.h>

#define DUMP_ATTEMPTS 5

/*
 * Searches the bytes: nft stores a comment as user data, iptables as a match, and iptables-nft as a
 * match in an expression. The bytes of the comment are the same in all of them.
 */
bool filters_comment(const void *rule, size_t len, char *out, size_t size)
{
	const char *begin = memmem(rule, len, "ezlb-", 5);
	const char *end = begin;

	if (!begin)
		return false;
	while (end < (const char *)rule + len &&
	       (isalnum((unsigned char)*end) || *end == '-' || *end == '.'))
		end++;
	snprintf(out, size, "%.*s", (int)(end - begin), begin);
	return true;
}

/* --- nf_tables ------------------------------------------------------------------------------- */

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return NULL; /* no packet of a service passes it */
	}
}

static bool has_comment(const struct nlattr *attr, char *out, size_t size)
{
	return attr && filters_comment(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr),
				       out, size);
}

static int on_rule(void *arg, const struct nlmsghdr *msg)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(msg);
	struct pass_fact pass = { .comment = "" };
	struct pass_facts *passes = arg;
	struct ezlb_nl_attrs attrs;
	const char *family;

	if (ezlb_nl_attrs_read(msg, sizeof(*head), &attrs))
		return -EBADMSG;
	family = family_name(head->nfgen_family);
	if (!family ||
	    (!has_comment(attrs.at[NFTA_RULE_USERDATA], pass.comment, sizeof(pass.comment)) &&
	     !has_comment(attrs.at[NFTA_RULE_EXPRESSIONS], pass.comment, sizeof(pass.comment))))
		return 0;
	snprintf(pass.table, sizeof(pass.table), "%s %.80s", family,
		 ezlb_nl_attrs_str(&attrs, NFTA_RULE_TABLE));
	ezlb_strcpy(pass.chain, sizeof(pass.chain), ezlb_nl_attrs_str(&attrs, NFTA_RULE_CHAIN));
	*EZLB_PUSH(passes) = pass;
	return 0;
}

/* iptables-nft uses the old table names and upper-case base chains such as POSTROUTING. */
static int on_chain(void *arg, const struct nlmsghdr *msg)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(msg);
	struct host_facts *host = arg;
	const char *table, *chain;
	struct ezlb_nl_attrs attrs;

	if (ezlb_nl_attrs_read(msg, sizeof(*head), &attrs))
		return -EBADMSG;
	table = ezlb_nl_attrs_str(&attrs, NFTA_CHAIN_TABLE);
	chain = ezlb_nl_attrs_str(&attrs, NFTA_CHAIN_NAME);
	if (!attrs.at[NFTA_CHAIN_HOOK] || !isupper((unsigned char)chain[0]) ||
	    (strcmp(table, "nat") != 0 && strcmp(table, "filter") != 0))
		return 0;
	if (head->nfgen_family == NFPROTO_IPV4)
		host->iptables_nft[0] = true;
	else if (head->nfgen_family == NFPROTO_IPV6)
		host->iptables_nft[1] = true;
	return 0;
}

static int dump(struct ezlb_nl *nl, uint16_t type, ezlb_nl_msg_fn fn, void *arg)
{
	int rc = -EINTR;

	for (int i = 0; i < DUMP_ATTEMPTS && rc == -EINTR; i++) {
		EZLB_NL_AUTO_BUF struct ezlb_nl_buf request = { 0 };

		ezlb_nft_msg_start(&request, type, NFPROTO_UNSPEC, NLM_F_DUMP);
		ezlb_nl_msg_end(&request);
		rc = ezlb_nl_ask(nl, &request, fn, arg);
	}
	return rc;
}

static int read_nft(struct host_facts *host, struct net_facts *out, struct ezlb_err *err)
{
	struct ezlb_nft_presence presence = { .signs = ezlb_nft_kernel_signs() };
	struct ezlb_nl *nl;
	int rc;

	if (!ezlb_nft_is_present(&presence))
		return 0;
	nl = ezlb_nl_new(&ezlb_nft_kernel);
	ezlb_nl_begin(nl);
	rc = dump(nl, NFT_MSG_GETCHAIN, on_chain, host);
	if (rc == 0)
		rc = dump(nl, NFT_MSG_GETRULE, on_rule, &out->passes);
	ezlb_nl_free(nl);
	/* No nf_tables is no failure: the files do not always show it. */
	return rc == 0 || rc == -ENOPROTOOPT ? 0 : ezlb_nft_explain(err, rc, -1);
}

/* --- the legacy tables ----------------------------------------------------------------------- */

static void legacy_rule(const char *table, const char *chain, const void *rule, size_t len,
			struct pass_facts *out)
{
	struct pass_fact pass;

	if (!filters_comment(rule, len, pass.comment, sizeof(pass.comment)))
		return;
	ezlb_strcpy(pass.table, sizeof(pass.table), table);
	ezlb_strcpy(pass.chain, sizeof(pass.chain), chain);
	*EZLB_PUSH(out) = pass;
}

static void read_table(const struct ezlb_xt *xt, const char *table, struct pass_facts *out)
{
	struct xtc_handle *handle = xt->init("filter");
	const char *chain = handle ? xt->first_chain(handle) : NULL;

	for (; chain; chain = xt->next_chain(handle)) {
		const void *rule = xt->first_rule(chain, handle);

		for (; rule; rule = xt->next_rule(rule, handle))
			legacy_rule(table, chain, rule, ezlb_xt_entry_len(xt->form, rule), out);
	}
	if (handle)
		xt->free(handle);
}

/* Reads only loaded tables, because opening would load them. Ignores what cannot be read. */
static void read_legacy(const struct host_facts *host, struct net_facts *out)
{
	if (strstr(host->legacy[0], "filter"))
		read_table(&ezlb_xt_ip, "ip filter (legacy)", &out->passes);
	if (strstr(host->legacy[1], "filter"))
		read_table(&ezlb_xt_ip6, "ip6 filter (legacy)", &out->passes);
}

/* --- drops ----------------------------------------------------------------------------------- */

/* For the case that ezlb adds no accept rules: the iptables filters that drop. */
static int read_gates(struct net_facts *out, struct ezlb_err *err)
{
	static const char *const chains[] = {
		[EZLB_GATE_INPUT] = "INPUT", [EZLB_GATE_FORWARD] = "FORWARD"
	};
	struct ezlb_table table = { .snat_wanted = false };
	struct ezlb_scope scope = { 0 };
	struct ezlb_layer *layer;
	int rc = ezlb_firewall_open(&layer, err);

	if (rc < 0)
		return rc;
	rc = layer->list(layer, &scope, &table, err);
	for (int i = 0; rc == 0 && i < EZLB_GATES * 2; i++) {
		struct ezlb_drop *drop;

		if (!table.gates[i / 2][i % 2])
			continue;
		drop = EZLB_PUSH(&out->drops);
		ezlb_strcpy(drop->table, sizeof(drop->table), i % 2 ? "ip6tables" : "iptables");
		ezlb_strcpy(drop->chain, sizeof(drop->chain), chains[i / 2]);
		drop->hook = i / 2 == EZLB_GATE_INPUT ? EZLB_DROP_INPUT : EZLB_DROP_FORWARD;
	}
	ezlb_table_clear(&table);
	layer->close(layer);
	return rc;
}

int filters_read(const struct ezlb_doctor *doctor, struct host_facts *host, struct net_facts *out,
		 struct ezlb_err *err)
{
	int rc = ezlb_firewall_find(&out->drops, err);

	if (rc == 0 && doctor->firewall_never)
		rc = read_gates(out, err);
	if (rc == 0)
		rc = read_nft(host, out, err);
	if (rc == 0)
		read_legacy(host, out);
	return rc;
}
