// SPDX-License-Identifier: GPL-2.0-or-later
/* real_server and sorry_server. */
#include <string.h>
#include <sys/socket.h>

#include <ezlb/yaml.h>

#include "keepalived_service.h"

static bool is_loopback(const struct ezlb_addr *addr)
{
	static const struct ezlb_addr six = { AF_INET6, { [15] = 1 } };

	return (addr->family == AF_INET && addr->bytes[0] == 127) ||
	       ezlb_addr_cmp(addr, &six) == 0 || ezlb_addr_is_any(addr);
}

static bool is_twice(const struct ka_service *s, const struct ezlb_endpoint *ep)
{
	for (size_t i = 0; i < s->servers.len; i++)
		if (ezlb_endpoint_cmp(&s->servers.items[i].ep, ep) == 0)
			return true;
	return false;
}

/* NULL: there is no such backend; noted. */
static struct ka_server *new_server(struct ka_service *s, const struct ka_stmt *stmt, bool sorry)
{
	struct ka_server *server;
	struct ezlb_endpoint ep = { .port = 0 };
	char shown[KA_SHOW_STRLEN];

	if (!ka_endpoint(s->reader, stmt, 1, &ep))
		return NULL;
	ka_show(stmt, shown);
	if (is_loopback(&ep.addr)) {
		ka_note(s, EZLB_IMPORT_DROPPED, stmt,
			"%s: left out: a backend cannot be the balancer itself", shown);
		return NULL;
	}
	if (is_twice(s, &ep)) {
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: left out: it is there already", shown);
		return NULL;
	}
	server = EZLB_PUSH(&s->servers);
	*server = (struct ka_server){ .stmt = stmt, .ep = ep, .sorry = sorry };
	server->weight = s->weight;
	server->inhibit = s->inhibit;
	server->timing = ka_timing_unset;
	return server;
}

static struct ka_server *last_sorry(struct ka_service *s)
{
	for (size_t i = s->servers.len; i > 0; i--)
		if (s->servers.items[i - 1].sorry)
			return &s->servers.items[i - 1];
	return NULL;
}

void ka_read_sorry(struct ka_service *s, const struct ka_stmt *stmt)
{
	const char *word = ka_arg(stmt, 0);
	struct ka_server *server;

	if (strcmp(word, "sorry_server") == 0) {
		server = new_server(s, stmt, true);
		if (server) {
			server->weight = 1;
			server->inhibit = false;
			ka_note(s, EZLB_IMPORT_CHANGED, stmt,
				"sorry_server: a fallback backend is probed like the others");
		}
		return;
	}
	server = last_sorry(s);
	if (!server) {
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: there is no sorry_server", word);
	} else if (strcmp(word, "sorry_server_inhibit") == 0) {
		ka_note(s, EZLB_IMPORT_DROPPED, stmt,
			"sorry_server_inhibit: on_failure is the same for all backends");
	} else {
		free(server->forward);
		server->forward = ka_forward(s, stmt);
	}
}

static void use_number(struct ka_service *s, const struct ka_stmt *stmt, uint32_t *to,
		       unsigned long max)
{
	unsigned long n;

	if (ka_number(s, stmt, 1, max, &n))
		*to = (uint32_t)n;
}

static void use_weight(struct ka_service *s, const struct ka_stmt *stmt)
{
	use_number(s, stmt, &s->server->weight, 65535);
}

static void use_upper(struct ka_service *s, const struct ka_stmt *stmt)
{
	use_number(s, stmt, &s->server->upper, UINT32_MAX);
}

static void use_lower(struct ka_service *s, const struct ka_stmt *stmt)
{
	use_number(s, stmt, &s->server->lower, UINT32_MAX);
}

static void use_method(struct ka_service *s, const struct ka_stmt *stmt)
{
	free(s->server->forward);
	s->server->forward = ka_forward(s, stmt);
}

static void use_inhibit(struct ka_service *s, const struct ka_stmt *stmt)
{
	ka_bool(s, stmt, &s->server->inhibit);
}

static void use_timing(struct ka_service *s, const struct ka_stmt *stmt)
{
	ka_timing_use(s, stmt, &s->server->timing);
}

/* Read when the forwarding of the service is known: keepalived_check.c. */
static void use_checker(struct ka_service *s, const struct ka_stmt *stmt)
{
	(void)s, (void)stmt;
}

static const struct ka_keyword rows[] = {
	{ "weight", use_weight, NULL },
	{ "uthreshold", use_upper, NULL },
	{ "lthreshold", use_lower, NULL },
	{ "lvs_method", use_method, NULL },
	{ "inhibit_on_failure", use_inhibit, NULL },
	KA_TIMING(use_timing),
	{ "HTTP_GET", use_checker, NULL },
	{ "SSL_GET", use_checker, NULL },
	{ "TCP_CHECK", use_checker, NULL },
	{ "UDP_CHECK", use_checker, NULL },
	{ "DNS_CHECK", use_checker, NULL },
	{ "SMTP_CHECK", use_checker, NULL },
	{ "MISC_CHECK", use_checker, NULL },
	{ "PING_CHECK", use_checker, NULL },
	{ "BFD_CHECK", use_checker, NULL },
	{ "FILE_CHECK", use_checker, NULL },
	{ "notify_up", NULL, KA_NO_PROGRAMS },
	{ "notify_down", NULL, KA_NO_PROGRAMS },
	{ "smtp_alert", NULL, "ezlb sends no mail; use alert rules for the metrics" },
	{ "snmp_name", NULL, "a backend has no name; metrics have its address" },
};
static const struct ka_table table = KA_TABLE("real_server", rows);

void ka_read_server(struct ka_service *s, const struct ka_stmt *stmt)
{
	s->server = new_server(s, stmt, false);
	if (!s->server)
		return;
	for (size_t i = 0; i < stmt->body.len; i++)
		ka_use(s, &table, stmt->body.items[i]);
	s->server = NULL;
}
