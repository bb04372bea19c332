// SPDX-License-Identifier: GPL-2.0-or-later
#include "node.h"

#include <stdlib.h>
#include <yaml.h>

#include <ezlb/config.h>

#include "source.h"
#include "syntax.h"

#define MAX_DEPTH 16
#define TEXT_(x)  #x
#define TEXT(x)	  TEXT_(x)

#define MAX_NODES 30000 /* EZLB_BACKENDS_MAX backends with all their keys, and the rest */

struct builder {
	struct source *src;
	struct node top;   /* parent of the root, its only child */
	struct node *open; /* the innermost open list or mapping; &top at the end */
	char *key;	   /* key in `open` whose value comes next; owned */
	struct ezlb_mark key_at;
	int depth;
	size_t n_nodes;
};

static struct ezlb_mark mark(const yaml_mark_t *at)
{
	return (struct ezlb_mark){ (int)at->line + 1, (int)at->column + 1 };
}

/* Recursive: the depth is at most MAX_DEPTH. */
void ezlb_node_free(struct node *node)
{
	struct node *next;

	if (!node)
		return;
	for (struct node *child = node->first; child; child = next) {
		next = child->next;
		ezlb_node_free(child);
	}
	free(node->text);
	free(node->key);
	free(node);
}

bool ezlb_node_empty(const struct node *node)
{
	static const char *const words[] = { "~", "null", "Null", "NULL" };

	if (node->kind != NODE_SCALAR)
		return false;
	for (size_t i = 0; node->plain && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(node->text, words[i]) == 0)
			return true;
	return node->text[0] == '\0';
}

static int by_key(const void *pa, const void *pb)
{
	const struct node *a = *(struct node *const *)pa, *b = *(struct node *const *)pb;
	int rc = strcmp(a->key, b->key);

	if (rc == 0)
		rc = (a->key_at.line > b->key_at.line) - (a->key_at.line < b->key_at.line);
	return rc ? rc : (a->key_at.col > b->key_at.col) - (a->key_at.col < b->key_at.col);
}

/* libyaml accepts duplicate keys silently, and the last would win. */
static void check_duplicates(struct source *src, const struct node *map)
{
	struct EZLB_VEC(struct node *) keys = { 0 };
	const struct node *first;
	char shown[SHOW_STRLEN];

	for (struct node *child = map->first; child; child = child->next)
		*EZLB_PUSH(&keys) = child;
	EZLB_SORT(&keys, by_key);
	first = keys.len ? keys.items[0] : NULL;
	for (size_t i = 1; i < keys.len; i++) {
		if (strcmp(first->key, keys.items[i]->key) != 0) {
			first = keys.items[i];
			continue;
		}
		ezlb_source_refuse(src, keys.items[i]->key_at, EZLB_E_DUPLICATE, "remove one",
				   "'%s' is given twice, first on line %d",
				   ezlb_source_show(first->key, shown), first->key_at.line);
	}
	EZLB_VEC_CLEAR(&keys);
}

/* Adds a node for the current value. */
static struct node *add_node(struct builder *b, enum node_kind kind, struct ezlb_mark at)
{
	struct node *node = ezlb_calloc(1, sizeof(*node));

	b->n_nodes++;
	node->kind = kind;
	node->at = at;
	node->parent = b->open;
	node->key = b->key;
	node->key_at = b->key_at;
	b->key = NULL;
	if (!b->open->first)
		b->open->first = b->open->last = node;
	else
		b->open->last = b->open->last->next = node;
	return node;
}

static bool wants_key(const struct builder *b)
{
	return b->open->kind == NODE_MAP && !b->key;
}

static void refuse_anchor(struct builder *b, const yaml_char_t *anchor, const yaml_char_t *tag,
			  struct ezlb_mark at)
{
	if (anchor)
		ezlb_source_refuse(b->src, at, EZLB_E_FEATURE,
				   "quote the value if it begins with '&'",
				   "anchors (&name) are not supported");
	if (tag)
		ezlb_source_refuse(b->src, at, EZLB_E_FEATURE,
				   "quote the value if it begins with '!'",
				   "tags (!name) are not supported");
}

static bool open_container(struct builder *b, enum node_kind kind, struct ezlb_mark at)
{
	if (wants_key(b)) {
		ezlb_source_refuse(b->src, at, EZLB_E_TYPE, NULL,
				   "a key must be a word, not a list or a mapping");
		return false;
	}
	if (b->depth == MAX_DEPTH) {
		ezlb_source_refuse(b->src, at, EZLB_E_SIZE, NULL, "nested deeper than %d levels",
				   MAX_DEPTH);
		return false;
	}
	b->open = add_node(b, kind, at);
	b->depth++;
	return true;
}

static bool close_container(struct builder *b)
{
	if (b->open->kind == NODE_MAP)
		check_duplicates(b->src, b->open);
	b->open = b->open->parent;
	b->depth--;
	return true;
}

static bool add_scalar(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct ezlb_mark at = mark(&event->start_mark);
	struct node *node;

	/* "\0" in double quotes would truncate the C string. */
	if (memchr(text, '\0', len)) {
		ezlb_source_refuse(b->src, at, EZLB_E_VALUE, NULL,
				   "NUL characters are not allowed");
		return false;
	}
	if (wants_key(b)) {
		b->key = ezlb_strndup(text, len);
		b->key_at = at;
		return true;
	}
	node = add_node(b, NODE_SCALAR, at);
	node->text = ezlb_strndup(text, len);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return true;
}

static bool add_alias(struct builder *b, struct ezlb_mark at)
{
	ezlb_source_refuse(b->src, at, EZLB_E_FEATURE,
			   "write the value out, or quote it if it begins with '*'",
			   "aliases (*name) are not supported");
	if (wants_key(b))
		return false;
	add_node(b, NODE_REFUSED, at);
	return true;
}

static bool begin_document(struct builder *b, struct ezlb_mark at)
{
	if (!b->top.first)
		return true;
	ezlb_source_refuse(b->src, at, EZLB_E_FEATURE, "put each service in its own file",
			   "a second document begins here");
	return false;
}

/* False: stop. */
static bool take(struct builder *b, const yaml_event_t *event)
{
	struct ezlb_mark at = mark(&event->start_mark);

	if (b->n_nodes > MAX_NODES) {
		ezlb_source_refuse(
			b->src, at, EZLB_E_SIZE,
			"a file is one service: at most " TEXT(EZLB_BACKENDS_MAX) " backends",
			"more than %d values", MAX_NODES);
		return false;
	}
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return begin_document(b, at);
	case YAML_ALIAS_EVENT:
		return add_alias(b, at);
	case YAML_SCALAR_EVENT:
		refuse_anchor(b, event->data.scalar.anchor, event->data.scalar.tag, at);
		return add_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
		refuse_anchor(b, event->data.sequence_start.anchor, event->data.sequence_start.tag,
			      at);
		return open_container(b, NODE_LIST, at);
	case YAML_MAPPING_START_EVENT:
		refuse_anchor(b, event->data.mapping_start.anchor, event->data.mapping_start.tag,
			      at);
		return open_container(b, NODE_MAP, at);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_container(b);
	case YAML_STREAM_END_EVENT:
		return false;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return true;
	}
	return true;
}

static bool step(struct builder *b, yaml_parser_t *parser)
{
	yaml_event_t event;
	bool more;

	if (!yaml_parser_parse(parser, &event)) {
		if (parser->error == YAML_MEMORY_ERROR)
			abort();
		ezlb_syntax_refuse(b->src, parser);
		return false;
	}
	more = take(b, &event);
	yaml_event_delete(&event);
	return more;
}

static struct node *empty_root(void)
{
	struct node *root = ezlb_calloc(1, sizeof(*root));

	root->at = (struct ezlb_mark){ 1, 1 };
	root->text = ezlb_strdup("");
	return root;
}

struct node *ezlb_node_parse(struct source *src)
{
	struct builder b = { .src = src, .top = { .kind = NODE_LIST } };
	yaml_parser_t parser;
	bool whole;

	if (!yaml_parser_initialize(&parser))
		abort(); /* out of memory, as everywhere */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)src->text, src->len);
	b.open = b.top.parent = &b.top; /* so that an unmatched close stays in the tree */
	while (step(&b, &parser))
		;
	whole = b.open == &b.top && !parser.error;
	yaml_parser_delete(&parser);

	free(b.key);
	if (!whole) {
		ezlb_node_free(b.top.first);
		return NULL;
	}
	if (!b.top.first)
		return src->n_errors == 0 ? empty_root() : NULL;
	b.top.first->parent = NULL;
	return b.top.first;
}
