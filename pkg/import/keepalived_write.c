// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtual_server as service files: one for its addresses of each family, and one for each mark.
 * What is the same for all backends of a service file is what most of them have.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "keepalived_service.h"

#define LISTEN_MAX 64	 /* in one service file */
#define DESTS_MAX  65536 /* backends times listeners */

/* The listeners and the family of one file. */
struct part {
	const struct ka_listener *first;
	size_t n;
	uint8_t family;
	char name[EZLB_NAME_MAX + 1];
};

/* A text that a server may have, or NULL. */
typedef const char *(*text_fn)(const struct ka_server *server);

static const char *check_of(const struct ka_server *server)
{
	return server->check;
}

static const char *forward_of(const struct ka_server *server)
{
	return server->forward;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

#define CANDIDATES 32 /* that are counted: many different ones have no majority */

/* The text that most servers have; of equals the first one. Sorry servers have no say. */
static const char *most(const struct ka_service *s, text_fn text)
{
	const char *seen[CANDIDATES] = { NULL };
	size_t count[CANDIDATES] = { 0 }, n = 0, best = 0;

	for (size_t i = 0; i < s->servers.len; i++) {
		const char *mine = text(&s->servers.items[i]);
		size_t k = 0;

		if (s->servers.items[i].sorry)
			continue;
		while (k < n && !same(seen[k], mine))
			k++;
		if (k == n && n < CANDIDATES)
			seen[n++] = mine;
		if (k < CANDIDATES && ++count[k] > count[best])
			best = k;
	}
	return seen[best];
}

static bool has_several_ports(const struct ka_service *s)
{
	return s->listeners.len > 1 || s->listeners.items[0].mark || !s->listeners.items[0].ep.port;
}

/* What the service says counts for servers that say nothing. */
static void decide_forward(struct ka_service *s)
{
	EZLB_AUTO_FREE char *of_service = s->forward;

	s->forward = NULL;
	if (!of_service)
		of_service = ezlb_strdup("forward: masq\n");
	for (size_t i = 0; i < s->servers.len; i++)
		if (!s->servers.items[i].forward)
			s->servers.items[i].forward = ezlb_strdup(of_service);
	s->forward = most(s, forward_of) ? ezlb_strdup(most(s, forward_of))
					 : ezlb_strdup(of_service);
	for (size_t i = 0; i < s->servers.len; i++)
		if (!same(s->servers.items[i].forward, s->forward))
			ka_note(s, EZLB_IMPORT_CHANGED, s->servers.items[i].stmt,
				"lvs_method of %s: all backends of a service have the same forward",
				ka_arg(s->servers.items[i].stmt, 1));
	s->bare = strcmp(s->forward, "forward: masq\n") != 0 && has_several_ports(s);
	for (size_t i = 0; i < s->servers.len && !s->bare; i++)
		s->bare = s->servers.items[i].ep.port == 0 && has_several_ports(s);
}

/* Where the server itself is probed by the check, or serves; 0: nobody knows. */
static uint16_t own_port(const struct ka_server *server)
{
	return server->probed ? server->probed : server->ep.port;
}

/*
 * Where backends are written without a port, all are probed on that of the check. A good one that
 * serves on another port would become down: then rather no check.
 */
static bool probes_wrong_port(struct ka_service *s, const char *check)
{
	uint16_t port = 0;

	for (size_t i = 0; check && i < s->servers.len && port == 0; i++)
		if (!s->servers.items[i].sorry && same(check, s->servers.items[i].check))
			port = s->servers.items[i].probed;
	for (size_t i = 0; s->bare && port > 0 && i < s->servers.len; i++) {
		const struct ka_server *server = &s->servers.items[i];

		if (server->sorry || own_port(server) == 0 || own_port(server) == port)
			continue;
		ka_note(s, EZLB_IMPORT_DROPPED, server->stmt,
			"real_server %s: no health check for the service: all backends would be "
			"probed on port %u, and this one has %u",
			ka_arg(server->stmt, 1), (unsigned)port, (unsigned)own_port(server));
		return true;
	}
	return false;
}

static char *decide_check(struct ka_service *s)
{
	const char *check;

	for (size_t i = 0; i < s->servers.len; i++)
		if (!s->servers.items[i].sorry)
			ka_check_server(s, &s->servers.items[i]);
	check = most(s, check_of);
	if (probes_wrong_port(s, check))
		return NULL;
	for (size_t i = 0; i < s->servers.len; i++)
		if (!s->servers.items[i].sorry && !same(check, s->servers.items[i].check))
			ka_note(s, EZLB_IMPORT_CHANGED, s->servers.items[i].stmt,
				"real_server %s: its check differs: all backends have the same "
				"health check, which is that of most of them",
				ka_arg(s->servers.items[i].stmt, 1));
	return check ? ezlb_strdup(check) : NULL;
}

static bool decide_inhibit(struct ka_service *s)
{
	size_t with = 0, n = 0;

	for (size_t i = 0; i < s->servers.len; i++)
		if (!s->servers.items[i].sorry) {
			n++;
			with += s->servers.items[i].inhibit;
		}
	if (with == 0)
		return false;
	ka_note(s, EZLB_IMPORT_CHANGED, s->stmt,
		"inhibit_on_failure: on_failure: drain; a backend that is down is removed when its "
		"connections have ended, or after drain_timeout");
	if (with < n)
		ka_note(s, EZLB_IMPORT_CHANGED, s->stmt,
			"inhibit_on_failure: on_failure counts for all backends; %zu of %zu had it",
			with, n);
	return true;
}

/* keepalived ignores a virtual_server without one, also if there is a sorry_server. */
static bool has_servers(struct ka_service *s)
{
	for (size_t i = 0; i < s->servers.len; i++)
		if (!s->servers.items[i].sorry)
			return true;
	ka_note(s, EZLB_IMPORT_DROPPED, s->stmt,
		"%s: no service file: it has no real_server that can be used", s->what);
	return false;
}

static void put_listen(const struct ka_service *s, const struct part *part, struct ezlb_text *out)
{
	bool list = part->n > 1;

	if (part->first->mark) {
		ezlb_text_printf(out, "fwmark: %lu\n", (unsigned long)part->first->mark);
		return;
	}
	ezlb_text_puts(out, list ? "listen:\n" : "listen: ");
	for (size_t i = 0; i < part->n; i++) {
		const struct ezlb_endpoint *ep = &part->first[i].ep;
		char buf[EZLB_ENDPOINT_STRLEN];

		ezlb_endpoint_format(ep, buf);
		ezlb_text_printf(out, "%s\"%s%s%s\"\n", list ? "  - " : "",
				 !ep->port && part->family == AF_INET6 ? "[" : "", buf,
				 ep->port		    ? ""
				 : part->family == AF_INET6 ? "]:1-65535"
							    : ":1-65535");
	}
	ezlb_text_printf(out, "protocol: %s\n", ezlb_proto_str(s->proto));
}

static void put_scheduling(struct ka_service *s, const struct part *part, struct ezlb_text *out)
{
	bool v6 = part->family == AF_INET6;

	ezlb_text_puts(out, "scheduler: ");
	import_quote(out, s->scheduler);
	ezlb_text_puts(out, "\n");
	if (s->flag_fallback || s->flag_port)
		ezlb_text_printf(out, "scheduler_flags: [%.2s-%s%s%.2s%s]\n", s->scheduler,
				 s->flag_fallback ? "fallback" : "port",
				 s->flag_fallback && s->flag_port ? ", " : "",
				 s->flag_fallback && s->flag_port ? s->scheduler : "",
				 s->flag_fallback && s->flag_port ? "-port" : "");
	if (s->ops)
		ezlb_text_puts(out, "one_packet: true\n");
	if (!s->persistence_s && !s->prefix)
		return;
	ezlb_text_printf(out, "persistence:\n  timeout: %lds\n",
			 s->persistence_s ? s->persistence_s : 360);
	if (s->prefix > 0 && s->prefix <= (v6 ? 128 : 32))
		ezlb_text_printf(out, "  netmask: %d\n", s->prefix);
	if (s->engine)
		ezlb_text_printf(out, "  engine: %s\n", s->engine);
}

/* IPVS takes a port 0 for that of the client; service files allow it where there are several. */
static uint16_t port_of(struct ka_service *s, const struct part *part,
			const struct ka_server *server)
{
	bool several = part->n > 1 || part->first->mark || !part->first->ep.port;
	bool masq = strcmp(s->forward, "forward: masq\n") == 0;

	if (several)
		return masq ? server->ep.port : 0;
	if (!masq && server->ep.port && server->ep.port != part->first->ep.port)
		ka_note(s, EZLB_IMPORT_CHANGED, server->stmt,
			"the port of real_server %s: without NAT packets keep the port of the "
			"listener",
			ka_arg(server->stmt, 1));
	return masq && server->ep.port ? server->ep.port : part->first->ep.port;
}

static bool put_backends(struct ka_service *s, const struct part *part, bool sorry,
			 struct ezlb_text *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s->servers.len; i++) {
		const struct ka_server *server = &s->servers.items[i];
		struct ezlb_endpoint ep = server->ep;

		if (server->sorry != sorry)
			continue;
		if (ep.addr.family != part->family) {
			ka_note(s, EZLB_IMPORT_DROPPED, server->stmt,
				"%s %s: left out of %s: listener and backend are not of the same "
				"family",
				ka_arg(server->stmt, 0), ka_arg(server->stmt, 1), part->name);
			continue;
		}
		if (n++ == 0)
			ezlb_text_puts(out, sorry ? "fallback:\n" : "backends:\n");
		ep.port = port_of(s, part, server);
		ezlb_text_puts(out, "  - address: ");
		import_endpoint(out, &ep);
		ezlb_text_printf(out, "\n    weight: %u\n", (unsigned)server->weight);
		if (server->upper)
			ezlb_text_printf(out, "    upper_threshold: %u\n", (unsigned)server->upper);
		if (server->lower)
			ezlb_text_printf(out, "    lower_threshold: %u\n", (unsigned)server->lower);
	}
	return n > 0;
}

static void write_part(struct ka_service *s, struct part *part, const char *check, bool inhibit)
{
	struct ezlb_text out = { 0 };
	struct import_origin origin = { s->stmt->file, s->stmt->at, s->what };
	bool some;

	put_listen(s, part, &out);
	put_scheduling(s, part, &out);
	ezlb_text_puts(&out, s->forward);
	if (inhibit)
		ezlb_text_puts(&out, "on_failure: drain\ndrain_timeout: 24h\n");
	some = put_backends(s, part, false, &out);
	put_backends(s, part, true, &out);
	ezlb_text_puts(&out, "health_check:\n");
	ezlb_text_puts(&out, check ? check : "  enabled: false\n");
	if (some)
		import_service(s->reader->import, part->name, &out, &origin);
	else
		ka_note(s, EZLB_IMPORT_DROPPED, s->stmt,
			"%s: no service file: it has no backend of its family", part->name);
	EZLB_VEC_CLEAR(&out);
}

static uint8_t family_of(const struct ka_service *s, const struct ka_listener *listener)
{
	if (listener->ep.addr.family)
		return listener->ep.addr.family;
	return s->ip_family ? s->ip_family : s->servers.items[0].ep.addr.family;
}

static void name_part(struct ka_service *s, struct part *part, size_t index)
{
	EZLB_AUTO_FREE char *wanted = NULL;

	if (index == 0)
		wanted = ezlb_strdup(s->name);
	else if (part->first->mark)
		wanted = ezlb_asprintf("%.40s-fwmark-%lu", s->name,
				       (unsigned long)part->first->mark);
	else
		wanted = ezlb_asprintf("%.58s-%s", s->name,
				       part->family == AF_INET6 ? "ipv6" : "2");
	ezlb_import_name(s->reader->import, wanted, part->name);
}

/* The listeners are sorted: addresses first, IPv4 before IPv6. */
static void write_parts(struct ka_service *s, const char *check, bool inhibit)
{
	size_t most_listeners = DESTS_MAX / s->servers.len, parts = 0;

	if (most_listeners > LISTEN_MAX)
		most_listeners = LISTEN_MAX;
	for (size_t i = 0, n; i < s->listeners.len && !s->reader->import->full; i += n) {
		const struct ka_listener *first = &s->listeners.items[i];
		struct part part = { .first = first, .family = family_of(s, first) };

		n = 1;
		while (!first->mark && n < most_listeners && i + n < s->listeners.len &&
		       !s->listeners.items[i + n].mark &&
		       s->listeners.items[i + n].ep.addr.family == part.family)
			n++;
		part.n = n;
		name_part(s, &part, parts++);
		write_part(s, &part, check, inhibit);
	}
	if (parts > 1)
		ka_note(s, EZLB_IMPORT_CHANGED, s->stmt,
			"%s: %zu service files: one for the addresses of each family, at most 64 in "
			"one, and one for each mark",
			s->what, parts);
}

static void note_listeners(struct ka_service *s)
{
	for (size_t i = 0; i < s->listeners.len; i++)
		if (!s->listeners.items[i].mark && !s->listeners.items[i].ep.port) {
			ka_note(s, EZLB_IMPORT_CHANGED, s->stmt,
				"%s: port 0 is the range of ports 1-65535, which needs nf_tables",
				s->what);
			break;
		}
	for (size_t i = 0; s->protocol && i < s->listeners.len; i++)
		if (s->listeners.items[i].mark) {
			ka_note(s, EZLB_IMPORT_DROPPED, s->protocol,
				"protocol: a service with a mark takes packets of every protocol");
			break;
		}
	if (!s->protocol && !s->is_mark)
		ka_note(s, EZLB_IMPORT_CHANGED, s->stmt,
			"%s: it has no protocol, so it is for UDP as with keepalived 2.2", s->what);
}

void ka_service_write(struct ka_service *s)
{
	EZLB_AUTO_FREE char *check = NULL;
	bool inhibit;

	if (!has_servers(s))
		return;
	note_listeners(s);
	decide_forward(s);
	check = decide_check(s);
	inhibit = decide_inhibit(s);
	write_parts(s, check, inhibit);
}
