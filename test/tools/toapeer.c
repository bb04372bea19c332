// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * toapeer: both ends for test/lab/toa_receive.sh. A client that makes its TCP packets itself, to
 * put the option with an address into any of them, and a server that knows nothing of that.
 *
 *   toapeer serve 4:PORT|6:PORT...
 *       Listens on 0.0.0.0 or ::, and writes into each connection "accept=ADDRESS:PORT
 *       peer=ADDRESS:PORT": what accept() and getpeername() say.
 *   toapeer send FROM PORT TO PORT [WHERE=OPTION...] [noack] [syndata]
 *       One connection from FROM, which no host here may have; prints what the server wrote. WHERE
 *       is syn, ack or data. OPTION is KIND/ADDRESS/PORT, or x:HEX for any bytes. noack: the data
 *       completes the handshake. syndata: the SYN has data.
 *
 * Packets leave through a raw socket and are seen by a packet socket, so this host's TCP has no
 * part in it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS	 3000
#define HOLD_MS	 20000
#define TRIES	 3
#define ISS	 1000
#define MAX_OPTS 40

struct end {
	int family;
	uint8_t bytes[16];
	uint16_t port;
};

struct option {
	uint8_t bytes[MAX_OPTS];
	size_t len;
};

struct client {
	struct end from, to;
	struct option syn, ack, data;
	bool noack, syndata;
	const char *hold; /* the data waits until there is this file */
	int raw, seen;
	uint32_t theirs; /* the next sequence number that we expect */
};

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "toapeer: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

/* --- the server --- */

static void format_end(const struct sockaddr_storage *end, char *buf, size_t size)
{
	char addr[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	memcpy(&v4, end, sizeof(v4));
	memcpy(&v6, end, sizeof(v6));
	if (end->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4.sin_addr, addr, sizeof(addr));
		snprintf(buf, size, "%s:%u", addr, ntohs(v4.sin_port));
	} else {
		inet_ntop(AF_INET6, &v6.sin6_addr, addr, sizeof(addr));
		snprintf(buf, size, "[%s]:%u", addr, ntohs(v6.sin6_port));
	}
}

static int listen_on(const char *what)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)atoi(what + 2)) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = v4.sin_port };
	bool is4 = what[0] == '4';
	int fd = socket(is4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, is4 ? (void *)&v4 : (void *)&v6, is4 ? sizeof(v4) : sizeof(v6)) < 0 ||
	    listen(fd, 16) < 0)
		die("%s: %s", what, strerror(errno));
	return fd;
}

static void answer(int listener)
{
	struct sockaddr_storage accepted = { 0 }, peer = { 0 };
	socklen_t len = sizeof(accepted), peer_len = sizeof(peer);
	int fd = accept(listener, (void *)&accepted, &len);
	char a[64], p[64], line[160];

	if (fd < 0)
		return;
	if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, HOLD_MS) <= 0)
		die("the client asks nothing");
	getpeername(fd, (void *)&peer, &peer_len);
	format_end(&accepted, a, sizeof(a));
	format_end(&peer, p, sizeof(p));
	snprintf(line, sizeof(line), "accept=%s peer=%s\n", a, p);
	(void)!write(fd, line, strlen(line));
	/* The client ends it. */
	poll(&(struct pollfd){ .fd = fd, .events = POLLRDHUP }, 1, WAIT_MS);
	close(fd);
}

static void serve(int n, char **what)
{
	struct pollfd fds[16];

	for (int i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = listen_on(what[i]), .events = POLLIN };
	printf("ready\n");
	fflush(stdout);
	while (poll(fds, (nfds_t)n, -1) > 0)
		for (int i = 0; i < n; i++)
			if (fds[i].revents)
				answer(fds[i].fd);
}

/* --- the client --- */

static void parse_end(const char *addr, const char *port, struct end *end)
{
	end->family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(end->family, addr, end->bytes) != 1)
		die("'%s' is no address", addr);
	end->port = (uint16_t)atoi(port);
}

static void parse_hex(const char *hex, struct option *option)
{
	unsigned byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		option->bytes[option->len++] = (uint8_t)byte;
}

/* KIND/ADDRESS/PORT, as ezlb writes it: kind, length, port, address. */
static void parse_option(char *text, struct option *option)
{
	char *addr, *port;
	struct end end;
	size_t size;

	if (strncmp(text, "x:", 2) == 0) {
		parse_hex(text + 2, option);
		return;
	}
	addr = strchr(text, '/') + 1;
	port = strchr(addr, '/') + 1;
	addr[-1] = port[-1] = '\0';
	parse_end(addr, port, &end);
	size = end.family == AF_INET ? 4 : 16;
	option->bytes[0] = (uint8_t)atoi(text);
	option->bytes[1] = (uint8_t)(4 + size);
	option->bytes[2] = (uint8_t)(end.port >> 8);
	option->bytes[3] = (uint8_t)end.port;
	memcpy(option->bytes + 4, end.bytes, size);
	option->len = 4 + size;
}

static void parse_word(char *word, struct client *c)
{
	if (strcmp(word, "noack") == 0)
		c->noack = true;
	else if (strcmp(word, "syndata") == 0)
		c->syndata = true;
	else if (strncmp(word, "hold=", 5) == 0)
		c->hold = word + 5;
	else if (strncmp(word, "syn=", 4) == 0)
		parse_option(word + 4, &c->syn);
	else if (strncmp(word, "ack=", 4) == 0)
		parse_option(word + 4, &c->ack);
	else if (strncmp(word, "data=", 5) == 0)
		parse_option(word + 5, &c->data);
	else
		die("what is '%s'?", word);
}

static uint32_t sum(uint32_t total, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		total += (uint32_t)(p[i] << 8 | p[i + 1]);
	return len % 2 ? total + (uint32_t)(p[len - 1] << 8) : total;
}

/* RFC 9293, 3.1: with the addresses, the protocol and the length in front. */
static uint16_t checksum(const struct client *c, const void *segment, size_t len)
{
	size_t size = c->from.family == AF_INET ? 4 : 16;
	uint32_t total = sum(IPPROTO_TCP + (uint32_t)len, segment, len);

	total = sum(sum(total, c->from.bytes, size), c->to.bytes, size);
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons((uint16_t)~total);
}

static size_t put_ip(const struct client *c, size_t len, uint8_t *packet)
{
	struct iphdr v4 = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP };
	struct ip6_hdr v6 = { 0 };

	if (c->from.family == AF_INET) {
		memcpy(&v4.saddr, c->from.bytes, 4);
		memcpy(&v4.daddr, c->to.bytes, 4);
		v4.tot_len = htons((uint16_t)(sizeof(v4) + len));
		memcpy(packet, &v4, sizeof(v4));
		return sizeof(v4);
	}
	v6.ip6_flow = htonl(6u << 28);
	v6.ip6_plen = htons((uint16_t)len);
	v6.ip6_nxt = IPPROTO_TCP;
	v6.ip6_hlim = 64;
	memcpy(&v6.ip6_src, c->from.bytes, 16);
	memcpy(&v6.ip6_dst, c->to.bytes, 16);
	memcpy(packet, &v6, sizeof(v6));
	return sizeof(v6);
}

/* The option directly behind the fixed header, then `more`. */
static void send_segment(const struct client *c, struct tcphdr tcp, const struct option *option,
			 const struct option *more, const char *data)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	uint8_t segment[256] = { 0 }, packet[512];
	size_t len = sizeof(tcp), size = strlen(data), at;

	memcpy(segment + len, option->bytes, option->len);
	memcpy(segment + len + option->len, more->bytes, more->len);
	len += option->len + more->len;
	while (len % 4)
		segment[len++] = 1; /* no operation */
	tcp.source = htons(c->from.port);
	tcp.dest = htons(c->to.port);
	tcp.doff = (uint16_t)(len / 4) & 0xf;
	tcp.window = htons(60000);
	memcpy(segment, &tcp, sizeof(tcp));
	for (size_t i = 0; i < size; i++)
		segment[len++] = (uint8_t)data[i];
	tcp.check = checksum(c, segment, len);
	memcpy(segment, &tcp, sizeof(tcp));
	at = put_ip(c, len, packet);
	memcpy(packet + at, segment, len);
	memcpy(&v4.sin_addr, c->to.bytes, 4);
	memcpy(&v6.sin6_addr, c->to.bytes, 16);
	if (sendto(c->raw, packet, at + len, 0,
		   c->from.family == AF_INET ? (void *)&v4 : (void *)&v6,
		   c->from.family == AF_INET ? sizeof(v4) : sizeof(v6)) < 0)
		die("send: %s", strerror(errno));
}

/* Where the TCP header of a packet from the server to us begins; 0: it is another packet. */
static size_t find_tcp(const struct client *c, const uint8_t *packet, size_t len)
{
	size_t ip = c->from.family == AF_INET ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
	size_t size = c->from.family == AF_INET ? 4 : 16, addr = c->from.family == AF_INET ? 12 : 8;
	struct tcphdr tcp;

	if (len < ip + sizeof(tcp) || memcmp(packet + addr, c->to.bytes, size) != 0 ||
	    memcmp(packet + addr + size, c->from.bytes, size) != 0)
		return 0;
	memcpy(&tcp, packet + ip, sizeof(tcp));
	return tcp.source == htons(c->to.port) && tcp.dest == htons(c->from.port) ? ip : 0;
}

/* Waits for a segment with the flag SYN, or for one with data, which it prints. */
static bool receive(struct client *c, bool want_syn)
{
	uint8_t packet[2048];
	struct tcphdr tcp;

	while (poll(&(struct pollfd){ .fd = c->seen, .events = POLLIN }, 1, WAIT_MS) > 0) {
		ssize_t len = recv(c->seen, packet, sizeof(packet), 0);
		size_t at = len > 0 ? find_tcp(c, packet, (size_t)len) : 0, data;

		if (at == 0)
			continue;
		memcpy(&tcp, packet + at, sizeof(tcp));
		if (tcp.rst)
			die("the server resets the connection");
		data = at + tcp.doff * 4u;
		if (want_syn && tcp.syn) {
			c->theirs = ntohl(tcp.seq) + 1;
			return true;
		}
		if (!want_syn && (size_t)len > data) {
			fwrite(packet + data, 1, (size_t)len - data, stdout);
			return true;
		}
	}
	return false;
}

/* Packets from two processors could overtake each other on their way. */
static void stay_on_one_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void open_sockets(struct client *c)
{
	bool is4 = c->from.family == AF_INET;

	c->raw = socket(c->from.family, SOCK_RAW, IPPROTO_RAW);
	c->seen = socket(AF_PACKET, SOCK_DGRAM, htons(is4 ? ETH_P_IP : ETH_P_IPV6));
	if (c->raw < 0 || c->seen < 0)
		die("open a raw socket: %s", strerror(errno));
}

static void connect_to(struct client *c)
{
	const struct option mss = { { 2, 4, 5, 180 }, 4 };
	int tries = 0;

	do {
		if (tries++ == TRIES)
			die("no answer to the SYN");
		send_segment(c, (struct tcphdr){ .syn = 1, .seq = htonl(ISS) }, &c->syn, &mss,
			     c->syndata ? "question\n" : "");
	} while (!receive(c, true));
}

static void send_rest(struct client *c)
{
	const struct option none = { 0 };
	struct tcphdr tcp = { .ack = 1, .seq = htonl(ISS + 1), .ack_seq = htonl(c->theirs) };

	if (c->syndata)
		return; /* the server has answered already */
	if (!c->noack)
		send_segment(c, tcp, &c->ack, &none, "");
	for (int i = 0; c->hold && access(c->hold, F_OK) < 0 && i < HOLD_MS / 20; i++)
		poll(NULL, 0, 20);
	tcp.psh = 1;
	send_segment(c, tcp, &c->data, &none, "question\n");
}

static void talk(struct client *c)
{
	const struct option none = { 0 };
	const size_t sent = strlen("question\n");

	stay_on_one_processor();
	open_sockets(c);
	connect_to(c);
	send_rest(c);
	if (!receive(c, false))
		die("the server says nothing");
	send_segment(c,
		     (struct tcphdr){ .rst = 1,
				      .ack = 1,
				      .seq = htonl(ISS + 1 + (uint32_t)sent),
				      .ack_seq = htonl(c->theirs) },
		     &none, &none, "");
}

int main(int argc, char **argv)
{
	struct client c = { 0 };

	if (argc > 2 && argc < 18 && strcmp(argv[1], "serve") == 0)
		serve(argc - 2, argv + 2);
	if (argc < 6 || strcmp(argv[1], "send") != 0)
		die("usage: toapeer serve 4|6:PORT... | toapeer send FROM PORT TO PORT [WHERE=OPTION...]");
	parse_end(argv[2], argv[3], &c.from);
	parse_end(argv[4], argv[5], &c.to);
	for (int i = 6; i < argc; i++)
		parse_word(argv[i], &c);
	talk(&c);
	return 0;
}
