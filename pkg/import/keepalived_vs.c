// SPDX-License-Identifier: GPL-2.0-or-later
/* The keywords of virtual_server. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <ezlb/yaml.h>

#include "keepalived_service.h"

#define PERSISTENCE_S	  360 /* if the keyword has no number */
#define PERSISTENCE_MAX_S (24 * 3600)
#define QUORUM                                                                           \
	"fallback serves while no backend is healthy; with fewer healthy backends than " \
	"min_healthy all of them get connections, which is the opposite of a quorum"

static void use_timing(struct ka_service *s, const struct ka_stmt *stmt)
{
	ka_timing_use(s, stmt, &s->timing);
}

static void use_sched(struct ka_service *s, const struct ka_stmt *stmt)
{
	s->scheduler = ka_arg(stmt, 1);
}

/* For sh and mh flag-1 is fallback and flag-2 is port: linux/ip_vs.h. */
static void use_flag(struct ka_service *s, const struct ka_stmt *stmt)
{
	const char *flag = ka_arg(stmt, 0);
	const char *own = strncmp(flag, "flag", 4) == 0 ? s->scheduler : flag;

	/* lb_algo may follow: see read_keywords. */
	if ((strncmp(own, "sh", 2) != 0 && strncmp(own, "mh", 2) != 0) ||
	    strncmp(own, s->scheduler, 2) != 0 || strcmp(flag, "flag-3") == 0)
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: no effect with the scheduler %s", flag,
			s->scheduler);
	else if (strcmp(flag, "flag-1") == 0 || strstr(flag, "fallback"))
		s->flag_fallback = true;
	else
		s->flag_port = true;
}

static void use_ops(struct ka_service *s, const struct ka_stmt *stmt)
{
	if (s->proto == EZLB_UDP)
		s->ops = true;
	else
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "ops: only for protocol UDP");
}

static void use_kind(struct ka_service *s, const struct ka_stmt *stmt)
{
	free(s->forward);
	s->forward = ka_forward(s, stmt);
}

static void use_persistence(struct ka_service *s, const struct ka_stmt *stmt)
{
	unsigned long seconds = PERSISTENCE_S;

	if (stmt->words.len > 1 && !ka_number(s, stmt, 1, UINT32_MAX, &seconds))
		return;
	if (seconds > PERSISTENCE_MAX_S) {
		ka_note(s, EZLB_IMPORT_CHANGED, stmt,
			"persistence_timeout %lu: the longest one is 24h", seconds);
		seconds = PERSISTENCE_MAX_S;
	}
	if (seconds == 0)
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "persistence_timeout 0: not valid");
	else
		s->persistence_s = (long)seconds;
}

/* The length of a mask of IPv4, or of the prefix of IPv6; 0: neither. */
static int granularity(const char *text)
{
	struct in_addr in;
	uint32_t mask;
	int n = 0;

	if (!strchr(text, '.'))
		return strlen(text) < 4 && text[strspn(text, "0123456789")] == '\0' ? atoi(text)
										    : 0;
	if (inet_pton(AF_INET, text, &in) != 1)
		return 0;
	for (mask = ntohl(in.s_addr); mask & 0x80000000; mask <<= 1)
		n++;
	return mask ? 0 : n;
}

static void use_granularity(struct ka_service *s, const struct ka_stmt *stmt)
{
	const char *text = ka_arg(stmt, 1);
	char shown[EZLB_SHOW_STRLEN];
	int prefix = granularity(text);

	if (prefix < 1 || prefix > 128) {
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "persistence_granularity %s: not a mask",
			ezlb_source_show(text, shown));
		return;
	}
	s->prefix = prefix;
	if (!s->ip_family)
		s->ip_family = strchr(text, '.') ? AF_INET : AF_INET6;
}

static void use_engine(struct ka_service *s, const struct ka_stmt *stmt)
{
	char shown[EZLB_SHOW_STRLEN];

	if (!s->persistence_s && !s->prefix)
		ka_note(s, EZLB_IMPORT_DROPPED, stmt,
			"persistence_engine: no effect without persistence_timeout");
	else if (strcmp(ka_arg(stmt, 1), "sip") == 0 && s->proto == EZLB_UDP)
		s->engine = "sip";
	else
		ka_note(s, EZLB_IMPORT_DROPPED, stmt,
			"persistence_engine %s: there is only sip, for protocol UDP",
			ezlb_source_show(ka_arg(stmt, 1), shown));
}

static void use_protocol(struct ka_service *s, const struct ka_stmt *stmt)
{
	static const char *const words[] = { "TCP", "UDP", "SCTP" };
	char shown[EZLB_SHOW_STRLEN];

	for (size_t i = 0; i < 3; i++)
		if (strcasecmp(words[i], ka_arg(stmt, 1)) == 0) {
			s->proto = (enum ezlb_proto)i;
			s->protocol = stmt;
			return;
		}
	ka_note(s, EZLB_IMPORT_DROPPED, stmt, "protocol %s: not known",
		ezlb_source_show(ka_arg(stmt, 1), shown));
}

static void use_ip_family(struct ka_service *s, const struct ka_stmt *stmt)
{
	if (s->is_mark)
		s->ip_family = strcmp(ka_arg(stmt, 1), "inet6") == 0 ? AF_INET6 : AF_INET;
	else
		ka_note(s, EZLB_IMPORT_DROPPED, stmt,
			"ip_family: the family is that of the addresses");
}

static void use_inhibit(struct ka_service *s, const struct ka_stmt *stmt)
{
	(void)stmt;
	s->inhibit = true;
}

static void use_weight(struct ka_service *s, const struct ka_stmt *stmt)
{
	unsigned long weight;

	if (ka_number(s, stmt, 1, 65535, &weight))
		s->weight = (uint32_t)weight;
}

static void use_quorum(struct ka_service *s, const struct ka_stmt *stmt)
{
	unsigned long n;

	if (ka_number(s, stmt, 1, UINT32_MAX, &n) && n > 1)
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "quorum %lu: ezlb has no quorum: " QUORUM, n);
}

static void use_hysteresis(struct ka_service *s, const struct ka_stmt *stmt)
{
	unsigned long n;

	if (ka_number(s, stmt, 1, UINT32_MAX, &n) && n > 0)
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "hysteresis %lu: ezlb has no quorum", n);
}

static void use_snmp_name(struct ka_service *s, const struct ka_stmt *stmt)
{
	(void)s, (void)stmt; /* see read_name */
}

static const struct ka_keyword rows[] = {
	{ "lb_algo", use_sched, NULL },
	{ "lvs_sched", use_sched, NULL },
	{ "protocol", use_protocol, NULL },
	{ "ip_family", use_ip_family, NULL },
	{ "snmp_name", use_snmp_name, NULL },
	{ "lb_kind", use_kind, NULL },
	{ "lvs_method", use_kind, NULL },
	{ "flag-1", use_flag, NULL },
	{ "flag-2", use_flag, NULL },
	{ "flag-3", use_flag, NULL },
	{ "sh-port", use_flag, NULL },
	{ "sh-fallback", use_flag, NULL },
	{ "mh-port", use_flag, NULL },
	{ "mh-fallback", use_flag, NULL },
	{ "ops", use_ops, NULL },
	{ "persistence_timeout", use_persistence, NULL },
	{ "persistence_granularity", use_granularity, NULL },
	{ "persistence_engine", use_engine, NULL },
	{ "weight", use_weight, NULL },
	{ "inhibit_on_failure", use_inhibit, NULL },
	KA_TIMING(use_timing),
	{ "quorum", use_quorum, NULL },
	{ "hysteresis", use_hysteresis, NULL },
	{ "sorry_server", ka_read_sorry, NULL },
	{ "sorry_server_lvs_method", ka_read_sorry, NULL },
	{ "sorry_server_inhibit", ka_read_sorry, NULL },
	{ "real_server", ka_read_server, NULL },
	{ "quorum_up", NULL, KA_NO_PROGRAMS },
	{ "quorum_down", NULL, KA_NO_PROGRAMS },
	{ "omega", NULL, "ezlb has no quorum and starts no programs" },
	{ "ha_suspend", NULL, "ezlb always probes, also while the host does not have the address" },
	{ "smtp_alert", NULL, "ezlb sends no mail; use alert rules for the metrics" },
	{ "hashed", NULL, "the kernel sets this flag itself" },
	{ "nat_mask", NULL, "it has no effect in the kernel" },
};
static const struct ka_table table = KA_TABLE("virtual_server", rows);

static bool any(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

/* Keywords in the order in which they need each other, and not as they stand in the file. */
static void read_keywords(struct ka_service *s)
{
	static const char *const first[] = { "lb_algo", "lvs_sched", "protocol", NULL };
	static const char *const last[] = { "sorry_server", "real_server", NULL };
	static const char *const after[] = { "sorry_server_lvs_method", "sorry_server_inhibit",
					     "persistence_engine", NULL };

	for (int turn = 0; turn < 4; turn++)
		for (size_t i = 0; i < s->stmt->body.len; i++) {
			const struct ka_stmt *stmt = s->stmt->body.items[i];
			const char *word = ka_arg(stmt, 0);
			int mine = any(word, first)   ? 0
				   : any(word, last)  ? 2
				   : any(word, after) ? 3
						      : 1;

			if (mine == turn)
				ka_use(s, &table, stmt);
		}
}

/* snmp_name, the name of the group, or "10-0-0-1-80"; with the protocol if it is not TCP. */
static void read_name(struct ka_service *s)
{
	EZLB_AUTO_FREE char *wanted = NULL;
	const char *name = NULL, *protocol = "";

	for (size_t i = 0; i < s->stmt->body.len; i++) {
		const struct ka_stmt *stmt = s->stmt->body.items[i];

		if (strcmp(ka_arg(stmt, 0), "snmp_name") == 0)
			name = ka_arg(stmt, 1);
		if (strcmp(ka_arg(stmt, 0), "protocol") == 0)
			protocol = ka_arg(stmt, 1);
	}
	if (name)
		wanted = ezlb_strdup(name);
	else if (strcmp(ka_arg(s->stmt, 1), "group") == 0)
		wanted = ezlb_strdup(ka_arg(s->stmt, 2));
	else
		wanted = ezlb_asprintf("%s-%s", ka_arg(s->stmt, 1), ka_arg(s->stmt, 2));
	if (!name && strcasecmp(protocol, "UDP") == 0) {
		char *with = ezlb_asprintf("%s-udp", wanted);

		free(wanted);
		wanted = with;
	}
	ezlb_import_name(s->reader->import, wanted, s->name);
	ka_show(s->stmt, s->what);
}

static void clear(struct ka_service *s)
{
	for (size_t i = 0; i < s->servers.len; i++) {
		free(s->servers.items[i].forward);
		free(s->servers.items[i].check);
	}
	EZLB_VEC_CLEAR(&s->servers);
	EZLB_VEC_CLEAR(&s->listeners);
	free(s->forward);
}

void ka_service_read(struct ka_reader *reader, const struct ka_stmt *stmt)
{
	struct ka_service s = {
		.reader = reader,
		.stmt = stmt,
		.scheduler = "wlc",
		.weight = 1,
		.timing = ka_timing_unset,
	};
	size_t errors = reader->import->diags.len;

	if (stmt->damaged)
		return;
	s.is_mark = strcmp(ka_arg(stmt, 1), "fwmark") == 0;
	s.proto = s.is_mark ? EZLB_TCP : EZLB_UDP;
	read_name(&s);
	if (ka_listeners_read(&s)) {
		read_keywords(&s);
		/* A service without some of its servers would be worse than none. */
		if (reader->import->diags.len == errors)
			ka_service_write(&s);
	}
	clear(&s);
}
