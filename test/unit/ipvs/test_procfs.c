// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "procfs.h"

#define HEADING                                         \
	"IP Virtual Server version 1.2.1 (size=4096)\n" \
	"Prot LocalAddress:Port Scheduler Flags\n"      \
	"  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
#define WEB_LINE "TCP  0A000001:0050 rr  persistent 75000 FFFFFFFF\n"
#define WEB_11	 "  -> C0A80A0B:0050      Masq    1      0          0         \n"
#define WEB_12	 "  -> C0A80A0C:0050      Masq    2      3          41        \n"
#define WEB	 WEB_LINE WEB_11 WEB_12
#define DNS                             \
	"UDP  0A000001:0035 wrr ops \n" \
	"  -> C0A80A0D:0035      Route   5      0          0         \n"
#define SIX_LINE "TCP  [fd00:0010:0000:0000:0000:0000:0000:0001]:01BB wlc \n"
#define SIX_11 \
	"  -> [fd00:0192:0000:0000:0000:0000:0000:0011]:01BB      Tunnel  1      0          0         \n"
#define SIX  SIX_LINE SIX_11
#define SCTP "SCTP  0A000001:0050 rr  \n"
#define MARK                  \
	"FWM  0000002A rr \n" \
	"  -> C0A80A0B:0050      Masq    1      0          0         \n"
#define FOREIGN                     \
	"TCP  0A000009:0050 rr  \n" \
	"  -> C0A80A0B:0050      Masq    1      0          0         \n"
#define OURS                  \
	"FWM  00000007 rr \n" \
	"  -> C0A80A0B:0000      Masq    1      0          0         \n"
#define OURS6 "FWM  00000008 rr \n"
#define WORLD HEADING WEB FOREIGN DNS SIX SCTP MARK OURS OURS6

static struct ezlb_scope scope;

static void want(enum ezlb_proto proto, const char *listen)
{
	struct ezlb_service_key *key = EZLB_PUSH(&scope);

	key->proto = proto;
	assert_int_equal(ezlb_endpoint_parse(listen, &key->listen, NULL), 0);
	EZLB_SORT(&scope, ezlb_service_key_cmp);
}

static void want_mark(uint32_t mark, uint8_t family)
{
	struct ezlb_service_key *key = EZLB_PUSH(&scope);

	key->fwmark = mark;
	key->listen.addr.family = family;
	EZLB_SORT(&scope, ezlb_service_key_cmp);
}

static int setup(void **state)
{
	(void)state;
	want_mark(7, AF_INET);
	want_mark(8, AF_INET6);
	want(EZLB_TCP, "10.0.0.1:80");
	want(EZLB_UDP, "10.0.0.1:53");
	want(EZLB_SCTP, "10.0.0.1:80");
	want(EZLB_TCP, "[fd00:10::1]:443");
	want(EZLB_TCP, "10.0.0.1:8080");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	EZLB_VEC_CLEAR(&scope);
	return 0;
}

static uint64_t print_fd(int fd)
{
	char path[32];
	uint64_t print;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(ezlb_ipvs_procfs_print(path, &scope, &print), 0);
	return print;
}

static uint64_t print_bytes(const char *text, size_t len)
{
	int fd = memfd_create("ip_vs", MFD_CLOEXEC);
	uint64_t print;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	print = print_fd(fd);
	close(fd);
	return print;
}

static uint64_t print_of(const char *text)
{
	return print_bytes(text, strlen(text));
}

/* The world with `from`, which it has only once, replaced. */
static uint64_t print_edited(const char *from, const char *to)
{
	const char *at = strstr(WORLD, from);
	char text[2 * sizeof(WORLD)];

	assert_non_null(at);
	assert_null(strstr(at + 1, from));
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - WORLD), WORLD, to, at + strlen(from));
	return print_of(text);
}

/* --- one edit ------------------------------------------------------------------------------ */

static const struct {
	const char *name, *from, *to;
	bool changes;
} edits[] = {
	{ "service gone", WEB, "", true },
	{ "service without dests gone", SCTP, "", true },
	{ "IPv6 service gone", SIX, "", true },
	{ "UDP service gone", DNS, "", true },
	{ "service new", SCTP, SCTP "TCP  0A000001:1F90 rr  \n", true },
	{ "scheduler", "0050 rr  persistent", "0050 wrr  persistent", true },
	{ "scheduler, IPv6", "wlc", "rr", true },
	{ "no persistence", "rr  persistent 75000 FFFFFFFF", "rr  ", true },
	{ "persistence", "wlc ", "wlc persistent 75000 80000000", true },
	{ "persistence timeout", "75000", "90000", true },
	{ "persistence netmask", "FFFFFFFF", "FFFFFF00", true },
	{ "not one-packet", "wrr ops", "wrr", true },
	{ "dest gone", WEB_12, "", true },
	{ "all dests gone", WEB_11 WEB_12, "", true },
	{ "IPv6 dest gone", SIX_11, "", true },
	{ "dest new", WEB_12,
	  WEB_12 "  -> C0A80A0D:0050      Masq    1      0          0         \n", true },
	{ "dest address", "C0A80A0C", "C0A80A0D", true },
	{ "dest port", "C0A80A0C:0050", "C0A80A0C:0051", true },
	{ "weight", "Masq    2      3", "Masq    0      3", true },
	{ "weight with more digits", "Masq    2      3", "Masq    20     3", true },
	{ "weights swapped", WEB_11 WEB_12,
	  "  -> C0A80A0B:0050      Masq    2      0          0         \n"
	  "  -> C0A80A0C:0050      Masq    1      3          41        \n",
	  true },
	{ "forward", "Route ", "Masq  ", true },
	{ "forward, IPv6", "Tunnel", "Route ", true },
	{ "dest of another service", WEB_12 FOREIGN DNS, FOREIGN DNS WEB_12, true },
	{ "dests of two services swapped", WEB_12 FOREIGN DNS SIX_LINE SIX_11,
	  SIX_11 FOREIGN DNS SIX_LINE WEB_12, true },

	{ "active connections", "3          41", "5          41", false },
	{ "more of them", "3          41        ", "10000000   1234567890", false },
	{ "foreign service gone", FOREIGN, "", false },
	{ "foreign service new", FOREIGN, FOREIGN "TCP  0A000008:0050 rr  \n" WEB_12, false },
	{ "foreign IPv6 service new", FOREIGN,
	  "TCP  [fd00:0010:0000:0000:0000:0000:0000:0002]:01BB wlc \n" SIX_11 FOREIGN, false },
	{ "same address, foreign protocol", FOREIGN, "UDP  0A000001:0050 rr  \n" WEB_12, false },
	{ "foreign scheduler", "TCP  0A000009:0050 rr", "TCP  0A000009:0050 sh", false },
	{ "foreign SCTP service new", FOREIGN, FOREIGN "SCTP  0A000009:0050 rr  \n", false },
	{ "our mark gone", OURS, "", true },
	{ "our IPv6 mark gone", OURS6, "", true },
	{ "our mark's scheduler", "00000007 rr", "00000007 sh", true },
	{ "our mark's dest", "C0A80A0B:0000", "C0A80A0C:0000", true },
	{ "a mark in another form", "FWM  0000002A", "FWM  2A", true },
	{ "mark gone", MARK, "", false },
	{ "mark's scheduler and flags", "FWM  0000002A rr",
	  "FWM  0000002A lc ops persistent 75000 FFFFFFFF", false },
	{ "heading", "size=4096", "size=65536", false },
	{ "order of dests", WEB_11 WEB_12, WEB_12 WEB_11, false },
	{ "order of services", WEB FOREIGN DNS SIX, SIX DNS WEB FOREIGN, false },

	{ "unknown service", SCTP, SCTP "QUIC 0A000001:0050 rr\n", true },
	{ "unknown address of a service", "0A000009:0050", "10.0.0.9:80", true },
	{ "unknown address, IPv6", "[fd00:0010:0000:0000:0000:0000:0000:0001]", "[fd00:10::1]",
	  true },
	{ "unknown port of a service", "TCP  0A000009:0050", "TCP  0A000009:80", true },
	{ "address not in hex", "TCP  0A000009:0050", "TCP  0A00000G:0050", true },
	{ "no port", "TCP  0A000009:0050", "TCP  0A000009", true },
	{ "port too long", "TCP  0A000009:0050", "TCP  0A000009:00500", true },
	{ "no key", "TCP  0A000009:0050 rr  ", "TCP", true },
	{ "unknown form of a dest", "3          41", "3          41   7", true },
	{ "no counts", "3          41", "", true },
	{ "counts that are none", "3          41", "3          few", true },
	{ "a dest without anything", WEB_12, "  ->\n", true },
	{ "unknown form of a foreign dest", FOREIGN, FOREIGN "  -> ? ? ?\n", false },
	{ "empty line", FOREIGN, FOREIGN "\n", true },
};

static void test_edits(void **state)
{
	uint64_t world = print_of(WORLD);
	int wrong = 0;

	(void)state;
	assert_int_equal(print_of(WORLD), world);
	for (size_t i = 0; i < COUNT_OF(edits); i++) {
		if ((print_edited(edits[i].from, edits[i].to) != world) == edits[i].changes)
			continue;
		print_error("%s: %s\n", edits[i].name, edits[i].changes ? "same" : "differs");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* Any two edits that are seen are told apart, too. */
static void test_edits_differ(void **state)
{
	uint64_t prints[COUNT_OF(edits)];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(edits); i++) {
		prints[i] = print_edited(edits[i].from, edits[i].to);
		for (size_t j = 0; edits[i].changes && j < i; j++)
			assert_int_not_equal(prints[i], prints[j]);
	}
}

/* --- the text as a whole ------------------------------------------------------------------- */

static void test_nothing_of_ours(void **state)
{
	static const char *const texts[] = { "", HEADING, HEADING FOREIGN, HEADING MARK FOREIGN };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_int_equal(print_of(texts[i]), 0);
	assert_int_not_equal(print_of(HEADING SCTP), 0);
}

/* The unknown counts, so what was never seen before is no reason to overlook the rest. */
static void test_unknown_service_has_dests(void **state)
{
	(void)state;
	assert_int_not_equal(print_of("QUIC ?\n" WEB_11), print_of("QUIC ?\n" WEB_12));
	assert_int_equal(print_of("QUIC ?\n" WEB_11 WEB_12), print_of("QUIC ?\n" WEB_12 WEB_11));
}

/* Neither as if it were whole nor as if what was cut were not there. */
static void test_cut_anywhere(void **state)
{
	const char *text = HEADING FOREIGN WEB;
	size_t foreign = strlen(HEADING FOREIGN), last = strlen(text) - strlen(WEB_12);
	uint64_t whole = print_of(text), without = print_bytes(text, last);

	(void)state;
	for (size_t len = foreign; len < strlen(text); len++)
		assert_int_not_equal(print_bytes(text, len), whole);
	for (size_t len = last + 1; len < strlen(text); len++)
		assert_int_not_equal(print_bytes(text, len), without);
	for (size_t len = strlen(HEADING "TCP  0A000009:0050"); len <= foreign; len++)
		assert_int_equal(print_bytes(text, len), 0);
}

/* Sums are blind to what cancels out: dest `a` of weight w and dest `b` of the other one. */
static uint64_t print_pair(int a, int b, int w)
{
	char text[512];

	snprintf(text, sizeof(text),
		 WEB_LINE "  -> C0A800%02X:0050      Masq    %-6d 0          0         \n"
			  "  -> C0A801%02X:0050      Masq    %-6d 0          0         \n",
		 (unsigned)a, w, (unsigned)b, 3 - w);
	return print_of(text);
}

static void test_swapped_weights(void **state)
{
	(void)state;
	for (int a = 0; a < 64; a++) {
		for (int b = 0; b < 64; b++)
			assert_int_not_equal(print_pair(a, b, 1), print_pair(a, b, 2));
	}
}

/* A pipe of packets hands over what was written at once, and no more. */
static void test_short_reads(void **state)
{
	static const size_t pieces[] = { 7, 64, 113, 1000 };
	uint64_t world = print_of(WORLD);
	const char *text = WORLD;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		int fds[2];

		assert_int_equal(pipe2(fds, O_CLOEXEC | O_DIRECT | O_NONBLOCK), 0);
		assert_true(fcntl(fds[1], F_SETPIPE_SZ, 1 << 20) >= 1 << 20);
		for (size_t at = 0; at < strlen(text); at += pieces[i]) {
			ssize_t n = (ssize_t)strnlen(text + at, pieces[i]);

			assert_int_equal(write(fds[1], text + at, (size_t)n), n);
		}
		close(fds[1]); /* the end of the text */
		assert_int_equal(print_fd(fds[0]), world);
		close(fds[0]);
	}
}

/* Many times the buffer, so that lines lie across its end at every place. */
static void test_long_text(void **state)
{
	enum { DESTS = 3000 };
	EZLB_AUTO_FREE char *text = ezlb_calloc(DESTS, 80);
	uint64_t print;
	size_t len = (size_t)sprintf(text, HEADING WEB_LINE);
	size_t last = 0;

	(void)state;
	for (int i = 0; i < DESTS; i++) {
		last = len;
		len += (size_t)sprintf(text + len,
				       "  -> C0A8%04X:0050      Masq    1      %-10d %-10d\n",
				       (unsigned)i, i, 0);
	}
	print = print_bytes(text, len);
	memcpy(strstr(text, " 1500 "), " 9999 ", 6); /* a count */
	assert_int_equal(print_bytes(text, len), print);
	assert_int_not_equal(print_bytes(text, last), print);
	*strstr(text, "C0A80BB7") = 'D'; /* the last one's address */
	assert_int_not_equal(print_bytes(text, len), print);
}

/* A line that fits into no buffer, and bytes that are no text. */
static void test_garbage(void **state)
{
	enum { LEN = 100000 };
	EZLB_AUTO_FREE char *text = ezlb_calloc(LEN, 1);
	uint64_t zeros = print_bytes(text, LEN), random;
	unsigned seed = 1;

	(void)state;
	assert_int_not_equal(zeros, 0);
	text[LEN / 2] = 'x';
	assert_int_not_equal(print_bytes(text, LEN), zeros);
	memset(text, ' ', LEN);
	assert_int_equal(print_bytes(text, LEN), 0); /* no service before it */
	for (int i = 0; i < LEN; i++)
		text[i] = "TCP FWM->[:]0aF\n \n"[(seed = seed * 1103515245 + 12345) >> 16 & 15];
	random = print_bytes(text, LEN);
	assert_int_equal(print_bytes(text, LEN), random);
}

/* A key that the end of the buffer cuts is not read on beyond it; the sanitizer would see that. */
static void test_key_at_the_end_of_the_buffer(void **state)
{
	enum { BUFFER = 16384 };
	char text[BUFFER];

	(void)state;
	for (size_t len = 1; len < strlen("0A000001:0050"); len++) {
		memset(text, ' ', sizeof(text));
		memcpy(text, "TCP", 3);
		memcpy(text + sizeof(text) - len, "0A000001:0050", len);
		assert_int_not_equal(print_bytes(text, sizeof(text)), 0);
	}
}

/* --- the file ------------------------------------------------------------------------------ */

static void test_file(void **state)
{
	const struct ezlb_scope nothing = { .len = 0 };
	uint64_t print = 7;

	(void)state;
	assert_int_equal(ezlb_ipvs_procfs_print("/no/such/ip_vs", &scope, &print), -ENOENT);
	assert_int_equal(ezlb_ipvs_procfs_print("/", &scope, &print), -EISDIR); /* read fails */
	assert_int_equal(print, 7);
	assert_int_equal(ezlb_ipvs_procfs_print("/no/such/ip_vs", &nothing, &print), 0);
	assert_int_equal(print, 0);
}

/* --- dests --------------------------------------------------------------------------------- */

static struct ezlb_traffic dests;
static char lines[1024];

/* "tcp 10.0.0.1:80 192.168.10.11:80 weight active inactive", one a line. */
static const char *dests_of(const char *text)
{
	int fd = memfd_create("ip_vs", MFD_CLOEXEC);
	char path[32], key[EZLB_SERVICE_KEY_STRLEN], to[EZLB_ENDPOINT_STRLEN];

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(ezlb_ipvs_procfs_dests(path, &scope, &dests), 0);
	close(fd);
	lines[0] = '\0';
	for (size_t i = 0; i < dests.len; i++) {
		const struct ezlb_traffic_row *row = &dests.items[i];

		assert_true(row->of_dest);
		ezlb_strcatf(lines, sizeof(lines), "%s %s %u %u %u\n",
			     ezlb_service_key_format(&row->service, key),
			     ezlb_endpoint_format(&row->backend, to), row->weight, row->active,
			     row->inactive);
	}
	EZLB_VEC_CLEAR(&dests);
	return lines;
}

static void test_dests(void **state)
{
	(void)state;
	assert_string_equal(dests_of(WORLD), "tcp 10.0.0.1:80 192.168.10.11:80 1 0 0\n"
					     "tcp 10.0.0.1:80 192.168.10.12:80 2 3 41\n"
					     "tcp [fd00:10::1]:443 [fd00:192::11]:443 1 0 0\n"
					     "udp 10.0.0.1:53 192.168.10.13:53 5 0 0\n"
					     "fwmark 7 192.168.10.11 1 0 0\n");
	/* A line that no kernel writes is none of ours, nor are the dests below it. */
	assert_string_equal(dests_of(HEADING "TCP  0A000001:zz rr\n" WEB_11), "");
	assert_string_equal(dests_of(HEADING WEB_LINE
				     "  -> C0A80A0B:0050 Masq 1 x 0\n  -> C0A80A0B Masq 1 0 0\n"
				     "  => C0A80A0B:0050 Masq 1 0 0\n  -> C0A80A0B:0050 Masq 1 0"),
			    "");
	assert_string_equal(dests_of(HEADING WEB_LINE "  -> C0A80A0B:0050 Masq 1 4294967296 0\n"),
			    "");
	/* Twice, because the table changed between two reads. */
	assert_string_equal(dests_of(HEADING WEB_LINE WEB_12 WEB_LINE WEB_12),
			    "tcp 10.0.0.1:80 192.168.10.12:80 2 3 41\n");
	assert_int_equal(ezlb_ipvs_procfs_dests("/no/such/ip_vs", &scope, &dests), -ENOENT);
	assert_int_equal(ezlb_ipvs_procfs_dests("/", &scope, &dests), -EISDIR);
}

static int open_files(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void test_no_descriptor_is_left(void **state)
{
	uint64_t print;
	int before = open_files();

	(void)state;
	print_of(WORLD);
	ezlb_ipvs_procfs_print("/", &scope, &print);
	assert_int_equal(open_files(), before);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_edits),
		TEST(test_edits_differ),
		TEST(test_nothing_of_ours),
		TEST(test_unknown_service_has_dests),
		TEST(test_cut_anywhere),
		TEST(test_swapped_weights),
		TEST(test_short_reads),
		TEST(test_long_text),
		TEST(test_garbage),
		TEST(test_key_at_the_end_of_the_buffer),
		TEST(test_file),
		TEST(test_dests),
		TEST(test_no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
