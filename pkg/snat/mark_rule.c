// SPDX-License-Identifier: GPL-2.0-or-later
#include "mark_rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h> /* before linux/if.h, which would define the same names */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <ezlb/netfilter.h>
#include <ezlb/snat.h>

#include "nft_expr.h"
#include "nft_frame.h"

#define COMMENT_STRLEN 128

int ezlb_mark_row_check(const struct ezlb_mark_row *row)
{
	uint8_t family = row->service.listen.addr.family;

	if ((family != AF_INET && family != AF_INET6) || row->first.addr.family != family)
		return -EAFNOSUPPORT;
	return row->service.fwmark && row->first.port && row->last_port >= row->first.port
		       ? 0
		       : -EINVAL;
}

/* --- the comment ----------------------------------------------------------------------------- */

/* "tcp 10.0.0.1:5000 5100 7" */
static void comment_of(const struct ezlb_mark_row *row, char buf[COMMENT_STRLEN])
{
	char ep[EZLB_ENDPOINT_STRLEN];

	snprintf(buf, COMMENT_STRLEN, "%s %s %u %" PRIu32, ezlb_proto_str(row->proto),
		 ezlb_endpoint_format(&row->first, ep), row->last_port, row->service.fwmark);
}

static int read_comment(const char *text, struct ezlb_mark_row *out)
{
	char proto[8], first[EZLB_ENDPOINT_STRLEN];
	unsigned last;

	*out = (struct ezlb_mark_row){ .last_port = 0 };
	if (sscanf(text, "%7s %53s %u %" SCNu32, proto, first, &last, &out->service.fwmark) != 4 ||
	    ezlb_proto_parse(proto, &out->proto) < 0 ||
	    ezlb_endpoint_parse(first, &out->first, NULL) < 0 || last > UINT16_MAX)
		return -EINVAL;
	out->last_port = (uint16_t)last;
	out->service.proto = EZLB_TCP;
	out->service.listen.addr.family = out->first.addr.family;
	return ezlb_mark_row_check(out);
}

static void put_comment(struct nftnl_rule *rule, const char *text)
{
	struct nftnl_udata_buf *udata = ezlb_nft_must(nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN));

	nftnl_udata_put_strz(udata, NFTNL_UDATA_RULE_COMMENT, text);
	nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(udata),
			    nftnl_udata_buf_len(udata));
	nftnl_udata_buf_free(udata);
}

/* --- the expressions ------------------------------------------------------------------------- */

static void add_meta_is(struct nftnl_rule *rule, uint32_t key, uint8_t value)
{
	nft_expr_meta(rule, key, NFT_REG_1);
	nft_expr_cmp(rule, NFT_CMP_EQ, &value, sizeof(value));
}

static void add_address(struct nftnl_rule *rule, const struct ezlb_addr *addr)
{
	nft_expr_destination(rule, addr->family);
	nft_expr_cmp(rule, NFT_CMP_EQ, addr->bytes, addr->family == AF_INET ? 4 : 16);
}

/* The destination port is at byte 2 of the headers of TCP, UDP and SCTP. */
static void add_ports(struct nftnl_rule *rule, const struct ezlb_mark_row *row)
{
	uint16_t first = htons(row->first.port), last = htons(row->last_port);

	add_meta_is(rule, NFT_META_L4PROTO, (uint8_t)ezlb_proto_number(row->proto));
	nft_expr_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(first));
	nft_expr_cmp(rule, NFT_CMP_GTE, &first, sizeof(first));
	nft_expr_cmp(rule, NFT_CMP_LTE, &last, sizeof(last));
}

static void add_mark(struct nftnl_rule *rule, uint32_t mark)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	nftnl_expr_set(expr, NFTNL_EXPR_IMM_DATA, &mark, sizeof(mark));
	expr = nft_expr_add(rule, "meta");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

struct nftnl_rule *ezlb_mark_rule_build(const struct ezlb_mark_row *row, const char *chain)
{
	struct nftnl_rule *rule = ezlb_nft_must(nftnl_rule_alloc());
	char comment[COMMENT_STRLEN];

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, EZLB_MARK_TABLE);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
	add_address(rule, &row->first.addr);
	add_ports(rule, row);
	add_mark(rule, row->service.fwmark);
	comment_of(row, comment);
	put_comment(rule, comment);
	return rule;
}

/* --- the inverse ----------------------------------------------------------------------------- */

static int take_comment(const struct nftnl_udata *attr, void *data)
{
	const char **out = data;

	if (nftnl_udata_type(attr) == NFTNL_UDATA_RULE_COMMENT && nftnl_udata_len(attr) > 0 &&
	    ((const char *)nftnl_udata_get(attr))[nftnl_udata_len(attr) - 1] == '\0')
		*out = nftnl_udata_get(attr);
	return 0;
}

int ezlb_mark_rule_parse(const struct nftnl_rule *rule, struct ezlb_mark_row *out)
{
	const char *comment = NULL;
	struct nftnl_rule *again;
	const void *udata;
	uint32_t len = 0;
	bool same;

	udata = nftnl_rule_is_set(rule, NFTNL_RULE_USERDATA)
			? nftnl_rule_get_data(rule, NFTNL_RULE_USERDATA, &len)
			: NULL;
	if (!udata || nftnl_udata_parse(udata, len, take_comment, &comment) < 0 || !comment ||
	    read_comment(comment, out) < 0)
		return -EINVAL;
	again = ezlb_mark_rule_build(out, "");
	same = ezlb_nft_same_rule(rule, again);
	nftnl_rule_free(again);
	return same ? 0 : -EINVAL;
}
