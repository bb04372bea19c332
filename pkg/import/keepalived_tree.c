// SPDX-License-Identifier: GPL-2.0-or-later
/* Words to statements, and the statements of a block. */
#include <ezlb/yaml.h>

#include "keepalived_read.h"

#define DEPTH_MAX 16

const char *ka_arg(const struct ka_stmt *stmt, size_t i)
{
	return i < stmt->words.len ? stmt->words.items[i] : "";
}

#define WORD_MAX   32
#define WORD_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"

const char *ka_show(const struct ka_stmt *stmt, char buf[KA_SHOW_STRLEN])
{
	char shown[EZLB_SHOW_STRLEN];

	buf[0] = '\0';
	for (size_t i = 0; i < stmt->words.len; i++)
		ezlb_strcatf(buf, KA_SHOW_STRLEN, "%s%s", i > 0 ? " " : "",
			     ezlb_source_show(stmt->words.items[i], shown));
	return buf;
}

static bool is_word(const char *text)
{
	size_t letters = strspn(text, WORD_CHARS);
	size_t digits = strspn(text + letters, "0123456789");

	/* "vrrp_mcast_group4": more digits are in keys and passwords. */
	return letters > 0 && digits <= 1 && letters + digits <= WORD_MAX &&
	       strlen(text) == letters + digits;
}

const char *ka_keyword(const struct ka_stmt *stmt)
{
	return is_word(ka_arg(stmt, 0)) ? ka_arg(stmt, 0) : "a word";
}

static void refuse(struct ka_reader *reader, const char *file, struct ezlb_mark at,
		   const char *text)
{
	if (!reader->broken)
		ezlb_diags_add(&reader->import->diags, file, at, EZLB_E_SYNTAX, "%s", text);
	reader->broken = true;
}

static struct ka_stmt *new_stmt(struct ka_reader *reader, const char *file, struct ezlb_mark at)
{
	struct ka_stmt *stmt = ezlb_calloc(1, sizeof(*stmt));

	stmt->file = file;
	stmt->at = at;
	stmt->parent = reader->parent;
	*EZLB_PUSH(&reader->parent->body) = stmt;
	return stmt;
}

static int depth(const struct ka_stmt *stmt)
{
	int n = 0;

	for (; stmt->parent; stmt = stmt->parent)
		n++;
	return n;
}

static void open_block(struct ka_reader *reader, const char *file, struct ezlb_mark at)
{
	struct ka_stmt *stmt = reader->pending ? reader->pending : reader->last;

	reader->pending = reader->last = NULL;
	if (!stmt || stmt->block) {
		refuse(reader, file, at, "there is no keyword before this '{'");
	} else if (depth(stmt) > DEPTH_MAX) {
		refuse(reader, file, at, "blocks are nested too deep");
	} else {
		stmt->block = true;
		reader->parent = stmt;
	}
}

static void close_block(struct ka_reader *reader, const char *file, struct ezlb_mark at)
{
	reader->pending = reader->last = NULL;
	if (reader->parent == &reader->root)
		refuse(reader, file, at, "this '}' closes nothing");
	else
		reader->parent = reader->parent->parent;
}

void ka_tree_add(struct ka_reader *reader, const char *file, struct ezlb_mark at,
		 const struct ka_words *words)
{
	for (size_t i = 0; i < words->len && !reader->broken; i++) {
		const struct ka_word *word = &words->items[i];

		if (word->brace && word->text[0] == '{') {
			open_block(reader, file, at);
		} else if (word->brace) {
			close_block(reader, file, at);
		} else {
			if (!reader->pending)
				reader->pending = new_stmt(reader, file, at);
			*EZLB_PUSH(&reader->pending->words) = ezlb_strdup(word->text);
		}
	}
	if (reader->pending)
		reader->last = reader->pending;
	reader->pending = NULL;
}

bool ka_tree_end(struct ka_reader *reader)
{
	const struct ka_stmt *open = reader->parent;

	if (!reader->broken && open != &reader->root)
		ezlb_diags_add(&reader->import->diags, open->file, open->at, EZLB_E_SYNTAX,
			       "the block '%s' has no '}'", ka_keyword(open));
	return !reader->broken && open == &reader->root;
}

/* Depth is limited. */
void ka_tree_clear(struct ka_stmt *root)
{
	for (size_t i = 0; i < root->body.len; i++) {
		ka_tree_clear(root->body.items[i]);
		free(root->body.items[i]);
	}
	for (size_t i = 0; i < root->words.len; i++)
		free(root->words.items[i]);
	EZLB_VEC_CLEAR(&root->body);
	EZLB_VEC_CLEAR(&root->words);
}
