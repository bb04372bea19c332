// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nft_parse: hands messages of nf_tables to libnftnl. That library ends the process when an
 * attribute has another length than it expects, and reads beyond the end of a text that has no NUL.
 * So it gets a copy with those attributes only that ezlb knows, each checked. What ezlb does not
 * know, such as the data of an expression of another kind, is left out: the name of the expression
 * stays.
 */
#include <ezlb/netfilter.h>

#include <arpa/inet.h>
#include <errno.h>

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include <ezlb/mem.h>

#define SLACK 64 /* the last attributes of a message may lack their padding */

enum form {
	FORM_U8,
	FORM_U32,
	FORM_U64,
	FORM_TEXT,
	FORM_BYTES,
	FORM_VALUE, /* bytes that fit into a register */
	FORM_UDATA, /* records of one byte each for type and length; of any program, so not checked
		       by the kernel: left out where it is something else */
	FORM_NEST,
	FORM_LIST, /* NFTA_LIST_ELEM, each of them a nest */
	FORM_EXPR,
	FORM_EXPRS, /* NFTA_LIST_ELEM, each of them an expression */
};

struct shape;

struct part {
	uint16_t type;
	enum form form;
	const struct shape *nested;
};

/* The attributes of a message or of a nest. */
struct shape {
	const struct part *parts;
	size_t n;
	bool (*is_sound)(const struct ezlb_nl_attrs *attrs); /* NULL: each alone is enough */
};
#define SHAPE_IF(parts, fn)                                       \
	{                                                         \
		(parts), sizeof(parts) / sizeof((parts)[0]), (fn) \
	}
#define SHAPE(parts) SHAPE_IF(parts, NULL)

/* --- expressions ----------------------------------------------------------------------------- */

static const struct part verdict_parts[] = {
	{ NFTA_VERDICT_CODE, FORM_U32, NULL },
	{ NFTA_VERDICT_CHAIN, FORM_TEXT, NULL },
};

/* Without the name of the chain libnftnl copies a text from nowhere. */
static bool verdict_is_sound(const struct ezlb_nl_attrs *attrs)
{
	const struct nlattr *code = attrs->at[NFTA_VERDICT_CODE];
	int verdict = code && mnl_attr_get_payload_len(code) == sizeof(uint32_t)
			      ? (int)ntohl(mnl_attr_get_u32(code))
			      : NFT_JUMP;

	return (verdict != NFT_JUMP && verdict != NFT_GOTO) || attrs->at[NFTA_VERDICT_CHAIN];
}
static const struct shape verdict_shape = SHAPE_IF(verdict_parts, verdict_is_sound);

static const struct part data_parts[] = {
	{ NFTA_DATA_VALUE, FORM_VALUE, NULL },
	{ NFTA_DATA_VERDICT, FORM_NEST, &verdict_shape },
};

/* libnftnl keeps value and verdict in one place: with both it would free the value. */
static bool data_is_sound(const struct ezlb_nl_attrs *attrs)
{
	return !attrs->at[NFTA_DATA_VALUE] != !attrs->at[NFTA_DATA_VERDICT];
}
static const struct shape data = SHAPE_IF(data_parts, data_is_sound);

static bool value_is_sound(const struct ezlb_nl_attrs *attrs)
{
	return attrs->at[NFTA_DATA_VALUE];
}
static const struct shape value = { data_parts, 1, value_is_sound };

static const struct part bitwise_parts[] = {
	{ NFTA_BITWISE_SREG, FORM_U32, NULL },	  { NFTA_BITWISE_DREG, FORM_U32, NULL },
	{ NFTA_BITWISE_LEN, FORM_U32, NULL },	  { NFTA_BITWISE_MASK, FORM_NEST, &value },
	{ NFTA_BITWISE_XOR, FORM_NEST, &value },  { NFTA_BITWISE_OP, FORM_U32, NULL },
	{ NFTA_BITWISE_DATA, FORM_NEST, &value },
};

static const struct part cmp_parts[] = {
	{ NFTA_CMP_SREG, FORM_U32, NULL },
	{ NFTA_CMP_OP, FORM_U32, NULL },
	{ NFTA_CMP_DATA, FORM_NEST, &value },
};

static const struct part counter_parts[] = {
	{ NFTA_COUNTER_BYTES, FORM_U64, NULL },
	{ NFTA_COUNTER_PACKETS, FORM_U64, NULL },
};

static const struct part ct_parts[] = {
	{ NFTA_CT_DREG, FORM_U32, NULL },
	{ NFTA_CT_KEY, FORM_U32, NULL },
	{ NFTA_CT_DIRECTION, FORM_U8, NULL },
	{ NFTA_CT_SREG, FORM_U32, NULL },
};

static const struct part immediate_parts[] = {
	{ NFTA_IMMEDIATE_DREG, FORM_U32, NULL },
	{ NFTA_IMMEDIATE_DATA, FORM_NEST, &data },
};

static const struct part lookup_parts[] = {
	{ NFTA_LOOKUP_SET, FORM_TEXT, NULL },  { NFTA_LOOKUP_SREG, FORM_U32, NULL },
	{ NFTA_LOOKUP_DREG, FORM_U32, NULL },  { NFTA_LOOKUP_SET_ID, FORM_U32, NULL },
	{ NFTA_LOOKUP_FLAGS, FORM_U32, NULL },
};

static const struct part masq_parts[] = {
	{ NFTA_MASQ_FLAGS, FORM_U32, NULL },
	{ NFTA_MASQ_REG_PROTO_MIN, FORM_U32, NULL },
	{ NFTA_MASQ_REG_PROTO_MAX, FORM_U32, NULL },
};

static const struct part match_parts[] = {
	{ NFTA_MATCH_NAME, FORM_TEXT, NULL },
	{ NFTA_MATCH_REV, FORM_U32, NULL },
	{ NFTA_MATCH_INFO, FORM_BYTES, NULL },
};

static const struct part meta_parts[] = {
	{ NFTA_META_DREG, FORM_U32, NULL },
	{ NFTA_META_KEY, FORM_U32, NULL },
	{ NFTA_META_SREG, FORM_U32, NULL },
};

static const struct part nat_parts[] = {
	{ NFTA_NAT_TYPE, FORM_U32, NULL },	    { NFTA_NAT_FAMILY, FORM_U32, NULL },
	{ NFTA_NAT_REG_ADDR_MIN, FORM_U32, NULL },  { NFTA_NAT_REG_ADDR_MAX, FORM_U32, NULL },
	{ NFTA_NAT_REG_PROTO_MIN, FORM_U32, NULL }, { NFTA_NAT_REG_PROTO_MAX, FORM_U32, NULL },
	{ NFTA_NAT_FLAGS, FORM_U32, NULL },
};

static const struct part payload_parts[] = {
	{ NFTA_PAYLOAD_DREG, FORM_U32, NULL },	      { NFTA_PAYLOAD_BASE, FORM_U32, NULL },
	{ NFTA_PAYLOAD_OFFSET, FORM_U32, NULL },      { NFTA_PAYLOAD_LEN, FORM_U32, NULL },
	{ NFTA_PAYLOAD_SREG, FORM_U32, NULL },	      { NFTA_PAYLOAD_CSUM_TYPE, FORM_U32, NULL },
	{ NFTA_PAYLOAD_CSUM_OFFSET, FORM_U32, NULL }, { NFTA_PAYLOAD_CSUM_FLAGS, FORM_U32, NULL },
};

static const struct part reject_parts[] = {
	{ NFTA_REJECT_TYPE, FORM_U32, NULL },
	{ NFTA_REJECT_ICMP_CODE, FORM_U8, NULL },
};

static const struct part target_parts[] = {
	{ NFTA_TARGET_NAME, FORM_TEXT, NULL },
	{ NFTA_TARGET_REV, FORM_U32, NULL },
	{ NFTA_TARGET_INFO, FORM_BYTES, NULL },
};

/* Those that ezlb makes or reads. */
static const struct {
	const char *name;
	struct shape data;
} exprs[] = {
	{ "bitwise", SHAPE(bitwise_parts) }, { "reject", SHAPE(reject_parts) },
	{ "cmp", SHAPE(cmp_parts) },	     { "counter", SHAPE(counter_parts) },
	{ "ct", SHAPE(ct_parts) },	     { "immediate", SHAPE(immediate_parts) },
	{ "lookup", SHAPE(lookup_parts) },   { "masq", SHAPE(masq_parts) },
	{ "match", SHAPE(match_parts) },     { "meta", SHAPE(meta_parts) },
	{ "nat", SHAPE(nat_parts) },	     { "payload", SHAPE(payload_parts) },
	{ "target", SHAPE(target_parts) },
};

/* --- objects --------------------------------------------------------------------------------- */

static const struct part table_parts[] = {
	{ NFTA_TABLE_NAME, FORM_TEXT, NULL },
	{ NFTA_TABLE_FLAGS, FORM_U32, NULL },
	{ NFTA_TABLE_USE, FORM_U32, NULL },
	{ NFTA_TABLE_HANDLE, FORM_U64, NULL },
};
static const struct shape table_shape = SHAPE(table_parts);

static const struct part hook_parts[] = {
	{ NFTA_HOOK_HOOKNUM, FORM_U32, NULL },
	{ NFTA_HOOK_PRIORITY, FORM_U32, NULL },
	{ NFTA_HOOK_DEV, FORM_TEXT, NULL },
};
static const struct shape hook = SHAPE(hook_parts);

static const struct part chain_parts[] = {
	{ NFTA_CHAIN_TABLE, FORM_TEXT, NULL }, { NFTA_CHAIN_HANDLE, FORM_U64, NULL },
	{ NFTA_CHAIN_NAME, FORM_TEXT, NULL },  { NFTA_CHAIN_HOOK, FORM_NEST, &hook },
	{ NFTA_CHAIN_POLICY, FORM_U32, NULL }, { NFTA_CHAIN_USE, FORM_U32, NULL },
	{ NFTA_CHAIN_TYPE, FORM_TEXT, NULL },  { NFTA_CHAIN_FLAGS, FORM_U32, NULL },
};
static const struct shape chain_shape = SHAPE(chain_parts);

static const struct part compat_parts[] = {
	{ NFTA_RULE_COMPAT_PROTO, FORM_U32, NULL },
	{ NFTA_RULE_COMPAT_FLAGS, FORM_U32, NULL },
};
static const struct shape compat = SHAPE(compat_parts);

static const struct part rule_parts[] = {
	{ NFTA_RULE_TABLE, FORM_TEXT, NULL },	     { NFTA_RULE_CHAIN, FORM_TEXT, NULL },
	{ NFTA_RULE_HANDLE, FORM_U64, NULL },	     { NFTA_RULE_COMPAT, FORM_NEST, &compat },
	{ NFTA_RULE_EXPRESSIONS, FORM_EXPRS, NULL }, { NFTA_RULE_POSITION, FORM_U64, NULL },
	{ NFTA_RULE_USERDATA, FORM_UDATA, NULL },    { NFTA_RULE_ID, FORM_U32, NULL },
};
static const struct shape rule_shape = SHAPE(rule_parts);

static const struct part desc_parts[] = { { NFTA_SET_DESC_SIZE, FORM_U32, NULL } };
static const struct shape desc = SHAPE(desc_parts);

static const struct part set_parts[] = {
	{ NFTA_SET_TABLE, FORM_TEXT, NULL },   { NFTA_SET_NAME, FORM_TEXT, NULL },
	{ NFTA_SET_FLAGS, FORM_U32, NULL },    { NFTA_SET_KEY_TYPE, FORM_U32, NULL },
	{ NFTA_SET_KEY_LEN, FORM_U32, NULL },  { NFTA_SET_DATA_TYPE, FORM_U32, NULL },
	{ NFTA_SET_DATA_LEN, FORM_U32, NULL }, { NFTA_SET_POLICY, FORM_U32, NULL },
	{ NFTA_SET_DESC, FORM_NEST, &desc },   { NFTA_SET_ID, FORM_U32, NULL },
	{ NFTA_SET_TIMEOUT, FORM_U64, NULL },  { NFTA_SET_GC_INTERVAL, FORM_U32, NULL },
	{ NFTA_SET_OBJ_TYPE, FORM_U32, NULL }, { NFTA_SET_HANDLE, FORM_U64, NULL },
	{ NFTA_SET_EXPR, FORM_EXPR, NULL },    { NFTA_SET_EXPRESSIONS, FORM_EXPRS, NULL },
};
static const struct shape set_shape = SHAPE(set_parts);

static const struct part elem_parts[] = {
	{ NFTA_SET_ELEM_KEY, FORM_NEST, &value },
	{ NFTA_SET_ELEM_DATA, FORM_NEST, &data },
	{ NFTA_SET_ELEM_FLAGS, FORM_U32, NULL },
	{ NFTA_SET_ELEM_TIMEOUT, FORM_U64, NULL },
	{ NFTA_SET_ELEM_EXPIRATION, FORM_U64, NULL },
	{ NFTA_SET_ELEM_EXPR, FORM_EXPR, NULL },
	{ NFTA_SET_ELEM_OBJREF, FORM_TEXT, NULL },
	{ NFTA_SET_ELEM_KEY_END, FORM_NEST, &value },
	{ NFTA_SET_ELEM_EXPRESSIONS, FORM_EXPRS, NULL },
};
static const struct shape elem = SHAPE(elem_parts);

static const struct part elems_parts[] = {
	{ NFTA_SET_ELEM_LIST_TABLE, FORM_TEXT, NULL },
	{ NFTA_SET_ELEM_LIST_SET, FORM_TEXT, NULL },
	{ NFTA_SET_ELEM_LIST_ELEMENTS, FORM_LIST, &elem },
	{ NFTA_SET_ELEM_LIST_SET_ID, FORM_U32, NULL },
};
static const struct shape elems_shape = SHAPE(elems_parts);

/* --- the copy -------------------------------------------------------------------------------- */

static bool copy_all(struct nlmsghdr *to, const void *bytes, size_t len, const struct shape *shape);

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

static bool copy_nest(struct nlmsghdr *to, const struct nlattr *attr, const struct shape *shape)
{
	struct nlattr *nest = mnl_attr_nest_start(to, mnl_attr_get_type(attr));
	bool sound = copy_all(to, bytes_of(attr), len_of(attr), shape);
	struct ezlb_nl_attrs attrs;

	mnl_attr_nest_end(to, nest);
	if (!sound || !shape->is_sound)
		return sound;
	return ezlb_nl_attrs_nested(attr, &attrs) == 0 && shape->is_sound(&attrs);
}

static const struct shape *expr_data(const char *name)
{
	for (size_t i = 0; i < sizeof(exprs) / sizeof(exprs[0]); i++)
		if (strcmp(exprs[i].name, name) == 0)
			return &exprs[i].data;
	return NULL;
}

/* An expression without a name has no meaning, and libnftnl does not look whether there is one. */
static bool copy_expr(struct nlmsghdr *to, const struct nlattr *attr)
{
	struct nlattr *nest = mnl_attr_nest_start(to, mnl_attr_get_type(attr));
	struct ezlb_nl_attrs parts;
	const struct nlattr *name;
	const struct shape *shape;
	bool sound = ezlb_nl_attrs_nested(attr, &parts) == 0 && parts.at[NFTA_EXPR_NAME] &&
		     is_text(parts.at[NFTA_EXPR_NAME]);

	if (sound) {
		name = parts.at[NFTA_EXPR_NAME];
		mnl_attr_put(to, NFTA_EXPR_NAME, len_of(name), bytes_of(name));
		shape = expr_data(bytes_of(name));
		if (shape && parts.at[NFTA_EXPR_DATA])
			sound = copy_nest(to, parts.at[NFTA_EXPR_DATA], shape);
	}
	mnl_attr_nest_end(to, nest);
	return sound;
}

static bool copy_list(struct nlmsghdr *to, const struct nlattr *attr, const struct shape *shape)
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

static bool copy(struct nlmsghdr *to, const struct nlattr *attr, const struct part *part)
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

static const struct part *part_of(const struct shape *shape, uint16_t type)
{
	for (size_t i = 0; i < shape->n; i++)
		if (shape->parts[i].type == type)
			return &shape->parts[i];
	return NULL;
}

static bool copy_all(struct nlmsghdr *to, const void *bytes, size_t len, const struct shape *shape)
{
	const struct nlattr *attr = bytes;
	int left = (int)len;

	for (; mnl_attr_ok(attr, left); attr = mnl_attr_next(attr)) {
		const struct part *part = part_of(shape, mnl_attr_get_type(attr));

		if (part && !copy(to, attr, part))
			return false;
		left -= MNL_ALIGN(attr->nla_len);
	}
	return left <= 0;
}

/* NULL if the message is damaged; else the caller frees it. */
static struct nlmsghdr *checked(const struct nlmsghdr *msg, const struct shape *shape)
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
	PARSE(msg, &table_shape, nftnl_table_nlmsg_parse, out);
}

int ezlb_nft_parse_chain(const struct nlmsghdr *msg, struct nftnl_chain *out)
{
	PARSE(msg, &chain_shape, nftnl_chain_nlmsg_parse, out);
}

int ezlb_nft_parse_rule(const struct nlmsghdr *msg, struct nftnl_rule *out)
{
	PARSE(msg, &rule_shape, nftnl_rule_nlmsg_parse, out);
}

int ezlb_nft_parse_set(const struct nlmsghdr *msg, struct nftnl_set *out)
{
	PARSE(msg, &set_shape, nftnl_set_nlmsg_parse, out);
}

int ezlb_nft_parse_elems(const struct nlmsghdr *msg, struct nftnl_set *out)
{
	PARSE(msg, &elems_shape, nftnl_set_elems_nlmsg_parse, out);
}
