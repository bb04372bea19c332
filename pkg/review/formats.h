/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <ezlb/review.h>

/* text.c */
void review_text(const struct ezlb_review *review, struct ezlb_text *out);
/* The last line: what was checked and what was not. */
void review_counts(const struct ezlb_review *review, struct ezlb_text *out);
void review_json(const struct ezlb_review *review, struct ezlb_text *out);   /* json.c */
void review_github(const struct ezlb_review *review, struct ezlb_text *out); /* github.c */
void review_sarif(const struct ezlb_review *review, struct ezlb_text *out);  /* sarif.c */
