/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random_files: the text of service files out of the dice: every kind of service that the kernel
 * can hold, IPv4 in even slots and IPv6 in odd ones. Most are valid. Some have a listener or a
 * backend with another source address of another slot, and some are no service file.
 */
#pragma once

#include <ezlb/text.h>

#include "dice.h"

#define RANDOM_SLOTS	12
#define RANDOM_BACKENDS 6

/* What the lines of one file depend on. */
struct random_file {
	unsigned slot;
	bool six;
	bool by_listener; /* source NAT is by listener: services may disagree about a backend */
	bool mark;	  /* the service is a firewall mark */
	bool many;	  /* several listeners, or a range: backends may have no port */
	bool full_nat;
	unsigned port; /* of the first listener */
	const char *protocol;
	const char *forward;
};

static inline bool random_is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* One of a list of words that ends with NULL. */
static inline const char *random_word(const char *const words[])
{
	unsigned n = 0;

	while (words[n])
		n++;
	return words[dice(n)];
}

/* The start of a quoted endpoint: 10.0.0.5:80 or [fd00:10::5]:80, or without port if that is 0. */
static inline void random_address(struct ezlb_text *text, bool six, const char *net, unsigned host,
				  unsigned port)
{
	if (six)
		ezlb_text_printf(text, "'[fd00:%s::%u]", random_is(net, "10.0.0") ? "10" : "192",
				 host);
	else
		ezlb_text_printf(text, "'%s.%u", net, host);
	if (port)
		ezlb_text_printf(text, ":%u", port);
}

static inline void random_listen(struct ezlb_text *text, struct random_file *file)
{
	const unsigned kind = dice(8);
	const unsigned vip = 1 + dice(3);

	file->port = dice(8) ? 1000 + file->slot * 20 + dice(3) : 1000;
	file->mark = kind == 0 && (file->by_listener || !file->full_nat);
	file->many = kind <= 2;
	if (file->mark) {
		ezlb_text_printf(text, "fwmark: %u\n", 5 + file->slot);
		return;
	}
	ezlb_text_puts(text, "listen: [");
	random_address(text, file->six, "10.0.0", vip, file->port);
	if (kind == 1 && (file->by_listener || !file->full_nat))
		ezlb_text_printf(text, "-%u", file->port + 3 + dice(2));
	ezlb_text_puts(text, "'");
	if (kind == 2) {
		ezlb_text_puts(text, ", ");
		random_address(text, file->six, "10.0.0", 1 + dice(3), file->port + 10);
		ezlb_text_puts(text, "'");
	}
	ezlb_text_printf(text, "]\nprotocol: %s\n", file->protocol);
}

static inline void random_scheduling(struct ezlb_text *text, const struct random_file *file)
{
	static const char *const names[] = { "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh",
					     "sh", "sed", "nq", "fo",  "ovf",  "mh",	NULL };
	static const char *const slow[] = { "wrr", "wlc", "sed", "nq", "lblc", "lblcr", NULL };
	static const char *const flags[] = { "fallback", "port", NULL };
	const bool udp = random_is(file->protocol, "udp") && !file->mark;
	const char *name = random_word(names);

	ezlb_text_printf(text, "scheduler: %s\n", name);
	if ((random_is(name, "sh") || random_is(name, "mh")) && dice(2))
		ezlb_text_printf(text, "scheduler_flags: %s-%s\n", name, random_word(flags));
	for (unsigned i = 0; slow[i] && dice(2); i++)
		if (random_is(name, slow[i]))
			ezlb_text_printf(text, "slow_start: %us\n", 1 + dice(60));
	if (udp && dice(4) == 0)
		ezlb_text_puts(text, "one_packet: true\n");
	if (dice(3))
		return;
	ezlb_text_printf(text, "persistence:\n  timeout: %us\n", 1 + dice(600));
	if (dice(2))
		ezlb_text_printf(text, "  netmask: %u\n", 8 + dice(file->six ? 120 : 24));
	if (udp && dice(2))
		ezlb_text_puts(text, "  engine: sip\n");
}

/* A file with a source address of its own, or of the backend, so that services can share it. */
static inline void random_forwarding(struct ezlb_text *text, const struct random_file *file)
{
	static const char *const tunnels[] = { "{type: ipip}",
					       "{type: gue, port: 6080}",
					       "{type: gue, port: 6081, checksum: csum}",
					       "{type: gue, port: 6081, checksum: remcsum}",
					       "{type: gre}",
					       "{type: gre, checksum: csum}",
					       NULL };
	const char *net = file->six ? "fd00:10::" : "10.0.0.";

	ezlb_text_printf(text, "forward: %s\n", file->forward);
	if (random_is(file->forward, "tunnel") && dice(3))
		ezlb_text_printf(text, "tunnel: %s\n", random_word(tunnels));
	if (!file->full_nat)
		return;
	ezlb_text_puts(text, "full_nat: true\n");
	if (dice(3) == 0)
		return;
	ezlb_text_printf(text, "snat_ip: %s100", net);
	if (dice(3) == 0)
		ezlb_text_printf(text, "-%s%u", net, 101 + dice(3));
	ezlb_text_puts(text, "\n");
}

static inline void random_backend(struct ezlb_text *text, const struct random_file *file,
				  unsigned host)
{
	const unsigned own = 9000 + file->slot;
	unsigned port = dice(6) ? own : 8000;

	if (!random_is(file->forward, "masq"))
		port = file->port;
	if (file->many || file->mark)
		port = 0;
	ezlb_text_puts(text, "  - address: ");
	random_address(text, file->six, "192.168.10", 11 + host, port);
	ezlb_text_printf(text, "'\n    weight: %u\n", dice(4) ? dice(5) : dice(65536));
	if (dice(4) == 0)
		ezlb_text_printf(text, "    upper_threshold: %u\n", 10 + dice(1000));
}

/* Each host once; those of `fallback` behind the others. */
static inline void random_backends(struct ezlb_text *text, const struct random_file *file)
{
	const unsigned main_ones = 1 + dice(RANDOM_BACKENDS - 2);

	ezlb_text_puts(text, "backends:\n");
	for (unsigned i = 0; i < RANDOM_BACKENDS; i++) {
		if (i == main_ones && dice(3) > 0)
			return;
		if (i == main_ones)
			ezlb_text_puts(text, "fallback:\n");
		if (i == 0 || i == main_ones || dice(4))
			random_backend(text, file, i);
	}
}

static inline void random_life(struct ezlb_text *text, const struct random_file *file)
{
	static const char *const failures[] = { "auto", "drain", "remove", NULL };
	static const char *const whens[] = { "always", "serving", NULL };

	if (dice(3) == 0)
		ezlb_text_printf(text, "drain_timeout: %us\n", dice(3) * 10);
	if (dice(4) == 0)
		ezlb_text_puts(text, dice(2) ? "min_healthy: 1\n" : "min_healthy: 60%\n");
	if (dice(3) == 0)
		ezlb_text_printf(text, "on_failure: %s\n", random_word(failures));
	if (dice(4) == 0 && !file->mark)
		ezlb_text_printf(text, "vip: %s\n", random_word(whens));
	if (dice(3) == 0 && !file->mark)
		ezlb_text_puts(text, "health_check: {enabled: false}\n");
	else if (dice(4) == 0 && !file->mark)
		ezlb_text_printf(text, "health_check: {type: tcp, initial: %s}\n",
				 dice(2) ? "up" : "down");
}

/* What no service file is: the version before it stays. */
static inline void random_damage(struct ezlb_text *text)
{
	static const char *const damages[] = { "backends: 7\n",	     "\tx: y\n",
					       "no_such_field: 1\n", "listen: [",
					       "scheduler: best\n",  NULL };

	ezlb_text_puts(text, random_word(damages));
}

/* What the text of a file is made of; each part from a seed of its own, so that an edit can keep
 * the others. */
enum {
	RANDOM_SHAPE,
	RANDOM_SCHEDULING,
	RANDOM_FORWARDING,
	RANDOM_LIFE,
	RANDOM_SERVERS,
	RANDOM_DAMAGE,
	RANDOM_PARTS
};

struct random_parts {
	uint64_t seeds[RANDOM_PARTS]; /* 0: not rolled yet */
};

/* All parts anew the first time and now and then, else one. */
static inline void random_reroll(struct random_parts *parts)
{
	const unsigned one = dice(6) ? dice(RANDOM_PARTS) : RANDOM_PARTS;

	for (unsigned i = 0; i < RANDOM_PARTS; i++)
		if (one == i || one == RANDOM_PARTS || parts->seeds[i] == 0)
			parts->seeds[i] = ((uint64_t)dice(1u << 30) << 31) + dice(1u << 30) + 1;
	/* Damage is seldom, and does not stay. */
	parts->seeds[RANDOM_DAMAGE] += dice(1000);
}

static inline void random_shape(struct ezlb_text *text, struct random_file *file)
{
	static const char *const protocols[] = { "tcp", "tcp", "udp", "sctp", "[tcp, udp]", NULL };
	static const char *const forwards[] = { "masq", "direct", "tunnel", NULL };

	file->full_nat = dice(2);
	file->protocol = random_word(protocols);
	file->forward = file->full_nat ? "masq" : random_word(forwards);
	random_listen(text, file);
}

/* Appends the text of the file of this slot. The dice are afterwards as they were. */
static inline void random_file(struct ezlb_text *text, unsigned slot, bool by_listener,
			       const struct random_parts *parts)
{
	struct random_file file = { .slot = slot, .six = slot % 2, .by_listener = by_listener };
	const uint64_t dice_before = seed;

	seed = parts->seeds[RANDOM_SHAPE];
	random_shape(text, &file);
	seed = parts->seeds[RANDOM_SCHEDULING];
	random_scheduling(text, &file);
	seed = parts->seeds[RANDOM_FORWARDING];
	random_forwarding(text, &file);
	seed = parts->seeds[RANDOM_LIFE];
	random_life(text, &file);
	seed = parts->seeds[RANDOM_SERVERS];
	random_backends(text, &file);
	seed = parts->seeds[RANDOM_DAMAGE];
	if (dice(12) == 0)
		random_damage(text);
	seed = dice_before;
}
