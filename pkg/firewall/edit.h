/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * edit: computes the steps that change a filter to what is wanted. The frame is sound if there are
 * no steps. Pure.
 */
#pragma once

#include "actual.h"

enum ezlb_fw_step_kind {
	EZLB_FW_DEL_RULE,  /* with `at` and `handle`; in each chain from the last rule to the first
			    */
	EZLB_FW_DEL_CHAIN, /* empty by then, and without a rule that leads to it */
	EZLB_FW_NEW_CHAIN,
	EZLB_FW_APPEND, /* the row */
	EZLB_FW_JUMP,	/* insert at the top of `chain`, to ezlb's chain of the row's gate */
};

struct ezlb_fw_step {
	enum ezlb_fw_step_kind kind;
	const char *chain; /* borrowed */
	size_t at;
	uint64_t handle;
	struct ezlb_accept_row row;
};

/* In the order to apply them. The caller frees it with EZLB_VEC_CLEAR. */
struct ezlb_fw_steps EZLB_VEC(struct ezlb_fw_step);

enum ezlb_fw_aim {
	EZLB_FW_TRIM,  /* delete the rows; leave all else, sound or not */
	EZLB_FW_FRAME, /* each closed gate has its frame and the rows; no other gate has any */
	EZLB_FW_CLEAR, /* remove everything of ezlb */
};

/* The rows are sorted and may be of any gate and family. */
struct ezlb_fw_want {
	enum ezlb_fw_aim aim;
	struct ezlb_accepts rows;
};

/* Adds the steps; they borrow from `actual`. */
void ezlb_fw_edit(const struct ezlb_fw_actual *actual, const struct ezlb_fw_want *want,
		  struct ezlb_fw_steps *out);

/* True if the filter has a chain of ezlb. */
bool ezlb_fw_present(const struct ezlb_fw_actual *actual);

/* Adds the rows of closed gates, each once. */
void ezlb_fw_rows(const struct ezlb_fw_actual *actual, struct ezlb_accepts *out);
