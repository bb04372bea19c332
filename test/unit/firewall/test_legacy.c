// SPDX-License-Identifier: GPL-2.0-or-later
/* The layer over a fake libiptc: the filters of iptables and ip6tables, and who is in the way. */
#include "rules.h" /* first: what it includes has an order */

#include "cm.h"

#include <sys/stat.h>
#include <unistd.h>

#include "actual.h"
#include "fake_iptc.h"
#include "layer.h"

static char dir[64], tables[96], tables6[96], lock_path[96];
static struct ezlb_nft_signs signs = { "/no/such", "/dev/null", "/dev/null" };
static struct ezlb_layer *layer;
static struct ezlb_err err;

static int no_socket(void *arg)
{
	(void)arg;
	return -EPERM;
}

static void put_filter(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs("nat\nfilter\n", file);
	fclose(file);
}

/* A rule of somebody else in an INPUT that drops, and in FORWARD one that lets pass. */
static void lib_start(struct fake_lib *lib, const struct ezlb_xt_form *form)
{
	struct fake_chain *input;

	*lib = (struct fake_lib){ .form = form, .table = EZLB_FW_TABLE, .kernel.lib = lib };
	input = fake_add_chain(&lib->kernel, "INPUT");
	input->policy = "DROP";
	ezlb_xt_entry_jump(form, "ACCEPT", EZLB_PUSH(&input->rules));
	fake_add_chain(&lib->kernel, "FORWARD")->policy = "ACCEPT";
	fake_add_chain(&lib->kernel, "OUTPUT")->policy = "ACCEPT";
}

static int setup(void **state)
{
	struct ezlb_nl_source source = { .socket = no_socket, .timeout_ms = 100 };

	(void)state;
	ezlb_strcpy(dir, sizeof(dir), "/tmp/ezlb-firewall-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(tables, sizeof(tables), "%s/tables", dir);
	snprintf(tables6, sizeof(tables6), "%s/tables6", dir);
	snprintf(lock_path, sizeof(lock_path), "%s/lock", dir);
	setenv("XTABLES_LOCKFILE", lock_path, 1);
	put_filter(tables);
	put_filter(tables6);
	lib_start(&fake, &ezlb_xt_form_ip);
	lib_start(&fake6, &ezlb_xt_form_ip6);
	layer = ezlb_firewall_new(tables, tables6, &source, &signs);
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

/* The row at INPUT of 10.0.0.N, or fd00::N where n is negative. */
static struct ezlb_accept_row row(int n)
{
	struct ezlb_accept_row out = { .gate = EZLB_GATE_INPUT, .service.proto = EZLB_TCP };
	char text[EZLB_ENDPOINT_STRLEN];

	snprintf(text, sizeof(text), n < 0 ? "[fd00::%d]:80" : "10.0.0.%d:80", n < 0 ? -n : n);
	assert_int_equal(ezlb_endpoint_parse(text, &out.service.listen, NULL), 0);
	return out;
}

/* Words: "setup", "teardown", "+N" and "-N" add and delete the row N, "+6N" fd00::N. */
static int rcs[4];
static int apply(const char *words)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(words);
	struct ezlb_op all[4] = { 0 }, *ops[4];
	char *rest;
	size_t n = 0;
	int rc;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		int arg = atoi(word + 1);

		all[n].rc = EZLB_PENDING;
		all[n].kind = *word == 's'   ? EZLB_OP_FIREWALL_SETUP
			      : *word == 't' ? EZLB_OP_FIREWALL_TEARDOWN
			      : *word == '+' ? EZLB_OP_ACCEPT_ADD
					     : EZLB_OP_ACCEPT_DEL;
		if (*word == '+' || *word == '-')
			all[n].accept = row(arg > 60 ? 60 - arg : arg);
		ops[n] = &all[n];
		n++;
	}
	err = (struct ezlb_err){ 0 };
	rc = layer->apply(layer, ops, n, &err);
	for (size_t i = 0; i < n; i++)
		rcs[i] = all[i].rc;
	return rc;
}

/* "J" our jump, "N" a row of ours, "f" a rule of others. */
static const char *text(struct fake_lib *lib, const char *name)
{
	static char out[64];
	const struct fake_chain *chain = fake_chain(&lib->kernel, name);
	size_t at = 0;

	out[0] = '\0';
	if (!chain)
		return "-";
	for (size_t i = 0; i < chain->rules.len; i++) {
		const unsigned char *entry = chain->rules.items[i].bytes;
		const char *target = fake_target(lib->form, entry);
		struct ezlb_accept_row seen;
		char one[8] = "f";

		if (strcmp(target, EZLB_INPUT_CHAIN) == 0)
			one[0] = ezlb_xt_entry_is_plain(lib->form, entry) ? 'J' : 'j';
		else if (ezlb_fw_entry_read(lib->form, entry, target, &seen) == 0)
			snprintf(one, sizeof(one), "%d",
				 seen.service.listen.addr.bytes[lib->form->addr_size - 1]);
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s", i ? " " : "", one);
	}
	return out;
}

static void assert_text(struct fake_lib *lib, const char *input, const char *ours)
{
	assert_string_equal(text(lib, "INPUT"), input);
	assert_string_equal(text(lib, EZLB_INPUT_CHAIN), ours);
	assert_string_equal(text(lib, EZLB_FORWARD_CHAIN), "-");
}

static void assert_says(const char *part)
{
	if (!strstr(err.msg, part))
		fail_msg("'%s' is not in '%s'", part, err.msg);
}

static void test_done(void **state)
{
	struct ezlb_table table = { 0 };

	(void)state;
	assert_int_equal(apply("setup +2 +1 +61"), 0);
	assert_text(&fake, "J f", "1 2");
	assert_text(&fake6, "J f", "1");
	assert_int_equal(layer->list(layer, NULL, &table, &err), 0);
	assert_true(table.accepts_present && table.accepts_sound);
	assert_int_equal(table.accepts.len, 3);
	assert_true(table.gates[EZLB_GATE_INPUT][0] && table.gates[EZLB_GATE_INPUT][1]);
	assert_false(table.gates[EZLB_GATE_FORWARD][0]);
	ezlb_table_clear(&table);
	assert_int_equal(apply("setup +1 +61"), 0);
	assert_int_equal(fake.commits + fake6.commits, 2);
	assert_int_equal(apply("-2"), 0);
	assert_text(&fake, "J f", "1");
	assert_int_equal(apply("teardown"), 0);
	assert_text(&fake, "f", "-");
	assert_text(&fake6, "f", "-");
}

static void test_cannot_write(void **state)
{
	static const struct {
		int code, rc;
		const char *message;
	} cases[] = {
		{ ENOENT, -ENOENT, "lacks one of the modules xt_conntrack, xt_tcpudp, xt_sctp" },
		{ EPERM, -EPERM, "CAP_NET_ADMIN" },
		{ EINVAL, -EINVAL, "cannot write the filter table of iptables: libiptc error 22" },
		{ 0, -EPROTO, "cannot write the filter table of iptables" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		fake.commits = 0;
		fake.commit_errors = 9;
		fake.commit_error = cases[i].code;
		assert_int_equal(apply("+1 +2"), cases[i].rc);
		assert_int_equal(rcs[1], cases[i].rc);
		assert_says(cases[i].message);
		assert_int_equal(fake.commits, 1); /* not tried again */
		assert_text(&fake, "f", "-");
	}
	fake.edit_error = ENOMEM;
	assert_int_equal(apply("+1"), -ENOMEM);
	assert_says("cannot edit the filter table of iptables");
}

static void test_cannot_read(void **state)
{
	struct ezlb_table table = { 0 };

	(void)state;
	fake6.init_error = ENOMEM;
	assert_int_equal(layer->list(layer, NULL, &table, &err), -ENOMEM);
	assert_says("cannot read the filter table of ip6tables: libiptc error 12");
	assert_int_equal(table.accepts.len, 0);
	assert_int_equal(apply("+61"), -ENOMEM);
	/* What could not be read is not written, not even where it can be read a moment later. */
	assert_int_equal(fake6.inits, 2);
}

static void test_one_family(void **state)
{
	(void)state;
	fake6.commit_errors = 9;
	fake6.commit_error = EPERM;
	assert_int_equal(apply("setup +1 +61"), 0);
	assert_int_equal(rcs[0], -EPERM);
	assert_int_equal(rcs[1], 0);
	assert_int_equal(rcs[2], -EPERM);
	assert_text(&fake, "J f", "1");
	assert_text(&fake6, "f", "-");
}

static void test_race(void **state)
{
	(void)state;
	fake.commit_error = EAGAIN;
	fake.commit_errors = 3;
	assert_int_equal(apply("+1"), 0);
	assert_int_equal(fake.commits, 4);
	assert_text(&fake, "J f", "1");
	assert_int_equal(apply("teardown"), 0);
	fake.commits = 0;
	fake.commit_errors = 9;
	assert_int_equal(apply("+1"), -EAGAIN);
	assert_int_equal(fake.commits, 4);
	assert_says("another program keeps changing it");
}

/* Somebody without the lock, whose table replaces ours. */
static void take_away(unsigned commits)
{
	if (commits > 1)
		return;
	EZLB_VEC_CLEAR(&fake_chain(&fake.kernel, EZLB_INPUT_CHAIN)->rules);
}

static void test_lost(void **state)
{
	(void)state;
	fake.after_commit = take_away;
	assert_int_equal(apply("+1"), 0);
	assert_int_equal(fake.commits, 2);
	assert_text(&fake, "J f", "1");
	fake.commit_lost = true;
	fake.commits = 0;
	assert_int_equal(apply("+2"), -EAGAIN);
	assert_int_equal(fake.commits, 4);
	assert_says("the filter table of iptables differs from what was just written");
	assert_says(lock_path);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_done),	    TEST(test_cannot_write),
					    TEST(test_cannot_read), TEST(test_one_family),
					    TEST(test_race),	    TEST(test_lost) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
