// SPDX-License-Identifier: GPL-2.0-or-later
#include "actual.h"

#include <netinet/in.h>

#include <linux/netfilter.h>

static const struct {
	const char *home, *ours;
	int hook;
} gates[EZLB_GATES] = {
	[EZLB_GATE_INPUT] = { "INPUT", EZLB_INPUT_CHAIN, NF_INET_LOCAL_IN },
	[EZLB_GATE_FORWARD] = { "FORWARD", EZLB_FORWARD_CHAIN, NF_INET_FORWARD },
};

const char *ezlb_fw_home(enum ezlb_gate gate)
{
	return gates[gate].home;
}

const char *ezlb_fw_ours(enum ezlb_gate gate)
{
	return gates[gate].ours;
}

int ezlb_fw_hook(enum ezlb_gate gate)
{
	return gates[gate].hook;
}

void ezlb_fw_actual_clear(struct ezlb_fw_actual *actual)
{
	for (size_t i = 0; i < actual->chains.len; i++) {
		struct ezlb_fw_chain *chain = &actual->chains.items[i];

		for (size_t j = 0; j < chain->rules.len; j++)
			free(chain->rules.items[j].to);
		EZLB_VEC_CLEAR(&chain->rules);
		free(chain->name);
	}
	EZLB_VEC_CLEAR(&actual->chains);
}

const struct ezlb_fw_chain *ezlb_fw_chain_find(const struct ezlb_fw_actual *actual,
					       const char *name)
{
	for (size_t i = 0; i < actual->chains.len; i++) {
		if (strcmp(actual->chains.items[i].name, name) == 0)
			return &actual->chains.items[i];
	}
	return NULL;
}

const struct ezlb_fw_chain *ezlb_fw_home_find(const struct ezlb_fw_actual *actual,
					      enum ezlb_gate gate)
{
	const struct ezlb_fw_chain *chain = ezlb_fw_chain_find(actual, gates[gate].home);

	return chain && chain->home ? chain : NULL;
}

static bool is_ours(const char *name)
{
	return strcmp(name, EZLB_INPUT_CHAIN) == 0 || strcmp(name, EZLB_FORWARD_CHAIN) == 0;
}

/* The chains that a base chain leads to, each once. */
struct search {
	const struct ezlb_fw_actual *actual;
	bool *seen; /* by index in actual->chains */
	struct EZLB_VEC(const struct ezlb_fw_chain *) todo;
};

static void search_add(struct search *search, const struct ezlb_fw_chain *chain)
{
	size_t i = (size_t)(chain - search->actual->chains.items);

	if (search->seen[i] || is_ours(chain->name))
		return;
	search->seen[i] = true;
	*EZLB_PUSH(&search->todo) = chain;
}

/* Returns true if a rule of the chain drops; else adds the chains that it leads to. */
static bool search_chain(struct search *search, const struct ezlb_fw_chain *chain)
{
	for (size_t i = 0; i < chain->rules.len; i++) {
		const struct ezlb_fw_rule *rule = &chain->rules.items[i];
		const struct ezlb_fw_chain *to;

		if (rule->kind == EZLB_FW_DROP)
			return true;
		to = rule->kind == EZLB_FW_GO ? ezlb_fw_chain_find(search->actual, rule->to) : NULL;
		if (to)
			search_add(search, to);
	}
	return false;
}

enum ezlb_fw_drops ezlb_fw_drops(const struct ezlb_fw_actual *actual,
				 const struct ezlb_fw_chain *chain)
{
	struct search search = { .actual = actual };
	bool found = false;

	if (chain->policy_drops)
		return EZLB_FW_BY_POLICY;
	search.seen = ezlb_calloc(actual->chains.len, sizeof(*search.seen));
	search_add(&search, chain);
	while (!found && search.todo.len)
		found = search_chain(&search, search.todo.items[--search.todo.len]);
	EZLB_VEC_CLEAR(&search.todo);
	free(search.seen);
	return found ? EZLB_FW_BY_RULE : EZLB_FW_LETS_PASS;
}

bool ezlb_fw_closed(const struct ezlb_fw_actual *actual, enum ezlb_gate gate)
{
	const struct ezlb_fw_chain *home = ezlb_fw_home_find(actual, gate);

	return home && ezlb_fw_drops(actual, home) != EZLB_FW_LETS_PASS;
}
