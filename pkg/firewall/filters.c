// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/xtables.h> /* first: the order of its includes matters */

#include "filters.h"

#include <errno.h>

#include <linux/netfilter/nf_tables.h>

#include "legacy.h"
#include "nft_filter.h"

void ezlb_fw_filters_init(struct ezlb_fw_filters *filters)
{
	*filters = (struct ezlb_fw_filters){ { { .family = AF_INET, .legacy = true },
					       { .family = AF_INET6, .legacy = true },
					       { .family = AF_INET },
					       { .family = AF_INET6 } } };
}

const char *ezlb_fw_filter_str(const struct ezlb_fw_filter *filter)
{
	bool ip = filter->family == AF_INET;

	if (filter->legacy)
		return ip ? "filter table of iptables" : "filter table of ip6tables";
	return ip ? "table 'ip filter' of nf_tables" : "table 'ip6 filter' of nf_tables";
}

static void filter_clear(struct ezlb_fw_filter *filter)
{
	ezlb_fw_actual_clear(&filter->actual);
	ezlb_fw_legacy_free(filter->family, filter->handle);
	filter->handle = NULL;
}

void ezlb_fw_filters_clear(struct ezlb_fw_filters *filters)
{
	for (size_t i = 0; i < EZLB_FW_FILTERS; i++)
		filter_clear(&filters->items[i]);
}

/* --- reading --------------------------------------------------------------------------------- */

static int read_legacy(const struct ezlb_fw_host *host, struct ezlb_fw_filter *filter)
{
	const char *tables = host->tables[filter->family == AF_INET6];
	bool loaded;
	int rc = ezlb_xt_is_loaded(tables, EZLB_FW_TABLE, &loaded, &filter->err);

	if (rc < 0 || !loaded)
		return rc;
	return ezlb_fw_legacy_read(filter->family, &filter->actual, &filter->handle, &filter->err);
}

static int read_nft(struct ezlb_fw_host *host, struct ezlb_fw_filter *filter)
{
	int rc = 0;

	if (ezlb_nft_is_present(&host->presence))
		rc = ezlb_fw_nft_read(host->nl, filter->family, EZLB_FW_TABLE, &filter->actual);
	/* No nf_tables means no table: the files do not always show it. */
	if (rc == 0 || rc == -ENOPROTOOPT)
		return 0;
	return ezlb_nft_explain(&filter->err, rc, -1);
}

void ezlb_fw_filter_read(struct ezlb_fw_host *host, struct ezlb_fw_filter *filter)
{
	filter_clear(filter);
	filter->rc = filter->legacy ? read_legacy(host, filter) : read_nft(host, filter);
}

/* --- writing --------------------------------------------------------------------------------- */

static int write_nft(const struct ezlb_fw_host *host, struct ezlb_fw_filter *filter,
		     const struct ezlb_fw_steps *steps)
{
	int rejected, rc = ezlb_fw_nft_write(host->nl, &filter->actual, steps, &rejected);

	if (rc == 0)
		return 0;
	if (rejected == -1)
		return ezlb_nft_explain(&filter->err, rc, rejected);
	if (rejected == NFT_MSG_NEWRULE && rc != -EPERM)
		return ezlb_err_set(
			&filter->err, -rc,
			"the kernel rejects a rule in the %s, %s: run 'modprobe -a nft_compat xt_conntrack "
			"xt_tcpudp xt_sctp' as root",
			ezlb_fw_filter_str(filter), ezlb_errno_str(-rc));
	return ezlb_err_sys(&filter->err, -rc, "the kernel rejects a change of the %s",
			    ezlb_fw_filter_str(filter));
}

void ezlb_fw_filter_write(struct ezlb_fw_host *host, struct ezlb_fw_filter *filter,
			  const struct ezlb_fw_steps *steps)
{
	filter->rc = filter->legacy ? ezlb_fw_legacy_write(filter->family, filter->handle, steps,
							   &filter->err)
				    : write_nft(host, filter, steps);
}

/* --- common rows ----------------------------------------------------------------------------- */

/* Counts the filters of the row's family that are closed at its gate. */
static size_t count_closed(const struct ezlb_fw_filters *filters, const struct ezlb_accept_row *row)
{
	size_t n = 0;

	for (size_t i = 0; i < EZLB_FW_FILTERS; i++) {
		const struct ezlb_fw_actual *actual = &filters->items[i].actual;

		n += filters->items[i].family == row->service.listen.addr.family &&
		     ezlb_fw_closed(actual, row->gate);
	}
	return n;
}

void ezlb_fw_common(const struct ezlb_fw_filters *filters, struct ezlb_accepts *out)
{
	struct ezlb_accepts all = { 0 };
	size_t closed[EZLB_GATES][2] = { { 0 } }, n = 0;

	for (enum ezlb_gate gate = 0; gate < EZLB_GATES; gate++) {
		for (size_t six = 0; six < 2; six++) {
			struct ezlb_accept_row row = { .gate = gate };

			row.service.listen.addr.family = six ? AF_INET6 : AF_INET;
			closed[gate][six] = count_closed(filters, &row);
		}
	}
	for (size_t i = 0; i < EZLB_FW_FILTERS; i++)
		ezlb_fw_rows(&filters->items[i].actual, &all);
	EZLB_SORT(&all, ezlb_accept_row_cmp);
	for (size_t i = 0; i < all.len; i++) {
		const struct ezlb_accept_row *row = &all.items[i];

		n = i && ezlb_accept_row_cmp(row - 1, row) == 0 ? n + 1 : 1;
		if (n == closed[row->gate][row->service.listen.addr.family == AF_INET6])
			*EZLB_PUSH(out) = *row;
	}
	EZLB_VEC_CLEAR(&all);
}
