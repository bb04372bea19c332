/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preview: a plan for whoever has to decide on it: grouped by service, with the reason for each
 * operation. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/plan.h>
#include <ezlb/spec.h>
#include <ezlb/text.h>
#include <ezlb/verdict.h>

struct ezlb_preview {
	const struct ezlb_plan *plan;	      /* in the order of execution */
	const struct ezlb_plan *old;	      /* what the other SNAT backend loses; NULL: nothing */
	const struct ezlb_desired *desired;   /* the set that the plan leads to */
	const struct ezlb_verdicts *verdicts; /* sorted */
	bool by_listener;		      /* SNAT rows are keyed by listener (layer.h) */
	bool outcome; /* the ops were carried out: say what became of each */
};

/* "" where there is nothing to do; else ends with a line that counts. */
void ezlb_preview_text(const struct ezlb_preview *preview, bool colour, struct ezlb_text *out);
/* The same as one JSON document; ends in a newline. */
void ezlb_preview_json(const struct ezlb_preview *preview, struct ezlb_text *out);
