/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * yaml: text to a small tree with places, or to diagnostics. Reads no file and interprets nothing.
 * JSON is YAML, too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/diag.h>

/* What an input may have. Every input is bounded in time and memory by these. */
struct ezlb_yaml_limits {
	size_t bytes;
	int depth;
	size_t nodes;		/* values in the whole text */
	const char *nodes_help; /* the help text where there are more; NULL: none */
	bool documents;		/* several documents, separated by "---" */
};
extern const struct ezlb_yaml_limits ezlb_yaml_service; /* one service file */
extern const struct ezlb_yaml_limits ezlb_yaml_stream;	/* manifests and other people's files */

/* The bytes of one file, and the function that reports errors in them. */
struct ezlb_source {
	const char *file;	  /* as shown to humans; borrowed */
	const char *text;	  /* after the byte order mark, if any; borrowed */
	size_t len;		  /* of text */
	struct ezlb_diags *diags; /* borrowed */
	size_t n_errors;	  /* of this file, including those over the limit */
	const struct ezlb_yaml_limits *limits;
};

/*
 * Checks what libyaml would report without a line, or not at all: that the text is UTF-8 without
 * control characters, and that all line breaks are visible in editors. False: reported.
 */
bool ezlb_source_open(struct ezlb_source *src, const char *file, const char *text, size_t len,
		      const struct ezlb_yaml_limits *limits, struct ezlb_diags *diags);

/* Reports an error with its source line. help may be NULL. Reports at most 20 errors per file. */
void ezlb_source_refuse(struct ezlb_source *src, struct ezlb_mark at, enum ezlb_diag_code code,
			const char *help, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Line n, from 1, without its line break; NULL if there is none. Columns count characters. */
const char *ezlb_source_line(const struct ezlb_source *src, int n, size_t *len);
/* The byte at a mark; '\0' at or after the end of the line. */
char ezlb_source_at(const struct ezlb_source *src, struct ezlb_mark at);
/* Whether only blanks precede the mark on its line. */
bool ezlb_source_first(const struct ezlb_source *src, struct ezlb_mark at);

/* Text from the file for use in a message: control characters escaped, long text truncated. */
#define EZLB_SHOW_STRLEN 100
const char *ezlb_source_show(const char *text, char buf[EZLB_SHOW_STRLEN]);

enum ezlb_node_kind {
	EZLB_NODE_SCALAR,
	EZLB_NODE_LIST,
	EZLB_NODE_MAP,
	EZLB_NODE_REFUSED, /* already reported: readers do not report it again */
};
enum ezlb_node_style {
	EZLB_NODE_PLAIN,
	EZLB_NODE_SINGLE,  /* 'text' */
	EZLB_NODE_DOUBLE,  /* "text" */
	EZLB_NODE_LITERAL, /* | */
	EZLB_NODE_FOLDED,  /* > */
};

/*
 * One value. Only scalars, lists and mappings with scalar keys; anchors, aliases and tags are
 * reported and left out.
 */
struct ezlb_node {
	enum ezlb_node_kind kind;
	struct ezlb_mark at;	    /* a literal or folded scalar: of its "|" or ">" */
	enum ezlb_node_style style; /* of a scalar */
	char *text;		    /* EZLB_NODE_SCALAR only; owned */

	char *key; /* the key if the parent is a mapping, otherwise NULL; owned */
	struct ezlb_mark key_at;

	struct ezlb_node *parent;
	struct ezlb_node *first, *last; /* EZLB_NODE_LIST, EZLB_NODE_MAP: the children, owned */
	struct ezlb_node *next;		/* the sibling */
};

/*
 * The tree of the document: an empty scalar for an empty file. With limits->documents a list of the
 * documents, empty for an empty file. NULL after errors in the structure. The caller frees.
 */
struct ezlb_node *ezlb_node_parse(struct ezlb_source *src);
void ezlb_node_free(struct ezlb_node *node); /* NULL is fine */

/* An empty value, or null. */
bool ezlb_node_empty(const struct ezlb_node *node);
/* The value of a key of a mapping; NULL: not a mapping, or it has no such key. */
const struct ezlb_node *ezlb_node_get(const struct ezlb_node *map, const char *key);
/* The text of such a value; NULL if it is absent, empty or no scalar. The node owns it. */
const char *ezlb_node_text(const struct ezlb_node *map, const char *key);
