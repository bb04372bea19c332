/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepalived_read: keepalived.conf to a tree of statements. Knows no keyword except `include`.
 *
 *   bytes -> lines (comments, continuations, definitions, conditions, includes) -> words -> tree
 */
#pragma once

#include <ezlb/import.h>

#include "notes.h"

struct ka_word {
	char *text; /* owned */
	bool brace; /* "{" or "}" without quotes */
};
struct ka_words EZLB_VEC(struct ka_word);

/*
 * Splits a line without comments. False: a quote is not closed, and there are the words before it.
 */
bool ka_words_split(const char *line, struct ka_words *out);
void ka_words_clear(struct ka_words *words);
/* The length of a line up to its comment. */
size_t ka_comment(const char *line, size_t len);

/* KEYWORD ARGUMENT... { BODY } */
struct ka_stmt {
	const char *file; /* borrowed from the reader */
	struct ezlb_mark at;
	struct EZLB_VEC(char *) words;		/* at least one; owned */
	struct EZLB_VEC(struct ka_stmt *) body; /* owned */
	bool block;
	bool damaged; /* something in it could not be read; reported */
	struct ka_stmt *parent;
};
/* Word i; "" if there are fewer. */
const char *ka_arg(const struct ka_stmt *stmt, size_t i);
/* The words with blanks between them, safe to show and not too long. */
#define KA_SHOW_STRLEN 128
const char *ka_show(const struct ka_stmt *stmt, char buf[KA_SHOW_STRLEN]);
/*
 * The first word if it looks like a keyword, else "a word". For statements that are not known: an
 * included file may be any file of the host, with secrets in its lines, and notes go into service
 * files.
 */
const char *ka_keyword(const struct ka_stmt *stmt);

struct ka_definition {
	char *name, *value; /* owned; lines of the value are separated by \n */
};

struct ka_reader {
	struct ezlb_import *import; /* borrowed */
	struct import_notes notes;
	struct EZLB_VEC(char *) files; /* names; owned */
	struct EZLB_VEC(struct ka_definition) definitions;
	struct ka_stmt root;
	struct ka_stmt *parent;	 /* of the next statement */
	struct ka_stmt *pending; /* that the words of this line are added to */
	struct ka_stmt *last;	 /* that a "{" on the next line belongs to */
	size_t budget;		 /* bytes of lines that may still be read */
	int includes;		 /* depth */
	bool broken;
};

/* False: the structure is not clear; reported. */
bool ka_read(struct ka_reader *reader, const char *file, const char *text, size_t len);
void ka_reader_clear(struct ka_reader *reader);

/* keepalived_tree.c: adds the words of one line to the tree. */
void ka_tree_add(struct ka_reader *reader, const char *file, struct ezlb_mark at,
		 const struct ka_words *words);
bool ka_tree_end(struct ka_reader *reader);
void ka_tree_clear(struct ka_stmt *root);
/* keepalived_define.c */
void ka_define(struct ka_reader *reader, const char *name, size_t len, char *value);
/*
 * The line with its first known parameter replaced; NULL: it has none. `file` is for ${_PWD}. The
 * caller frees.
 */
char *ka_substitute(const struct ka_reader *reader, const char *file, const char *line);
void ka_definitions_clear(struct ka_reader *reader);
/* The length of "$NAME=" at the beginning of a line, or 0. */
size_t ka_is_definition(const char *line);
