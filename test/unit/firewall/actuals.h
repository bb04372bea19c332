/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * actuals: filters as text. A chain is its name, "!" where its policy drops, and its rules: "D"
 * drops, "o" is about something else, ">NAME" a plain jump, "~NAME" one with a condition, "i7" and
 * "f7" rows of 10.0.0.7:80/tcp. Chains are divided by ";". Capitals alone have a place where
 * packets come by, and INPUT and FORWARD are home.
 */
#pragma once

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <linux/netfilter.h>

#include "edit.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static inline struct ezlb_accept_row row_of(const char *text)
{
	struct ezlb_accept_row row = { .gate = *text == 'i' ? EZLB_GATE_INPUT : EZLB_GATE_FORWARD,
				       .service = { .proto = EZLB_TCP } };
	char listen[EZLB_ENDPOINT_STRLEN];

	snprintf(listen, sizeof(listen), "10.0.0.%d:80", atoi(text + 1));
	assert_int_equal(ezlb_endpoint_parse(listen, &row.service.listen, NULL), 0);
	return row;
}

static inline void put_rule_of(struct ezlb_fw_chain *chain, const char *text)
{
	struct ezlb_fw_rule *rule = EZLB_PUSH(&chain->rules);

	rule->handle = 100 + chain->rules.len;
	if (*text == 'D')
		rule->kind = EZLB_FW_DROP;
	if (*text == '>' || *text == '~') {
		rule->kind = EZLB_FW_GO;
		rule->to = ezlb_strdup(text + 1);
		rule->plain = *text == '>';
	}
	if (*text == 'i' || *text == 'f') {
		rule->kind = EZLB_FW_ROW;
		rule->row = row_of(text);
	}
}

static inline void put_chain_of(struct ezlb_fw_actual *actual, char *text)
{
	struct ezlb_fw_chain *chain = EZLB_PUSH(&actual->chains);
	char *rest, *word = strtok_r(text, " ", &rest);
	size_t len = strlen(word);

	chain->policy_drops = word[len - 1] == '!';
	chain->name = ezlb_strndup(word, len - chain->policy_drops);
	chain->hook = strcmp(chain->name, "INPUT") == 0	    ? NF_INET_LOCAL_IN
		      : strcmp(chain->name, "FORWARD") == 0 ? NF_INET_FORWARD
		      : strcmp(chain->name, "OUTPUT") == 0  ? NF_INET_LOCAL_OUT
							    : -1;
	chain->home = chain->hook == NF_INET_LOCAL_IN || chain->hook == NF_INET_FORWARD;
	while ((word = strtok_r(NULL, " ", &rest)))
		put_rule_of(chain, word);
}

static inline struct ezlb_fw_actual actual_of(const char *text)
{
	struct ezlb_fw_actual actual = { .family = AF_INET };
	EZLB_AUTO_FREE char *copy = ezlb_strdup(text);
	char *rest;

	for (char *one = strtok_r(copy, ";", &rest); one; one = strtok_r(NULL, ";", &rest))
		put_chain_of(&actual, one);
	return actual;
}

/* "i1 f2": sorted. */
static inline struct ezlb_accepts rows_of(const char *text)
{
	struct ezlb_accepts rows = { 0 };
	EZLB_AUTO_FREE char *copy = ezlb_strdup(text);
	char *rest;

	for (char *one = strtok_r(copy, " ", &rest); one; one = strtok_r(NULL, " ", &rest))
		*EZLB_PUSH(&rows) = row_of(one);
	EZLB_SORT(&rows, ezlb_accept_row_cmp);
	return rows;
}

static inline const char *row_text(const struct ezlb_accept_row *row, char buf[16])
{
	snprintf(buf, 16, "%c%d", row->gate == EZLB_GATE_INPUT ? 'i' : 'f',
		 row->service.listen.addr.bytes[3]);
	return buf;
}

static inline const char *rows_text(const struct ezlb_accepts *rows)
{
	static char out[256];
	char one[16];
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < rows->len; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s", i ? " " : "",
				       row_text(&rows->items[i], one));
	return out;
}
