/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_shape: which attributes of nf_tables' messages ezlb knows, and how each of them must look.
 * Constants only; nft_parse compares messages with them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/netlink.h>

enum ezlb_nft_form {
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

struct ezlb_nft_shape;

struct ezlb_nft_part {
	uint16_t type;
	enum ezlb_nft_form form;
	const struct ezlb_nft_shape *nested;
};

/* The attributes of a message or of a nest. */
struct ezlb_nft_shape {
	const struct ezlb_nft_part *parts;
	size_t n;
	bool (*is_sound)(const struct ezlb_nl_attrs *attrs); /* NULL: each alone is enough */
};

extern const struct ezlb_nft_shape ezlb_nft_table_shape;
extern const struct ezlb_nft_shape ezlb_nft_chain_shape;
extern const struct ezlb_nft_shape ezlb_nft_rule_shape;
extern const struct ezlb_nft_shape ezlb_nft_set_shape;
extern const struct ezlb_nft_shape ezlb_nft_elems_shape;

/* Of the data of the expression `name`; NULL if ezlb neither makes nor reads such an expression. */
const struct ezlb_nft_shape *ezlb_nft_expr_shape(const char *name);
