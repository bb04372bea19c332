// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include <linux/netfilter.h>

#include "filters.h"
#include "find.h"
#include "nft_filter.h"

static int drop_hook(const struct ezlb_fw_chain *chain)
{
	switch (chain->hook) {
	case NF_INET_LOCAL_IN:
		return EZLB_DROP_INPUT;
	case NF_INET_FORWARD:
		return EZLB_DROP_FORWARD;
	case NF_INET_LOCAL_OUT:
		return EZLB_DROP_OUTPUT;
	default:
		return -1;
	}
}

/* ezlb adds accept rules only to the INPUT and FORWARD chains of iptables. */
static bool is_handled(const struct ezlb_fw_actual *actual, const char *table,
		       const struct ezlb_fw_chain *chain)
{
	return actual->family != NFPROTO_INET && strcmp(table, EZLB_FW_TABLE) == 0 && chain->home &&
	       drop_hook(chain) != EZLB_DROP_OUTPUT;
}

void ezlb_fw_find_in(const struct ezlb_fw_actual *actual, const char *table, const char *manner,
		     struct ezlb_drops *out)
{
	const char *family = actual->family == AF_INET	  ? "ip"
			     : actual->family == AF_INET6 ? "ip6"
							  : "inet";

	for (size_t i = 0; i < actual->chains.len; i++) {
		const struct ezlb_fw_chain *chain = &actual->chains.items[i];
		enum ezlb_fw_drops drops = ezlb_fw_drops(actual, chain);
		int hook = drop_hook(chain);
		struct ezlb_drop *drop;

		if (hook < 0 || drops == EZLB_FW_LETS_PASS || is_handled(actual, table, chain))
			continue;
		drop = EZLB_PUSH(out);
		snprintf(drop->table, sizeof(drop->table), "%s %.*s%s", family,
			 (int)sizeof(drop->table) - 16, table, manner);
		ezlb_strcpy(drop->chain, sizeof(drop->chain), chain->name);
		drop->hook = hook;
		drop->by_policy = drops == EZLB_FW_BY_POLICY;
	}
}

static int find_nft(struct ezlb_nl *nl, uint8_t family, struct ezlb_drops *out)
{
	EZLB_FW_AUTO_NAMES struct ezlb_fw_names names = { 0 };
	int rc = ezlb_fw_nft_tables(nl, family, &names);

	for (size_t i = 0; rc == 0 && i < names.len; i++) {
		EZLB_FW_AUTO_ACTUAL struct ezlb_fw_actual actual = { 0 };

		if (family == NFPROTO_INET && strcmp(names.items[i], EZLB_GUARD_TABLE) == 0)
			continue; /* it rejects nothing that a service needs */
		rc = ezlb_fw_nft_read(nl, family, names.items[i], &actual);
		if (rc == 0)
			ezlb_fw_find_in(&actual, names.items[i], "", out);
	}
	return rc;
}

static int find_all_nft(struct ezlb_fw_host *host, struct ezlb_drops *out, struct ezlb_err *err)
{
	static const uint8_t families[] = { AF_INET, AF_INET6, NFPROTO_INET };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(families); i++)
		rc = find_nft(host->nl, families[i], out);
	if (rc == 0 || rc == -ENOPROTOOPT)
		return 0;
	return ezlb_nft_explain(err, rc, -1);
}

int ezlb_fw_find(struct ezlb_fw_host *host, struct ezlb_drops *out, struct ezlb_err *err)
{
	EZLB_FW_AUTO_FILTERS struct ezlb_fw_filters filters;

	ezlb_fw_filters_init(&filters);
	ezlb_nl_begin(host->nl);
	for (size_t i = 0; i < EZLB_FW_FILTERS; i++) {
		struct ezlb_fw_filter *filter = &filters.items[i];

		if (!filter->legacy)
			continue;
		ezlb_fw_filter_read(host, filter);
		if (filter->rc < 0 && err)
			*err = filter->err;
		if (filter->rc < 0)
			return filter->rc;
		ezlb_fw_find_in(&filter->actual, EZLB_FW_TABLE, " (legacy)", out);
	}
	return ezlb_nft_is_present(&host->presence) ? find_all_nft(host, out, err) : 0;
}
