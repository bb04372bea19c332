// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/review.h>

#include <errno.h>

#include "formats.h"

static const struct {
	const char *word;
	void (*write)(const struct ezlb_review *review, struct ezlb_text *out);
} formats[EZLB_REVIEW_FORMATS] = {
	[EZLB_REVIEW_TEXT] = { "text", review_text },
	[EZLB_REVIEW_JSON] = { "json", review_json },
	[EZLB_REVIEW_GITHUB] = { "github", review_github },
	[EZLB_REVIEW_SARIF] = { "sarif", review_sarif },
};

const char *ezlb_review_format_str(enum ezlb_review_format format)
{
	return formats[format].word;
}

int ezlb_review_format_parse(const char *text, enum ezlb_review_format *out)
{
	for (size_t i = 0; i < EZLB_REVIEW_FORMATS; i++)
		if (strcmp(text, formats[i].word) == 0) {
			*out = (enum ezlb_review_format)i;
			return 0;
		}
	return -EINVAL;
}

size_t ezlb_review_warnings(const struct ezlb_review *review)
{
	size_t n = 0;

	for (size_t i = 0; i < review->diags->len; i++)
		n += review->diags->items[i].warning;
	return n;
}

void ezlb_review_write(const struct ezlb_review *review, enum ezlb_review_format format,
		       struct ezlb_text *out)
{
	formats[format].write(review, out);
}
