/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * edit: how a filter has to change to be as it should be. What finds out whether anything is amiss
 * and what mends it are the same. Pure.
 */
#pragma once

#include "actual.h"

enum ezlb_fw_step_kind {
	EZLB_FW_DEL_RULE,  /* with `at` and `handle`; of one chain, those further down come first */
	EZLB_FW_DEL_CHAIN, /* that has no rule any more, and none leads to it */
	EZLB_FW_NEW_CHAIN,
	EZLB_FW_APPEND, /* the row */
	EZLB_FW_JUMP,	/* at the top of `chain`, to our chain of the row's gate */
};

struct ezlb_fw_step {
	enum ezlb_fw_step_kind kind;
	const char *chain; /* borrowed */
	size_t at;
	uint64_t handle;
	struct ezlb_accept_row row;
};

/* In the order in which they can be carried out. The caller frees it with EZLB_VEC_CLEAR. */
struct ezlb_fw_steps EZLB_VEC(struct ezlb_fw_step);

enum ezlb_fw_aim {
	EZLB_FW_TRIM,  /* the rows go; all else stays as it is, sound or not */
	EZLB_FW_FRAME, /* each gate that is closed has its frame and the rows, no other has any */
	EZLB_FW_CLEAR, /* nothing of ours is left */
};

/* Rows are sorted, and of any gate and family. */
struct ezlb_fw_want {
	enum ezlb_fw_aim aim;
	struct ezlb_accepts rows;
};

/* Adds the steps; they borrow from `actual`. */
void ezlb_fw_edit(const struct ezlb_fw_actual *actual, const struct ezlb_fw_want *want,
		  struct ezlb_fw_steps *out);

/* Is there anything of ours? */
bool ezlb_fw_present(const struct ezlb_fw_actual *actual);

/* Adds the rows behind the gates that are closed, each once. */
void ezlb_fw_rows(const struct ezlb_fw_actual *actual, struct ezlb_accepts *out);
