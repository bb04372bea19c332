// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger_text.h"

#include <inttypes.h>
#include <sys/socket.h>

/* What is around services; before ALL, and as it comes out of it. */
#define DRAIN	"drain 86400000 removed 10.1.0.1:80 tcp 10.0.0.1:80, "
#define TIMEOUT "timeout tcp 900 3600, "
#define SYNC	"sync master eth1 1, "
#define AROUND	TIMEOUT SYNC "link a0, vip a0 10.0.0.1, clsact eth0, " DRAIN
#define SORTED                                               \
	"chain, vs.conntrack 0, ip_forward 1, " TIMEOUT SYNC \
	"link a0, vip a0 10.0.0.1, clsact eth0, " DRAIN TWO

/* --- the content in memory ----------------------------------------------------------------- */

static void test_content(void **state)
{
	struct ezlb_ledger_content a = content_of(AROUND ALL), b = { .chain = false };

	(void)state;
	assert_string_equal(content_text(&b).s, "");
	ezlb_ledger_content_copy(&b, &a);
	ezlb_ledger_content_copy(&b, &a); /* what was in it does not leak */
	ezlb_ledger_content_copy(&b, &b);
	ezlb_ledger_content_clear(&a);
	assert_string_equal(content_text(&a).s, "");
	assert_string_equal(content_text(&b).s, SORTED);
	ezlb_ledger_content_clear(&b);
}

static void test_memory_only(void **state)
{
	struct ezlb_ledger ledger;

	(void)state;
	assert_int_equal(ezlb_ledger_open(&ledger, NULL, NULL), 0);
	assert_null(ledger.path);
	assert_content(&ledger, "");
	assert_false(ezlb_ledger_lost(&ledger));
	assert_int_equal(set(&ledger, ALL, NULL), 0);
	assert_content(&ledger, ALL);
	assert_false(ezlb_ledger_lost(&ledger));
	assert_int_equal(set(&ledger, "", NULL), 0);
	assert_content(&ledger, "");
	ezlb_ledger_close(&ledger);
}

/* --- writing and reading back -------------------------------------------------------------- */

static void test_absent(void **state)
{
	struct ezlb_ledger ledger;

	(void)state;
	assert_reads("");
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(set(&ledger, "", NULL), 0);
	assert_false(ezlb_ledger_lost(&ledger));
	assert_null(slurp("ledger")); /* nothing owned is nothing to write */
	ezlb_ledger_close(&ledger);
}

static void test_round_trip(void **state)
{
	static const char *const rows[] = {
		"tcp 10.0.0.1:80",
		TWO,
		"tcp 10.0.0.1:80, tcp 10.0.0.1:443, udp 10.0.0.1:80, sctp 10.0.0.1:80",
		"chain, ",
		"table, ",
		"chain, table, ip_forward 0, " TWO,
		"vs.conntrack 0, ",
		"ip_forward 2147483647, tcp 10.0.0.1:80",
		"vs.conntrack 0, accept_ra 1, ",
		"sync master eth1 1, sync master eth2 1, sync backup eth1 1, sync backup eth1 255, ",
		"link a0, link b0, ",
		"clsact eth0, clsact eth1, ",
		"vip a0 10.0.0.1, vip a0 fd00::1, vip b0 10.0.0.1, ",
		"drain 0 down [fd00::2]:80 tcp [fd00::1]:80, "
		"drain 999999999999999999 standby 10.1.0.1:80 fwmark 7, ",
		SORTED,
		ALL,
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		write_ledger(rows[i]);
		assert_reads(rows[i]);
	}
}

/* The whole text, as ledger.h has it. */
static void test_text(void **state)
{
	EZLB_AUTO_FREE char *boot = NULL, *want = NULL, *is = NULL, *with = NULL;
	int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie = 0;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	struct stat netns;

	(void)state;
	boot = read_fd(fd);
	close(fd);
	if (getsockopt(probe, SOL_SOCKET, 71, &cookie, &len) == 0) /* SO_NETNS_COOKIE */
		with = ezlb_asprintf("cookie %" PRIu64 "\n", cookie);
	close(probe);
	assert_int_equal(stat("/proc/self/ns/net", &netns), 0);
	want = ezlb_asprintf("ezlb-ledger 1\n"
			     "boot %s"
			     "netns %llu\n"
			     "%s"
			     "chain nat EZLB-SNAT\n"
			     "setting net.ipv4.vs.conntrack 0\n"
			     "setting net.ipv4.ip_forward 1\n"
			     "timeout tcp 900 3600\n"
			     "sync master eth1 1\n"
			     "link a0\n"
			     "vip a0 10.0.0.1\n"
			     "clsact eth0\n"
			     "drain 86400000 removed 10.1.0.1:80 tcp 10.0.0.1:80\n"
			     "service tcp 10.0.0.1:80\n"
			     "service udp [fd00::1]:53\n"
			     "end\n",
			     boot, (unsigned long long)netns.st_ino, with ? with : "");
	write_ledger(SORTED);
	is = slurp("ledger");
	assert_string_equal(is, want);
	assert_null(slurp("ledger.new"));
	assert_int_equal(stat(at("ledger").s, &netns), 0);
	assert_int_equal(netns.st_mode, S_IFREG | 0600);
}

/* What a link points to is neither read nor written. */
static void test_a_link_is_no_ledger(void **state)
{
	EZLB_AUTO_FREE char *other = NULL, *after = NULL;
	struct ezlb_ledger ledger;
	struct ezlb_err err = { 0 };

	(void)state;
	write_ledger(ALL);
	assert_int_equal(rename(at("ledger").s, at("other").s), 0);
	assert_int_equal(symlink("other", at("ledger").s), 0);
	other = slurp("other");
	assert_int_equal(ezlb_ledger_open(&ledger, top, &err), -EBADMSG);
	assert_has(err.msg, "cannot read ");
	assert_content(&ledger, "");
	assert_int_equal(set(&ledger, TWO, NULL), 0);
	after = slurp("other");
	assert_string_equal(after, other);
	assert_content(&ledger, TWO);
	/* The same content behind a link is another file. */
	assert_int_equal(rename(at("ledger").s, at("other").s), 0);
	assert_int_equal(symlink("other", at("ledger").s), 0);
	assert_true(ezlb_ledger_lost(&ledger));
	ezlb_ledger_close(&ledger);
}

static void test_any_order(void **state)
{
	EZLB_AUTO_FREE char *good = NULL, *head = NULL, *mixed = NULL;

	(void)state;
	write_ledger(ALL);
	good = slurp("ledger");
	head = ezlb_strndup(good, (size_t)(strstr(good, "chain") - good));
	mixed = ezlb_asprintf("%s%s", head,
			      "service udp [fd00::1]:53\n"
			      "setting net.ipv4.ip_forward 1\n"
			      "service tcp 10.0.0.1:80\n"
			      "vip a0 10.0.0.1\n"
			      "clsact eth1\n"
			      "clsact eth0\n"
			      "drain 86400000 removed 10.1.0.1:80 tcp 10.0.0.1:80\n"
			      "setting net.ipv6.conf.eth0.accept_ra 0\n"
			      "timeout tcp 900 3600\n"
			      "sync backup eth1 1\n"
			      "sync master eth1 1\n"
			      "link a0\n"
			      "chain nat EZLB-SNAT\n"
			      "setting net.ipv4.vs.conntrack 0\n"
			      "end\n");
	put("ledger", mixed);
	assert_reads("chain, vs.conntrack 0, ip_forward 1, accept_ra 0, " TIMEOUT SYNC
		     "sync backup eth1 1, "
		     "link a0, vip a0 10.0.0.1, clsact eth0, clsact eth1, " DRAIN TWO);
}

static void test_nothing_owned_any_more(void **state)
{
	EZLB_AUTO_FREE char *text = NULL;
	struct ezlb_ledger ledger;

	(void)state;
	write_ledger(ALL);
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(set(&ledger, "", NULL), 0);
	ezlb_ledger_close(&ledger);
	assert_reads("");
	text = slurp("ledger");
	assert_has(text, "\nend\n");
}

static void test_many(void **state)
{
	struct ezlb_service_key key = key_of("tcp 10.0.0.1:1");
	struct ezlb_ledger_content content = { .chain = false };
	struct ezlb_ledger ledger;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		key.listen.addr.bytes[2] = (uint8_t)(i / 60000);
		key.listen.port = (uint16_t)(i % 60000 + 1);
		*EZLB_PUSH(&content.services) = key;
	}
	EZLB_SORT(&content.services, ezlb_service_key_cmp);
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(ezlb_ledger_set(&ledger, &content, NULL), 0);
	ezlb_ledger_close(&ledger);
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(ledger.content.services.len, 100000);
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(ezlb_service_key_cmp(&ledger.content.services.items[i],
						      &content.services.items[i]),
				 0);
	ezlb_ledger_close(&ledger);
	ezlb_ledger_content_clear(&content);
}

/* A new file has another inode, so this sees a write that leaves the content as it was. */
static void test_not_rewritten(void **state)
{
	static const char *const others[] = {
		"chain, vs.conntrack 0, ip_forward 1, tcp 10.0.0.9:9, udp [fd00::1]:53",
		"chain, vs.conntrack 0, ip_forward 1, tcp 10.0.0.1:80",
		"vs.conntrack 0, ip_forward 1, " TWO,
		"chain, ip_forward 1, " TWO,
		"chain, table, vs.conntrack 0, ip_forward 1, " TWO,
		"chain, vs.conntrack 0, ip_forward 0, " TWO,
		SORTED,
		"chain, vs.conntrack 0, ip_forward 1, link a0, " TWO,
		"chain, vs.conntrack 0, ip_forward 1, vip a0 10.0.0.1, " TWO,
		"chain, vs.conntrack 0, ip_forward 1, accept_ra 0, " TWO,
		"chain, vs.conntrack 0, ip_forward 1, " DRAIN TWO,
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct stat before, after;
		struct ezlb_ledger ledger;

		write_ledger(ALL);
		assert_int_equal(stat(at("ledger").s, &before), 0);
		assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
		assert_int_equal(set(&ledger, ALL, NULL), 0);
		assert_int_equal(ezlb_ledger_set(&ledger, &ledger.content, NULL), 0);
		assert_int_equal(stat(at("ledger").s, &after), 0);
		assert_int_equal(before.st_ino, after.st_ino);
		assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
		assert_int_equal(set(&ledger, others[i], NULL), 0);
		assert_content(&ledger, others[i]);
		assert_false(ezlb_ledger_lost(&ledger));
		ezlb_ledger_close(&ledger);
		assert_reads(others[i]);
	}
}

static void test_drain_rewritten(void **state)
{
	static const char *const others[] = {
		"drain 5001 down 10.1.0.1:80 tcp 10.0.0.1:80, ",
		"drain 5000 removed 10.1.0.1:80 tcp 10.0.0.1:80, ",
		"drain 5000 down 10.1.0.2:80 tcp 10.0.0.1:80, ",
		"drain 5000 down 10.1.0.1:80 udp 10.0.0.1:80, ",
	};
	struct ezlb_ledger ledger;

	(void)state;
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		assert_int_equal(
			set(&ledger, "drain 5000 down 10.1.0.1:80 tcp 10.0.0.1:80, ", NULL), 0);
		assert_int_equal(set(&ledger, others[i], NULL), 0);
		assert_reads(others[i]);
	}
	ezlb_ledger_close(&ledger);
}

/* What a kill in the middle of a write leaves behind. */
static void test_leftover(void **state)
{
	(void)state;
	write_ledger(TWO);
	put("ledger.new", "ezlb-ledger 1\nboot 12");
	assert_reads(TWO);
	write_ledger("tcp 10.0.0.1:80");
	assert_reads("tcp 10.0.0.1:80");
	assert_null(slurp("ledger.new"));
}

/* Whatever else is of that name is not written to, and does not hang us. */
static void test_strange_leftover(void **state)
{
	EZLB_AUTO_FREE char *target = NULL;

	(void)state;
	alarm(20);
	assert_int_equal(mkfifo(at("ledger.new").s, 0600), 0);
	write_ledger(TWO);
	put("target", "precious");
	assert_int_equal(symlink("target", at("ledger.new").s), 0);
	write_ledger("tcp 10.0.0.1:80");
	alarm(0);
	assert_reads("tcp 10.0.0.1:80");
	target = slurp("target");
	assert_string_equal(target, "precious");
}

/* --- what somebody takes away -------------------------------------------------------------- */

static void opened(struct ezlb_ledger *ledger)
{
	make_dir("state");
	assert_int_equal(ezlb_ledger_open(ledger, at("state").s, NULL), 0);
	assert_int_equal(set(ledger, ALL, NULL), 0);
	assert_false(ezlb_ledger_lost(ledger));
}

/* The same content again, and it is back. */
static void assert_put_back(struct ezlb_ledger *ledger)
{
	struct ezlb_ledger again;

	assert_true(ezlb_ledger_lost(ledger));
	assert_int_equal(set(ledger, ALL, NULL), 0);
	assert_false(ezlb_ledger_lost(ledger));
	assert_int_equal(ezlb_ledger_open(&again, at("state").s, NULL), 0);
	assert_content(&again, ALL);
	ezlb_ledger_close(&again);
	ezlb_ledger_close(ledger);
}

static void test_removed(void **state)
{
	struct ezlb_ledger ledger;

	(void)state;
	opened(&ledger);
	assert_int_equal(unlink(at("state/ledger").s), 0);
	assert_put_back(&ledger);
}

/* Known from reading, not from writing. */
static void test_removed_after_reading(void **state)
{
	struct ezlb_ledger ledger;

	(void)state;
	opened(&ledger);
	ezlb_ledger_close(&ledger);
	assert_int_equal(ezlb_ledger_open(&ledger, at("state").s, NULL), 0);
	assert_false(ezlb_ledger_lost(&ledger));
	assert_int_equal(unlink(at("state/ledger").s), 0);
	assert_put_back(&ledger);
}

static void test_replaced(void **state)
{
	struct ezlb_ledger ledger;

	(void)state;
	opened(&ledger);
	put("other", "not a ledger");
	assert_int_equal(rename(at("other").s, at("state/ledger").s), 0);
	assert_put_back(&ledger);
}

/* With its times, as of a backup. */
static void test_copied(void **state)
{
	struct timespec times[2];
	struct ezlb_ledger ledger;

	(void)state;
	opened(&ledger);
	times[0] = times[1] = ledger.mtime;
	put("other", "not a ledger");
	assert_int_equal(utimensat(AT_FDCWD, at("other").s, times, 0), 0);
	assert_int_equal(rename(at("other").s, at("state/ledger").s), 0);
	assert_put_back(&ledger);
}

/* As ext4 does where a file is removed and another is made: the inode is the same. */
static void test_same_inode(void **state)
{
	static const struct timespec later[] = { { 1, 0 }, { 0, 1000 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(later); i++) {
		struct timespec times[2];
		struct ezlb_ledger ledger;

		opened(&ledger);
		times[0] = times[1] = (struct timespec){
			.tv_sec = ledger.mtime.tv_sec + later[i].tv_sec,
			.tv_nsec = (ledger.mtime.tv_nsec + later[i].tv_nsec) % 1000000000,
		};
		put("state/ledger", "not a ledger");
		assert_int_equal(utimensat(AT_FDCWD, at("state/ledger").s, times, 0), 0);
		assert_put_back(&ledger);
		remove_tree(at("state").s);
	}
}

static void test_directory_removed(void **state)
{
	struct ezlb_ledger ledger;

	(void)state;
	opened(&ledger);
	remove_tree(at("state").s);
	assert_put_back(&ledger);
}

static void test_directory_replaced(void **state)
{
	struct ezlb_ledger ledger;

	(void)state;
	opened(&ledger);
	assert_int_equal(rename(at("state").s, at("moved").s), 0);
	make_dir("state");
	assert_put_back(&ledger);
}

static void test_directory_cannot_be_made(void **state)
{
	struct ezlb_err err = { 0 };
	struct ezlb_ledger ledger;

	(void)state;
	opened(&ledger);
	remove_tree(at("state").s);
	/* Neither there nor to be made. */
	assert_int_equal(symlink("nowhere/at/all", at("state").s), 0);
	assert_true(ezlb_ledger_lost(&ledger));
	assert_int_equal(set(&ledger, ALL, &err), -ENOENT);
	assert_has(err.msg, at("state").s);
	assert_content(&ledger, ALL);
	assert_true(ezlb_ledger_lost(&ledger));
	unlink(at("state").s);
	put("state", "");
	assert_int_equal(set(&ledger, ALL, &err), -ENOTDIR);
	unlink(at("state").s);
	assert_put_back(&ledger);
}

static void test_directory_above_cannot_be_made(void **state)
{
	struct ezlb_err err = { 0 };
	struct ezlb_ledger ledger;

	(void)state;
	assert_int_equal(symlink("nowhere", at("above").s), 0);
	assert_int_equal(ezlb_ledger_open(&ledger, at("above/state").s, NULL), 0);
	assert_int_equal(set(&ledger, ALL, &err), -ENOENT);
	assert_has(err.msg, "cannot create the state directory");
	assert_has(err.msg, at("above/state").s);
	assert_int_equal(unlink(at("above").s), 0);
	assert_int_equal(set(&ledger, ALL, &err), 0);
	assert_false(ezlb_ledger_lost(&ledger));
	ezlb_ledger_close(&ledger);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_memory_only),
		IN_TOP(test_absent),
		IN_TOP(test_round_trip),
		IN_TOP(test_a_link_is_no_ledger),
		IN_TOP(test_text),
		IN_TOP(test_any_order),
		IN_TOP(test_nothing_owned_any_more),
		IN_TOP(test_many),
		IN_TOP(test_not_rewritten),
		IN_TOP(test_leftover),
		IN_TOP(test_strange_leftover),
		IN_TOP(test_removed),
		IN_TOP(test_removed_after_reading),
		IN_TOP(test_replaced),
		IN_TOP(test_copied),
		IN_TOP(test_drain_rewritten),
		IN_TOP(test_same_inode),
		IN_TOP(test_directory_removed),
		IN_TOP(test_directory_replaced),
		IN_TOP(test_directory_cannot_be_made),
		IN_TOP(test_directory_above_cannot_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
