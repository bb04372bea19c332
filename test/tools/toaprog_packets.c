// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that are made here, through the program with BPF_PROG_TEST_RUN, and what must come back.
 */
#include "toaprog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>

/* --- packets --------------------------------------------------------------------------------- */

enum { SYN = 1, ACK = 2, RST = 4, FRAGMENT = 8, EXTENSION = 16, GSO = 32 };

/* One connection: from `client` to `vip`, which the backend sees as from `source`. */
struct flow {
	int family;
	const char *client, *vip, *source, *backend;
	uint16_t client_port, source_port;
};

static size_t hex(const char *text, uint8_t *out)
{
	size_t n = 0;
	unsigned byte;

	for (; sscanf(text, " %2x", &byte) == 1; text += 2) {
		while (*text == ' ')
			text++;
		out[n++] = (uint8_t)byte;
	}
	return n;
}

static uint32_t sum(const void *data, size_t len, uint32_t start)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		start += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return start;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons((uint16_t)~s);
}

/* The checksum of TCP over the addresses and the segment. 0 if the segment has the right one. */
uint16_t toaprog_tcp_sum(int family, const void *addresses, const void *segment, size_t len)
{
	return fold(
		sum(segment, len, sum(addresses, family == AF_INET ? 8 : 32, 6 + (uint32_t)len)));
}

/* Makes an Ethernet frame; options are hexadecimal. Returns its length. */
static size_t build(uint8_t *out, const struct flow *f, int flags, uint32_t seq,
		    const char *options, size_t data)
{
	uint8_t *net = out + ETH_HLEN, *p = net + (f->family == AF_INET ? 20 : 40);
	struct tcphdr tcp = { .source = htons(f->source_port), .dest = htons(80) };
	size_t n, len;

	memset(out, 0, 2048);
	out[12] = f->family == AF_INET ? 0x08 : 0x86;
	out[13] = f->family == AF_INET ? 0x00 : 0xdd;
	if (flags & EXTENSION) {
		*p = 6; /* the next header is TCP; this one has 8 bytes */
		p[2] = 1;
		p[3] = 4; /* padding */
		p += 8;
	}
	n = hex(options, p + 20);
	len = 20 + n + data;
	memset(p + 20 + n, 'x', data);
	tcp.seq = htonl(seq);
	tcp.doff = (20 + n) / 4 & 15;
	tcp.syn = !!(flags & SYN);
	tcp.ack = !!(flags & ACK);
	tcp.rst = !!(flags & RST);
	tcp.window = htons(1000);
	memcpy(p, &tcp, 20);
	if (f->family == AF_INET) {
		struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = 6 };

		ip.tot_len = htons((uint16_t)(20 + len));
		ip.frag_off = flags & FRAGMENT ? htons(0x2000) : 0;
		inet_pton(AF_INET, f->source, &ip.saddr);
		inet_pton(AF_INET, f->backend, &ip.daddr);
		ip.check = fold(sum(&ip, 20, 0));
		memcpy(net, &ip, 20);
	} else {
		struct ipv6hdr ip = { .version = 6, .nexthdr = flags & EXTENSION ? 60 : 6 };

		ip.payload_len = htons((uint16_t)(p - net - 40 + (ptrdiff_t)len));
		inet_pton(AF_INET6, f->source, &ip.saddr);
		inet_pton(AF_INET6, f->backend, &ip.daddr);
		memcpy(net, &ip, 40);
	}
	tcp.check = toaprog_tcp_sum(f->family, net + (f->family == AF_INET ? 12 : 8), p, len);
	memcpy(p, &tcp, 20);
	return (size_t)(p - out) + len;
}

/* --- the program on one packet --------------------------------------------------------------- */

static size_t run(int program, const uint8_t *in, size_t len, uint8_t *out, int flags,
		  uint32_t mark)
{
	struct __sk_buff context = { .mark = mark, .gso_size = flags & GSO ? 500 : 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	context.gso_segs = flags & GSO ? 2 : 0;
	attr.test.prog_fd = (uint32_t)program;
	attr.test.data_in = (uintptr_t)in;
	attr.test.data_size_in = (uint32_t)len;
	attr.test.data_out = (uintptr_t)out;
	attr.test.data_size_out = 4096;
	attr.test.ctx_in = (uintptr_t)&context;
	attr.test.ctx_size_in = sizeof(context);
	if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0)
		toaprog_die("BPF_PROG_TEST_RUN");
	if (attr.test.retval != (uint32_t)-1) {
		printf("the program returned %d, and not TC_ACT_UNSPEC\n", (int)attr.test.retval);
		exit(1);
	}
	return attr.test.data_size_out;
}

static void track(struct nfct_handle *handle, const struct flow *f)
{
	struct nf_conntrack *ct = nfct_new();
	bool v4 = f->family == AF_INET;
	uint8_t a[4][16];

	inet_pton(f->family, f->client, a[0]);
	inet_pton(f->family, f->vip, a[1]);
	inet_pton(f->family, f->backend, a[2]);
	inet_pton(f->family, f->source, a[3]);
	nfct_set_attr_u8(ct, ATTR_ORIG_L3PROTO, (uint8_t)f->family);
	nfct_set_attr_u8(ct, ATTR_REPL_L3PROTO, (uint8_t)f->family);
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, IPPROTO_TCP);
	nfct_set_attr_u8(ct, ATTR_REPL_L4PROTO, IPPROTO_TCP);
	nfct_set_attr(ct, v4 ? ATTR_ORIG_IPV4_SRC : ATTR_ORIG_IPV6_SRC, a[0]);
	nfct_set_attr(ct, v4 ? ATTR_ORIG_IPV4_DST : ATTR_ORIG_IPV6_DST, a[1]);
	nfct_set_attr(ct, v4 ? ATTR_REPL_IPV4_SRC : ATTR_REPL_IPV6_SRC, a[2]);
	nfct_set_attr(ct, v4 ? ATTR_REPL_IPV4_DST : ATTR_REPL_IPV6_DST, a[3]);
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_SRC, htons(f->client_port));
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_DST, htons(80));
	nfct_set_attr_u16(ct, ATTR_REPL_PORT_SRC, htons(80));
	nfct_set_attr_u16(ct, ATTR_REPL_PORT_DST, htons(f->source_port));
	nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_SYN_SENT);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, 100);
	if (nfct_query(handle, NFCT_Q_CREATE, ct) < 0 && errno != EEXIST)
		toaprog_die("a conntrack entry");
	nfct_destroy(ct);
}

/* Port 4660 = 0x1234, clients 172.16.0.2 and fd00:172::2. */
enum { WEB, STRIPPED, MARKED, V6, V6_253, FOREIGN, UNTRACKED, OPEN, LIMITS };
static const struct flow flows[] = {
	[WEB] = { AF_INET, "172.16.0.2", "10.0.0.1", "10.0.0.3", "192.168.10.11", 4660, 40000 },
	[STRIPPED] = { AF_INET, "172.16.0.2", "10.0.0.2", "10.0.0.3", "192.168.10.11", 4660,
		       40001 },
	[MARKED] = { AF_INET, "172.16.0.2", "10.0.0.9", "10.0.0.3", "192.168.10.11", 4660, 40002 },
	[V6] = { AF_INET6, "fd00:172::2", "fd00:10::1", "fd00:10::3", "fd00:192::11", 4660, 40003 },
	[V6_253] = { AF_INET6, "fd00:172::2", "fd00:10::2", "fd00:10::3", "fd00:192::11", 4660,
		     40004 },
	[FOREIGN] = { AF_INET, "172.16.0.2", "10.0.0.8", "10.0.0.3", "192.168.10.11", 4660, 40005 },
	[UNTRACKED] = { AF_INET, "172.16.0.2", "10.0.0.1", "10.0.0.3", "192.168.10.11", 4660,
			40006 },
	[OPEN] = { AF_INET, "172.16.0.3", "10.0.0.1", "10.0.0.3", "192.168.10.11", 4660, 40007 },
	[LIMITS] = { AF_INET, "172.16.0.4", "10.0.0.1", "10.0.0.3", "192.168.10.11", 4660, 40008 },
};

#define TIMES	"01 01 08 0a 00 00 00 01 00 00 00 02"
#define USUAL	"02 04 05 b4 04 02 08 0a 00 00 00 01 00 00 00 00 01 03 03 07"
#define FORGED	"fe 08 00 50 01 02 03 04"
#define NOPS	"01 01 01 01 01 01 01 01"
#define FORGED6 "fd 14 00 50 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10"
#define NOPS6	"01 01 01 01" NOPS NOPS
#define OPTION	"fe 08 12 34 ac 10 00 02"
#define OPTION6 "14 12 34 fd 00 01 72 00 00 00 00 00 00 00 00 00 00 00 02"

#define NONE EZLB_TOA_COUNTS

static const struct {
	const char *name;
	int flow, flags;
	uint32_t seq;
	size_t data;
	const char *in, *out;
	enum ezlb_toa_count counts[2];
	uint32_t mark;
	int times;
} tests[] = {
	{ "SYN", WEB, SYN, 1000, 0, USUAL, OPTION USUAL, .counts = { EZLB_TOA_ADDED, NONE } },
	{ "SYN again", WEB, SYN, 1000, 0, USUAL, OPTION USUAL, .counts = { EZLB_TOA_ADDED, NONE } },
	{ "handshake ACK", WEB, ACK, 1001, 0, TIMES, OPTION TIMES,
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "first data", WEB, ACK, 1001, 701, TIMES, OPTION TIMES,
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "ACK without options", WEB, ACK, 1001, 0, "", OPTION,
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "RST", WEB, ACK | RST, 1001, 0, "", "", .counts = { NONE, NONE } },
	{ "second data", WEB, ACK, 1702, 700, TIMES, TIMES, .counts = { NONE, NONE } },
	{ "SYN-ACK", WEB, SYN | ACK, 1000, 0, USUAL, USUAL, .counts = { NONE, NONE } },
	{ "data up to the MTU", LIMITS, SYN, 9, 0, "", "fe 08 12 34 ac 10 00 04",
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "data up to the MTU", LIMITS, ACK, 10, 1440, TIMES, "fe 08 12 34 ac 10 00 04" TIMES,
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "data beyond the MTU", LIMITS, ACK, 10, 1444, TIMES, TIMES,
	  .counts = { EZLB_TOA_TOO_LONG, NONE } },
	{ "GSO", WEB, ACK | GSO, 1001, 1200, TIMES, TIMES, .counts = { EZLB_TOA_TOO_LONG, NONE } },
	{ "forged in a SYN", WEB, SYN, 1000, 0, USUAL FORGED, OPTION USUAL NOPS,
	  .counts = { EZLB_TOA_ADDED, EZLB_TOA_STRIPPED } },
	{ "forged first", WEB, ACK, 1001, 3, FORGED TIMES, OPTION NOPS TIMES,
	  .counts = { EZLB_TOA_ADDED, EZLB_TOA_STRIPPED } },
	{ "forged twice", WEB, ACK, 1001, 0, FORGED FORGED TIMES, OPTION NOPS NOPS TIMES,
	  .counts = { EZLB_TOA_ADDED, EZLB_TOA_STRIPPED } },
	{ "forged later", WEB, ACK, 5000, 9, TIMES FORGED, TIMES NOPS,
	  .counts = { EZLB_TOA_STRIPPED, NONE } },
	{ "forged in GSO", WEB, ACK | GSO, 5000, 1200, TIMES FORGED, TIMES NOPS,
	  .counts = { EZLB_TOA_STRIPPED, NONE } },
	{ "forged in a fragment", WEB, ACK | FRAGMENT, 5000, 8, TIMES FORGED, TIMES NOPS,
	  .counts = { EZLB_TOA_STRIPPED, NONE } },
	{ "behind the end", WEB, ACK, 5000, 8, "00 01 01 01" FORGED, "00 01 01 01" FORGED,
	  .counts = { NONE, NONE } },
	{ "too long for the header", WEB, ACK, 5000, 8, "fe 09 00 50 01 02 03 04",
	  "fe 09 00 50 01 02 03 04", .counts = { NONE, NONE } },
	{ "length 0", WEB, ACK, 5000, 8, "fe 00 00 50" FORGED, "fe 00 00 50" FORGED,
	  .counts = { NONE, NONE } },
	{ "SYN without room", WEB, SYN, 1000, 0, USUAL "22 10" NOPS "01 01 01 01 01 01",
	  USUAL "22 10" NOPS "01 01 01 01 01 01", .counts = { EZLB_TOA_NO_ROOM, NONE } },
	{ "its ACK", WEB, ACK, 1001, 0, TIMES, OPTION TIMES, .counts = { EZLB_TOA_ADDED, NONE } },
	{ "strip: SYN", STRIPPED, SYN, 7, 0, USUAL FORGED, USUAL NOPS,
	  .counts = { EZLB_TOA_STRIPPED, NONE } },
	{ "strip: ACK", STRIPPED, ACK, 8, 0, FORGED6, NOPS6,
	  .counts = { EZLB_TOA_STRIPPED, NONE } },
	{ "strip: nothing to do", STRIPPED, ACK, 8, 0, TIMES, TIMES, .counts = { NONE, NONE } },
	{ "with a mark", MARKED, SYN, 7, 0, USUAL, OPTION USUAL, .counts = { EZLB_TOA_ADDED, NONE },
	  .mark = 7 },
	{ "another mark", MARKED, SYN, 7, 0, USUAL, USUAL, .counts = { NONE, NONE }, .mark = 8 },
	{ "a foreign mark", WEB, SYN, 7, 0, USUAL, OPTION USUAL, .counts = { EZLB_TOA_ADDED, NONE },
	  .mark = 8 },
	{ "IPv6 SYN", V6, SYN, 0xffffffff, 0, USUAL, "fe" OPTION6 USUAL,
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "IPv6 ACK", V6, ACK, 0, 0, TIMES, "fe" OPTION6 TIMES,
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "IPv6 data", V6, ACK, 0, 1001, TIMES, "fe" OPTION6 TIMES,
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "IPv6 kind 253", V6_253, SYN, 7, 0, USUAL, "fd" OPTION6 USUAL,
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "IPv6 without room", V6, SYN, 7, 0, USUAL "22 04 01 01", USUAL "22 04 01 01",
	  .counts = { EZLB_TOA_NO_ROOM, NONE } },
	{ "IPv6 forged", V6, ACK, 900, 5, FORGED6, NOPS6, .counts = { EZLB_TOA_STRIPPED, NONE } },
	{ "IPv6 forged behind an extension", V6, ACK | EXTENSION, 900, 5, FORGED6, NOPS6,
	  .counts = { EZLB_TOA_STRIPPED, NONE } },
	{ "IPv6 SYN with an extension", V6, SYN | EXTENSION, 7, 0, USUAL, "fe" OPTION6 USUAL,
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "not a service", FOREIGN, SYN, 7, 0, FORGED, FORGED, .counts = { NONE, NONE } },
	{ "not tracked", UNTRACKED, SYN, 7, 0, USUAL, USUAL,
	  .counts = { EZLB_TOA_NO_ENTRY, NONE } },
	{ "Fast Open: SYN with data", OPEN, SYN, 50, 100, USUAL, "fe 08 12 34 ac 10 00 03" USUAL,
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "Fast Open: ACK of data", OPEN, ACK, 151, 0, "", "fe 08 12 34 ac 10 00 03",
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "Fast Open: refused", OPEN, ACK, 51, 100, "", "fe 08 12 34 ac 10 00 03",
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "data: SYN", LIMITS, SYN, 9, 0, "", "fe 08 12 34 ac 10 00 04",
	  .counts = { EZLB_TOA_ADDED, NONE } },
	{ "data: three times", LIMITS, ACK, 10, 8, "", "fe 08 12 34 ac 10 00 04",
	  .counts = { EZLB_TOA_ADDED, NONE }, .times = 3 },
	{ "data: no more", LIMITS, ACK, 10, 8, "", "", .counts = { NONE, NONE } },
	{ "ACK: 32 times", LIMITS, ACK, 10, 0, "", "fe 08 12 34 ac 10 00 04",
	  .counts = { EZLB_TOA_ADDED, NONE }, .times = 32 },
	{ "ACK: no more", LIMITS, ACK, 10, 0, "", "", .counts = { NONE, NONE } },
};

static void print(const char *what, const uint8_t *p, size_t len)
{
	printf("  %s:", what);
	for (size_t i = ETH_HLEN; i < len && i < 130; i++)
		printf(" %02x", p[i]);
	printf("\n");
}

static bool counted(const enum ezlb_toa_count counts[2], const uint64_t *before,
		    const uint64_t *after)
{
	bool ok = true;

	for (unsigned i = 0; i < EZLB_TOA_COUNTS; i++) {
		uint64_t want = (counts[0] == i) + (counts[1] == i);

		if (after[i] - before[i] == want)
			continue;
		printf("  %s: counted %d, want %d\n", ezlb_toa_count_str((enum ezlb_toa_count)i),
		       (int)(after[i] - before[i]), (int)want);
		ok = false;
	}
	return ok;
}

/* ends: prints what is wrong. */
static bool test_once(int program, size_t i)
{
	const struct flow *f = &flows[tests[i].flow];
	static uint8_t in[4096], want[4096], got[4096];
	uint64_t before[EZLB_TOA_COUNTS], after[EZLB_TOA_COUNTS];
	size_t in_len, want_len, got_len;
	bool same;

	in_len = build(in, f, tests[i].flags, tests[i].seq, tests[i].in, tests[i].data);
	want_len = build(want, f, tests[i].flags, tests[i].seq, tests[i].out, tests[i].data);
	if (ezlb_toa_read_counts(before, &toaprog_err) < 0)
		toaprog_die("counters");
	got_len = run(program, in, in_len, got, tests[i].flags, tests[i].mark);
	if (ezlb_toa_read_counts(after, &toaprog_err) < 0)
		toaprog_die("counters");
	same = got_len == want_len && memcmp(got, want, want_len) == 0;
	if (counted(tests[i].counts, before, after) && same)
		return true;
	printf("FAILED: %s\n", tests[i].name);
	print("in", in, in_len);
	print("want", want, want_len);
	print("got", got, got_len);
	return false;
}

int toaprog_packets(const struct ezlb_toa_program *program)
{
	struct nfct_handle *handle = nfct_open(CONNTRACK, 0);
	size_t n = sizeof(tests) / sizeof(*tests), failed = 0;

	if (!handle)
		toaprog_die("conntrack");
	for (size_t i = 0; i < sizeof(flows) / sizeof(*flows); i++)
		if (i != UNTRACKED)
			track(handle, &flows[i]);
	nfct_close(handle);
	toaprog_put(program, "10.0.0.1:80", EZLB_TOA_ADD, 254, 0);
	toaprog_put(program, "10.0.0.2:80", EZLB_TOA_STRIP, 254, 0);
	toaprog_put(program, "[fd00:10::1]:80", EZLB_TOA_ADD, 254, 0);
	toaprog_put(program, "[fd00:10::2]:80", EZLB_TOA_ADD, 253, 0);
	toaprog_put(program, NULL, EZLB_TOA_ADD, 254, 7);
	for (size_t i = 0; i < n; i++)
		for (int time = 0; time < (tests[i].times ? tests[i].times : 1); time++)
			failed += !test_once(program->program, i);
	printf("%zu tests, %zu failed\n", n, failed);
	return failed > 0;
}
