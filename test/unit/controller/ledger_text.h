/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_text: the ledger's content as text, and a ledger in the temporary directory. */
#pragma once

#include "fixture.h"

#include "ledger.h"

/* "chain, table, vs.conntrack 0, ip_forward 1, tcp 10.0.0.1:80": the services last, all else
 * before. */
static inline struct ledger_content content_of(const char *text)
{
	struct ledger_content content;
	const char *services = text;

	ledger_content_init(&content);
	if (strncmp(services, "chain, ", 7) == 0) {
		content.chain = true;
		services += 7;
	}
	if (strncmp(services, "table, ", 7) == 0) {
		content.nft_table = true;
		services += 7;
	}
	if (sscanf(services, "vs.conntrack %d, ", &content.was[EZLB_VS_CONNTRACK]) == 1)
		services = strstr(services, ", ") + 2;
	if (sscanf(services, "ip_forward %d, ", &content.was[EZLB_IP_FORWARD]) == 1)
		services = strstr(services, ", ") + 2;
	content.services = scope_of(services);
	return content;
}

static inline struct text content_text(const struct ledger_content *content)
{
	static const char *const names[] = { "ip_tables", "vs.conntrack", "ip_forward" };
	struct text out = { "" };
	size_t len = 0;

	if (content->chain)
		len += (size_t)snprintf(out.s, sizeof(out.s), "chain, ");
	if (content->nft_table)
		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "table, ");
	for (int i = 0; i < EZLB_SETTINGS; i++)
		if (content->was[i] != LEDGER_UNTOUCHED)
			len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s %d, ",
						names[i], content->was[i]);
	ezlb_strcpy(out.s + len, sizeof(out.s) - len, scope_text(&content->services).s);
	return out;
}

#define TWO "tcp 10.0.0.1:80, udp [fd00::1]:53"
#define ALL "chain, vs.conntrack 0, ip_forward 1, " TWO

static inline int set(struct ledger *ledger, const char *text, struct ezlb_err *err)
{
	struct ledger_content content = content_of(text);
	int rc = ledger_set(ledger, &content, err);

	ledger_content_clear(&content);
	return rc;
}

static inline void assert_content(const struct ledger *ledger, const char *want)
{
	assert_string_equal(content_text(&ledger->content).s, want);
}

/* Writes `text` to the ledger in the temporary directory, whatever is there. */
static inline void write_ledger(const char *text)
{
	struct ledger ledger;

	remove(at("ledger").s);
	assert_int_equal(ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(set(&ledger, text, NULL), 0);
	ledger_close(&ledger);
}

static inline void assert_reads(const char *want)
{
	struct ezlb_err err = { 0 };
	struct ledger ledger;

	assert_int_equal(ledger_open(&ledger, top, &err), 0);
	assert_int_equal(err.code, 0);
	assert_content(&ledger, want);
	ledger_close(&ledger);
}
