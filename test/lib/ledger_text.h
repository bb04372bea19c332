/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ledger_text: the ledger's content as text, and a ledger in the temporary directory. */
#pragma once

#include "fixture.h"

#include <ezlb/store.h>

static const struct {
	const char *word;
	enum ezlb_setting setting;
} content_words[] = {
	{ "vs.conntrack", EZLB_VS_CONNTRACK },
	{ "ip_forward", EZLB_IP_FORWARD },
	{ "accept_ra", EZLB_ACCEPT_RA }, /* of eth0 */
};

static inline void add_was(struct ezlb_ledger_content *content, const char *word, int value)
{
	for (size_t i = 0; i < COUNT_OF(content_words); i++) {
		struct ezlb_setting_row row = { content_words[i].setting, "", value };

		if (strcmp(word, content_words[i].word) != 0)
			continue;
		if (row.setting == EZLB_ACCEPT_RA)
			strcpy(row.device, "eth0");
		*EZLB_PUSH(&content->settings) = row;
		return;
	}
	fail_msg("no setting '%s'", word);
}

/* "drain 5000 down 10.1.0.1:80 tcp 10.0.0.1:80" */
static inline void add_drain(struct ezlb_ledger_content *content, const char *text)
{
	struct ezlb_drain *drain = EZLB_PUSH(&content->drains);
	char cause[64], backend[64];
	unsigned long long until;
	int n = 0;

	assert_int_equal(sscanf(text, "drain %llu %63s %63s %n", &until, cause, backend, &n), 3);
	drain->until_ms = until;
	assert_int_equal(ezlb_drain_cause_parse(cause, &drain->cause), 0);
	assert_int_equal(ezlb_endpoint_parse(backend, &drain->backend, NULL), 0);
	drain->service = key_of(text + n);
}

static inline void add_claim(struct ezlb_ledger_content *content, const char *text)
{
	char a[64] = "", b[64] = "", c[64] = "";

	sscanf(text, "%63s %63s %63s", a, b, c);
	if (strcmp(a, "chain") == 0)
		content->chain = true;
	else if (strcmp(a, "table") == 0)
		content->nft_table = true;
	else if (strcmp(a, "timeout") == 0) {
		struct ezlb_timeout_owned *row = EZLB_PUSH(&content->timeouts);

		assert_int_equal(sscanf(text, "%*s %*s %u %u", &row->before, &row->set), 2);
		assert_int_equal(ezlb_timeout_parse(b, &row->timeout), 0);
	} else if (strcmp(a, "sync") == 0) {
		struct ezlb_sync_row *row = EZLB_PUSH(&content->syncs);

		assert_int_equal(sscanf(text, "%*s %*s %15s %u", row->device, &row->id), 2);
		assert_int_equal(ezlb_sync_role_parse(b, &row->role), 0);
	} else if (strcmp(a, "link") == 0)
		ezlb_strcpy(EZLB_PUSH(&content->links)->device, EZLB_DEVICE_STRLEN, b);
	else if (strcmp(a, "vip") == 0) {
		struct ezlb_vip_row *row = EZLB_PUSH(&content->vips);

		ezlb_strcpy(row->device, sizeof(row->device), b);
		assert_int_equal(ezlb_addr_parse(c, &row->addr, NULL), 0);
	} else if (strcmp(a, "clsact") == 0)
		ezlb_strcpy(EZLB_PUSH(&content->clsacts)->device, EZLB_DEVICE_STRLEN, b);
	else if (strcmp(a, "drain") == 0)
		add_drain(content, text);
	else if (strchr(text, ':'))
		*EZLB_PUSH(&content->services) = key_of(text);
	else
		add_was(content, a, atoi(b));
}

/*
 * "chain, table, vs.conntrack 0, ip_forward 1, sync master eth1 1, link a0, vip a0 10.0.0.1, clsact
 * eth0, drain 5000 down 10.1.0.1:80 tcp 10.0.0.1:80, tcp 10.0.0.1:80": what there is of it, in this
 * order, which is also the ledger's.
 */
static inline struct ezlb_ledger_content content_of(const char *text)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(text);
	struct ezlb_ledger_content content = { .chain = false };

	for (char *save = NULL, *one = strtok_r(copy, ",", &save); one;
	     one = strtok_r(NULL, ",", &save))
		if (one[strspn(one, " ")])
			add_claim(&content, one + strspn(one, " "));
	return content;
}

/* The setting's word, for content_of. */
static inline const char *word_of(const struct ezlb_setting_row *row)
{
	for (size_t i = 0; i < COUNT_OF(content_words); i++)
		if (content_words[i].setting == row->setting)
			return content_words[i].word;
	return "other";
}

static inline struct text content_text(const struct ezlb_ledger_content *content)
{
	struct text out = { "" };
	char addr[EZLB_ADDR_STRLEN], ep[EZLB_ENDPOINT_STRLEN], key[EZLB_SERVICE_KEY_STRLEN];
	FILE *f = fmemopen(out.s, sizeof(out.s), "w");

	fprintf(f, "%s%s", content->chain ? "chain, " : "", content->nft_table ? "table, " : "");
	for (size_t i = 0; i < content->settings.len; i++)
		fprintf(f, "%s %d, ", word_of(&content->settings.items[i]),
			content->settings.items[i].value);
	for (size_t i = 0; i < content->timeouts.len; i++)
		fprintf(f, "timeout %s %u %u, ",
			ezlb_timeout_str(content->timeouts.items[i].timeout),
			content->timeouts.items[i].before, content->timeouts.items[i].set);
	for (size_t i = 0; i < content->syncs.len; i++)
		fprintf(f, "sync %s %s %u, ", ezlb_sync_role_str(content->syncs.items[i].role),
			content->syncs.items[i].device, content->syncs.items[i].id);
	for (size_t i = 0; i < content->links.len; i++)
		fprintf(f, "link %s, ", content->links.items[i].device);
	for (size_t i = 0; i < content->vips.len; i++)
		fprintf(f, "vip %s %s, ", content->vips.items[i].device,
			ezlb_addr_format(&content->vips.items[i].addr, addr));
	for (size_t i = 0; i < content->clsacts.len; i++)
		fprintf(f, "clsact %s, ", content->clsacts.items[i].device);
	for (size_t i = 0; i < content->drains.len; i++)
		fprintf(f, "drain %llu %s %s %s, ",
			(unsigned long long)content->drains.items[i].until_ms,
			ezlb_drain_cause_str(content->drains.items[i].cause),
			ezlb_endpoint_format(&content->drains.items[i].backend, ep),
			ezlb_service_key_format(&content->drains.items[i].service, key));
	fputs(scope_text(&content->services).s, f);
	fclose(f);
	return out;
}

#define TWO "tcp 10.0.0.1:80, udp [fd00::1]:53"
#define ALL "chain, vs.conntrack 0, ip_forward 1, " TWO

static inline int set(struct ezlb_ledger *ledger, const char *text, struct ezlb_err *err)
{
	struct ezlb_ledger_content content = content_of(text);
	int rc = ezlb_ledger_set(ledger, &content, err);

	ezlb_ledger_content_clear(&content);
	return rc;
}

static inline void assert_content(const struct ezlb_ledger *ledger, const char *want)
{
	assert_string_equal(content_text(&ledger->content).s, want);
}

/* Writes `text` to the ledger in the temporary directory, whatever is there. */
static inline void write_ledger(const char *text)
{
	struct ezlb_ledger ledger;

	remove(at("ledger").s);
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(set(&ledger, text, NULL), 0);
	ezlb_ledger_close(&ledger);
}

static inline void assert_reads(const char *want)
{
	struct ezlb_err err = { 0 };
	struct ezlb_ledger ledger;

	assert_int_equal(ezlb_ledger_open(&ledger, top, &err), 0);
	assert_int_equal(err.code, 0);
	assert_content(&ledger, want);
	ezlb_ledger_close(&ledger);
}
