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

/* A text with an index of its places: also in a line of megabytes each is found at once. */
struct ezlb_lines {
	const char *text; /* borrowed */
	size_t len;
	/* The start of each line, and points inside long lines. */
	struct EZLB_VEC(struct ezlb_lines_point {
		size_t offset;
		struct ezlb_mark at;
	}) points;
};
void ezlb_lines_make(struct ezlb_lines *lines, const char *text, size_t len);
/* The offset of a place; that of the line break if the line is shorter, or the length of the text.
 */
size_t ezlb_lines_find(const struct ezlb_lines *lines, struct ezlb_mark at);
void ezlb_lines_clear(struct ezlb_lines *lines);

/*
 * A file that is the text of a scalar in another file, as in a ConfigMap: where each of its
 * characters is in the other file, whatever the style of the scalar.
 */
struct ezlb_inset {
	const struct ezlb_lines *outer; /* the other file; borrowed */
	struct ezlb_mark start;		/* of the scalar */
	/* Of each character, and of the end. Empty: not known, `start` stands for all. */
	struct EZLB_VEC(struct ezlb_mark) places;
	struct EZLB_VEC(size_t) starts; /* the first character of each line, in `places` */
};
struct ezlb_node;
/*
 * Takes time and memory in proportion to the scalar. False: the places are not known, as for a text
 * that is not the scalar's own (base64). The caller clears it in both cases.
 */
bool ezlb_inset_make(struct ezlb_inset *inset, const struct ezlb_lines *outer,
		     const struct ezlb_node *scalar);
/* The place in the other file of a line and a column of the text. */
struct ezlb_mark ezlb_inset_place(const struct ezlb_inset *inset, struct ezlb_mark at);
void ezlb_inset_clear(struct ezlb_inset *inset);

/* The bytes of one file, and the function that reports errors in them. */
struct ezlb_source {
	const char *file;	  /* as shown to humans; borrowed */
	const char *text;	  /* after the byte order mark, if any; borrowed */
	size_t len;		  /* of text */
	struct ezlb_diags *diags; /* borrowed */
	size_t n_errors;	  /* of this file, including those over the limit */
	const struct ezlb_yaml_limits *limits;
	/* Set after ezlb_source_open_inset: `text` is in another file, which `file` names. */
	const struct ezlb_inset *inset; /* borrowed; NULL: `text` is the file */
	bool placed;			/* the marks are those of the other file already */
};

/*
 * Checks what libyaml would report without a line, or not at all: that the text is UTF-8 without
 * control characters, and that all line breaks are visible in editors. False: reported.
 */
bool ezlb_source_open(struct ezlb_source *src, const char *file, const char *text, size_t len,
		      const struct ezlb_yaml_limits *limits, struct ezlb_diags *diags);
/* The same for a text in another file. All marks of the nodes and of errors are of that file. */
bool ezlb_source_open_inset(struct ezlb_source *src, const char *file, const char *text, size_t len,
			    const struct ezlb_yaml_limits *limits, const struct ezlb_inset *inset,
			    struct ezlb_diags *diags);
/* Where a mark is in the file that is shown to humans. */
struct ezlb_mark ezlb_source_place(const struct ezlb_source *src, struct ezlb_mark at);

/* Reports an error with its source line. help may be NULL. Reports at most 20 errors per file. */
void ezlb_source_refuse(struct ezlb_source *src, struct ezlb_mark at, enum ezlb_diag_code code,
			const char *help, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* True: more errors are only counted, so it is of no use to look for a help text. */
bool ezlb_source_is_full(const struct ezlb_source *src);

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
