// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * toatool forge NS FROM FROM-PORT HOST PORT KIND CLAIM CLAIM-PORT WHERE: one connection to `toatool
 * serve`, with a TCP of its own, whose packets carry an option that says that the client is CLAIM.
 * It prints the answer.
 *
 *   KIND   254 or 253; 8 bytes long if CLAIM is IPv4, else 20
 *   WHERE  letters: s in the SYN, a in the ACK of the handshake, d in the data
 *          f: the SYN has no room for another option
 *          t: the option is there twice (IPv4)
 *          o: it is in data beyond a gap, which completes the handshake
 *          i: packets are cut into IP fragments so that it is in the second one
 *
 * The kernel knows nothing of this connection and would reset it: the caller drops the resets that
 * go out.
 */
#include "toatool.h"

#include <errno.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUESTION "0 0\n" /* of toatool serve */

static struct peer me, to, claim;
static unsigned char kind;
static bool in_fragments;
static int raw;
static uint32_t next_out = 1000, next_in;

struct packet {
	struct tcphdr tcp;
	unsigned char rest[1024];
};

static uint32_t add16(uint32_t sum, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)at[i] << (i % 2 == 0 ? 8 : 0);
	return sum;
}

/* With the pseudo header of RFC 9293 3.1 and RFC 8200 8.1; both families have the same sum. */
static uint16_t tcp_sum(const struct packet *packet, size_t len)
{
	int skip = is_v4(&me) ? 12 : 0;
	uint32_t sum = IPPROTO_TCP + (uint32_t)len;

	sum = add16(sum, &me.ip.s6_addr[skip], 16 - (size_t)skip);
	sum = add16(sum, &to.ip.s6_addr[skip], 16 - (size_t)skip);
	sum = add16(sum, packet, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static size_t put_claim(unsigned char *at)
{
	uint16_t claimed = htons(claim.port);
	bool four = is_v4(&claim);

	at[0] = kind;
	at[1] = four ? 8 : 20;
	memcpy(at + 2, &claimed, 2);
	memcpy(at + 4, &claim.ip.s6_addr[four ? 12 : 0], four ? 4 : 16);
	return at[1];
}

/* An option that nobody knows, in what is left of 40 bytes. */
static size_t put_filler(unsigned char *at, size_t used)
{
	at[0] = 76;
	at[1] = (unsigned char)(40 - used);
	memset(at + 2, 0, 38 - used);
	return 40 - used;
}

/* As two fragments: the first one ends 4 bytes behind the fixed part of the TCP header. */
static void send_fragments(const struct packet *packet, size_t len,
			   const struct sockaddr_storage *addr, socklen_t addr_len)
{
	const size_t first = sizeof(packet->tcp) + 4;
	const size_t parts[2][2] = { { 0, first }, { first, len - first } };
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	static uint16_t id = 4711;

	id++;
	for (int i = 0; i < 2; i++) {
		struct {
			struct ip ip;
			unsigned char part[128];
		} out = { .ip = { .ip_hl = 5,
				  .ip_v = 4,
				  .ip_id = htons(id),
				  .ip_ttl = 64,
				  .ip_p = IPPROTO_TCP } };

		out.ip.ip_off = htons((uint16_t)(parts[i][0] / 8 | (i == 0 ? IP_MF : 0)));
		out.ip.ip_len = htons((uint16_t)(sizeof(out.ip) + parts[i][1]));
		memcpy(&out.ip.ip_src, &me.ip.s6_addr[12], 4);
		memcpy(&out.ip.ip_dst, &to.ip.s6_addr[12], 4);
		memcpy(out.part, (const char *)packet + parts[i][0], parts[i][1]);
		if (sendto(fd, &out, sizeof(out.ip) + parts[i][1], 0, (const struct sockaddr *)addr,
			   addr_len) < 0)
			die("send: %s", strerror(errno));
	}
	close(fd);
}

/* `forged`: so many options with the claim. */
static void send_packet(int flags, int forged, bool full, const char *data)
{
	struct packet packet = { .tcp = { .source = htons(me.port), .dest = htons(to.port) } };
	struct sockaddr_storage addr;
	struct peer host = to;
	socklen_t addr_len;
	size_t options = 0, len;
	bool cut = in_fragments && forged > 0;

	if (cut)
		options = 4;
	memset(packet.rest, TCPOPT_NOP, options);
	while (forged-- > 0)
		options += put_claim(packet.rest + options);
	if (full)
		options += put_filler(packet.rest + options, options);
	len = sizeof(packet.tcp) + options + strlen(data);
	memcpy(packet.rest + options, data, strlen(data));
	packet.tcp.seq = htonl(next_out);
	packet.tcp.ack_seq = htonl(next_in);
	packet.tcp.doff = (unsigned)(sizeof(packet.tcp) + options) / 4 & 0xf;
	packet.tcp.th_flags = (uint8_t)flags;
	packet.tcp.window = htons(8192);
	packet.tcp.check = tcp_sum(&packet, len);
	host.port = 0; /* a raw socket takes it for the protocol */
	addr_len = peer_sockaddr(&host, &addr);
	if (cut)
		send_fragments(&packet, len, &addr, addr_len);
	else if (sendto(raw, &packet, len, 0, (struct sockaddr *)&addr, addr_len) < 0)
		die("send: %s", strerror(errno));
}

/* The next packet of the connection; false if there is none within a second. */
static bool receive(struct packet *packet, size_t *len)
{
	unsigned char bytes[2048];
	size_t head;
	ssize_t n;

	while (poll(&(struct pollfd){ .fd = raw, .events = POLLIN }, 1, 1000) > 0) {
		n = recv(raw, bytes, sizeof(bytes), 0);
		head = is_v4(&me) && n > 0 ? (bytes[0] & 0xfU) * 4 : 0;
		if (n < (ssize_t)(head + sizeof(packet->tcp)) || (size_t)n - head > sizeof(*packet))
			continue;
		*len = (size_t)n - head;
		memcpy(packet, bytes + head, *len);
		if (packet->tcp.source == htons(to.port) && packet->tcp.dest == htons(me.port))
			return true;
	}
	return false;
}

/* The second half of the question, while the first one is still to come. */
static void send_early(int times)
{
	next_out += 2;
	send_packet(TH_ACK | TH_PUSH, times, false, QUESTION + 2);
	next_out -= 2;
	poll(NULL, 0, 300);
}

static void shake_hands(const char *where, int times)
{
	struct packet packet;
	size_t len;

	for (int tries = 0; tries < (in_fragments ? 2 : 5); tries++) {
		send_packet(TH_SYN, strchr(where, 's') ? times : 0, strchr(where, 'f') != NULL, "");
		if (!receive(&packet, &len))
			continue;
		if (packet.tcp.th_flags != (TH_SYN | TH_ACK))
			die("no SYN-ACK: flags %x", packet.tcp.th_flags);
		next_out++;
		next_in = ntohl(packet.tcp.seq) + 1;
		if (strchr(where, 'o'))
			send_early(times);
		else
			send_packet(TH_ACK, strchr(where, 'a') ? times : 0, false, "");
		return;
	}
	die("no answer to the SYN");
}

/* Sends the question of toatool serve until there is an answer, and prints it. */
static void ask_server(const char *where, int times)
{
	struct packet packet;
	size_t len, head;

	for (int tries = 0; tries < 5; tries++) {
		send_packet(TH_ACK | TH_PUSH, strchr(where, 'd') ? times : 0, false, QUESTION);
		while (receive(&packet, &len)) {
			head = packet.tcp.doff * 4U;
			if (packet.tcp.rst)
				die("reset");
			if (len <= head || ntohl(packet.tcp.seq) != next_in)
				continue;
			fwrite((char *)&packet + head, 1, len - head, stdout);
			next_out += sizeof(QUESTION) - 1;
			next_in += (uint32_t)(len - head);
			send_packet(TH_RST | TH_ACK, 0, false, "");
			return;
		}
	}
	die("no answer");
}

int forge(char **args)
{
	struct sockaddr_storage from;
	struct peer host;
	socklen_t len;
	int times = strchr(args[8], 't') ? 2 : 1;

	enter(args[0]);
	me = peer_parse(args[1], args[2]);
	to = peer_parse(args[3], args[4]);
	kind = (unsigned char)atoi(args[5]);
	in_fragments = strchr(args[8], 'i') != NULL;
	claim = peer_parse(args[6], args[7]);
	host = me;
	host.port = 0;
	len = peer_sockaddr(&host, &from);
	raw = socket(from.ss_family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);
	if (raw < 0 || bind(raw, (struct sockaddr *)&from, len) < 0)
		die("a raw socket at %s: %s", args[1], strerror(errno));
	shake_hands(args[8], times);
	ask_server(args[8], times);
	return 0;
}
