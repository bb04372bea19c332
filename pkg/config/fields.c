// SPDX-License-Identifier: GPL-2.0-or-later
#include "fields.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <ezlb/duration.h>
#include <ezlb/suggest.h>

/* Items of a list have no key. */
const char *ezlb_field_called(const struct ezlb_node *node)
{
	const struct ezlb_node *list = node->parent;

	if (node->key)
		return node->key;
	if (!list)
		return "the file";
	if (!list->key || strcmp(list->key, "backends") == 0 || strcmp(list->key, "fallback") == 0)
		return "a backend";
	return list->key;
}

static const char *kind_str(enum ezlb_node_kind kind)
{
	switch (kind) {
	case EZLB_NODE_SCALAR:
		return "a single value";
	case EZLB_NODE_LIST:
		return "a list";
	case EZLB_NODE_MAP:
		return "a mapping";
	case EZLB_NODE_REFUSED:
		return "refused";
	}
	return NULL;
}

bool ezlb_field_is(struct ezlb_source *src, const struct ezlb_node *node, enum ezlb_node_kind want,
		   const char *help)
{
	if (node->kind == EZLB_NODE_REFUSED)
		return false;
	if (ezlb_node_empty(node)) {
		ezlb_source_refuse(src, node->key ? node->key_at : node->at, EZLB_E_VALUE, help,
				   "%s has no value", ezlb_field_called(node));
		return false;
	}
	if (node->kind != want)
		ezlb_source_refuse(src, node->at, EZLB_E_TYPE, help, "%s must be %s, not %s",
				   ezlb_field_called(node), kind_str(want), kind_str(node->kind));
	return node->kind == want;
}

bool ezlb_field_text(struct ezlb_source *src, const struct ezlb_node *node, const char **out)
{
	if (!ezlb_field_is(src, node, EZLB_NODE_SCALAR, NULL))
		return false;
	*out = node->text;
	return true;
}

bool ezlb_field_bool(struct ezlb_source *src, const struct ezlb_node *node, bool *out)
{
	const char *text;
	char shown[EZLB_SHOW_STRLEN];
	bool yes, no;

	if (!ezlb_field_text(src, node, &text))
		return false;
	yes = strcmp(text, "true") == 0;
	no = strcmp(text, "false") == 0;
	if (node->style == EZLB_NODE_PLAIN && (yes || no)) {
		*out = yes;
		return true;
	}
	ezlb_source_refuse(src, node->at, EZLB_E_TYPE,
			   yes || no ? "write it without quotes"
				     : "write true or false, in small letters, without quotes",
			   "%s must be true or false, not %s'%s'", ezlb_field_called(node),
			   yes || no ? "the text " : "", ezlb_source_show(text, shown));
	return false;
}

/* Plain decimal only: YAML parsers disagree about 0x10, 1_000 and 010. */
bool ezlb_field_is_decimal(const char *digits)
{
	size_t len = strspn(digits, "0123456789");

	return len > 0 && digits[len] == '\0' && (digits[0] != '0' || len == 1);
}

bool ezlb_field_uint(struct ezlb_source *src, const struct ezlb_node *node, struct bounds in,
		     uint32_t *out)
{
	const char *text, *digits;
	char shown[EZLB_SHOW_STRLEN];
	uint64_t n = 0;

	if (!ezlb_field_text(src, node, &text))
		return false;
	digits = text[0] == '-' ? text + 1 : text;
	if (!ezlb_field_is_decimal(digits)) {
		ezlb_source_refuse(src, node->at, EZLB_E_TYPE, "write plain decimal digits",
				   "%s must be a whole number, not '%s'", ezlb_field_called(node),
				   ezlb_source_show(text, shown));
		return false;
	}
	for (const char *p = digits; *p && n <= in.max; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	if (text[0] == '-' || n < in.min || n > in.max) {
		ezlb_source_refuse(src, node->at, EZLB_E_RANGE, NULL,
				   "%s %s is out of range: %u-%u", ezlb_field_called(node),
				   ezlb_source_show(text, shown), (unsigned)in.min,
				   (unsigned)in.max);
		return false;
	}
	*out = (uint32_t)n;
	return true;
}

bool ezlb_field_duration(struct ezlb_source *src, const struct ezlb_node *node, struct bounds in,
			 uint32_t *out)
{
	const char *text;
	char shown[EZLB_SHOW_STRLEN], min[EZLB_DURATION_STRLEN], max[EZLB_DURATION_STRLEN];
	char help[EZLB_SHOW_STRLEN + 16];
	uint32_t ms = 0;
	int rc;

	if (!ezlb_field_text(src, node, &text))
		return false;
	ezlb_source_show(text, shown);
	rc = ezlb_duration_parse(shown, &ms, NULL);
	if (rc == -EINVAL) {
		snprintf(help, sizeof(help), "write %ss", shown);
		ezlb_source_refuse(src, node->at, EZLB_E_VALUE,
				   ezlb_field_is_decimal(shown) ? help : "write 500ms, 5s or 1m30s",
				   "%s: '%s' is not a duration", ezlb_field_called(node), shown);
		return false;
	}
	if (rc < 0 || ms < in.min || ms > in.max) {
		ezlb_source_refuse(src, node->at, EZLB_E_RANGE, NULL,
				   "%s %s is out of range: %s-%s", ezlb_field_called(node), shown,
				   ezlb_duration_format(in.min, min),
				   ezlb_duration_format(in.max, max));
		return false;
	}
	*out = ms;
	return true;
}

static const char *find_alias(const struct alias *aliases, const char *text)
{
	for (; aliases && aliases->word; aliases++)
		if (strcasecmp(aliases->word, text) == 0)
			return aliases->here;
	return NULL;
}

static void refuse_word(struct ezlb_source *src, const struct ezlb_node *node,
			const char *const *words, const struct alias *aliases, const char *text)
{
	char help[256] = "", shown[EZLB_SHOW_STRLEN];
	const char *near = find_alias(aliases, text);
	size_t n = 0;

	while (words[n])
		n++;
	if (!near)
		near = ezlb_suggest(text, words, n);
	if (near)
		ezlb_strcatf(help, sizeof(help), "did you mean '%s'? ", near);
	ezlb_strcatf(help, sizeof(help), "one of:");
	for (size_t i = 0; i < n; i++)
		ezlb_strcatf(help, sizeof(help), " %s", words[i]);
	ezlb_source_refuse(src, node->at, EZLB_E_VALUE, help, "unknown %s '%s'",
			   ezlb_field_called(node), ezlb_source_show(text, shown));
}

bool ezlb_field_word(struct ezlb_source *src, const struct ezlb_node *node,
		     const char *const *words, const struct alias *aliases, const char **out)
{
	const char *text;

	if (!ezlb_field_text(src, node, &text))
		return false;
	for (size_t i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0) {
			*out = words[i];
			return true;
		}
	refuse_word(src, node, words, aliases, text);
	return false;
}
