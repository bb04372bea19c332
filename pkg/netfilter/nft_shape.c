// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_shape.h"

#include <arpa/inet.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#define SHAPE_IF(parts, fn)                                       \
	{                                                         \
		(parts), sizeof(parts) / sizeof((parts)[0]), (fn) \
	}
#define SHAPE(parts) SHAPE_IF(parts, NULL)

/* --- expressions ----------------------------------------------------------------------------- */

static const struct ezlb_nft_part verdict_parts[] = {
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
static const struct ezlb_nft_shape verdict_shape = SHAPE_IF(verdict_parts, verdict_is_sound);

static const struct ezlb_nft_part data_parts[] = {
	{ NFTA_DATA_VALUE, FORM_VALUE, NULL },
	{ NFTA_DATA_VERDICT, FORM_NEST, &verdict_shape },
};

/* libnftnl keeps value and verdict in one place: with both it would free the value. */
static bool data_is_sound(const struct ezlb_nl_attrs *attrs)
{
	return !attrs->at[NFTA_DATA_VALUE] != !attrs->at[NFTA_DATA_VERDICT];
}
static const struct ezlb_nft_shape data = SHAPE_IF(data_parts, data_is_sound);

static bool value_is_sound(const struct ezlb_nl_attrs *attrs)
{
	return attrs->at[NFTA_DATA_VALUE];
}
static const struct ezlb_nft_shape value = { data_parts, 1, value_is_sound };

static const struct ezlb_nft_part bitwise_parts[] = {
	{ NFTA_BITWISE_SREG, FORM_U32, NULL },	  { NFTA_BITWISE_DREG, FORM_U32, NULL },
	{ NFTA_BITWISE_LEN, FORM_U32, NULL },	  { NFTA_BITWISE_MASK, FORM_NEST, &value },
	{ NFTA_BITWISE_XOR, FORM_NEST, &value },  { NFTA_BITWISE_OP, FORM_U32, NULL },
	{ NFTA_BITWISE_DATA, FORM_NEST, &value },
};

static const struct ezlb_nft_part cmp_parts[] = {
	{ NFTA_CMP_SREG, FORM_U32, NULL },
	{ NFTA_CMP_OP, FORM_U32, NULL },
	{ NFTA_CMP_DATA, FORM_NEST, &value },
};

static const struct ezlb_nft_part counter_parts[] = {
	{ NFTA_COUNTER_BYTES, FORM_U64, NULL },
	{ NFTA_COUNTER_PACKETS, FORM_U64, NULL },
};

static const struct ezlb_nft_part ct_parts[] = {
	{ NFTA_CT_DREG, FORM_U32, NULL },
	{ NFTA_CT_KEY, FORM_U32, NULL },
	{ NFTA_CT_DIRECTION, FORM_U8, NULL },
	{ NFTA_CT_SREG, FORM_U32, NULL },
};

static const struct ezlb_nft_part immediate_parts[] = {
	{ NFTA_IMMEDIATE_DREG, FORM_U32, NULL },
	{ NFTA_IMMEDIATE_DATA, FORM_NEST, &data },
};

static const struct ezlb_nft_part lookup_parts[] = {
	{ NFTA_LOOKUP_SET, FORM_TEXT, NULL },  { NFTA_LOOKUP_SREG, FORM_U32, NULL },
	{ NFTA_LOOKUP_DREG, FORM_U32, NULL },  { NFTA_LOOKUP_SET_ID, FORM_U32, NULL },
	{ NFTA_LOOKUP_FLAGS, FORM_U32, NULL },
};

static const struct ezlb_nft_part masq_parts[] = {
	{ NFTA_MASQ_FLAGS, FORM_U32, NULL },
	{ NFTA_MASQ_REG_PROTO_MIN, FORM_U32, NULL },
	{ NFTA_MASQ_REG_PROTO_MAX, FORM_U32, NULL },
};

static const struct ezlb_nft_part match_parts[] = {
	{ NFTA_MATCH_NAME, FORM_TEXT, NULL },
	{ NFTA_MATCH_REV, FORM_U32, NULL },
	{ NFTA_MATCH_INFO, FORM_BYTES, NULL },
};

static const struct ezlb_nft_part meta_parts[] = {
	{ NFTA_META_DREG, FORM_U32, NULL },
	{ NFTA_META_KEY, FORM_U32, NULL },
	{ NFTA_META_SREG, FORM_U32, NULL },
};

static const struct ezlb_nft_part nat_parts[] = {
	{ NFTA_NAT_TYPE, FORM_U32, NULL },	    { NFTA_NAT_FAMILY, FORM_U32, NULL },
	{ NFTA_NAT_REG_ADDR_MIN, FORM_U32, NULL },  { NFTA_NAT_REG_ADDR_MAX, FORM_U32, NULL },
	{ NFTA_NAT_REG_PROTO_MIN, FORM_U32, NULL }, { NFTA_NAT_REG_PROTO_MAX, FORM_U32, NULL },
	{ NFTA_NAT_FLAGS, FORM_U32, NULL },
};

static const struct ezlb_nft_part payload_parts[] = {
	{ NFTA_PAYLOAD_DREG, FORM_U32, NULL },	      { NFTA_PAYLOAD_BASE, FORM_U32, NULL },
	{ NFTA_PAYLOAD_OFFSET, FORM_U32, NULL },      { NFTA_PAYLOAD_LEN, FORM_U32, NULL },
	{ NFTA_PAYLOAD_SREG, FORM_U32, NULL },	      { NFTA_PAYLOAD_CSUM_TYPE, FORM_U32, NULL },
	{ NFTA_PAYLOAD_CSUM_OFFSET, FORM_U32, NULL }, { NFTA_PAYLOAD_CSUM_FLAGS, FORM_U32, NULL },
};

static const struct ezlb_nft_part reject_parts[] = {
	{ NFTA_REJECT_TYPE, FORM_U32, NULL },
	{ NFTA_REJECT_ICMP_CODE, FORM_U8, NULL },
};

static const struct ezlb_nft_part target_parts[] = {
	{ NFTA_TARGET_NAME, FORM_TEXT, NULL },
	{ NFTA_TARGET_REV, FORM_U32, NULL },
	{ NFTA_TARGET_INFO, FORM_BYTES, NULL },
};

/* Those that ezlb makes or reads. */
static const struct {
	const char *name;
	struct ezlb_nft_shape data;
} exprs[] = {
	{ "bitwise", SHAPE(bitwise_parts) }, { "reject", SHAPE(reject_parts) },
	{ "cmp", SHAPE(cmp_parts) },	     { "counter", SHAPE(counter_parts) },
	{ "ct", SHAPE(ct_parts) },	     { "immediate", SHAPE(immediate_parts) },
	{ "lookup", SHAPE(lookup_parts) },   { "masq", SHAPE(masq_parts) },
	{ "match", SHAPE(match_parts) },     { "meta", SHAPE(meta_parts) },
	{ "nat", SHAPE(nat_parts) },	     { "payload", SHAPE(payload_parts) },
	{ "target", SHAPE(target_parts) },
};

const struct ezlb_nft_shape *ezlb_nft_expr_shape(const char *name)
{
	for (size_t i = 0; i < sizeof(exprs) / sizeof(exprs[0]); i++)
		if (strcmp(exprs[i].name, name) == 0)
			return &exprs[i].data;
	return NULL;
}

/* --- objects --------------------------------------------------------------------------------- */

static const struct ezlb_nft_part table_parts[] = {
	{ NFTA_TABLE_NAME, FORM_TEXT, NULL },
	{ NFTA_TABLE_FLAGS, FORM_U32, NULL },
	{ NFTA_TABLE_USE, FORM_U32, NULL },
	{ NFTA_TABLE_HANDLE, FORM_U64, NULL },
};
const struct ezlb_nft_shape ezlb_nft_table_shape = SHAPE(table_parts);

static const struct ezlb_nft_part hook_parts[] = {
	{ NFTA_HOOK_HOOKNUM, FORM_U32, NULL },
	{ NFTA_HOOK_PRIORITY, FORM_U32, NULL },
	{ NFTA_HOOK_DEV, FORM_TEXT, NULL },
};
static const struct ezlb_nft_shape hook = SHAPE(hook_parts);

static const struct ezlb_nft_part chain_parts[] = {
	{ NFTA_CHAIN_TABLE, FORM_TEXT, NULL }, { NFTA_CHAIN_HANDLE, FORM_U64, NULL },
	{ NFTA_CHAIN_NAME, FORM_TEXT, NULL },  { NFTA_CHAIN_HOOK, FORM_NEST, &hook },
	{ NFTA_CHAIN_POLICY, FORM_U32, NULL }, { NFTA_CHAIN_USE, FORM_U32, NULL },
	{ NFTA_CHAIN_TYPE, FORM_TEXT, NULL },  { NFTA_CHAIN_FLAGS, FORM_U32, NULL },
};
const struct ezlb_nft_shape ezlb_nft_chain_shape = SHAPE(chain_parts);

static const struct ezlb_nft_part compat_parts[] = {
	{ NFTA_RULE_COMPAT_PROTO, FORM_U32, NULL },
	{ NFTA_RULE_COMPAT_FLAGS, FORM_U32, NULL },
};
static const struct ezlb_nft_shape compat = SHAPE(compat_parts);

static const struct ezlb_nft_part rule_parts[] = {
	{ NFTA_RULE_TABLE, FORM_TEXT, NULL },	     { NFTA_RULE_CHAIN, FORM_TEXT, NULL },
	{ NFTA_RULE_HANDLE, FORM_U64, NULL },	     { NFTA_RULE_COMPAT, FORM_NEST, &compat },
	{ NFTA_RULE_EXPRESSIONS, FORM_EXPRS, NULL }, { NFTA_RULE_POSITION, FORM_U64, NULL },
	{ NFTA_RULE_USERDATA, FORM_UDATA, NULL },    { NFTA_RULE_ID, FORM_U32, NULL },
};
const struct ezlb_nft_shape ezlb_nft_rule_shape = SHAPE(rule_parts);

static const struct ezlb_nft_part desc_parts[] = { { NFTA_SET_DESC_SIZE, FORM_U32, NULL } };
static const struct ezlb_nft_shape desc = SHAPE(desc_parts);

static const struct ezlb_nft_part set_parts[] = {
	{ NFTA_SET_TABLE, FORM_TEXT, NULL },   { NFTA_SET_NAME, FORM_TEXT, NULL },
	{ NFTA_SET_FLAGS, FORM_U32, NULL },    { NFTA_SET_KEY_TYPE, FORM_U32, NULL },
	{ NFTA_SET_KEY_LEN, FORM_U32, NULL },  { NFTA_SET_DATA_TYPE, FORM_U32, NULL },
	{ NFTA_SET_DATA_LEN, FORM_U32, NULL }, { NFTA_SET_POLICY, FORM_U32, NULL },
	{ NFTA_SET_DESC, FORM_NEST, &desc },   { NFTA_SET_ID, FORM_U32, NULL },
	{ NFTA_SET_TIMEOUT, FORM_U64, NULL },  { NFTA_SET_GC_INTERVAL, FORM_U32, NULL },
	{ NFTA_SET_OBJ_TYPE, FORM_U32, NULL }, { NFTA_SET_HANDLE, FORM_U64, NULL },
	{ NFTA_SET_EXPR, FORM_EXPR, NULL },    { NFTA_SET_EXPRESSIONS, FORM_EXPRS, NULL },
};
const struct ezlb_nft_shape ezlb_nft_set_shape = SHAPE(set_parts);

static const struct ezlb_nft_part elem_parts[] = {
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
static const struct ezlb_nft_shape elem = SHAPE(elem_parts);

static const struct ezlb_nft_part elems_parts[] = {
	{ NFTA_SET_ELEM_LIST_TABLE, FORM_TEXT, NULL },
	{ NFTA_SET_ELEM_LIST_SET, FORM_TEXT, NULL },
	{ NFTA_SET_ELEM_LIST_ELEMENTS, FORM_LIST, &elem },
	{ NFTA_SET_ELEM_LIST_SET_ID, FORM_U32, NULL },
};
const struct ezlb_nft_shape ezlb_nft_elems_shape = SHAPE(elems_parts);
