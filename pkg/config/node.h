/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * node: YAML as a small tree without interpretation. Only scalars, lists and mappings with scalar
 * keys; anchors, aliases, tags and a second document are reported and left out.
 */
#pragma once

#include <ezlb/spec.h>

struct source;

enum node_kind {
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
	NODE_REFUSED, /* already reported: readers do not report it again */
};

struct node {
	enum node_kind kind;
	struct ezlb_mark at;
	char *text; /* NODE_SCALAR only; owned */
	bool plain; /* a scalar without quotes */

	char *key; /* the key if the parent is a mapping, otherwise NULL; owned */
	struct ezlb_mark key_at;

	struct node *parent;
	struct node *first, *last; /* NODE_LIST, NODE_MAP: the children, owned */
	struct node *next;	   /* the sibling */
};

/*
 * The tree of the document: an empty scalar for an empty file, NULL after errors in its structure.
 */
struct node *ezlb_node_parse(struct source *src);
void ezlb_node_free(struct node *node); /* NULL is fine */

/* An empty value, or null. */
bool ezlb_node_empty(const struct node *node);
