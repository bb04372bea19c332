/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_iptc: a libiptc over arrays, linked before the real one. It keeps libiptc's manners: errors
 * through errno, snapshots, one commit; and it fails when told to.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <ezlb/mem.h>

#include "rules.h"

#include <libiptc/libiptc.h>

#define FAKE_CHAINS 8

struct fake_chain {
	char name[32];
	struct EZLB_VEC(struct ezlb_snat_rule) rules;
};

struct xtc_handle {
	struct fake_chain chains[FAKE_CHAINS];
	size_t n, chain_at, rule_at;
	struct fake_chain *walked;
};

static struct {
	struct xtc_handle kernel;
	unsigned inits, commits; /* how often each was called */
	int init_error;		 /* errno, every time */
	int edit_error;		 /* of appending and inserting */
	int commit_error;	 /* in the first commit_errors commits */
	unsigned commit_errors;
	bool commit_lost;			/* says yes and does nothing */
	void (*after_commit)(unsigned commits); /* another program */
} fake;

static struct fake_chain *fake_chain(struct xtc_handle *handle, const char *name)
{
	for (size_t i = 0; i < handle->n; i++) {
		if (strcmp(handle->chains[i].name, name) == 0)
			return &handle->chains[i];
	}
	return NULL;
}

static struct fake_chain *fake_add_chain(struct xtc_handle *handle, const char *name)
{
	struct fake_chain *chain = &handle->chains[handle->n++];

	*chain = (struct fake_chain){ .name = "" };
	ezlb_strcpy(chain->name, sizeof(chain->name), name);
	return chain;
}

static void fake_copy(struct xtc_handle *to, const struct xtc_handle *from)
{
	*to = (struct xtc_handle){ .n = 0 };
	for (size_t i = 0; i < from->n; i++) {
		struct fake_chain *chain = fake_add_chain(to, from->chains[i].name);

		for (size_t j = 0; j < from->chains[i].rules.len; j++)
			*EZLB_PUSH(&chain->rules) = from->chains[i].rules.items[j];
	}
}

static void fake_clear(struct xtc_handle *handle)
{
	for (size_t i = 0; i < handle->n; i++)
		EZLB_VEC_CLEAR(&handle->chains[i].rules);
	handle->n = 0;
}

static int fake_fail(int code)
{
	errno = code;
	return 0;
}

static int fake_put(const char *name, const struct ipt_entry *entry, size_t at,
		    struct xtc_handle *handle)
{
	struct fake_chain *chain = fake_chain(handle, name);
	struct ezlb_snat_rule *items, rule = { .len = entry->next_offset };

	if (fake.edit_error || !chain)
		return fake_fail(fake.edit_error ? fake.edit_error : ENOENT);
	memcpy(rule.bytes, entry, rule.len);
	EZLB_PUSH(&chain->rules);
	items = chain->rules.items;
	memmove(&items[at + 1], &items[at], (chain->rules.len - 1 - at) * sizeof(*items));
	items[at] = rule;
	return 1;
}

/* --- what libiptc exports -------------------------------------------------------------------- */

struct xtc_handle *iptc_init(const char *table)
{
	struct xtc_handle *handle;

	fake.inits++;
	errno = fake.init_error;
	if (errno || strcmp(table, "nat") != 0)
		return NULL;
	handle = ezlb_calloc(1, sizeof(*handle));
	fake_copy(handle, &fake.kernel);
	return handle;
}

void iptc_free(struct xtc_handle *handle)
{
	fake_clear(handle);
	free(handle);
}

int iptc_is_chain(const char *name, struct xtc_handle *const handle)
{
	return fake_chain(handle, name) != NULL;
}

const char *iptc_next_chain(struct xtc_handle *handle)
{
	return handle->chain_at < handle->n ? handle->chains[handle->chain_at++].name : NULL;
}

const char *iptc_first_chain(struct xtc_handle *handle)
{
	handle->chain_at = 0;
	return iptc_next_chain(handle);
}

const struct ipt_entry *iptc_next_rule(const struct ipt_entry *prev, struct xtc_handle *handle)
{
	(void)prev;
	if (!handle->walked || handle->rule_at == handle->walked->rules.len)
		return NULL;
	return (const void *)handle->walked->rules.items[handle->rule_at++].bytes;
}

const struct ipt_entry *iptc_first_rule(const char *name, struct xtc_handle *handle)
{
	handle->walked = fake_chain(handle, name);
	handle->rule_at = 0;
	return iptc_next_rule(NULL, handle);
}

const char *iptc_get_target(const struct ipt_entry *entry, struct xtc_handle *handle)
{
	const struct xt_entry_target *target =
		(const void *)((const char *)entry + entry->target_offset);

	(void)handle;
	return target->u.user.name;
}

int iptc_get_references(unsigned *refs, const xt_chainlabel name, struct xtc_handle *handle)
{
	*refs = 0;
	for (size_t i = 0; i < handle->n; i++) {
		for (size_t j = 0; j < handle->chains[i].rules.len; j++) {
			const void *entry = handle->chains[i].rules.items[j].bytes;

			*refs += strcmp(iptc_get_target(entry, handle), name) == 0;
		}
	}
	return 1;
}

int iptc_insert_entry(const xt_chainlabel name, const struct ipt_entry *entry, unsigned at,
		      struct xtc_handle *handle)
{
	return fake_put(name, entry, at, handle);
}

int iptc_append_entry(const xt_chainlabel name, const struct ipt_entry *entry,
		      struct xtc_handle *handle)
{
	const struct fake_chain *chain = fake_chain(handle, name);

	return fake_put(name, entry, chain ? chain->rules.len : 0, handle);
}

int iptc_delete_num_entry(const xt_chainlabel name, unsigned at, struct xtc_handle *handle)
{
	struct fake_chain *chain = fake_chain(handle, name);

	if (!chain || at >= chain->rules.len)
		return fake_fail(E2BIG);
	chain->rules.len--;
	memmove(&chain->rules.items[at], &chain->rules.items[at + 1],
		(chain->rules.len - at) * sizeof(*chain->rules.items));
	return 1;
}

int iptc_flush_entries(const xt_chainlabel name, struct xtc_handle *handle)
{
	struct fake_chain *chain = fake_chain(handle, name);

	if (!chain)
		return fake_fail(ENOENT);
	EZLB_VEC_CLEAR(&chain->rules);
	return 1;
}

int iptc_create_chain(const xt_chainlabel name, struct xtc_handle *handle)
{
	if (fake_chain(handle, name))
		return fake_fail(EEXIST);
	fake_add_chain(handle, name);
	return 1;
}

int iptc_delete_chain(const xt_chainlabel name, struct xtc_handle *handle)
{
	struct fake_chain *chain = fake_chain(handle, name);
	unsigned refs;

	iptc_get_references(&refs, name, handle);
	if (!chain || refs || chain->rules.len)
		return fake_fail(!chain ? ENOENT : refs ? EMLINK : ENOTEMPTY);
	handle->n--;
	memmove(chain, chain + 1, (size_t)(&handle->chains[handle->n] - chain) * sizeof(*chain));
	return 1;
}

int iptc_commit(struct xtc_handle *handle)
{
	fake.commits++;
	if (fake.commits <= fake.commit_errors)
		return fake_fail(fake.commit_error);
	if (!fake.commit_lost) {
		fake_clear(&fake.kernel);
		fake_copy(&fake.kernel, handle);
	}
	if (fake.after_commit)
		fake.after_commit(fake.commits);
	return 1;
}

const char *iptc_strerror(int code)
{
	static char text[32];

	snprintf(text, sizeof(text), "libiptc error %d", code);
	return text;
}
