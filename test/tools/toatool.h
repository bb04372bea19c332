/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toatool: what the cases about the client's address (test/lab/toa*.sh) need on the wire and above
 * it. One small static program, like labtool. Each command enters the network namespace NS ("-":
 * stays where it is).
 */
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* An address with a port. IPv4 is kept as IPv6 has it (::ffff:a.b.c.d). */
struct peer {
	struct in6_addr ip;
	uint16_t port; /* host order */
	uint16_t zero; /* no padding: they are compared as bytes */
};

#define PEER_TEXT (INET6_ADDRSTRLEN + 8)

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
void enter(const char *ns);

bool is_v4(const struct peer *peer);
struct peer peer_of(const struct sockaddr_storage *from);
struct peer peer_parse(const char *ip, const char *port);
/* "1.2.3.4:80" or "[fd00::1]:80"; without the port if `port` is false. */
const char *peer_format(const struct peer *peer, bool port, char text[PEER_TEXT]);
/* Fills in what bind, connect and sendto take; returns its length. */
socklen_t peer_sockaddr(const struct peer *peer, struct sockaddr_storage *out);

/* The commands; each gets what follows its name. */
int serve(char **args); /* toatool_talk.c */
int ask(char **args);
int watch(char **args); /* toatool_watch.c */
int forge(char **args); /* toatool_forge.c */
