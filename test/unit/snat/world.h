/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world: what the tests of the layer share: a kernel, a lock file and a list of tables of their
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
#include "rules.h"

static char dir[64], tables[96], tables6[96], lock_path[96];
static struct ezlb_layer *layer;

static void put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/*
 * A row of backend 10.0.0.N:80, masqueraded where `to` is 0, else to 10.9.9.TO; where n is
 * negative, of fd00::N and fd99::TO.
 */
static struct ezlb_snat_row row(int n, int to)
{
	struct ezlb_snat_row out = { .key.proto = EZLB_TCP };
	char text[EZLB_ADDR_STRLEN];

	snprintf(text, sizeof(text), n < 0 ? "fd00::%x" : "10.0.0.%d", n < 0 ? -n : n);
	assert_int_equal(ezlb_addr_parse(text, &out.key.endpoint.addr, NULL), 0);
	out.key.endpoint.port = 80;
	snprintf(text, sizeof(text), n < 0 ? "fd99::%x" : "10.9.9.%d", to);
	if (to)
		assert_int_equal(ezlb_range_parse(text, &out.to, NULL), 0);
	return out;
}

/*
 * A chain as text: "J" our plain jump, "j" one with a condition, "g" a goto, "f" a foreign rule,
 * "N>TO" a rule of ours.
 */
static void lib_put(struct fake_lib *lib, const char *name, const char *text)
{
	struct fake_chain *chain = fake_chain(&lib->kernel, name);
	bool ip = lib == &fake;
	size_t outiface = ip ? offsetof(struct ipt_entry, ip.outiface)
			     : offsetof(struct ip6t_entry, ipv6.outiface);

	if (!chain)
		chain = fake_add_chain(&lib->kernel, name);
	for (; *text; text += strcspn(text, " "), text += strspn(text, " ")) {
		struct ezlb_xt_entry *rule = EZLB_PUSH(&chain->rules);
		struct ezlb_snat_row in = row(ip ? 99 : -99, 99);
		int n, to;

		if (sscanf(text, "%d>%d", &n, &to) == 2)
			in = row(n, to);
		assert_int_equal(ezlb_snat_rule_build(&in, rule), 0);
		if (strchr("Jjg", *text))
			ezlb_xt_entry_jump(lib->form, EZLB_SNAT_CHAIN, rule);
		if (strchr("jf", *text))
			rule->bytes[outiface] = 'e';
		if (*text == 'g')
			rule->bytes[lib->form->flags] |= ip ? IPT_F_GOTO : IP6T_F_GOTO;
	}
}

static int last_byte(const struct ezlb_addr *addr)
{
	return addr->family == AF_INET6 ? addr->bytes[15] : addr->bytes[3];
}

static const char *lib_text(struct fake_lib *lib, const char *name)
{
	static char out[256];
	const struct fake_chain *chain = fake_chain(&lib->kernel, name);
	struct ezlb_snat_row in;
	size_t at = 0;

	out[0] = '\0';
	if (!chain)
		return "-";
	for (size_t i = 0; i < chain->rules.len; i++) {
		const struct ezlb_xt_entry *rule = &chain->rules.items[i];
		char one[16] = "f";

		if (strcmp(fake_target(lib->form, rule->bytes), EZLB_SNAT_CHAIN) == 0)
			one[0] = ezlb_xt_entry_is_plain(lib->form, rule->bytes) ? 'J' : 'j';
		else if (ezlb_snat_rule_parse(lib->form, rule->bytes, rule->len, &in) == 0)
			snprintf(one, sizeof(one), "%s%d>%d", lib == &fake ? "" : "-",
				 last_byte(&in.key.endpoint.addr), last_byte(&in.to.first));
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s", i ? " " : "", one);
	}
	return out;
}

static const char *kernel_text(const char *name)
{
	return lib_text(&fake, name);
}

static void lib_start(struct fake_lib *lib, const struct ezlb_xt_form *form)
{
	*lib = (struct fake_lib){ .form = form, .table = "nat", .kernel.lib = lib };
	lib_put(lib, "PREROUTING", "");
	lib_put(lib, "POSTROUTING", "");
}

/* The host has both tables, and the one of IPv6 is not loaded. */
static int setup(void **state)
{
	(void)state;
	lib_start(&fake, &ezlb_xt_form_ip);
	lib_start(&fake6, &ezlb_xt_form_ip6);
	ezlb_strcpy(dir, sizeof(dir), "/tmp/ezlb-snat-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(tables, sizeof(tables), "%s/tables", dir);
	snprintf(tables6, sizeof(tables6), "%s/tables6", dir);
	snprintf(lock_path, sizeof(lock_path), "%s/lock", dir);
	put_file(tables, "filter\nnat\n");
	setenv("XTABLES_LOCKFILE", lock_path, 1);
	layer = ezlb_snat_iptables_new(tables, tables6);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_clear(&fake.kernel);
	fake_clear(&fake6.kernel);
	layer->close(layer);
	remove(tables);
	remove(tables6);
	remove(lock_path);
	return rmdir(dir);
}

/* One batch of at most four ops; the rest is left out by kind EZLB_OPS. */
struct todo {
	enum ezlb_op_kind kind;
	int n, to;
};

static int rcs[4];

#define BAD_TO 256

static int apply(const struct todo *todo, size_t n, struct ezlb_err *err)
{
	struct ezlb_op all[4] = { 0 }, *ops[4];
	int rc;

	for (size_t i = 0; i < n; i++) {
		all[i] = (struct ezlb_op){ .kind = todo[i].kind, .rc = EZLB_PENDING };
		all[i].snat = row(todo[i].n, todo[i].to == BAD_TO ? 0 : todo[i].to);
		if (todo[i].to == BAD_TO)
			all[i].snat.to.first.family = AF_UNIX;
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
/* One that is refused before the kernel is asked: its `to` is of another family. */
#define BAD(n)                                \
	{                                     \
		EZLB_OP_SNAT_ADD, (n), BAD_TO \
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
