// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <signal.h>
#include <sys/resource.h>

#include "ledger.h"

#define TWO "tcp 10.0.0.1:80, udp [fd00::1]:53"

static int set(struct ledger *ledger, const char *keys, struct ezlb_err *err)
{
	struct ezlb_scope scope = scope_of(keys);
	int rc = ledger_set(ledger, &scope, err);

	EZLB_VEC_CLEAR(&scope);
	return rc;
}

static int add(struct ledger *ledger, const char *keys)
{
	struct ezlb_scope scope = scope_of(keys);
	int rc = ledger_add(ledger, &scope, NULL);

	EZLB_VEC_CLEAR(&scope);
	return rc;
}

/* Writes `keys` to the ledger in the temporary directory. */
static void write_ledger(const char *keys)
{
	struct ledger ledger;

	assert_int_equal(ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(set(&ledger, keys, NULL), 0);
	ledger_close(&ledger);
}

/* Opens it and compares the result and what is owned. */
static void assert_reads(int want, const char *keys)
{
	struct ezlb_err err = { 0 };
	struct ledger ledger;
	int rc = ledger_open(&ledger, top, &err);

	assert_int_equal(rc, want);
	assert_int_equal(err.code, -want);
	if (want)
		assert_has(err.msg, at("ledger").s);
	assert_string_equal(scope_text(&ledger.owned).s, keys);
	ledger_close(&ledger);
}

/* `text` with the first `from` made `to`; the caller frees. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *p = strstr(text, from);

	assert_non_null(p);
	return ezlb_asprintf("%.*s%s%s", (int)(p - text), text, to, p + strlen(from));
}

static void test_absent(void **state)
{
	(void)state;
	assert_reads(0, "");
	assert_null(slurp("ledger")); /* nothing owned is nothing to write */
}

static void test_round_trip(void **state)
{
	static const char *const keys[] = {
		"tcp 10.0.0.1:80",
		TWO,
		"tcp 10.0.0.1:80, tcp 10.0.0.1:443, udp 10.0.0.1:80, sctp 10.0.0.1:80",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct ezlb_scope scope = scope_of(keys[i]);

		write_ledger(keys[i]);
		assert_reads(0, scope_text(&scope).s);
		EZLB_VEC_CLEAR(&scope);
	}
}

static void test_nothing_owned_any_more(void **state)
{
	struct ledger ledger;

	(void)state;
	write_ledger(TWO);
	assert_int_equal(ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(set(&ledger, "", NULL), 0);
	ledger_close(&ledger);
	assert_reads(0, "");
}

static void test_add(void **state)
{
	struct ledger ledger;

	(void)state;
	write_ledger("tcp 10.0.0.2:80");
	assert_int_equal(ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(add(&ledger, "tcp 10.0.0.1:80, tcp 10.0.0.2:80"), 0);
	assert_string_equal(scope_text(&ledger.owned).s, "tcp 10.0.0.1:80, tcp 10.0.0.2:80");
	ledger_close(&ledger);
	assert_reads(0, "tcp 10.0.0.1:80, tcp 10.0.0.2:80");
}

/* A new file has another inode, so this sees a write that leaves the content as it was. */
static void test_not_rewritten(void **state)
{
	struct stat before, after;
	struct ledger ledger;

	(void)state;
	write_ledger(TWO);
	assert_int_equal(stat(at("ledger").s, &before), 0);
	assert_int_equal(ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(set(&ledger, TWO, NULL), 0);
	assert_int_equal(add(&ledger, "tcp 10.0.0.1:80"), 0);
	assert_int_equal(add(&ledger, ""), 0);
	assert_int_equal(stat(at("ledger").s, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
	assert_int_equal(set(&ledger, "tcp 10.0.0.9:9", NULL), 0);
	assert_int_equal(stat(at("ledger").s, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	ledger_close(&ledger);
}

/* What a kill in the middle of a write leaves behind. */
static void test_leftover(void **state)
{
	(void)state;
	write_ledger(TWO);
	put("ledger.new", "ezlb-ledger 1\nboot 12");
	assert_reads(0, TWO);
	write_ledger("tcp 10.0.0.1:80");
	assert_reads(0, "tcp 10.0.0.1:80");
	assert_null(slurp("ledger.new"));
}

static void test_of_another(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "\nboot ", "\nboot 0" },
		{ "\nnetns ", "\nnetns 1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *good, *other;

		write_ledger(TWO);
		good = slurp("ledger");
		other = replaced(good, rows[i].from, rows[i].to);
		put("ledger", other);
		assert_reads(0, "");
		write_ledger("tcp 10.0.0.7:7"); /* and it is ours from here on */
		assert_reads(0, "tcp 10.0.0.7:7");
		free(good);
		free(other);
	}
}

static void test_every_truncation(void **state)
{
	char *good;

	(void)state;
	write_ledger(TWO);
	good = slurp("ledger");
	for (size_t len = 0; len < strlen(good); len++) {
		put_bytes("ledger", good, len);
		assert_reads(-EBADMSG, "");
	}
	put("ledger", good);
	assert_reads(0, TWO);
	free(good);
}

#define X50  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X300 X50 X50 X50 X50 X50 X50

static void test_damaged(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "ledger 1", "ledger 2" },
		{ "ezlb-ledger 1\n", "" },
		{ "ezlb-ledger 1\n", "\nezlb-ledger 1\n" },
		{ "ezlb-ledger 1\n", "ezlb-ledger 1\r\n" },
		{ "\nend", "\ncolour red\nend" },
		{ "\nend", "\n\nend" },
		{ "\nend", "\nend of it" },
		{ "\nend", "\n" X300 "\nend" },
		{ "10.0.0.1:80", "10.0.0.1" },
		{ "10.0.0.1:80", "10.0.0.256:80" },
		{ "10.0.0.1:80", "10.0.0.1:80 " },
		{ "10.0.0.1:80", "10.0.0.1:70000" },
		{ "10.0.0.1:80", "" },
		{ "tcp 10.0.0.1:80", "tcp" },
		{ "tcp", "icmp" },
		{ "tcp ", "tcp  " },
		{ "service tcp", "Service tcp" },
		{ "[fd00::1]:53", "fd00::1:53" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *good, *bad;

		remove(at("ledger").s);
		write_ledger(TWO);
		good = slurp("ledger");
		bad = replaced(good, rows[i].from, rows[i].to);
		put("ledger", bad);
		assert_reads(-EBADMSG, "");
		free(good);
		free(bad);
	}
}

/* The services of a file that does not say whose they are may be those of another boot. */
static void test_anonymous(void **state)
{
	static const char *const keys[] = { "boot ", "netns " };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		char *good, *line, *end;

		remove(at("ledger").s);
		write_ledger(TWO);
		good = slurp("ledger");
		line = strstr(good, keys[i]);
		end = strchr(line, '\n') + 1;
		memmove(line, end, strlen(end) + 1);
		put("ledger", good);
		assert_reads(-EBADMSG, "");
		free(good);
	}
}

static void test_junk(void **state)
{
	char junk[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(junk); i++)
		junk[i] = (char)(i * 37);
	put_bytes("ledger", junk, sizeof(junk));
	assert_reads(-EBADMSG, "");
	memset(junk, 0, sizeof(junk)); /* what a crash leaves on some file systems */
	put_bytes("ledger", junk, sizeof(junk));
	assert_reads(-EBADMSG, "");
	put_bytes("ledger", "ezlb-ledger 1\nend\0\n", 19);
	assert_reads(-EBADMSG, "");
}

/* Not the same as damaged: the services in it are still ours, so nobody may write over them. */
static void test_unreadable(void **state)
{
	(void)state;
	assert_int_equal(symlink("ledger", at("ledger").s), 0);
	assert_reads(-ELOOP, "");
	remove(at("ledger").s);
	make_dir("ledger");
	assert_reads(-EISDIR, "");
}

/* A write that fails changes nothing, on disk or in memory, and the next one succeeds. */
static void assert_write_fails(int want)
{
	struct ezlb_err err = { 0 };
	struct rlimit small = { 64, RLIM_INFINITY }, was;
	char *before = slurp("ledger"), *after;
	struct ledger ledger;
	int rc;

	assert_int_equal(ledger_open(&ledger, top, NULL), 0);
	getrlimit(RLIMIT_FSIZE, &was);
	small.rlim_max = was.rlim_max;
	if (want == -EFBIG)
		setrlimit(RLIMIT_FSIZE, &small);
	rc = set(&ledger, "tcp 10.0.0.1:80", &err);
	setrlimit(RLIMIT_FSIZE, &was);
	assert_int_equal(rc, want);
	assert_int_equal(err.code, -want);
	assert_has(err.msg, at("ledger").s);
	assert_string_equal(scope_text(&ledger.owned).s, TWO);
	after = slurp("ledger");
	assert_string_equal(before, after);
	remove(at("ledger.new").s);
	assert_int_equal(set(&ledger, "tcp 10.0.0.1:80", &err), 0);
	ledger_close(&ledger);
	assert_reads(0, "tcp 10.0.0.1:80");
	free(before);
	free(after);
}

static void test_disk_full(void **state)
{
	(void)state;
	write_ledger(TWO);
	assert_int_equal(symlink("/dev/full", at("ledger.new").s), 0);
	assert_write_fails(-ENOSPC);
}

static void test_file_too_large(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	write_ledger(TWO);
	assert_write_fails(-EFBIG);
}

static void test_new_is_in_the_way(void **state)
{
	(void)state;
	write_ledger(TWO);
	make_dir("ledger.new");
	assert_write_fails(-EISDIR);
}

static void test_memory_only(void **state)
{
	struct ledger ledger;

	(void)state;
	assert_int_equal(ledger_open(&ledger, NULL, NULL), 0);
	assert_null(ledger.path);
	assert_int_equal(add(&ledger, TWO), 0);
	assert_string_equal(scope_text(&ledger.owned).s, TWO);
	assert_int_equal(set(&ledger, "", NULL), 0);
	assert_int_equal(ledger.owned.len, 0);
	ledger_close(&ledger);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_absent),
		IN_TOP(test_round_trip),
		IN_TOP(test_nothing_owned_any_more),
		IN_TOP(test_add),
		IN_TOP(test_not_rewritten),
		IN_TOP(test_leftover),
		IN_TOP(test_of_another),
		IN_TOP(test_every_truncation),
		IN_TOP(test_damaged),
		IN_TOP(test_anonymous),
		IN_TOP(test_junk),
		IN_TOP(test_unreadable),
		IN_TOP(test_disk_full),
		IN_TOP(test_file_too_large),
		IN_TOP(test_new_is_in_the_way),
		cmocka_unit_test(test_memory_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
