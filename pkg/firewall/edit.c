// SPDX-License-Identifier: GPL-2.0-or-later
#include "edit.h"

struct edit {
	const struct ezlb_fw_actual *actual;
	const struct ezlb_fw_want *want;
	struct ezlb_fw_steps *out;
	bool needed[EZLB_GATES]; /* chain and jump must exist */
	bool jumped[EZLB_GATES]; /* has a jump that stays */
	bool *there;		 /* by row of `want`: has a rule that stays */
};

/* The gate of ezlb's chain with this name; EZLB_GATES for another chain. */
static enum ezlb_gate gate_of(const char *chain)
{
	enum ezlb_gate gate = 0;

	while (gate < EZLB_GATES && strcmp(ezlb_fw_ours(gate), chain) != 0)
		gate++;
	return gate;
}

static struct ezlb_fw_step *add(struct edit *edit, enum ezlb_fw_step_kind kind, const char *chain)
{
	struct ezlb_fw_step *step = EZLB_PUSH(edit->out);

	step->kind = kind;
	step->chain = chain;
	return step;
}

/* --- deletions ------------------------------------------------------------------------------- */

/* Keeps the first of several rules for one row. */
static bool row_stays(struct edit *edit, const struct ezlb_fw_rule *rule, enum ezlb_gate gate)
{
	const struct ezlb_accepts *rows = &edit->want->rows;
	const struct ezlb_accept_row *found = NULL;
	bool *there;

	if (rule->kind == EZLB_FW_ROW && rule->row.gate == gate)
		found = EZLB_FIND(rows, &rule->row, ezlb_accept_row_cmp);
	if (edit->want->aim == EZLB_FW_TRIM)
		return !found;
	if (!found || !edit->needed[gate])
		return false;
	there = &edit->there[found - rows->items];
	if (*there)
		return false;
	return *there = true;
}

static bool jump_stays(struct edit *edit, const struct ezlb_fw_chain *chain,
		       const struct ezlb_fw_rule *rule)
{
	enum ezlb_gate gate = rule->kind == EZLB_FW_GO ? gate_of(rule->to) : EZLB_GATES;

	if (gate == EZLB_GATES || edit->want->aim == EZLB_FW_TRIM)
		return true;
	if (!edit->needed[gate] || !rule->plain || edit->jumped[gate] ||
	    chain != ezlb_fw_home_find(edit->actual, gate))
		return false;
	return edit->jumped[gate] = true;
}

static void delete_rules(struct edit *edit, const struct ezlb_fw_chain *chain)
{
	struct EZLB_VEC(size_t) surplus = { 0 };
	enum ezlb_gate gate = gate_of(chain->name);

	for (size_t i = 0; i < chain->rules.len; i++) {
		const struct ezlb_fw_rule *rule = &chain->rules.items[i];

		if (!(gate < EZLB_GATES ? row_stays(edit, rule, gate)
					: jump_stays(edit, chain, rule)))
			*EZLB_PUSH(&surplus) = i;
	}
	while (surplus.len) {
		size_t at = surplus.items[--surplus.len];
		struct ezlb_fw_step *step = add(edit, EZLB_FW_DEL_RULE, chain->name);

		step->at = at;
		step->handle = chain->rules.items[at].handle;
	}
	EZLB_VEC_CLEAR(&surplus);
}

/* --- additions ------------------------------------------------------------------------------- */

static void append_rows(struct edit *edit, enum ezlb_gate gate)
{
	const struct ezlb_accepts *rows = &edit->want->rows;

	for (size_t i = 0; i < rows->len; i++) {
		const struct ezlb_accept_row *row = &rows->items[i];

		if (row->gate == gate && !edit->there[i] &&
		    row->service.listen.addr.family == edit->actual->family)
			add(edit, EZLB_FW_APPEND, ezlb_fw_ours(gate))->row = *row;
	}
}

static void repair_gate(struct edit *edit, enum ezlb_gate gate)
{
	bool exists = ezlb_fw_chain_find(edit->actual, ezlb_fw_ours(gate)) != NULL;

	if (exists && !edit->needed[gate])
		add(edit, EZLB_FW_DEL_CHAIN, ezlb_fw_ours(gate));
	if (!edit->needed[gate])
		return;
	if (!exists)
		add(edit, EZLB_FW_NEW_CHAIN, ezlb_fw_ours(gate));
	append_rows(edit, gate);
	if (!edit->jumped[gate])
		add(edit, EZLB_FW_JUMP, ezlb_fw_home(gate))->row.gate = gate;
}

void ezlb_fw_edit(const struct ezlb_fw_actual *actual, const struct ezlb_fw_want *want,
		  struct ezlb_fw_steps *out)
{
	struct edit edit = { .actual = actual, .want = want, .out = out };

	edit.there = ezlb_calloc(want->rows.len + 1, sizeof(*edit.there));
	for (enum ezlb_gate gate = 0; gate < EZLB_GATES; gate++)
		edit.needed[gate] = want->aim == EZLB_FW_FRAME && ezlb_fw_closed(actual, gate);
	for (size_t i = 0; i < actual->chains.len; i++)
		delete_rules(&edit, &actual->chains.items[i]);
	for (enum ezlb_gate gate = 0; want->aim != EZLB_FW_TRIM && gate < EZLB_GATES; gate++)
		repair_gate(&edit, gate);
	free(edit.there);
}

/* --- what exists ----------------------------------------------------------------------------- */

bool ezlb_fw_present(const struct ezlb_fw_actual *actual)
{
	bool present = false;

	for (enum ezlb_gate gate = 0; gate < EZLB_GATES; gate++)
		present |= ezlb_fw_chain_find(actual, ezlb_fw_ours(gate)) != NULL;
	return present;
}

static void gate_rows(const struct ezlb_fw_chain *chain, enum ezlb_gate gate,
		      struct ezlb_accepts *out)
{
	for (size_t i = 0; i < chain->rules.len; i++) {
		const struct ezlb_fw_rule *rule = &chain->rules.items[i];

		if (rule->kind == EZLB_FW_ROW && rule->row.gate == gate)
			*EZLB_PUSH(out) = rule->row;
	}
}

void ezlb_fw_rows(const struct ezlb_fw_actual *actual, struct ezlb_accepts *out)
{
	struct ezlb_accepts rows = { 0 };

	for (enum ezlb_gate gate = 0; gate < EZLB_GATES; gate++) {
		const struct ezlb_fw_chain *chain = ezlb_fw_chain_find(actual, ezlb_fw_ours(gate));

		if (chain && ezlb_fw_closed(actual, gate))
			gate_rows(chain, gate, &rows);
	}
	EZLB_SORT(&rows, ezlb_accept_row_cmp);
	for (size_t i = 0; i < rows.len; i++) {
		if (i == 0 || ezlb_accept_row_cmp(&rows.items[i - 1], &rows.items[i]) != 0)
			*EZLB_PUSH(out) = rows.items[i];
	}
	EZLB_VEC_CLEAR(&rows);
}
