// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of the checkers of a real_server becomes its health check. */
#include <string.h>

#include "keepalived_service.h"

/* The higher, the more a checker tells of what clients need. */
static const struct checker {
	const char *name;
	int rank;
	const char *nearest; /* not NULL: a TCP connection is the nearest */
} checkers[] = {
	{ "HTTP_GET", 5, NULL },
	{ "SSL_GET", 5, NULL },
	{ "DNS_CHECK", 4, NULL },
	{ "UDP_CHECK", 3, NULL },
	{ "TCP_CHECK", 2, NULL },
	{ "SMTP_CHECK", 1, "there is no dialogue of SMTP" },
	{ "PING_CHECK", 0, "there is no ICMP echo" },
	{ "MISC_CHECK", 0,
	  "ezlb starts no programs; let the script answer by HTTP on a port of the backend" },
	{ "FILE_CHECK", 0, "ezlb reads no such file" },
	{ "BFD_CHECK", 0, "there is no BFD" },
};

static const struct checker *checker_of(const struct ka_stmt *stmt)
{
	for (size_t i = 0; i < sizeof(checkers) / sizeof(checkers[0]); i++)
		if (strcmp(checkers[i].name, ka_arg(stmt, 0)) == 0)
			return &checkers[i];
	return NULL;
}

static const struct ka_stmt *choose(const struct ka_stmt *server)
{
	const struct ka_stmt *best = NULL;

	for (size_t i = 0; i < server->body.len; i++) {
		const struct ka_stmt *stmt = server->body.items[i];
		const struct checker *checker = checker_of(stmt);

		if (checker && (!best || checker->rank > checker_of(best)->rank))
			best = stmt;
	}
	return best;
}

static void note_others(struct ka_service *s, const struct ka_stmt *server,
			const struct ka_stmt *best)
{
	for (size_t i = 0; i < server->body.len; i++) {
		const struct ka_stmt *stmt = server->body.items[i];

		if (stmt != best && checker_of(stmt))
			ka_note(s, EZLB_IMPORT_DROPPED, stmt,
				"%s: a service has one health check; its %s is used",
				ka_arg(stmt, 0), ka_arg(best, 0));
	}
}

/* The port that is probed if the check does not say one; 0: nobody knows. */
static uint16_t default_port(const struct ka_service *s, const struct ka_server *server)
{
	return server->ep.port ? server->ep.port : s->listeners.items[0].ep.port;
}

/* For a checker that ezlb has not: whether the port accepts connections. */
static void read_nearest(struct ka_service *s, const struct ka_stmt *stmt,
			 const struct checker *checker, struct ka_check *check)
{
	bool tcp = s->proto == EZLB_TCP && (check->port || default_port(s, s->server));

	check->probe = tcp ? KA_TCP : KA_NONE;
	if (tcp)
		ka_note(s, EZLB_IMPORT_CHANGED, stmt, "%s: type: tcp is the nearest: %s",
			checker->name, checker->nearest);
	else
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: gives no health check: %s",
			checker->name, checker->nearest);
}

void ka_check_clear(struct ka_check *check)
{
	EZLB_VEC_CLEAR(&check->statuses);
	EZLB_VEC_CLEAR(&check->body);
	EZLB_VEC_CLEAR(&check->payload_hex);
	EZLB_VEC_CLEAR(&check->answer_hex);
}

void ka_check_server(struct ka_service *s, struct ka_server *server)
{
	const struct ka_stmt *stmt = choose(server->stmt);
	struct ka_check check = { .timing = ka_timing_unset };
	const struct checker *checker;

	if (!stmt)
		return;
	note_others(s, server->stmt, stmt);
	checker = checker_of(stmt);
	s->server = server;
	ka_probe_read(s, stmt, &check);
	if (checker->nearest)
		read_nearest(s, stmt, checker, &check);
	ka_timing_inherit(&check.timing, &server->timing);
	ka_timing_inherit(&check.timing, &s->timing);
	/* A backend may be written without a port, but the probe needs one. */
	if (!check.port && s->bare)
		check.port = server->ep.port;
	if (check.probe != KA_NONE && !check.port && !default_port(s, server)) {
		ka_note(s, EZLB_IMPORT_DROPPED, stmt,
			"%s: no health check: it has no connect_port and the backend no port",
			checker->name);
		check.probe = KA_NONE;
	}
	server->probed = check.probe == KA_NONE ? 0 : check.port;
	if (check.probe != KA_NONE)
		server->check = ka_probe_lines(s, stmt, &check, server->ep.port);
	ka_check_clear(&check);
	s->server = NULL;
}
