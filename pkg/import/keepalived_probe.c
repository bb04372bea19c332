// SPDX-License-Identifier: GPL-2.0-or-later
/* The keywords of the checkers. */
#include <ctype.h>
#include <string.h>

#include <ezlb/yaml.h>

#include "keepalived_service.h"

#define URL_MORE "one url for each service; the first one is used"
#define REGEX	 "http_expected_body is a text and not a regular expression"

static void use_timing(struct ka_service *s, const struct ka_stmt *stmt)
{
	ka_timing_use(s, stmt, &s->check->timing);
}

static void use_port(struct ka_service *s, const struct ka_stmt *stmt)
{
	unsigned long port;

	if (ka_number(s, stmt, 1, 65535, &port))
		s->check->port = (uint16_t)port;
}

static void use_ip(struct ka_service *s, const struct ka_stmt *stmt)
{
	struct ezlb_addr addr;
	char shown[KA_SHOW_STRLEN];

	if (ezlb_addr_parse(ka_arg(stmt, 1), &addr, NULL) < 0 ||
	    ezlb_addr_cmp(&addr, &s->server->ep.addr) != 0)
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: the address of the backend is probed",
			ka_show(stmt, shown));
}

static void use_bind(struct ka_service *s, const struct ka_stmt *stmt)
{
	char shown[KA_SHOW_STRLEN];

	if (ezlb_addr_parse(ka_arg(stmt, 1), &s->check->source, NULL) < 0 ||
	    s->check->source.family != s->server->ep.addr.family) {
		s->check->source.family = 0;
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: not an address that can reach a backend",
			ka_show(stmt, shown));
	}
}

static void use_sni(struct ka_service *s, const struct ka_stmt *stmt)
{
	ka_bool(s, stmt, &s->check->sni);
}

static void use_protocol(struct ka_service *s, const struct ka_stmt *stmt)
{
	char shown[KA_SHOW_STRLEN];

	if (strcmp(ka_arg(stmt, 1), "1.1") != 0)
		ka_note(s, EZLB_IMPORT_CHANGED, stmt, "%s: ezlb sends HTTP/1.1",
			ka_show(stmt, shown));
}

static void use_path(struct ka_service *s, const struct ka_stmt *stmt)
{
	const char *path = ka_arg(stmt, 1);
	char shown[KA_SHOW_STRLEN];
	size_t n = 0;

	while (path[n] > ' ' && path[n] < 0x7f && path[n] != '#')
		n++;
	if (path[0] == '/' && path[n] == '\0' && n <= EZLB_PATH_MAX)
		s->check->path = path;
	else
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: not a path that can be requested; / is",
			ka_show(stmt, shown));
}

static bool is_status(const char *text)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10), last = first;

	if (!isdigit((unsigned char)*text))
		return false;
	if (*end == '-' && isdigit((unsigned char)end[1]))
		last = strtoul(end + 1, &end, 10);
	return *end == '\0' && first >= 100 && last <= 599 && first <= last;
}

static void use_status(struct ka_service *s, const struct ka_stmt *stmt)
{
	char shown[EZLB_SHOW_STRLEN];

	for (size_t i = 1; i < stmt->words.len; i++) {
		const char *word = ka_arg(stmt, i);

		if (!is_status(word) || strlen(word) > 7 || i > 32)
			ka_note(s, EZLB_IMPORT_DROPPED, stmt,
				"status_code %s: left out: not a status of 100-599",
				ezlb_source_show(word, shown));
		else
			ezlb_text_printf(&s->check->statuses, "%s%s",
					 s->check->statuses.len > 0 ? "," : "", word);
	}
}

/* A regular expression that is a plain text, with or without backslashes. */
static bool literal(const char *regex, struct ezlb_text *out)
{
	for (const char *p = regex; *p; p++) {
		if (*p == '\\' && ispunct((unsigned char)p[1]))
			p++;
		else if (strchr("\\^$.[]|()?*+{}", *p) || (unsigned char)*p < ' ')
			return false;
		ezlb_text_put(out, p, 1);
	}
	return out->len > 0;
}

static void use_regex(struct ka_service *s, const struct ka_stmt *stmt)
{
	char shown[KA_SHOW_STRLEN];

	s->check->body.len = 0;
	if (!literal(ka_arg(stmt, 1), &s->check->body)) {
		s->check->body.len = 0;
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: " REGEX, ka_show(stmt, shown));
	}
}

/* The text must not be there: then the text is no check. */
static void use_no_match(struct ka_service *s, const struct ka_stmt *stmt)
{
	ka_note(s, EZLB_IMPORT_DROPPED, stmt,
		"regex_no_match: the regex is left out: ezlb cannot ask that a text is not there");
	s->check->body.len = 0;
}

static const struct ka_keyword url_rows[] = {
	{ "path", use_path, NULL },
	{ "status_code", use_status, NULL },
	{ "virtualhost", use_timing, NULL },
	{ "regex", use_regex, NULL },
	{ "regex_no_match", use_no_match, NULL },
	{ "digest", NULL,
	  "ezlb compares no digest; write a part of the answer into http_expected_body" },
	{ "regex_options", NULL, REGEX },
	{ "regex_stack", NULL, REGEX },
	{ "regex_min_offset", NULL, REGEX },
	{ "regex_max_offset", NULL, REGEX },
};
static const struct ka_table url_table = KA_TABLE("url", url_rows);

static void use_url(struct ka_service *s, const struct ka_stmt *stmt)
{
	static const char *const last = "regex_no_match";

	if (s->check->url) {
		ka_note(s, EZLB_IMPORT_DROPPED, stmt, "url: " URL_MORE);
		return;
	}
	s->check->url = true;
	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < stmt->body.len; i++)
			if ((strcmp(ka_arg(stmt->body.items[i], 0), last) == 0) == turn)
				ka_use(s, &url_table, stmt->body.items[i]);
}

static void use_dns_name(struct ka_service *s, const struct ka_stmt *stmt)
{
	s->check->dns_name = ka_arg(stmt, 1);
}

static void use_dns_type(struct ka_service *s, const struct ka_stmt *stmt)
{
	static const char *const types[] = { "A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA" };
	char shown[KA_SHOW_STRLEN];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i], ka_arg(stmt, 1)) == 0) {
			s->check->dns_type = types[i];
			return;
		}
	ka_note(s, EZLB_IMPORT_DROPPED, stmt, "%s: not known; SOA is used", ka_show(stmt, shown));
}

/*
 * "Ab12f 3 456" is AB 12 0F 03 45 06. False: there is something else, such as an X for any four
 * bits; `out` has the bytes before it.
 */
static bool hex(const struct ka_stmt *stmt, struct ezlb_text *out)
{
	for (size_t i = 1; i < stmt->words.len; i++) {
		const char *p = ka_arg(stmt, i);

		while (*p) {
			size_t n = isxdigit((unsigned char)p[1]) ? 2 : 1;

			if (!isxdigit((unsigned char)*p) || (n == 1 && p[1] != '\0'))
				return false;
			ezlb_text_printf(out, n == 1 ? "0%.*s" : "%.*s", (int)n, p);
			p += n;
		}
	}
	return true;
}

static void use_payload(struct ka_service *s, const struct ka_stmt *stmt)
{
	s->check->payload = true;
	s->check->payload_hex.len = 0;
	if (hex(stmt, &s->check->payload_hex) && s->check->payload_hex.len <= 2048)
		return;
	s->check->payload_hex.len = 0;
	ka_note(s, EZLB_IMPORT_DROPPED, stmt,
		"payload: not at most 1024 bytes in hexadecimal; an empty datagram is sent");
}

static void use_reply(struct ka_service *s, const struct ka_stmt *stmt)
{
	struct ezlb_text *answer = &s->check->answer_hex;
	bool all;

	answer->len = 0;
	all = hex(stmt, answer);
	if (answer->len > 2048)
		answer->len = 0;
	if (answer->len == 0)
		ka_note(s, EZLB_IMPORT_DROPPED, stmt,
			"require_reply: no answer is needed until udp_expected has a part of it");
	else if (!all)
		ka_note(s, EZLB_IMPORT_CHANGED, stmt,
			"require_reply: udp_expected has the bytes before the first X");
	else
		ka_note(s, EZLB_IMPORT_CHANGED, stmt,
			"require_reply: the answer may have other bytes before udp_expected");
}

/* Connection options of one more address to try. */
static void use_host(struct ka_service *s, const struct ka_stmt *stmt)
{
	ka_note(s, EZLB_IMPORT_DROPPED, stmt, "host: the address of the backend is probed");
}

#define CONNECTION                                                           \
	{ "connect_ip", use_ip, NULL }, { "connect_port", use_port, NULL },  \
		{ "bindto", use_bind, NULL },                                \
		{ "bind_if", NULL, "the kernel selects the interface" },     \
		{ "bind_port", NULL, "the kernel selects the source port" }, \
		{ "fwmark", NULL, "probes have no mark" },                   \
	{                                                                    \
		"connect_timeout", use_timing, NULL                          \
	}
#define COMMON                                                                          \
	{ "delay_loop", use_timing, NULL }, { "delay_before_retry", use_timing, NULL }, \
		{ "retry", use_timing, NULL }, { "nb_get_retry", use_timing, NULL },    \
		{ "alpha", use_timing, NULL }, { "warmup", use_timing, NULL },          \
	{                                                                               \
		"log_all_failures", NULL,                                               \
			"the log has each change of a backend, "                        \
			"`ezlb status` the last failure"                                \
	}
#define NO_SCRIPT NULL, "the script is not started"

static const struct ka_keyword http_rows[] = {
	CONNECTION,
	COMMON,
	{ "url", use_url, NULL },
	{ "virtualhost", use_timing, NULL },
	{ "http_protocol", use_protocol, NULL },
	{ "enable_sni", use_sni, NULL },
	{ "fast_recovery", NULL, "there is one url, so there is no delay between them" },
};
static const struct ka_keyword tcp_rows[] = { CONNECTION, COMMON };
static const struct ka_keyword udp_rows[] = {
	CONNECTION,
	COMMON,
	{ "payload", use_payload, NULL },
	{ "require_reply", use_reply, NULL },
	{ "min_reply_length", NULL, "the length of the answer does not count" },
	{ "max_reply_length", NULL, "the length of the answer does not count" },
};
static const struct ka_keyword dns_rows[] = {
	CONNECTION,
	COMMON,
	{ "name", use_dns_name, NULL },
	{ "type", use_dns_type, NULL },
};
static const struct ka_keyword smtp_rows[] = {
	CONNECTION,
	COMMON,
	{ "helo_name", NULL, "nothing is sent" },
	{ "host", use_host, NULL },
};
static const struct ka_keyword misc_rows[] = {
	COMMON,
	{ "misc_path", NO_SCRIPT },
	{ "misc_timeout", NO_SCRIPT },
	{ "misc_dynamic", NO_SCRIPT },
	{ "user", NO_SCRIPT },
};
static const struct ka_keyword file_rows[] = {
	{ "track_file", NULL, "ezlb reads no such file" },
	{ "dynamic", NULL, "the weight stays as it is" },
	{ "weight", NULL, "the weight stays as it is" },
};
static const struct ka_keyword bfd_rows[] = { { "name", NULL, "there is no BFD" } };

static const struct {
	enum ka_probe probe;
	struct ka_table table;
} kinds[] = {
	{ KA_HTTP, KA_TABLE("HTTP_GET", http_rows) },
	{ KA_HTTPS, KA_TABLE("SSL_GET", http_rows) },
	{ KA_TCP, KA_TABLE("TCP_CHECK", tcp_rows) },
	{ KA_UDP, KA_TABLE("UDP_CHECK", udp_rows) },
	{ KA_DNS, KA_TABLE("DNS_CHECK", dns_rows) },
	{ KA_NONE, KA_TABLE("SMTP_CHECK", smtp_rows) },
	{ KA_NONE, KA_TABLE("PING_CHECK", tcp_rows) },
	{ KA_NONE, KA_TABLE("MISC_CHECK", misc_rows) },
	{ KA_NONE, KA_TABLE("FILE_CHECK", file_rows) },
	{ KA_NONE, KA_TABLE("BFD_CHECK", bfd_rows) },
};

void ka_probe_read(struct ka_service *s, const struct ka_stmt *stmt, struct ka_check *check)
{
	s->check = check;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		if (strcmp(kinds[k].table.of, ka_arg(stmt, 0)) != 0)
			continue;
		check->probe = kinds[k].probe;
		for (size_t i = 0; i < stmt->body.len; i++)
			ka_use(s, &kinds[k].table, stmt->body.items[i]);
	}
	s->check = NULL;
}
