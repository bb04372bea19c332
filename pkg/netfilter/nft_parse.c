// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nft_parse: hands messages of nf_tables to libnftnl. That library ends the process when an
 * attribute has another length than it expects, and reads beyond the end of a text that has no NUL.
 * So it gets a copy with those attributes only that ezlb knows, each checked. What ezlb does not
 * know, such as the data of an expression of another kind, is left out: the name of the expression
 * stays.
 */
#include "nft_shape.h"

#include <ezlb/netfilter.h>

#include <errno.h>

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <ezlb/mem.h>

#define SLACK 64 /* the last attributes of a message may lack their padding */

static bool copy_all(struct nlmsghdr *to, const void *bytes, size_t len,
		     const struct ezlb_nft_shape *shape);

static const void *bytes_of(const struct nlattr *attr)
{
	return mnl_attr_get_payload(attr);
}

static size_t len_of(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr);
}

static bool is_text(const struct nlattr *attr)
{
	return len_of(attr) > 0 && ((const char *)bytes_of(attr))[len_of(attr) - 1] == '\0';
}

static bool is_udata(const struct nlattr *attr)
{
	const unsigned char *at = bytes_of(attr);
	size_t left = len_of(attr);

	while (left >= 2 && left - 2 >= at[1]) {
		left -= 2u + at[1];
		at += 2u + at[1];
	}
	return left == 0;
}

static bool copy_nest(struct nlmsghdr *to, const struct nlattr *attr,
		      const struct ezlb_nft_shape *shape)
{
	struct nlattr *nest = mnl_attr_nest_start(to, mnl_attr_get_type(attr));
	bool sound = copy_all(to, bytes_of(attr), len_of(attr), shape);
	struct ezlb_nl_attrs attrs;

	mnl_attr_nest_end(to, nest);
	if (!sound || !shape->is_sound)
		return sound;
	return ezlb_nl_attrs_nested(attr, &attrs) == 0 && shape->is_sound(&attrs);
}

/* An expression without a name has no meaning, and libnftnl does not look whether there is one. */
static bool copy_expr(struct nlmsghdr *to, const struct nlattr *attr)
{
	struct nlattr *nest = mnl_attr_nest_start(to, mnl_attr_get_type(attr));
	struct ezlb_nl_attrs parts;
	const struct nlattr *name;
	const struct ezlb_nft_shape *shape;
	bool sound = ezlb_nl_attrs_nested(attr, &parts) == 0 && parts.at[NFTA_EXPR_NAME] &&
		     is_text(parts.at[NFTA_EXPR_NAME]);

	if (sound) {
		name = parts.at[NFTA_EXPR_NAME];
		mnl_attr_put(to, NFTA_EXPR_NAME, len_of(name), bytes_of(name));
		shape = ezlb_nft_expr_shape(bytes_of(name));
		if (shape && parts.at[NFTA_EXPR_DATA])
			sound = copy_nest(to, parts.at[NFTA_EXPR_DATA], shape);
	}
	mnl_attr_nest_end(to, nest);
	return sound;
}

static bool copy_list(struct nlmsghdr *to, const struct nlattr *attr,
		      const struct ezlb_nft_shape *shape)
{
	struct nlattr *nest = mnl_attr_nest_start(to, mnl_attr_get_type(attr));
	const struct nlattr *item = bytes_of(attr);
	int left = (int)len_of(attr);
	bool sound = true;

	for (; sound && mnl_attr_ok(item, left); item = mnl_attr_next(item)) {
		if (mnl_attr_get_type(item) == NFTA_LIST_ELEM)
			sound = shape ? copy_nest(to, item, shape) : copy_expr(to, item);
		left -= MNL_ALIGN(item->nla_len);
	}
	mnl_attr_nest_end(to, nest);
	return sound && left <= 0;
}

static bool copy(struct nlmsghdr *to, const struct nlattr *attr, const struct ezlb_nft_part *part)
{
	size_t len = len_of(attr);
	bool sound = true;

	switch (part->form) {
	case FORM_NEST:
		return copy_nest(to, attr, part->nested);
	case FORM_LIST:
	case FORM_EXPRS:
		return copy_list(to, attr, part->nested);
	case FORM_EXPR:
		return copy_expr(to, attr);
	case FORM_UDATA:
		if (!is_udata(attr))
			return true;
		break;
	case FORM_U8:
		sound = len == sizeof(uint8_t);
		break;
	case FORM_U32:
		sound = len == sizeof(uint32_t);
		break;
	case FORM_U64:
		sound = len == sizeof(uint64_t);
		break;
	case FORM_TEXT:
		sound = is_text(attr);
		break;
	case FORM_VALUE:
		sound = len > 0 && len <= NFT_DATA_VALUE_MAXLEN;
		break;
	case FORM_BYTES:
		break;
	}
	if (sound)
		mnl_attr_put(to, mnl_attr_get_type(attr), len, bytes_of(attr));
	return sound;
}

static const struct ezlb_nft_part *part_of(const struct ezlb_nft_shape *shape, uint16_t type)
{
	for (size_t i = 0; i < shape->n; i++)
		if (shape->parts[i].type == type)
			return &shape->parts[i];
	return NULL;
}

static bool copy_all(struct nlmsghdr *to, const void *bytes, size_t len,
		     const struct ezlb_nft_shape *shape)
{
	const struct nlattr *attr = bytes;
	int left = (int)len;

	for (; mnl_attr_ok(attr, left); attr = mnl_attr_next(attr)) {
		const struct ezlb_nft_part *part = part_of(shape, mnl_attr_get_type(attr));

		if (part && !copy(to, attr, part))
			return false;
		left -= MNL_ALIGN(attr->nla_len);
	}
	return left <= 0;
}

/* NULL if the message is damaged; else the caller frees it. */
static struct nlmsghdr *checked(const struct nlmsghdr *msg, const struct ezlb_nft_shape *shape)
{
	size_t head = sizeof(struct nfgenmsg);
	struct nlmsghdr *to;

	if (mnl_nlmsg_get_payload_len(msg) < head)
		return NULL;
	to = ezlb_calloc(1, MNL_ALIGN(msg->nlmsg_len) + SLACK);
	*to = *msg;
	to->nlmsg_len = MNL_NLMSG_HDRLEN;
	memcpy(mnl_nlmsg_put_extra_header(to, head), mnl_nlmsg_get_payload(msg), head);
	if (copy_all(to, mnl_nlmsg_get_payload_offset(msg, head),
		     mnl_nlmsg_get_payload_len(msg) - head, shape))
		return to;
	free(to);
	return NULL;
}

#define PARSE(msg, shape, parse, object)                                         \
	do {                                                                     \
		EZLB_AUTO_FREE struct nlmsghdr *sound = checked((msg), (shape)); \
                                                                                 \
		if (!sound)                                                      \
			return -EBADMSG;                                         \
		return parse(sound, (object)) < 0 ? -EOPNOTSUPP : 0;             \
	} while (0)

int ezlb_nft_parse_table(const struct nlmsghdr *msg, struct nftnl_table *out)
{
	PARSE(msg, &ezlb_nft_table_shape, nftnl_table_nlmsg_parse, out);
}

int ezlb_nft_parse_chain(const struct nlmsghdr *msg, struct nftnl_chain *out)
{
	PARSE(msg, &ezlb_nft_chain_shape, nftnl_chain_nlmsg_parse, out);
}

int ezlb_nft_parse_rule(const struct nlmsghdr *msg, struct nftnl_rule *out)
{
	PARSE(msg, &ezlb_nft_rule_shape, nftnl_rule_nlmsg_parse, out);
}

int ezlb_nft_parse_set(const struct nlmsghdr *msg, struct nftnl_set *out)
{
	PARSE(msg, &ezlb_nft_set_shape, nftnl_set_nlmsg_parse, out);
}

int ezlb_nft_parse_elems(const struct nlmsghdr *msg, struct nftnl_set *out)
{
	PARSE(msg, &ezlb_nft_elems_shape, nftnl_set_elems_nlmsg_parse, out);
}
