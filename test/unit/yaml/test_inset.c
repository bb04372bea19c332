// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A text in a scalar, and the place of each of its characters in the file around it: for every
 * style, as libyaml writes it and as people do.
 */
#include "cm.h"

#include <stdio.h>
#include <yaml.h>

#include <ezlb/text.h>
#include <ezlb/utf8.h>
#include <ezlb/yaml.h>

#include "dice.h"

struct parsed {
	struct ezlb_diags diags;
	struct ezlb_source src;
	struct ezlb_lines lines;
	struct ezlb_node *root;
	const struct ezlb_node *scalar;
};

/* The value of data."web.yaml" in the first document. */
static void parse(struct parsed *out, const char *text, size_t len)
{
	*out = (struct parsed){ .root = NULL };
	assert_true(
		ezlb_source_open(&out->src, "m.yaml", text, len, &ezlb_yaml_stream, &out->diags));
	out->root = ezlb_node_parse(&out->src);
	ezlb_lines_make(&out->lines, out->src.text, out->src.len);
	if (out->root)
		out->scalar = ezlb_node_get(ezlb_node_get(out->root->first, "data"), "web.yaml");
}

static void clear(struct parsed *parsed)
{
	ezlb_node_free(parsed->root);
	ezlb_lines_clear(&parsed->lines);
	ezlb_diags_clear(&parsed->diags);
}

static const char *at(const struct ezlb_source *src, struct ezlb_mark mark)
{
	size_t len, i = 0;
	const char *line = ezlb_source_line(src, mark.line, &len);

	assert_non_null(line);
	for (int col = 1; col < mark.col && i < len; col++)
		i += ezlb_utf8_decode(line + i, len - i, NULL);
	return line + i;
}

/* Whether the character of the text can be written like this. */
static bool stands_for(const char *there, const char *c, size_t n, enum ezlb_node_style style)
{
	bool is_break = *there == '\n' || *there == '\r';

	if (memcmp(there, c, n) == 0)
		return true;
	if (is_break)
		return *c == '\n' || (*c == ' ' && style != EZLB_NODE_LITERAL);
	return style == EZLB_NODE_DOUBLE && *there == '\\';
}

static void check_places(const struct parsed *parsed, const struct ezlb_node *scalar,
			 const char *manifest)
{
	struct ezlb_inset inset;
	struct ezlb_mark in = { 1, 1 }, last = { 0, 0 };
	const char *p = scalar->text;

	if (!ezlb_inset_make(&inset, &parsed->lines, scalar))
		fail_msg("no places: style %d\n%s", (int)scalar->style, manifest);
	while (*p) {
		size_t n = ezlb_utf8_decode(p, SIZE_MAX, NULL);
		struct ezlb_mark out = ezlb_inset_place(&inset, in);

		if (!stands_for(at(&parsed->src, out), p, n, scalar->style) ||
		    out.line < last.line || (out.line == last.line && out.col <= last.col))
			fail_msg("style %d: %d:%d '%.*s' is not at %d:%d of\n%s",
				 (int)scalar->style, in.line, in.col, (int)n, p, out.line, out.col,
				 manifest);
		last = out;
		in.col++;
		if (*p == '\n')
			in = (struct ezlb_mark){ in.line + 1, 1 };
		p += n;
	}
	ezlb_inset_clear(&inset);
}

static int append(void *ctx, unsigned char *bytes, size_t len)
{
	ezlb_text_put(ctx, (const char *)bytes, len);
	return 1;
}

static void emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
	assert_true(yaml_emitter_emit(emitter, event));
}

static void emit_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t event;

	assert_true(yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, -1,
						 1, 1, style));
	emit(emitter, &event);
}

static void emit_map(yaml_emitter_t *emitter, bool flow)
{
	yaml_event_t event;

	yaml_mapping_start_event_initialize(
		&event, NULL, NULL, 1, flow ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE);
	emit(emitter, &event);
}

static void emit_end(yaml_emitter_t *emitter)
{
	yaml_event_t event;

	yaml_mapping_end_event_initialize(&event);
	emit(emitter, &event);
}

/* A ConfigMap with this text, in a random layout. */
static char *manifest_of(const char *text, yaml_scalar_style_t style, size_t *len)
{
	struct ezlb_text out = { 0 };
	yaml_emitter_t emitter;
	yaml_event_t event;
	bool flow = dice(4) == 0;

	assert_true(yaml_emitter_initialize(&emitter));
	yaml_emitter_set_output(&emitter, append, &out);
	yaml_emitter_set_indent(&emitter, 2 + (int)dice(7));
	yaml_emitter_set_width(&emitter, 8 + (int)dice(100));
	yaml_emitter_set_unicode(&emitter, dice(2) != 0);
	yaml_emitter_set_break(&emitter, dice(3)   ? YAML_LN_BREAK
					 : dice(2) ? YAML_CRLN_BREAK
						   : YAML_CR_BREAK);
	yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	emit(&emitter, &event);
	yaml_document_start_event_initialize(&event, NULL, NULL, NULL, dice(2) != 0);
	emit(&emitter, &event);
	emit_map(&emitter, flow);
	emit_scalar(&emitter, "k\xc3\xafnd", YAML_PLAIN_SCALAR_STYLE);
	emit_scalar(&emitter, "ConfigMap", YAML_PLAIN_SCALAR_STYLE);
	emit_scalar(&emitter, "data", YAML_PLAIN_SCALAR_STYLE);
	emit_map(&emitter, flow);
	emit_scalar(&emitter, "web.yaml", YAML_ANY_SCALAR_STYLE);
	emit_scalar(&emitter, text, style);
	emit_scalar(&emitter, "z", YAML_ANY_SCALAR_STYLE);
	emit_scalar(&emitter, "end", YAML_ANY_SCALAR_STYLE);
	emit_end(&emitter);
	emit_end(&emitter);
	yaml_document_end_event_initialize(&event, dice(2) != 0);
	emit(&emitter, &event);
	yaml_stream_end_event_initialize(&event);
	emit(&emitter, &event);
	yaml_emitter_delete(&emitter);
	return ezlb_text_take(&out, len);
}

static void random_text(char *out, unsigned most)
{
	static const char *const parts[] = { "a",
					     "b",
					     "listen",
					     " ",
					     " ",
					     "  ",
					     "\n",
					     "\n",
					     "\n\n",
					     ":",
					     "#",
					     "- ",
					     "'",
					     "\"",
					     "\\",
					     "\t",
					     "%",
					     "{}",
					     ",",
					     "\xc3\xa9",
					     "x",
					     "?",
					     "0",
					     "\xe4\xb8\xad",
					     "\xf0\x9f\x98\x80",
					     "\xc2\xa0",
					     "|",
					     ">",
					     "key: 1",
					     "\n  " };

	/* The first are words, which a plain scalar can be made of. */
	unsigned n_parts = dice(2) ? COUNT_OF(parts) : 5;

	out[0] = '\0';
	for (unsigned n = dice(most); n > 0; n--) {
		const char *part = parts[dice(n_parts)];

		memcpy(out + strlen(out), part, strlen(part) + 1);
	}
}

static void test_styles(void **state)
{
	static const yaml_scalar_style_t styles[] = {
		YAML_PLAIN_SCALAR_STYLE,	 YAML_SINGLE_QUOTED_SCALAR_STYLE,
		YAML_DOUBLE_QUOTED_SCALAR_STYLE, YAML_LITERAL_SCALAR_STYLE,
		YAML_FOLDED_SCALAR_STYLE,
	};
	size_t seen[5] = { 0 };

	(void)state;
	seed = 4711;
	for (int i = 0; i < ROUNDS(30000); i++) {
		struct parsed parsed;
		char text[500];
		char *manifest;
		size_t len;

		random_text(text, 40);
		manifest = manifest_of(text, styles[dice(COUNT_OF(styles))], &len);
		parse(&parsed, manifest, len);
		/* libyaml writes a few texts so that it cannot read them. */
		if (parsed.scalar && parsed.scalar->kind == EZLB_NODE_SCALAR) {
			seen[parsed.scalar->style]++;
			check_places(&parsed, parsed.scalar, manifest);
		}
		clear(&parsed);
		free(manifest);
	}
	for (size_t i = 0; i < COUNT_OF(seen); i++)
		assert_true(seen[i] > (size_t)ROUNDS(30000) / 50);
}

/* `find` in the text is at line:col of the manifest. */
static const struct {
	const char *manifest, *find;
	int line, col;
} byhand[] = {
	{ "data:\n  web.yaml: |\n    a: 1\n    b: 2\n", "b", 4, 5 },
	{ "data:\n  web.yaml: |-\n    a: 1\n    b: 2", "2", 4, 8 },
	{ "data:\n  web.yaml: |+ # why\n    a: 1\n\n    b: 2\n\n\n", "b", 5, 5 },
	{ "data:\n  web.yaml: |2-\n    a: 1\n    b: 2\n", "b", 4, 5 },
	{ "data:\n  web.yaml: |-1\n    a: 1\n     b: 2\n", "b", 4, 6 },
	{ "data:\n    web.yaml: |\n\n\n       a: 1\n         b: 2\n", "b", 6, 10 },
	{ "data:\r\n  web.yaml: |\r\n    a: 1\r\n    b: 2\r\n", "b", 4, 5 },
	{ "data:\r  web.yaml: |\r    a: 1\r    b: 2\r", "b", 4, 5 },
	{ "data:\n  web.yaml: >\n    a: 1\n    x\n\n    b: 2\n", "b", 6, 5 },
	{ "data:\n  web.yaml: >-\n    a: 1\n      x\n      y\n    b: 2\n", "b", 6, 5 },
	{ "data:\n  web.yaml: 'it''s:\n\n    b: 2'\n", "b", 4, 5 },
	{ "data: {web.yaml: \"a: 1\\nb: 2\"}\n", "b", 1, 25 },
	{ "data: {web.yaml: \"\\u00e9\\x41\\U0001F600b: 2\"}\n", "b", 1, 39 },
	{ "data: {web.yaml: \"a: 1\\\n    \\  b\"}\n", "b", 2, 8 },
	{ "{\"data\":{\"web.yaml\":\"a: \\\"1\\\"\\nb: 2\\n\",\"z\":1}}", "b", 1, 32 },
	{ "{\"data\":\n {\"web.yaml\":\n  \"a\\/b\"}}", "b", 3, 7 },
	{ "data:\n  web.yaml: a\n   word\n\n   b\n  z: 1\n", "b", 5, 4 },
	{ "data: {web.yaml: one b, z: 1}\n", "b", 1, 22 },
	{ "\xef\xbb\xbf"
	  "data: {web.yaml: b}\n",
	  "b", 1, 18 },
	{ "\xc3\xa9: \xc3\xa9\ndata: {\xc3\xa9: 1, web.yaml: \xc3\xa9 b}\n", "b", 2, 26 },
};

static void test_by_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(byhand); i++) {
		struct parsed parsed;
		struct ezlb_inset inset;
		struct ezlb_mark in = { 1, 1 }, out;

		parse(&parsed, byhand[i].manifest, strlen(byhand[i].manifest));
		if (!parsed.scalar) {
			fail_msg("not parsed: %s", byhand[i].manifest);
			break; /* for the analyzer, which does not know that fail_msg() ends */
		}
		check_places(&parsed, parsed.scalar, byhand[i].manifest);
		assert_true(ezlb_inset_make(&inset, &parsed.lines, parsed.scalar));
		for (const char *p = parsed.scalar->text;
		     strncmp(p, byhand[i].find, strlen(byhand[i].find)) != 0;) {
			size_t n = ezlb_utf8_decode(p, SIZE_MAX, NULL);

			in = *p == '\n' ? (struct ezlb_mark){ in.line + 1, 1 }
					: (struct ezlb_mark){ in.line, in.col + 1 };
			p += n;
		}
		out = ezlb_inset_place(&inset, in);
		if (out.line != byhand[i].line || out.col != byhand[i].col)
			fail_msg("%d:%d, not %d:%d, in\n%s", out.line, out.col, byhand[i].line,
				 byhand[i].col, byhand[i].manifest);
		ezlb_inset_clear(&inset);
		clear(&parsed);
	}
}

static void test_limits(void **state)
{
	static const char text[] = "data:\n  web.yaml: |\n    ab\n    c\n  z: 1\n";
	struct parsed parsed;
	struct ezlb_inset inset;
	struct ezlb_node other;

	(void)state;
	parse(&parsed, text, strlen(text));
	assert_true(ezlb_inset_make(&inset, &parsed.lines, parsed.scalar));
	/* Beyond the end of a line: its break. Beyond the last line: the end. */
	assert_int_equal(ezlb_inset_place(&inset, (struct ezlb_mark){ 1, 99 }).col, 7);
	assert_int_equal(ezlb_inset_place(&inset, (struct ezlb_mark){ 1, 99 }).line, 3);
	assert_int_equal(ezlb_inset_place(&inset, (struct ezlb_mark){ 9, 1 }).line, 4);
	assert_int_equal(ezlb_inset_place(&inset, (struct ezlb_mark){ 0, 0 }).line, 2);
	ezlb_inset_clear(&inset);
	/* Another text than that of the file: no place is made up. */
	other = *parsed.scalar;
	other.text = ezlb_strdup("ab\nd\n");
	assert_false(ezlb_inset_make(&inset, &parsed.lines, &other));
	assert_int_equal(ezlb_inset_place(&inset, (struct ezlb_mark){ 2, 1 }).line, 2);
	assert_int_equal(ezlb_inset_place(&inset, (struct ezlb_mark){ 2, 1 }).col, 13);
	ezlb_inset_clear(&inset);
	free(other.text);
	clear(&parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
