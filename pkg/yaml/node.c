// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/yaml.h>

#include <stdlib.h>
#include <yaml.h>

#include <ezlb/snapshot.h>

#include "syntax.h"

#define TEXT_(x) #x
#define TEXT(x)	 TEXT_(x)

#define FEW_KEYS 8

/* The nodes: EZLB_BACKENDS_MAX backends with all their keys, and the rest. */
const struct ezlb_yaml_limits ezlb_yaml_service = {
	.bytes = EZLB_FILE_MAX,
	.depth = 16,
	.nodes = 30000,
	.nodes_help = "a file is one service: at most " TEXT(EZLB_BACKENDS_MAX) " backends",
};
const struct ezlb_yaml_limits ezlb_yaml_stream = {
	.bytes = 32 * 1024 * 1024,
	.depth = 64,
	.nodes = 2000000,
	.documents = true,
};

struct builder {
	struct ezlb_source *src;
	struct ezlb_node top;	/* parent of the root, its only child */
	struct ezlb_node *open; /* the innermost open list or mapping; &top at the end */
	char *key;		/* key in `open` whose value comes next; owned */
	struct ezlb_mark key_at;
	int depth;
	size_t n_nodes;
};

static struct ezlb_mark mark(const yaml_mark_t *at)
{
	return (struct ezlb_mark){ (int)at->line + 1, (int)at->column + 1 };
}

/* Recursive: the depth is limited. */
void ezlb_node_free(struct ezlb_node *node)
{
	struct ezlb_node *next;

	if (!node)
		return;
	for (struct ezlb_node *child = node->first; child; child = next) {
		next = child->next;
		ezlb_node_free(child);
	}
	free(node->text);
	free(node->key);
	free(node);
}

bool ezlb_node_empty(const struct ezlb_node *node)
{
	static const char *const words[] = { "~", "null", "Null", "NULL" };

	if (node->kind != EZLB_NODE_SCALAR)
		return false;
	if (node->text[0] != '\0' && !strchr("~nN", node->text[0]))
		return false;
	for (size_t i = 0; node->style == EZLB_NODE_PLAIN && i < sizeof(words) / sizeof(words[0]);
	     i++)
		if (strcmp(node->text, words[i]) == 0)
			return true;
	return node->text[0] == '\0';
}

const struct ezlb_node *ezlb_node_get(const struct ezlb_node *map, const char *key)
{
	const struct ezlb_node *child = NULL;

	if (map && map->kind == EZLB_NODE_MAP)
		for (child = map->first; child && strcmp(child->key, key) != 0;)
			child = child->next;
	return child;
}

const char *ezlb_node_text(const struct ezlb_node *map, const char *key)
{
	const struct ezlb_node *node = ezlb_node_get(map, key);

	return node && node->kind == EZLB_NODE_SCALAR && !ezlb_node_empty(node) ? node->text : NULL;
}

static int by_key(const void *pa, const void *pb)
{
	const struct ezlb_node *a = *(struct ezlb_node *const *)pa,
			       *b = *(struct ezlb_node *const *)pb;
	int rc = strcmp(a->key, b->key);

	return rc ? rc : ezlb_mark_cmp(a->key_at, b->key_at);
}

/* True if the mapping has few keys, each once: most have, and to sort them takes longer. */
static bool all_differ(const struct ezlb_node *map)
{
	size_t n = 0;

	for (const struct ezlb_node *a = map->first; a; a = a->next, n++) {
		if (n == FEW_KEYS)
			return false;
		for (const struct ezlb_node *b = map->first; b != a; b = b->next)
			if (strcmp(a->key, b->key) == 0)
				return false;
	}
	return true;
}

/* libyaml accepts duplicate keys silently, and the last would win. */
static void check_duplicates(struct ezlb_source *src, const struct ezlb_node *map)
{
	struct EZLB_VEC(struct ezlb_node *) keys = { 0 };
	const struct ezlb_node *first;
	char shown[EZLB_SHOW_STRLEN];

	if (all_differ(map))
		return;
	for (struct ezlb_node *child = map->first; child; child = child->next)
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
				   ezlb_source_show(first->key, shown),
				   ezlb_source_place(src, first->key_at).line);
	}
	EZLB_VEC_CLEAR(&keys);
}

/* Adds a node for the current value. */
static struct ezlb_node *add_node(struct builder *b, enum ezlb_node_kind kind, struct ezlb_mark at)
{
	struct ezlb_node *node = ezlb_calloc(1, sizeof(*node));

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
	return b->open->kind == EZLB_NODE_MAP && !b->key;
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

static bool open_container(struct builder *b, enum ezlb_node_kind kind, struct ezlb_mark at)
{
	if (wants_key(b)) {
		ezlb_source_refuse(b->src, at, EZLB_E_TYPE, NULL,
				   "a key must be a word, not a list or a mapping");
		return false;
	}
	if (b->depth == b->src->limits->depth) {
		ezlb_source_refuse(b->src, at, EZLB_E_SIZE,
				   "write fewer lists and mappings inside each other",
				   "nested deeper than %d levels", b->src->limits->depth);
		return false;
	}
	b->open = add_node(b, kind, at);
	b->depth++;
	return true;
}

static bool close_container(struct builder *b)
{
	if (b->open->kind == EZLB_NODE_MAP)
		check_duplicates(b->src, b->open);
	b->open = b->open->parent;
	b->depth--;
	return true;
}

static enum ezlb_node_style style(yaml_scalar_style_t of)
{
	switch (of) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return EZLB_NODE_SINGLE;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return EZLB_NODE_DOUBLE;
	case YAML_LITERAL_SCALAR_STYLE:
		return EZLB_NODE_LITERAL;
	case YAML_FOLDED_SCALAR_STYLE:
		return EZLB_NODE_FOLDED;
	case YAML_ANY_SCALAR_STYLE:
	case YAML_PLAIN_SCALAR_STYLE:
		break;
	}
	return EZLB_NODE_PLAIN;
}

static bool add_scalar(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct ezlb_mark at = mark(&event->start_mark);
	struct ezlb_node *node;

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
	node = add_node(b, EZLB_NODE_SCALAR, at);
	node->text = ezlb_strndup(text, len);
	node->style = style(event->data.scalar.style);
	return true;
}

static bool add_alias(struct builder *b, struct ezlb_mark at)
{
	ezlb_source_refuse(b->src, at, EZLB_E_FEATURE,
			   "write the value out, or quote it if it begins with '*'",
			   "aliases (*name) are not supported");
	if (wants_key(b))
		return false;
	add_node(b, EZLB_NODE_REFUSED, at);
	return true;
}

static bool begin_document(struct builder *b, struct ezlb_mark at)
{
	if (!b->top.first || b->src->limits->documents)
		return true;
	ezlb_source_refuse(b->src, at, EZLB_E_FEATURE, "put each service in its own file",
			   "a second document begins here");
	return false;
}

/* False: stop. */
static bool take(struct builder *b, const yaml_event_t *event)
{
	struct ezlb_mark at = mark(&event->start_mark);

	if (b->n_nodes > b->src->limits->nodes) {
		ezlb_source_refuse(b->src, at, EZLB_E_SIZE, b->src->limits->nodes_help,
				   "more than %zu values", b->src->limits->nodes);
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
		return open_container(b, EZLB_NODE_LIST, at);
	case YAML_MAPPING_START_EVENT:
		refuse_anchor(b, event->data.mapping_start.anchor, event->data.mapping_start.tag,
			      at);
		return open_container(b, EZLB_NODE_MAP, at);
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

/* Recursive: the depth is limited. */
static void place(const struct ezlb_source *src, struct ezlb_node *node)
{
	node->at = ezlb_source_place(src, node->at);
	if (node->key)
		node->key_at = ezlb_source_place(src, node->key_at);
	for (struct ezlb_node *child = node->first; child; child = child->next)
		place(src, child);
}

static struct ezlb_node *empty_root(void)
{
	struct ezlb_node *root = ezlb_calloc(1, sizeof(*root));

	root->at = (struct ezlb_mark){ 1, 1 };
	root->text = ezlb_strdup("");
	return root;
}

/* The documents, which lie below a node on the stack. */
static struct ezlb_node *list_of(const struct ezlb_node *top)
{
	struct ezlb_node *list = ezlb_calloc(1, sizeof(*list));

	*list = *top;
	list->at = (struct ezlb_mark){ 1, 1 };
	list->parent = NULL;
	for (struct ezlb_node *child = list->first; child; child = child->next)
		child->parent = list;
	return list;
}

static struct ezlb_node *parse(struct ezlb_source *src)
{
	struct builder b = { .src = src, .top = { .kind = EZLB_NODE_LIST } };
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
		for (struct ezlb_node *next, *child = b.top.first; child; child = next) {
			next = child->next;
			ezlb_node_free(child);
		}
		return NULL;
	}
	if (src->limits->documents)
		return list_of(&b.top);
	if (!b.top.first)
		return src->n_errors == 0 ? empty_root() : NULL;
	b.top.first->parent = NULL;
	return b.top.first;
}

struct ezlb_node *ezlb_node_parse(struct ezlb_source *src)
{
	struct ezlb_node *root = parse(src);

	if (root && src->inset)
		place(src, root);
	src->placed = src->inset != NULL;
	return root;
}
