// SPDX-License-Identifier: GPL-2.0-or-later
#include "exposition.h"

#include <math.h>
#include <string.h>

#include <ezlb/mem.h>

#include "exposition_line.h"

struct family {
	struct span name;
	struct span type; /* empty: no TYPE yet */
	bool has_help, has_sample;
};

/* A sample's name and labels, as they are in `keys`. */
struct series {
	size_t at, line;
	struct span key;
};

/* The samples of one histogram: what they have in common is all labels but le. */
struct group {
	bool open;
	size_t line; /* of the first */
	struct ezlb_text key;
	bool has_le, has_sum, has_count;
	double le, bucket, count; /* the last ones */
};

struct check {
	struct ezlb_text *faults;
	size_t n_faults, line;
	struct families EZLB_VEC(struct family) families;
	size_t current; /* families.len: none */
	/* of the current family */
	struct all_series EZLB_VEC(struct series) series;
	struct ezlb_text keys;
	struct group group;
};

static void fault_at(struct check *c, size_t line, const char *what)
{
	ezlb_text_printf(c->faults, "%zu: %s\n", line, what);
	c->n_faults++;
}

static void fault(struct check *c, const char *what)
{
	fault_at(c, c->line, what);
}

static bool ends_in(struct span name, const char *end)
{
	size_t len = strlen(end);

	return name.len > len && memcmp(name.at + name.len - len, end, len) == 0;
}

/* --- histograms ---------------------------------------------------------------------------- */

static void finish_group(struct check *c)
{
	struct group *g = &c->group;

	if (g->open && !(g->has_le && isinf(g->le) && g->le > 0))
		fault_at(c, g->line, "a histogram without a bucket of +Inf");
	else if (g->open && g->has_count && g->count != g->bucket)
		fault_at(c, g->line, "_count is not the bucket of +Inf");
	if (g->open && !g->has_sum)
		fault_at(c, g->line, "a histogram without _sum");
	if (g->open && !g->has_count)
		fault_at(c, g->line, "a histogram without _count");
	EZLB_VEC_CLEAR(&g->key);
	*g = (struct group){ .open = false };
}

/* Returns the value of le; empty where there is none. */
static struct span put_key(const struct sample *sample, bool with_le, struct ezlb_text *key)
{
	struct span le = { NULL, 0 };

	for (size_t i = 0; i < sample->n_labels; i++) {
		const struct sample_label *label = &sample->labels[i];

		if (span_is(label->name, "le"))
			le = label->value;
		if (span_is(label->name, "le") && !with_le)
			continue;
		ezlb_text_put(key, label->name.at, label->name.len);
		ezlb_text_puts(key, "=\"");
		ezlb_text_put(key, label->value.at, label->value.len);
		ezlb_text_puts(key, "\"");
	}
	return le;
}

static void on_bucket(struct check *c, struct span le_text, double value)
{
	struct group *g = &c->group;
	double le;

	if (!span_number(le_text, &le) || isnan(le)) {
		fault(c, "le is not a number");
		return;
	}
	if (g->has_le && !(le > g->le))
		fault(c, "le does not ascend");
	if (g->has_le && value < g->bucket)
		fault(c, "buckets are not cumulative");
	g->has_le = true;
	g->le = le;
	g->bucket = value;
}

static void on_histogram(struct check *c, const struct sample *sample)
{
	struct ezlb_text key = { 0 };
	struct span le = put_key(sample, false, &key);
	bool is_bucket = ends_in(sample->name, "_bucket");
	struct group *g = &c->group;

	if (g->open && span_cmp((struct span){ key.items, key.len },
				(struct span){ g->key.items, g->key.len }) != 0)
		finish_group(c);
	if (!g->open)
		*g = (struct group){ .open = true, .line = c->line, .key = key };
	else
		EZLB_VEC_CLEAR(&key);
	if (is_bucket != (le.at != NULL))
		fault(c, is_bucket ? "a bucket without le" : "le is for buckets");
	else if (is_bucket)
		on_bucket(c, le, sample->value);
	if (ends_in(sample->name, "_sum")) {
		g->has_sum = true;
		return;
	}
	if (!(sample->value >= 0) || sample->value != floor(sample->value))
		fault(c, "a count that is not a whole number");
	if (ends_in(sample->name, "_count")) {
		g->has_count = true;
		g->count = sample->value;
	}
}

/* --- families ------------------------------------------------------------------------------ */

static int series_cmp(const void *pa, const void *pb)
{
	const struct series *a = pa, *b = pb;
	int rc = span_cmp(a->key, b->key);

	return rc ? rc : (a->line > b->line) - (a->line < b->line);
}

static void finish_family(struct check *c)
{
	struct series *items = c->series.items;

	finish_group(c);
	for (size_t i = 0; i < c->series.len; i++)
		items[i].key.at = c->keys.items + items[i].at;
	EZLB_SORT(&c->series, series_cmp);
	for (size_t i = 1; i < c->series.len; i++)
		if (span_cmp(items[i - 1].key, items[i].key) == 0)
			fault_at(c, items[i].line, "the same series twice");
	c->series.len = 0;
	c->keys.len = 0;
}

static bool is_of(const struct family *family, struct span name)
{
	static const char *const ends[] = { "_bucket", "_sum", "_count" };
	struct span base = { name.at, family->name.len };

	if (span_cmp(family->name, name) == 0)
		return true;
	if (!span_is(family->type, "histogram") || name.len <= base.len ||
	    span_cmp(family->name, base) != 0)
		return false;
	name.at += base.len;
	name.len -= base.len;
	return span_is(name, ends[0]) || span_is(name, ends[1]) || span_is(name, ends[2]);
}

/* Makes the family of that name, or sample, the current one. */
static struct family *enter(struct check *c, struct span name)
{
	size_t i = 0;

	if (c->current < c->families.len && is_of(&c->families.items[c->current], name))
		return &c->families.items[c->current];
	finish_family(c);
	while (i < c->families.len && !is_of(&c->families.items[i], name))
		i++;
	if (i < c->families.len)
		fault(c, "goes on with a family after others have come");
	else
		EZLB_PUSH(&c->families)->name = name;
	c->current = i;
	return &c->families.items[i];
}

static void on_comment(struct check *c, struct span line)
{
	struct comment comment;
	const char *wrong = line_comment(line, &comment);
	struct family *family;

	if (wrong) {
		fault(c, wrong);
		return;
	}
	family = enter(c, comment.name);
	if (family->has_sample)
		fault(c, "HELP or TYPE after samples");
	if (comment.is_type ? family->type.len > 0 : family->has_help)
		fault(c, comment.is_type ? "TYPE twice" : "HELP twice");
	if (!comment.is_type) {
		family->has_help = true;
		return;
	}
	family->type = comment.text;
	if (span_is(comment.text, "counter") != ends_in(comment.name, "_total"))
		fault(c, "the names of counters, and only these, end in _total");
}

static void add_series(struct check *c, const struct sample *sample)
{
	struct series *series = EZLB_PUSH(&c->series);

	series->line = c->line;
	series->at = c->keys.len;
	ezlb_text_put(&c->keys, sample->name.at, sample->name.len);
	ezlb_text_puts(&c->keys, "{");
	put_key(sample, true, &c->keys);
	series->key.len = c->keys.len - series->at;
}

static void on_sample(struct check *c, struct span line)
{
	struct sample sample;
	const char *wrong = line_sample(line, &sample);
	struct family *family;

	if (wrong) {
		fault(c, wrong);
		return;
	}
	family = enter(c, sample.name);
	family->has_sample = true;
	if (!family->has_help)
		fault(c, "a sample without HELP before it");
	if (family->type.len == 0)
		fault(c, "a sample without TYPE before it");
	add_series(c, &sample);
	if (span_is(family->type, "counter") && !(sample.value >= 0 && isfinite(sample.value)))
		fault(c, "a counter is a number from 0 up");
	if (!span_is(family->type, "histogram"))
		return;
	if (span_cmp(family->name, sample.name) == 0)
		fault(c, "a histogram has _bucket, _sum and _count only");
	else
		on_histogram(c, &sample);
}

static void on_line(struct check *c, struct span line)
{
	const char *wrong = line_check(line);

	if (wrong)
		fault(c, wrong);
	else if (line.at[0] == '#')
		on_comment(c, line);
	else
		on_sample(c, line);
}

size_t exposition_check(const char *bytes, size_t len, struct ezlb_text *faults)
{
	struct check c = { .faults = faults, .line = 1 };
	const char *end, *p = bytes;

	if (len == 0) {
		fault(&c, "there is nothing");
		return c.n_faults;
	}
	for (end = bytes + len; p < end; c.line++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline ? newline : end;

		if (!newline)
			fault(&c, "the last line has no end");
		on_line(&c, (struct span){ p, (size_t)(stop - p) });
		p = stop + 1;
	}
	finish_family(&c);
	EZLB_VEC_CLEAR(&c.families);
	EZLB_VEC_CLEAR(&c.series);
	EZLB_VEC_CLEAR(&c.keys);
	return c.n_faults;
}
