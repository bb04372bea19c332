// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drives the BPF program of pkg/toa in a kernel, for test/lab/toa_program.sh.
 *
 *   toaprog load | remove | show
 *       The pins of this network namespace.
 *   toaprog age
 *       Pins another program in place of ours, as an older ezlb would leave it.
 *   toaprog put ADDRESS:PORT add|strip [KIND] | del ADDRESS:PORT
 *   toaprog sums DEVICE on|off
 *       Whether the device computes checksums (CHECKSUM_PARTIAL).
 *   toaprog packets
 *       Packets that are made here, through the program and back.
 *   toaprog sniff DEVICE SECONDS N
 *       Prints N TCP packets without SYN-ACK that leave or arrive.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ezlb/toa.h>

#include "pins.h"
#include "program.h"
#include "toaprog.h"

struct ezlb_err toaprog_err;

void toaprog_die(const char *what)
{
	fprintf(stderr, "toaprog: %s: %s\n", what,
		toaprog_err.msg[0] ? toaprog_err.msg : strerror(errno));
	exit(1);
}

void toaprog_put(const struct ezlb_toa_program *program, const char *listen,
		 enum ezlb_toa_mode mode, uint8_t kind, uint32_t mark)
{
	struct ezlb_toa_row row = { .mode = mode,
				    .ipv6_kind = kind,
				    .service = { .fwmark = mark } };

	if (listen && ezlb_endpoint_parse(listen, &row.service.listen, &toaprog_err) < 0)
		toaprog_die(listen);
	if (!listen)
		row.service.listen.addr.family = AF_INET;
	if (ezlb_toa_row_put(program, &row, &toaprog_err) < 0)
		toaprog_die("put");
}

/* --- pins ------------------------------------------------------------------------------------ */

/* r0 = -1; exit. It uses the maps all the same, as the kernel sees it. */
static int load_other(const struct ezlb_toa_program *ours)
{
	const int maps[] = { ours->services, ours->connections, ours->counters };
	struct bpf_insn code[8] = { { 0 } };
	union bpf_attr attr;

	for (int i = 0; i < 3; i++)
		code[2 * i] = (struct bpf_insn){ .code = BPF_LD | BPF_DW | BPF_IMM,
						 .dst_reg = 1,
						 .src_reg = BPF_PSEUDO_MAP_FD,
						 .imm = maps[i] };
	code[6] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = -1 };
	code[7] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = 8;
	attr.license = (uintptr_t) "GPL";
	strcpy(attr.prog_name, "toa_other");
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static void age(const struct ezlb_toa_program *ours)
{
	const int fds[EZLB_TOA_PINS] = { load_other(ours), ours->services, ours->connections,
					 ours->counters };
	struct ezlb_toa_pins pins;

	if (fds[0] < 0)
		toaprog_die("another program");
	if (ezlb_toa_pins_find(&pins, &toaprog_err) < 0 || ezlb_toa_pins_lock(&toaprog_err) < 0 ||
	    ezlb_toa_pins_write(&pins, fds, &toaprog_err) < 0)
		toaprog_die("age");
}

static void show(const struct ezlb_toa_program *program)
{
	uint64_t counts[EZLB_TOA_COUNTS];
	char text[EZLB_ENDPOINT_STRLEN];
	struct ezlb_toas rows = { 0 };

	printf("id %u current %d\n", program->id, program->current);
	if (ezlb_toa_rows_list(program, &rows, &toaprog_err) < 0 ||
	    ezlb_toa_read_counts(counts, &toaprog_err) < 0)
		toaprog_die("show");
	EZLB_SORT(&rows, ezlb_toa_row_cmp);
	for (size_t i = 0; i < rows.len; i++)
		printf("%s %u %s %u\n", ezlb_endpoint_format(&rows.items[i].service.listen, text),
		       rows.items[i].service.fwmark, ezlb_toa_mode_str(rows.items[i].mode),
		       rows.items[i].ipv6_kind);
	for (unsigned i = 0; i < EZLB_TOA_COUNTS; i++)
		printf("%s=%d%s", ezlb_toa_count_str((enum ezlb_toa_count)i), (int)counts[i],
		       i + 1 < EZLB_TOA_COUNTS ? " " : "\n");
	EZLB_VEC_CLEAR(&rows);
}

static void set_sums(const char *device, bool on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_STXCSUM, .data = on };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ezlb_strcpy(request.ifr_name, sizeof(request.ifr_name), device);
	if (ioctl(fd, SIOCETHTOOL, &request) < 0)
		toaprog_die(device);
}

/* --- packets on the wire --------------------------------------------------------------------- */

static bool print_packet(const uint8_t *p, size_t len)
{
	size_t at = p[0] >> 4 == 4 ? (p[0] & 15) * 4U : 40, doff;
	bool v4 = p[0] >> 4 == 4;
	struct tcphdr tcp;

	if (len < at + 20 || (v4 ? p[9] : p[6]) != IPPROTO_TCP)
		return false;
	memcpy(&tcp, p + at, 20);
	doff = tcp.doff * 4U;
	if (doff < 20 || len < at + doff || (tcp.syn && tcp.ack))
		return false;
	len = v4 ? (size_t)(p[2] << 8 | p[3]) : (size_t)(p[4] << 8 | p[5]) + 40;
	printf("%s data=%zu sum=%s options=", tcp.syn ? "SYN" : "ACK", len - at - doff,
	       toaprog_tcp_sum(v4 ? AF_INET : AF_INET6, p + (v4 ? 12 : 8), p + at, len - at)
		       ? "bad"
		       : "ok");
	for (size_t i = 20; i < doff; i++)
		printf("%02x", p[at + i]);
	printf("\n");
	return true;
}

static int sniff(const char *device, int seconds, int n)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	static uint8_t packet[65536];

	at.sll_ifindex = (int)if_nametoindex(device);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		toaprog_die(device);
	printf("ready\n");
	fflush(stdout);
	while (n > 0 && poll(&pfd, 1, seconds * 1000) > 0) {
		struct sockaddr_ll from;
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from,
				       &from_len);

		if (len > 40 && from.sll_pkttype != PACKET_OUTGOING)
			n -= print_packet(packet, (size_t)len);
		fflush(stdout);
	}
	return n > 0;
}

int main(int argc, char **argv)
{
	struct ezlb_toa_program program;
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "sniff") == 0 && argc == 5)
		return sniff(argv[2], atoi(argv[3]), atoi(argv[4]));
	if (strcmp(command, "sums") == 0 && argc == 4)
		return set_sums(argv[2], strcmp(argv[3], "on") == 0), 0;
	if (strcmp(command, "remove") == 0)
		return ezlb_toa_program_remove(&toaprog_err) < 0 ? toaprog_die("remove"), 1 : 0;
	if (strcmp(command, "load") == 0) {
		if (ezlb_toa_program_load(&program, &toaprog_err) < 0)
			toaprog_die("load");
		return 0;
	}
	if (ezlb_toa_program_open(&program, &toaprog_err) < 0)
		toaprog_die("open");
	if (strcmp(command, "packets") == 0)
		return toaprog_packets(&program);
	if (strcmp(command, "put") == 0 && argc > 3) {
		toaprog_put(&program, argv[2],
			    strcmp(argv[3], "add") == 0 ? EZLB_TOA_ADD : EZLB_TOA_STRIP,
			    (uint8_t)(argc > 4 ? atoi(argv[4]) : 254), 0);
		return 0;
	}
	if (strcmp(command, "del") == 0 && argc == 3) {
		struct ezlb_service_key key = { .proto = EZLB_TCP };

		if (ezlb_endpoint_parse(argv[2], &key.listen, &toaprog_err) < 0 ||
		    ezlb_toa_row_del(&program, &key, &toaprog_err) < 0)
			toaprog_die("del");
		return 0;
	}
	if (strcmp(command, "age") == 0)
		age(&program);
	else
		show(&program);
	return 0;
}
