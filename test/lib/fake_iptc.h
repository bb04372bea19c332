/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_iptc: a libiptc and a libip6tc over arrays, linked before the real ones. They keep libiptc's
 * manners: errors through errno, snapshots, one commit; and they fail when told to. Include cm.h
 * first.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <ezlb/mem.h>
#include <ezlb/xtables.h>

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>

#define FAKE_CHAINS 8

struct fake_chain {
	char name[32];
	const char *policy; /* of a built-in one */
	struct EZLB_VEC(struct ezlb_xt_entry) rules;
};

struct xtc_handle {
	struct fake_lib *lib;
	struct fake_chain chains[FAKE_CHAINS];
	size_t n, chain_at, rule_at;
	struct fake_chain *walked;
};

struct fake_lib {
	const struct ezlb_xt_form *form;
	const char *table; /* the only one */
	struct xtc_handle kernel;
	unsigned inits, commits; /* how often each was called */
	int init_error;		 /* errno, every time */
	int edit_error;		 /* of appending and inserting */
	int commit_error;	 /* in the first commit_errors commits */
	unsigned commit_errors;
	bool commit_lost;			/* says yes and does nothing */
	void (*after_commit)(unsigned commits); /* another program */
};
static struct fake_lib fake, fake6;

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
	*to = (struct xtc_handle){ .lib = from->lib };
	for (size_t i = 0; i < from->n; i++) {
		struct fake_chain *chain = fake_add_chain(to, from->chains[i].name);

		chain->policy = from->chains[i].policy;
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

static int fake_put(const char *name, const void *entry, size_t at, struct xtc_handle *handle)
{
	struct fake_chain *chain = fake_chain(handle, name);
	const struct fake_lib *lib = handle->lib;
	struct ezlb_xt_entry *items, rule = { .len = ezlb_xt_entry_len(lib->form, entry) };

	if (lib->edit_error || !chain)
		return fake_fail(lib->edit_error ? lib->edit_error : ENOENT);
	memcpy(rule.bytes, entry, rule.len);
	EZLB_PUSH(&chain->rules);
	items = chain->rules.items;
	memmove(&items[at + 1], &items[at], (chain->rules.len - 1 - at) * sizeof(*items));
	items[at] = rule;
	return 1;
}

static struct xtc_handle *fake_init(struct fake_lib *lib, const char *table)
{
	struct xtc_handle *handle;

	lib->inits++;
	errno = lib->init_error;
	if (errno || strcmp(table, lib->table) != 0)
		return NULL;
	handle = ezlb_calloc(1, sizeof(*handle));
	fake_copy(handle, &lib->kernel);
	return handle;
}

static void fake_free(struct xtc_handle *handle)
{
	fake_clear(handle);
	free(handle);
}

static const char *fake_next_chain(struct xtc_handle *handle)
{
	return handle->chain_at < handle->n ? handle->chains[handle->chain_at++].name : NULL;
}

static const void *fake_next_rule(struct xtc_handle *handle)
{
	if (!handle->walked || handle->rule_at == handle->walked->rules.len)
		return NULL;
	return handle->walked->rules.items[handle->rule_at++].bytes;
}

static const void *fake_first_rule(const char *name, struct xtc_handle *handle)
{
	handle->walked = fake_chain(handle, name);
	handle->rule_at = 0;
	return fake_next_rule(handle);
}

static const char *fake_target(const struct ezlb_xt_form *form, const void *entry)
{
	uint16_t at;
	const struct xt_entry_target *target;

	memcpy(&at, (const char *)entry + form->target_offset, sizeof(at));
	target = (const void *)((const char *)entry + at);
	return target->u.user.name;
}

static unsigned fake_references(const char *name, struct xtc_handle *handle)
{
	unsigned refs = 0;

	for (size_t i = 0; i < handle->n; i++) {
		for (size_t j = 0; j < handle->chains[i].rules.len; j++) {
			const void *entry = handle->chains[i].rules.items[j].bytes;

			refs += strcmp(fake_target(handle->lib->form, entry), name) == 0;
		}
	}
	return refs;
}

static int fake_append(const char *name, const void *entry, struct xtc_handle *handle)
{
	const struct fake_chain *chain = fake_chain(handle, name);

	return fake_put(name, entry, chain ? chain->rules.len : 0, handle);
}

static int fake_delete_at(const char *name, unsigned at, struct xtc_handle *handle)
{
	struct fake_chain *chain = fake_chain(handle, name);

	if (!chain || at >= chain->rules.len)
		return fake_fail(E2BIG);
	chain->rules.len--;
	memmove(&chain->rules.items[at], &chain->rules.items[at + 1],
		(chain->rules.len - at) * sizeof(*chain->rules.items));
	return 1;
}

static int fake_flush(const char *name, struct xtc_handle *handle)
{
	struct fake_chain *chain = fake_chain(handle, name);

	if (!chain)
		return fake_fail(ENOENT);
	EZLB_VEC_CLEAR(&chain->rules);
	return 1;
}

static int fake_create_chain(const char *name, struct xtc_handle *handle)
{
	if (fake_chain(handle, name))
		return fake_fail(EEXIST);
	fake_add_chain(handle, name);
	return 1;
}

static int fake_delete_chain(const char *name, struct xtc_handle *handle)
{
	struct fake_chain *chain = fake_chain(handle, name);
	unsigned refs = fake_references(name, handle);

	if (!chain || refs || chain->rules.len)
		return fake_fail(!chain ? ENOENT : refs ? EMLINK : ENOTEMPTY);
	EZLB_VEC_CLEAR(&chain->rules); /* its room */
	handle->n--;
	memmove(chain, chain + 1, (size_t)(&handle->chains[handle->n] - chain) * sizeof(*chain));
	return 1;
}

static int fake_commit(struct xtc_handle *handle)
{
	struct fake_lib *lib = handle->lib;

	lib->commits++;
	if (lib->commits <= lib->commit_errors)
		return fake_fail(lib->commit_error);
	if (!lib->commit_lost) {
		fake_clear(&lib->kernel);
		fake_copy(&lib->kernel, handle);
	}
	if (lib->after_commit)
		lib->after_commit(lib->commits);
	return 1;
}

static const char *fake_strerror(int code)
{
	static char text[32];

	snprintf(text, sizeof(text), "libiptc error %d", code);
	return text;
}

/* What a library exports that works on `state` and calls an entry `entry`. */
#define FAKE_LIB(prefix, entry, state)                                                      \
	struct xtc_handle *prefix##_init(const char *table)                                 \
	{                                                                                   \
		return fake_init(&(state), table);                                          \
	}                                                                                   \
	void prefix##_free(struct xtc_handle *handle)                                       \
	{                                                                                   \
		assert_ptr_equal(handle->lib, &(state));                                    \
		fake_free(handle);                                                          \
	}                                                                                   \
	int prefix##_is_chain(const char *name, struct xtc_handle *const handle)            \
	{                                                                                   \
		return fake_chain(handle, name) != NULL;                                    \
	}                                                                                   \
	int prefix##_builtin(const char *name, struct xtc_handle *const handle)             \
	{                                                                                   \
		return fake_chain(handle, name)->policy != NULL;                            \
	}                                                                                   \
	const char *prefix##_get_policy(const char *name, struct xt_counters *counters,     \
					struct xtc_handle *handle)                          \
	{                                                                                   \
		*counters = (struct xt_counters){ .pcnt = 7 };                              \
		return fake_chain(handle, name)->policy;                                    \
	}                                                                                   \
	const char *prefix##_next_chain(struct xtc_handle *handle)                          \
	{                                                                                   \
		return fake_next_chain(handle);                                             \
	}                                                                                   \
	const char *prefix##_first_chain(struct xtc_handle *handle)                         \
	{                                                                                   \
		handle->chain_at = 0;                                                       \
		return fake_next_chain(handle);                                             \
	}                                                                                   \
	const entry *prefix##_next_rule(const entry *prev, struct xtc_handle *handle)       \
	{                                                                                   \
		(void)prev;                                                                 \
		return fake_next_rule(handle);                                              \
	}                                                                                   \
	const entry *prefix##_first_rule(const char *name, struct xtc_handle *handle)       \
	{                                                                                   \
		return fake_first_rule(name, handle);                                       \
	}                                                                                   \
	const char *prefix##_get_target(const entry *rule, struct xtc_handle *handle)       \
	{                                                                                   \
		return fake_target(handle->lib->form, rule);                                \
	}                                                                                   \
	int prefix##_get_references(unsigned *refs, const xt_chainlabel name,               \
				    struct xtc_handle *handle)                              \
	{                                                                                   \
		*refs = fake_references(name, handle);                                      \
		return 1;                                                                   \
	}                                                                                   \
	int prefix##_insert_entry(const xt_chainlabel name, const entry *rule, unsigned at, \
				  struct xtc_handle *handle)                                \
	{                                                                                   \
		return fake_put(name, rule, at, handle);                                    \
	}                                                                                   \
	int prefix##_append_entry(const xt_chainlabel name, const entry *rule,              \
				  struct xtc_handle *handle)                                \
	{                                                                                   \
		return fake_append(name, rule, handle);                                     \
	}                                                                                   \
	int prefix##_delete_num_entry(const xt_chainlabel name, unsigned at,                \
				      struct xtc_handle *handle)                            \
	{                                                                                   \
		return fake_delete_at(name, at, handle);                                    \
	}                                                                                   \
	int prefix##_flush_entries(const xt_chainlabel name, struct xtc_handle *handle)     \
	{                                                                                   \
		return fake_flush(name, handle);                                            \
	}                                                                                   \
	int prefix##_create_chain(const xt_chainlabel name, struct xtc_handle *handle)      \
	{                                                                                   \
		return fake_create_chain(name, handle);                                     \
	}                                                                                   \
	int prefix##_delete_chain(const xt_chainlabel name, struct xtc_handle *handle)      \
	{                                                                                   \
		return fake_delete_chain(name, handle);                                     \
	}                                                                                   \
	int prefix##_commit(struct xtc_handle *handle)                                      \
	{                                                                                   \
		assert_ptr_equal(handle->lib, &(state));                                    \
		return fake_commit(handle);                                                 \
	}                                                                                   \
	const char *prefix##_strerror(int code)                                             \
	{                                                                                   \
		return fake_strerror(code);                                                 \
	}

FAKE_LIB(iptc, struct ipt_entry, fake)
FAKE_LIB(ip6tc, struct ip6t_entry, fake6)
