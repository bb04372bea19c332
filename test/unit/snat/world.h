/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world: what both tests of the layer share: a kernel, a lock file and a list of tables of their
 * own, the kernel as text, and batches of ops in one line.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/snat.h>

#include "fake_iptc.h"
#include "iptables.h"

static char dir[64], tables[96], lock_path[96];
static struct ezlb_layer *layer;

static void put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* A row of backend 10.0.0.N:80, masqueraded where `to` is 0, else to 10.9.9.TO. */
static struct ezlb_snat_row row(int n, int to)
{
	struct ezlb_snat_row out = { .proto = EZLB_TCP };

	out.backend = (struct ezlb_endpoint){ .addr.family = AF_INET, .port = 80 };
	memcpy(out.backend.addr.bytes, (uint8_t[]){ 10, 0, 0, (uint8_t)n }, 4);
	if (to) {
		out.to.family = AF_INET;
		memcpy(out.to.bytes, (uint8_t[]){ 10, 9, 9, (uint8_t)to }, 4);
	}
	return out;
}

/*
 * A chain as text: "J" our plain jump, "j" one with a condition, "g" a goto, "f" a foreign rule,
 * "N>TO" a rule of ours.
 */
static void kernel_put(const char *name, const char *text)
{
	struct fake_chain *chain = fake_chain(&fake.kernel, name);

	if (!chain)
		chain = fake_add_chain(&fake.kernel, name);
	for (; *text; text += strcspn(text, " "), text += strspn(text, " ")) {
		struct ezlb_snat_rule *rule = EZLB_PUSH(&chain->rules);
		struct ipt_entry *entry = (void *)rule->bytes;
		struct ezlb_snat_row in = row(99, 99);
		int n, to;

		if (sscanf(text, "%d>%d", &n, &to) == 2)
			in = row(n, to);
		assert_int_equal(ezlb_snat_rule_build(&in, rule), 0);
		if (strchr("Jjg", *text))
			ezlb_snat_rule_jump(rule);
		if (strchr("jf", *text))
			entry->ip.outiface[0] = 'e';
		if (*text == 'g')
			entry->ip.flags = IPT_F_GOTO;
	}
}

static const char *kernel_text(const char *name)
{
	static char out[256];
	const struct fake_chain *chain = fake_chain(&fake.kernel, name);
	struct ezlb_snat_row in;
	size_t at = 0;

	out[0] = '\0';
	if (!chain)
		return "-";
	for (size_t i = 0; i < chain->rules.len; i++) {
		const struct ezlb_snat_rule *rule = &chain->rules.items[i];
		const struct ipt_entry *entry = (const void *)rule->bytes;
		char one[16] = "f";

		if (strcmp(iptc_get_target(entry, NULL), EZLB_SNAT_CHAIN) == 0)
			one[0] = ezlb_snat_rule_is_plain_jump(entry) ? 'J' : 'j';
		else if (ezlb_snat_rule_parse(rule->bytes, rule->len, &in) == 0)
			snprintf(one, sizeof(one), "%d>%d", in.backend.addr.bytes[3],
				 in.to.bytes[3]);
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s", i ? " " : "", one);
	}
	return out;
}

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	kernel_put("PREROUTING", "");
	kernel_put("POSTROUTING", "");
	ezlb_strcpy(dir, sizeof(dir), "/tmp/ezlb-snat-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(tables, sizeof(tables), "%s/tables", dir);
	snprintf(lock_path, sizeof(lock_path), "%s/lock", dir);
	put_file(tables, "filter\nnat\n");
	setenv("XTABLES_LOCKFILE", lock_path, 1);
	layer = ezlb_snat_iptables_new(tables);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_clear(&fake.kernel);
	layer->close(layer);
	remove(tables);
	remove(lock_path);
	return rmdir(dir);
}

/* One batch of at most four ops; the rest is left out by kind EZLB_OPS. */
struct todo {
	enum ezlb_op_kind kind;
	int n, to;
};

static int rcs[4];

static int apply(const struct todo *todo, size_t n, struct ezlb_err *err)
{
	struct ezlb_op all[4] = { 0 }, *ops[4];
	int rc;

	for (size_t i = 0; i < n; i++) {
		all[i] = (struct ezlb_op){ .kind = todo[i].kind, .rc = EZLB_PENDING };
		all[i].snat = row(todo[i].n, todo[i].to);
		if (todo[i].n < 0)
			all[i].snat.backend.addr.family = AF_INET6;
		ops[i] = &all[i];
	}
	rc = layer->apply(layer, ops, n, err);
	for (size_t i = 0; i < n; i++)
		rcs[i] = all[i].rc;
	return rc;
}

#define APPLY(err, ...)                             \
	apply((const struct todo[]){ __VA_ARGS__ }, \
	      sizeof((const struct todo[]){ __VA_ARGS__ }) / sizeof(struct todo), (err))
#define SETUP                            \
	{                                \
		EZLB_OP_SNAT_SETUP, 0, 0 \
	}
#define TEARDOWN                            \
	{                                   \
		EZLB_OP_SNAT_TEARDOWN, 0, 0 \
	}
#define ADD(n, to)                          \
	{                                   \
		EZLB_OP_SNAT_ADD, (n), (to) \
	}
#define SET(n, to)                          \
	{                                   \
		EZLB_OP_SNAT_SET, (n), (to) \
	}
#define DEL(n)                           \
	{                                \
		EZLB_OP_SNAT_DEL, (n), 0 \
	}

static void assert_listed(bool present, bool sound, size_t rows)
{
	struct ezlb_table table = { .snat_present = !present, .snat_sound = !sound };

	assert_int_equal(layer->list(layer, NULL, &table, NULL), 0);
	assert_int_equal(table.snat_present, present);
	assert_int_equal(table.snat_sound, sound);
	assert_int_equal(table.snats.len, rows);
	ezlb_table_clear(&table);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
