// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * toatool watch NS LINK PORT [defer] [253]: reads the raw packets that come in on LINK for the TCP
 * port PORT, until it is killed. It says "ready", and then
 *
 *   option SYN|ACK|DATA SOURCE:PORT KIND/LENGTH CLIENT:PORT
 *       Each option of kind 253 or 254 in any packet.
 *   module SOURCE:PORT CLIENT:PORT|none
 *       Each connection, as a kernel module reads it.
 *
 * The widely used modules (of LVS, DPVS, Huawei, UCloud) hook the function that makes the socket of
 * a connection, so they see one packet of it and no other: the one that completes the handshake.
 * That is the first packet with ACK and without SYN behind the SYN; with TCP_DEFER_ACCEPT ("defer")
 * the first of these with data; with Fast Open the SYN itself, if the answer to it acknowledges its
 * data. In this packet the first option of the right kind and length counts: 254 with 8 bytes for
 * IPv4, for IPv6 254 with 20 bytes (DPVS) or 253 (Huawei, Alibaba). An option of length 0 or 1, or
 * one that is longer than what is left, ends the search.
 */
#include "toatool.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS (1U << 16)

struct connection {
	struct peer source;
	uint32_t isn;
	bool used, done;
	char syn[PEER_TEXT]; /* what a module finds in the SYN */
};

static struct connection connections[CONNECTIONS];
static uint16_t port;
static bool defer;
static unsigned char v6_kind = 254;

struct segment {
	struct peer source;
	uint16_t to;
	const struct tcphdr *tcp;
	const unsigned char *options;
	int options_len, data_len;
};

static struct connection *find(const struct peer *source)
{
	uint32_t hash = source->port * 2654435761U;
	struct connection *at;

	for (int i = 12; i < 16; i++)
		hash = hash * 31 + source->ip.s6_addr[i];
	do {
		at = &connections[hash++ % CONNECTIONS];
	} while (at->used && memcmp(&at->source, source, sizeof(*source)) != 0);
	if (!at->used)
		*at = (struct connection){ .source = *source, .used = true, .done = true };
	return at;
}

/* The client of an option: its port, then 4 or 16 bytes of address. */
static struct peer client_of(const unsigned char *option)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };

	memcpy(&four.sin_port, option + 2, 2);
	memcpy(&six.sin6_port, option + 2, 2);
	if (option[1] == 8) {
		memcpy(&four.sin_addr, option + 4, 4);
		return peer_of((struct sockaddr_storage *)&four);
	}
	memcpy(&six.sin6_addr, option + 4, 16);
	return peer_of((struct sockaddr_storage *)&six);
}

typedef bool (*option_fn)(const unsigned char *option, const struct segment *in);

/* Each option for which `wanted` is true, or the first one: NULL if there is none. */
static const unsigned char *walk(const struct segment *in, option_fn wanted)
{
	const unsigned char *at = in->options;
	int left = in->options_len;

	while (left > 0) {
		if (*at == TCPOPT_EOL)
			return NULL;
		if (*at == TCPOPT_NOP) {
			at++;
			left--;
			continue;
		}
		if (left < 2 || at[1] < 2 || at[1] > left)
			return NULL;
		if (wanted(at, in))
			return at;
		left -= at[1];
		at += at[1];
	}
	return NULL;
}

static bool is_modules(const unsigned char *option, const struct segment *in)
{
	(void)in;
	return (option[0] == 254 && option[1] == 8) || (option[0] == v6_kind && option[1] == 20);
}

static void module_text(const struct segment *in, char text[PEER_TEXT])
{
	const unsigned char *option = walk(in, is_modules);
	struct peer client;

	strcpy(text, "none");
	if (option == NULL)
		return;
	client = client_of(option);
	peer_format(&client, true, text);
}

static void say_module(struct connection *conn, const char *client)
{
	char source[PEER_TEXT];

	conn->done = true;
	printf("module %s %s\n", peer_format(&conn->source, true, source), client);
}

/* Prints it, and goes on: false. */
static bool say_option(const unsigned char *option, const struct segment *in)
{
	const char *what = in->tcp->syn ? "SYN" : in->data_len > 0 ? "DATA" : "ACK";
	char source[PEER_TEXT], text[PEER_TEXT] = "?";

	if (option[0] != 253 && option[0] != 254)
		return false;
	if (option[1] == 8 || option[1] == 20) {
		struct peer client = client_of(option);

		peer_format(&client, true, text);
	}
	printf("option %s %s %u/%u %s\n", what, peer_format(&in->source, true, source), option[0],
	       option[1], text);
	return false;
}

static void incoming(const struct segment *in)
{
	struct connection *conn = find(&in->source);
	char text[PEER_TEXT];

	walk(in, say_option);
	if (in->tcp->syn) {
		conn->isn = ntohl(in->tcp->seq);
		conn->done = false;
		module_text(in, conn->syn);
		return;
	}
	if (conn->done || !in->tcp->ack || in->tcp->rst || ntohl(in->tcp->seq) != conn->isn + 1 ||
	    (defer && in->data_len == 0))
		return;
	module_text(in, text);
	say_module(conn, text);
}

/* An answer to a SYN that acknowledges more than the SYN: Fast Open. */
static void outgoing(const struct segment *out)
{
	struct connection *conn = find(&out->source);

	if (out->tcp->syn && !conn->done && ntohl(out->tcp->ack_seq) != conn->isn + 1)
		say_module(conn, conn->syn);
}

static bool parse(const unsigned char *bytes, int len, bool out, struct segment *seg)
{
	const struct ip *ip = (const struct ip *)bytes;
	const struct ip6_hdr *ip6 = (const struct ip6_hdr *)bytes;
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	int head, total, tcp_len;

	if (len >= 40 && ip->ip_v == 4 && ip->ip_p == IPPROTO_TCP) {
		head = ip->ip_hl * 4;
		total = ntohs(ip->ip_len);
	} else if (len >= 60 && ip->ip_v == 6 && ip6->ip6_nxt == IPPROTO_TCP) {
		head = sizeof(*ip6);
		total = head + ntohs(ip6->ip6_plen);
	} else {
		return false;
	}
	if (len < head + (int)sizeof(*seg->tcp))
		return false;
	seg->tcp = (const struct tcphdr *)(bytes + head);
	tcp_len = seg->tcp->doff * 4;
	if (tcp_len < (int)sizeof(*seg->tcp) || len < head + tcp_len)
		return false;
	seg->options = bytes + head + sizeof(*seg->tcp);
	seg->options_len = tcp_len - (int)sizeof(*seg->tcp);
	seg->data_len = total - head - tcp_len;
	seg->to = ntohs(out ? seg->tcp->source : seg->tcp->dest);
	four.sin_port = six.sin6_port = out ? seg->tcp->dest : seg->tcp->source;
	four.sin_addr = out ? ip->ip_dst : ip->ip_src;
	if (ip->ip_v == 6)
		six.sin6_addr = out ? ip6->ip6_dst : ip6->ip6_src;
	seg->source = peer_of(ip->ip_v == 4 ? (struct sockaddr_storage *)&four
					    : (struct sockaddr_storage *)&six);
	return true;
}

static int open_link(const char *link)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 64 << 20;

	to.sll_ifindex = (int)if_nametoindex(link);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (fd < 0 || to.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("%s: %s", link, strerror(errno));
	return fd;
}

int watch(char **args)
{
	static unsigned char bytes[1 << 16];
	int fd;

	enter(args[0]);
	fd = open_link(args[1]);
	port = (uint16_t)atoi(args[2]);
	for (char **option = args + 3; *option != NULL; option++) {
		defer = defer || strcmp(*option, "defer") == 0;
		if (strcmp(*option, "253") == 0)
			v6_kind = 253;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("ready\n");
	while (true) {
		struct sockaddr_ll from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &len);
		bool out = from.sll_pkttype == PACKET_OUTGOING;
		struct segment seg;

		if (n <= 0 || !parse(bytes, (int)n, out, &seg) || seg.to != port)
			continue;
		out ? outgoing(&seg) : incoming(&seg);
	}
}
