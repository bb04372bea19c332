// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger_text.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SO ": ezlb does not know what it owns, and removes nothing"

/* Says so with the reason, and is empty. */
static void assert_unusable(const char *what)
{
	struct ezlb_err err = { 0 };
	struct ezlb_ledger ledger;
	int rc = ezlb_ledger_open(&ledger, top, &err);

	if (rc != -EBADMSG)
		fail_msg("%d instead of damage: %s", rc, what);
	assert_int_equal(err.code, EBADMSG);
	assert_has(err.msg, at("ledger").s);
	assert_has(err.msg, what);
	assert_has(err.msg, SO);
	assert_content(&ledger, "");
	assert_false(ezlb_ledger_lost(&ledger));
	ezlb_ledger_close(&ledger);
}

/* `text` with the first `from` made `to`; the caller frees. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *p = strstr(text, from);

	assert_non_null(p);
	return ezlb_asprintf("%.*s%s%s", (int)(p - text), text, to, p + strlen(from));
}

/* Not every kernel has one, and the tests count lines. The caller frees. */
static char *slurp_without_cookie(void)
{
	char *text = slurp("ledger"), *line = strstr(text, "\ncookie ");

	if (line)
		memmove(line, strchr(line + 1, '\n'), strlen(strchr(line + 1, '\n')) + 1);
	return text;
}

/* --- the file of another boot or namespace ------------------------------------------------- */

static void test_of_another(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "\nboot ", "\nboot 0" },
		{ "\nnetns ", "\nnetns 1" },
		{ "\nboot ", "\nboot of long ago\nnow comes rubbish " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *good, *other;
		struct ezlb_ledger ledger;

		write_ledger(ALL);
		good = slurp("ledger");
		other = replaced(good, rows[i].from, rows[i].to);
		put("ledger", other);
		assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
		assert_content(&ledger, "");
		assert_false(ezlb_ledger_lost(&ledger));
		assert_int_equal(set(&ledger, "tcp 10.0.0.7:7", NULL), 0);
		ezlb_ledger_close(&ledger);
		assert_reads("tcp 10.0.0.7:7"); /* it is ours from here on */
		free(good);
		free(other);
	}
}

/* --- damage -------------------------------------------------------------------------------- */

static void test_every_truncation(void **state)
{
	EZLB_AUTO_FREE char *good = NULL;

	(void)state;
	write_ledger(ALL);
	good = slurp("ledger");
	for (size_t len = 0; len < strlen(good); len++) {
		put_bytes("ledger", good, len);
		assert_unusable("is cut off");
	}
	put("ledger", good);
	assert_reads(ALL);
}

#define X50  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X250 X50 X50 X50 X50 X50

static void test_damaged(void **state)
{
	static const struct {
		const char *from, *to, *what;
	} rows[] = {
		{ "ledger 1", "ledger 2", "line 1 has another version" },
		{ "ezlb-ledger 1\n", "", "line 1 is not the expected one" },
		{ "ezlb-ledger 1\n", "\nezlb-ledger 1\n", "line 1 is not" },
		{ "ezlb-ledger 1\n", "ezlb-ledger 1\r\n", "line 1 has another version" },
		{ "\nboot ", "\nBoot ", "line 2 is not the expected one" },
		{ "\nnetns ", "\nchain nat EZLB-SNAT\nnetns ", "line 3 is not" },
		{ "\nend", "\ncolour red\nend", "line 9 is unknown" },
		{ "\nend", "\n\nend", "line 9 is unknown" },
		{ "\nend", "\nend of it", "line 9 is unknown" },
		{ "\nend", "\n" X250 "12345\nend", "line 9 is too long" },
		{ "\nend", "\n" X250 "1234\nend", "line 9 is unknown" },
		{ "\nend\n", "\nend\n\n", "line 10 comes after the end" },
		{ "\nend\n", "\nend\nend\n", "line 10 comes after the end" },
		{ "nat EZLB-SNAT", "nat EZLB", "line 4 is unknown" },
		{ "nat EZLB-SNAT", "filter EZLB-SNAT", "line 4 is unknown" },
		{ "chain nat EZLB-SNAT", "chain", "line 4 is unknown" },
		{ "\nend", "\nchain nat EZLB-SNAT\nend", "line 9 is a duplicate" },
		{ "\nend", "\ntable nft ezlb\ntable nft ezlb\nend", "line 10 is a duplicate" },
		{ "\nend", "\ntable nft other\nend", "line 9 is unknown" },
		{ "conntrack 0", "conntrack", "line 5 has no valid value" },
		{ "conntrack 0", "conntrack ", "line 5 has no valid value" },
		{ "conntrack 0", "conntrack -1", "line 5 has no valid value" },
		{ "conntrack 0", "conntrack 1x", "line 5 has no valid value" },
		{ "conntrack 0", "conntrack +1", "line 5 has no valid value" },
		{ "conntrack 0", "conntrack 2147483648", "line 5 has no valid value" },
		{ "conntrack 0", "conntrack 00000000001", "line 5 has no valid value" },
		{ "conntrack 0", "conntrack  0", "line 5 has no valid setting" },
		{ "conntrack 0", "conntracks 0", "line 5 has no valid setting" },
		{ "net.ipv4.vs.conntrack 0", "0", "line 5 has no valid value" },
		{ "net.ipv4.vs.conntrack 0", " 0", "line 5 has no valid setting" },
		{ "vs.conntrack", "ip_forward", "it has the same setting twice" },
		{ "net.ipv4.vs.conntrack", "module ip_tables", "line 5 has no valid setting" },
		{ "ipv4.vs.conntrack", "ipv6.conf..accept_ra", "line 5 has no valid setting" },
		{ "\nend", "\ntimeout tcp 900\nend", "line 9 has no valid timeout" },
		{ "\nend", "\ntimeout tcp\nend", "line 9 has no valid timeout" },
		{ "\nend", "\ntimeout sctp 1 2\nend", "line 9 has no valid timeout" },
		{ "\nend", "\ntimeout tcp 1 2 3\nend", "line 9 has no valid timeout" },
		{ "\nend", "\ntimeout tcp -1 2\nend", "line 9 has no valid timeout" },
		{ "\nend", "\ntimeout tcp 1 2\ntimeout tcp 1 3\nend",
		  "it has the same timeout twice" },
		{ "\nend", "\nsync master eth1\nend", "line 9 has no valid sync daemon" },
		{ "\nend", "\nsync master\nend", "line 9 has no valid sync daemon" },
		{ "\nend", "\nsync \nend", "line 9 has no valid sync daemon" },
		{ "\nend", "\nsync slave eth1 1\nend", "line 9 has no valid sync daemon" },
		{ "\nend", "\nsync master a/b 1\nend", "line 9 has no valid sync daemon" },
		{ "\nend", "\nsync master  1\nend", "line 9 has no valid sync daemon" },
		{ "\nend", "\nsync master eth1 -1\nend", "line 9 has no valid sync daemon" },
		{ "\nend", "\nsync master eth1 1 2\nend", "line 9 has no valid sync daemon" },
		{ "\nend", "\nsync master eth1 1\nsync master eth1 1\nend",
		  "it has the same sync daemon twice" },
		{ "\nend", "\nlink \nend", "line 9 has no valid link" },
		{ "\nend", "\nlink\nend", "line 9 is unknown" },
		{ "\nend", "\nlink a0 b0\nend", "line 9 has no valid link" },
		{ "\nend", "\nlink ../a0\nend", "line 9 has no valid link" },
		{ "\nend", "\nlink abcdefghijklmnop\nend", "line 9 has no valid link" },
		{ "\nend", "\nlink a0\nlink a0\nend", "it has the same link twice" },
		{ "\nend", "\nclsact \nend", "line 9 has no valid interface" },
		{ "\nend", "\nclsact\nend", "line 9 is unknown" },
		{ "\nend", "\nclsact a0 b0\nend", "line 9 has no valid interface" },
		{ "\nend", "\nclsact a0\nclsact a0\nend", "it has the same clsact twice" },
		{ "\nend", "\nvip a0\nend", "line 9 has no valid address" },
		{ "\nend", "\nvip a0 10.0.0.256\nend", "line 9 has no valid address" },
		{ "\nend", "\nvip a0 10.0.0.1 \nend", "line 9 has no valid address" },
		{ "\nend", "\nvip  10.0.0.1\nend", "line 9 has no valid address" },
		{ "\nend", "\nvip abcdefghijklmnop 10.0.0.1\nend", "line 9 has no valid address" },
		{ "\nend", "\nvip a0 10.0.0.1\nvip a0 10.0.0.1\nend",
		  "it has the same address twice" },
		{ "\nsetting", "\nsetting\nsetting", "line 5 is unknown" },
		{ "10.0.0.1:80", "10.0.0.1", "line 7 has no valid service" },
		{ "10.0.0.1:80", "10.0.0.256:80", "line 7 has no valid service" },
		{ "10.0.0.1:80", "10.0.0.1:80 ", "line 7 has no valid service" },
		{ "10.0.0.1:80", "10.0.0.1:70000", "line 7 has no valid service" },
		{ "10.0.0.1:80", "", "line 7 has no valid service" },
		{ "tcp 10.0.0.1:80", "tcp", "line 7 has no valid service" },
		{ "tcp", "icmp", "line 7 has no valid service" },
		{ "tcp ", "tcp  ", "line 7 has no valid service" },
		{ "service tcp", "Service tcp", "line 7 is unknown" },
		{ "[fd00::1]:53", "fd00::1:53", "line 8 has no valid service" },
		{ "udp [fd00::1]:53", "tcp 10.0.0.1:80", "it has the same service twice" },
		{ "\nend", "\ndrain 1\nend", "line 9 has no valid drain" },
		{ "\nend", "\ndrain x down 10.1.0.1:80 tcp 10.0.0.1:80\nend",
		  "line 9 has no valid" },
		{ "\nend", "\ndrain -1 down 10.1.0.1:80 tcp 10.0.0.1:80\nend",
		  "line 9 has no valid" },
		{ "\nend", "\ndrain 1 up 10.1.0.1:80 tcp 10.0.0.1:80\nend", "line 9 has no valid" },
		{ "\nend", "\ndrain 1 down 10.1.0.256:80 tcp 10.0.0.1:80\nend",
		  "line 9 has no valid" },
		{ "\nend", "\ndrain 1 down 10.1.0.1:80 10.0.0.1:80\nend", "line 9 has no valid" },
		{ "\nend", "\ndrain 1 down 10.1.0.1:80 \nend", "line 9 has no valid drain" },
		{ "\nend",
		  "\ndrain 1 down 10.1.0.1:80 tcp 10.0.0.1:80"
		  "\ndrain 2 removed 10.1.0.1:80 tcp 10.0.0.1:80\nend",
		  "it has the same drain twice" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *good, *bad;

		write_ledger(ALL);
		good = slurp_without_cookie();
		bad = replaced(good, rows[i].from, rows[i].to);
		put("ledger", bad);
		assert_unusable(rows[i].what);
		free(good);
		free(bad);
	}
}

static void test_nul_bytes(void **state)
{
	EZLB_AUTO_FREE char *good = NULL;
	size_t len;

	(void)state;
	write_ledger(ALL);
	good = slurp_without_cookie();
	len = strlen(good);
	for (size_t i = 0; i <= len; i++) {
		char *with = ezlb_calloc(len + 1, 1);

		memcpy(with, good, i);
		memcpy(with + i + 1, good + i, len - i);
		put_bytes("ledger", with, len + 1);
		assert_unusable(i == len ? "line 10 comes after the end" : "has a NUL byte");
		free(with);
	}
	put_bytes("ledger", good, len);
	assert_reads(ALL);
}

static void test_junk(void **state)
{
	char junk[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(junk); i++)
		junk[i] = (char)(i * 37);
	put_bytes("ledger", junk, sizeof(junk));
	assert_unusable("line 1 ");
	memset(junk, 0, sizeof(junk)); /* what a crash leaves on some file systems */
	put_bytes("ledger", junk, sizeof(junk));
	assert_unusable("line 1 ");
	put("ledger", "");
	assert_unusable("line 1 is cut off");
}

static void test_endless(void **state)
{
	EZLB_AUTO_FREE char *good = NULL;
	FILE *f;

	(void)state;
	write_ledger("chain, ");
	good = slurp_without_cookie();
	f = fopen(at("ledger").s, "we");
	fprintf(f, "%.*s", (int)(strstr(good, "chain") - good), good);
	for (int i = 0; i < 1048573; i++)
		fprintf(f, "service tcp 1.1.1.1:1\n");
	fprintf(f, "end\n");
	fclose(f);
	assert_unusable("line 1048577 exceeds the limit");
}

/* The services of a file that does not say whose they are may be those of another boot. */
static void test_anonymous(void **state)
{
	static const char *const keys[] = { "boot ", "netns " };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		EZLB_AUTO_FREE char *good = NULL;
		char *line, *end;

		write_ledger(ALL);
		good = slurp_without_cookie();
		line = strstr(good, keys[i]);
		end = strchr(line, '\n') + 1;
		memmove(line, end, strlen(end) + 1);
		put("ledger", good);
		assert_unusable("is not the expected one");
	}
}

/* The first content replaces it, and until then it stays to be looked at. */
static void test_damage_is_replaced(void **state)
{
	EZLB_AUTO_FREE char *junk = NULL;
	struct ezlb_ledger ledger;

	(void)state;
	put("ledger", "junk\n");
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), -EBADMSG);
	assert_int_equal(set(&ledger, "", NULL), 0);
	junk = slurp_without_cookie();
	assert_string_equal(junk, "junk\n");
	assert_int_equal(set(&ledger, ALL, NULL), 0);
	assert_false(ezlb_ledger_lost(&ledger));
	ezlb_ledger_close(&ledger);
	assert_reads(ALL);
}

/* --- what cannot be read ------------------------------------------------------------------- */

static void make_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ezlb_strcpy(addr.sun_path, sizeof(addr.sun_path), path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

static void test_unreadable(void **state)
{
	struct ezlb_ledger ledger;

	(void)state;
	alarm(20);
	assert_int_equal(symlink("ledger", at("ledger").s), 0);
	assert_unusable("Too many levels of symbolic links");
	write_ledger(TWO);
	remove(at("ledger").s);
	/* What it points to is not even opened: that of a device could do something. */
	assert_int_equal(symlink("/dev/null", at("ledger").s), 0);
	assert_unusable("Too many levels of symbolic links");
	remove(at("ledger").s);
	make_socket(at("ledger").s);
	assert_unusable("No such device or address");
	remove(at("ledger").s);
	assert_int_equal(mkfifo(at("ledger").s, 0600), 0);
	assert_unusable("it is not a regular file");
	alarm(0);
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), -EBADMSG);
	assert_int_equal(set(&ledger, ALL, NULL), 0);
	ezlb_ledger_close(&ledger);
	assert_reads(ALL);
}

static void test_forbidden(void **state)
{
	uid_t me = geteuid();

	(void)state;
	write_ledger(ALL);
	assert_int_equal(chmod(at("ledger").s, 0), 0);
	if (me == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_unusable("Permission denied");
	assert_int_equal(seteuid(me), 0);
}

/* A directory cannot be replaced either: the failure changes nothing, here and there. */
static void test_directory(void **state)
{
	struct ezlb_err err = { 0 };
	struct ezlb_ledger ledger;

	(void)state;
	make_dir("ledger");
	assert_unusable("it is not a regular file");
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), -EBADMSG);
	assert_int_equal(set(&ledger, ALL, &err), -EISDIR);
	assert_has(err.msg, at("ledger").s);
	assert_content(&ledger, "");
	assert_null(slurp("ledger.new"));
	remove(at("ledger").s);
	assert_int_equal(set(&ledger, ALL, &err), 0);
	ezlb_ledger_close(&ledger);
	assert_reads(ALL);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

/* For want of a descriptor a sound ledger is not given up for lost. */
static void test_no_descriptor(void **state)
{
	struct rlimit old, none = { 0 };
	struct ezlb_err err = { 0 };
	struct ezlb_ledger ledger;
	int rc;

	(void)state;
	put("ledger", "whatever\n");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	rc = ezlb_ledger_open(&ledger, top, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(rc, -EMFILE);
	assert_has(err.msg, "cannot read ");
	ezlb_ledger_close(&ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_of_another), IN_TOP(test_every_truncation),
		IN_TOP(test_damaged),	 IN_TOP(test_nul_bytes),
		IN_TOP(test_junk),	 IN_TOP(test_endless),
		IN_TOP(test_anonymous),	 IN_TOP(test_damage_is_replaced),
		IN_TOP(test_unreadable), IN_TOP(test_forbidden),
		IN_TOP(test_directory),	 IN_TOP(test_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
