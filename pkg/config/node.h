/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * node: YAML as a small tree, before anybody asks what it means. Only scalars, lists and mappings
 * with scalar keys; anchors, aliases, tags and a second document are reported and left out.
 */
#pragma once

#include <ezlb/spec.h>

struct source;

enum node_kind {
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
	NODE_REFUSED, /* reported already: whoever reads it keeps silent */
};

struct node {
	enum node_kind kind;
	struct ezlb_mark at;
	char *text; /* NODE_SCALAR only; owned */
	bool plain; /* a scalar without quotes */

	char *key; /* what the value stands under where the parent is a mapping, else NULL; owned */
	struct ezlb_mark key_at;

	struct node *parent;
	struct node *first, *last; /* NODE_LIST, NODE_MAP: the children, owned */
	struct node *next;	   /* the sibling */
};

/*
 * The tree of the file's document; an empty scalar where the file has none. NULL where there is no
 * whole tree; NULL or not, what is wrong has been reported.
 */
struct node *ezlb_node_parse(struct source *src);
void ezlb_node_free(struct node *node); /* NULL is fine */

/* An empty value, or null. */
bool ezlb_node_empty(const struct node *node);
