// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * No keyword of keepalived.conf(5) about virtual servers is lost in silence: each changes the
 * service file, or there is a note about it. And the table in docs/from-keepalived.md names none
 * that the importer does not know.
 */
#include "imported.h"

#include <ctype.h>

enum place {
	GLOBAL,
	SSL,
	GROUP,
	VS,
	VS_UDP,
	MARK,
	RS,
	TCP,
	UDP,
	DNS,
	HTTP,
	HTTPS,
	URL,
	SMTP,
	MISC,
	PING,
	BFD,
	FILE_,
	PLACES
};
enum fate { USED, CHANGED, DROPPED, SILENT };

#define SERVER(checker)                                                                                  \
	"virtual_server 10.0.0.1 80 {\nlb_algo sh\nprotocol TCP\nreal_server 192.168.0.1 80 {\n" checker \
	"\n}\n}\n"
#define REST "real_server 192.168.0.1 80 {\nTCP_CHECK {\n}\n}\n}\n"

static const char *const bases[PLACES] = {
	[GLOBAL] = "global_defs {\n%s\n}\n" SERVER(""),
	[SSL] = "SSL {\n%s\n}\n" SERVER(""),
	[GROUP] =
		"virtual_server_group G {\n10.0.0.2 80\n%s\n}\nvirtual_server group G {\nprotocol TCP\n" REST,
	[VS] = "virtual_server 10.0.0.1 80 {\nlb_algo sh\nprotocol TCP\n%s\n" REST,
	[VS_UDP] = "virtual_server 10.0.0.1 80 {\nlb_algo mh\nprotocol UDP\n%s\n" REST,
	[MARK] = "virtual_server fwmark 7 {\nprotocol UDP\n%s\n" REST,
	[RS] = SERVER("%s\nTCP_CHECK {\n}"),
	[TCP] = SERVER("TCP_CHECK {\n%s\n}"),
	[UDP] = SERVER("UDP_CHECK {\n%s\n}"),
	[DNS] = SERVER("DNS_CHECK {\n%s\n}"),
	[HTTP] = SERVER("HTTP_GET {\n%s\n}"),
	[HTTPS] = SERVER("SSL_GET {\n%s\n}"),
	[URL] = SERVER("HTTP_GET {\nurl {\n%s\n}\n}"),
	[SMTP] = SERVER("SMTP_CHECK {\n%s\n}"),
	[MISC] = SERVER("MISC_CHECK {\n%s\n}"),
	[PING] = SERVER("PING_CHECK {\n%s\n}"),
	[BFD] = SERVER("BFD_CHECK {\n%s\n}"),
	[FILE_] = SERVER("FILE_CHECK {\n%s\n}"),
};

static const struct {
	enum place place;
	const char *line;
	enum fate fate;
} keywords[] = {
	{ GLOBAL, "lvs_timeouts tcp 60 tcpfin 5 udp 7", CHANGED },
	{ GLOBAL, "lvs_flush", DROPPED },
	{ GLOBAL, "lvs_flush_on_stop VS", DROPPED },
	{ GLOBAL, "lvs_sync_daemon eth0", DROPPED },
	{ GLOBAL, "lvs_notify_fifo /run/f", DROPPED },
	{ GLOBAL, "lvs_notify_fifo_script /bin/f", DROPPED },
	{ GLOBAL, "lvs_netlink_cmd_rcv_bufs 9", DROPPED },
	{ GLOBAL, "smtp_alert on", DROPPED },
	{ GLOBAL, "smtp_alert_checker on", DROPPED },
	{ GLOBAL, "no_checker_emails", DROPPED },
	{ GLOBAL, "notification_email {\na@example.org\n}", DROPPED },
	{ GLOBAL, "checker_priority 3", DROPPED },
	{ GLOBAL, "checker_log_all_failures on", DROPPED },
	{ GLOBAL, "net_namespace_ipvs blue", DROPPED },
	{ GLOBAL, "enable_snmp_checker", DROPPED },
	{ GLOBAL, "router_id a", DROPPED },
	{ SSL, "password a", DROPPED },
	{ SSL, "ca a.pem", DROPPED },
	{ SSL, "certificate a.pem", DROPPED },
	{ SSL, "key a.pem", DROPPED },
	{ GROUP, "10.0.0.3 81", USED },
	{ GROUP, "10.0.0.3-5 81", USED },
	{ GROUP, "10.0.0.3-10.0.0.6 81", USED },
	{ GROUP, "10.0.0.8/29 81", USED },
	{ GROUP, "fwmark 7", DROPPED },
	{ GROUP, "fwmark 7 inet6", DROPPED },
	{ VS, "lb_algo rr", USED },
	{ VS, "lvs_sched wrr", USED },
	{ VS, "flag-1", USED },
	{ VS, "flag-2", USED },
	{ VS, "flag-3", DROPPED },
	{ VS, "sh-port", USED },
	{ VS, "sh-fallback", USED },
	{ VS, "mh-port", DROPPED },
	{ VS, "hashed", DROPPED },
	{ VS, "ops", DROPPED },
	{ VS_UDP, "mh-port", USED },
	{ VS_UDP, "mh-fallback", USED },
	{ VS_UDP, "sh-port", DROPPED },
	{ VS_UDP, "ops", USED },
	{ VS_UDP, "persistence_engine sip", DROPPED }, /* alone: see below */
	{ VS_UDP, "persistence_timeout\npersistence_engine sip", USED },
	{ VS, "persistence_engine sip", DROPPED },
	{ MARK, "ops", USED },
	{ MARK, "persistence_timeout\npersistence_engine sip", USED },
	{ MARK, "persistence_granularity 255.255.0.0", USED },
	{ MARK, "flag-1", DROPPED },
	{ VS, "lb_kind DR", USED },
	{ VS, "lvs_method TUN type gue port 99 remcsum", USED },
	{ VS, "lvs_method TUN type gre csum", USED },
	{ VS, "lb_kind WARP", DROPPED },
	{ VS, "persistence_timeout", USED },
	{ VS, "persistence_timeout 90", USED },
	{ VS, "persistence_timeout 90000", CHANGED },
	{ VS, "persistence_timeout 0", DROPPED },
	{ VS, "persistence_granularity 255.255.0.0", USED },
	{ VS, "persistence_granularity 255.0.255.0", DROPPED },
	{ VS, "protocol SCTP", USED },
	{ VS, "protocol MARS", DROPPED },
	{ VS, "ip_family inet6", DROPPED },
	{ VS, "ha_suspend", DROPPED },
	{ VS, "smtp_alert", DROPPED },
	{ VS, "snmp_name shop", USED },
	{ VS, "alpha", USED },
	{ VS, "omega", DROPPED },
	{ VS, "quorum 2", DROPPED },
	{ VS, "hysteresis 1", DROPPED },
	{ VS, "quorum_up /bin/a", DROPPED },
	{ VS, "quorum_down /bin/a", DROPPED },
	{ VS, "sorry_server 192.168.0.9 80", CHANGED },
	{ VS, "sorry_server_inhibit", DROPPED },
	{ VS, "sorry_server_lvs_method DR", DROPPED },
	{ VS, "connect_timeout 2", USED },
	{ VS, "retry 7", USED },
	{ VS, "retry 777", CHANGED },
	{ VS, "retry x", DROPPED },
	{ VS, "delay_before_retry 2.5", USED },
	{ VS, "delay_before_retry 99", CHANGED },
	{ VS, "delay_loop 9", USED },
	{ VS, "delay_loop 9000", CHANGED },
	{ VS, "warmup 3", DROPPED },
	{ VS, "inhibit_on_failure", CHANGED },
	{ VS, "weight 6", USED },
	{ VS, "nat_mask 255.255.255.0", DROPPED },
	{ VS, "wombat", DROPPED },
	{ RS, "weight 5", USED },
	{ RS, "weight -5", DROPPED },
	{ RS, "lvs_method DR", USED },
	{ RS, "notify_up /bin/a", DROPPED },
	{ RS, "notify_down /bin/a", DROPPED },
	{ RS, "uthreshold 9", USED },
	{ RS, "uthreshold 9\nlthreshold 5", USED },
	{ RS, "smtp_alert off", DROPPED },
	{ RS, "snmp_name a", DROPPED },
	{ RS, "alpha", USED },
	{ RS, "alpha maybe", DROPPED },
	{ RS, "connect_timeout 2", USED },
	{ RS, "retry 7", USED },
	{ RS, "delay_before_retry 2", USED },
	{ RS, "warmup 1", DROPPED },
	{ RS, "delay_loop 7", USED },
	{ RS, "inhibit_on_failure on", CHANGED },
	{ RS, "HTTP_GET {\nvirtualhost a.example.org\n}", DROPPED },
	{ RS, "PING_CHECK {\n}", DROPPED },
	{ RS, "wombat", DROPPED },
	{ TCP, "connect_ip 192.168.0.2", DROPPED },
	{ TCP, "connect_port 81", USED },
	{ TCP, "bindto 192.168.0.5", USED },
	{ TCP, "bindto fd00::1", DROPPED },
	{ TCP, "bind_if eth0", DROPPED },
	{ TCP, "bind_port 99", DROPPED },
	{ TCP, "fwmark 3", DROPPED },
	{ TCP, "alpha", USED },
	{ TCP, "connect_timeout 2", USED },
	{ TCP, "retry 7", USED },
	{ TCP, "nb_get_retry 7", USED },
	{ TCP, "delay_before_retry 2", USED },
	{ TCP, "warmup 2", DROPPED },
	{ TCP, "delay_loop 9", USED },
	{ TCP, "log_all_failures on", DROPPED },
	{ TCP, "wombat", DROPPED },
	{ UDP, "connect_port 81", USED },
	{ UDP, "payload 616", USED },
	{ UDP, "payload zz", DROPPED },
	{ UDP, "require_reply", DROPPED },
	{ UDP, "require_reply 4142", CHANGED },
	{ UDP, "require_reply 41xx", CHANGED },
	{ UDP, "min_reply_length 3", DROPPED },
	{ UDP, "max_reply_length 3", DROPPED },
	{ DNS, "type MX", USED },
	{ DNS, "type WKS", DROPPED },
	{ DNS, "name example.org", USED },
	{ HTTP, "http_protocol 1.0", CHANGED },
	{ HTTP, "fast_recovery", DROPPED },
	{ HTTP, "virtualhost a.example.org", USED },
	{ HTTP, "enable_sni", DROPPED },
	{ HTTP, "url {\npath /a\n}", USED },
	{ HTTP, "url {\npath /a\n}\nurl {\npath /b\n}", DROPPED },
	{ HTTPS, "virtualhost a.example.org\nenable_sni", USED },
	{ HTTPS, "virtualhost a.example.org", CHANGED },
	{ HTTPS, "enable_sni", DROPPED },
	{ URL, "path /b", USED },
	{ URL, "path b", DROPPED },
	{ URL, "digest 00", DROPPED },
	{ URL, "status_code 204", USED },
	{ URL, "status_code 999", DROPPED },
	{ URL, "virtualhost a.example.org", USED },
	{ URL, "regex fine", USED },
	{ URL, "regex f.*ne", DROPPED },
	{ URL, "regex fine\nregex_no_match", DROPPED },
	{ URL, "regex_options utf", DROPPED },
	{ URL, "regex_stack 1 2", DROPPED },
	{ URL, "regex_min_offset 1", DROPPED },
	{ URL, "regex_max_offset 1", DROPPED },
	{ SMTP, "helo_name a", DROPPED },
	{ SMTP, "host {\nconnect_ip 192.168.0.1\n}", DROPPED },
	{ SMTP, "connect_port 26", USED },
	{ MISC, "misc_path /bin/a", DROPPED },
	{ MISC, "misc_timeout 3", DROPPED },
	{ MISC, "misc_dynamic", DROPPED },
	{ MISC, "user a", DROPPED },
	{ MISC, "delay_loop 9", USED },
	{ PING, "retry 8", USED },
	{ BFD, "name a", DROPPED },
	{ FILE_, "track_file a", DROPPED },
	{ FILE_, "dynamic", DROPPED },
	{ FILE_, "weight 2 reverse", DROPPED },
};

static void run(struct ezlb_import *import, enum place place, const char *line)
{
	char *text = NULL;
	const char *at = strstr(bases[place], "%s");

	text = ezlb_asprintf("%.*s%s%s", (int)(at - bases[place]), bases[place], line, at + 2);
	ezlb_import_read(import, EZLB_IMPORT_KEEPALIVED, "keepalived.conf", text, strlen(text));
	free(text);
}

/* The service files alone. */
static char *files_of(const struct ezlb_import *import)
{
	struct ezlb_text out = { 0 };
	size_t len;

	for (size_t i = 0; i < import->specs.len; i++) {
		char *text = ezlb_config_write(import->specs.items[i]);

		ezlb_text_puts(&out, text);
		free(text);
	}
	return ezlb_text_take(&out, &len);
}

/* A keyword that the importer does not know is dropped, too. */
static bool has_unknown(const struct ezlb_import *import)
{
	for (size_t i = 0; i < import->notes.len; i++)
		if (strstr(import->notes.items[i].text, "not known as"))
			return true;
	return false;
}

static size_t count(const struct ezlb_import *import, enum ezlb_import_fate fate)
{
	size_t n = 0;

	for (size_t i = 0; i < import->notes.len; i++)
		n += import->notes.items[i].fate == fate;
	return n;
}

static enum fate fate_of(const struct ezlb_import *base, const struct ezlb_import *with)
{
	char *before = files_of(base), *after = files_of(with);
	bool same = strcmp(before, after) == 0;

	free(before);
	free(after);
	if (count(with, EZLB_IMPORT_DROPPED) > count(base, EZLB_IMPORT_DROPPED))
		return DROPPED;
	if (count(with, EZLB_IMPORT_CHANGED) > count(base, EZLB_IMPORT_CHANGED))
		return CHANGED;
	return same ? SILENT : USED;
}

static void test_keywords(void **state)
{
	static const char *const words[] = { "used", "changed", "dropped", "lost in silence" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keywords); i++) {
		struct ezlb_import base = { .include = NULL }, with = { .include = NULL };
		enum fate fate;

		run(&base, keywords[i].place, "");
		run(&with, keywords[i].place, keywords[i].line);
		assert_int_equal(base.diags.len, 0);
		if (with.diags.len > 0)
			fail_msg("'%s': %s", keywords[i].line, with.diags.items[0].message);
		fate = fate_of(&base, &with);
		if (has_unknown(&with) != (strcmp(keywords[i].line, "wombat") == 0)) {
			print_error("'%s' is not known\n", keywords[i].line);
			failed++;
		}
		if (fate != keywords[i].fate) {
			print_error("'%s' is %s and not %s\n", keywords[i].line, words[fate],
				    words[keywords[i].fate]);
			failed++;
		}
		ezlb_import_clear(&base);
		ezlb_import_clear(&with);
	}
	assert_int_equal(failed, 0);
}

static bool is_known(const char *word)
{
	bool known = false;

	for (int place = 0; place < PLACES && !known; place++) {
		struct ezlb_import import = { .include = NULL };
		EZLB_AUTO_FREE char *line = ezlb_asprintf("%s {\n}", word);

		run(&import, (enum place)place, line);
		known = place != GLOBAL && place != GROUP && !has_unknown(&import);
		ezlb_import_clear(&import);
	}
	return known;
}

/* The words in backticks of the first column: keywords where they are not arguments. */
static void check_row(const char *row, size_t *n)
{
	const char *end = strchr(row + 1, '|');

	for (const char *p = strchr(row, '`'); p && p < end; p = strchr(p, '`')) {
		char word[64];
		size_t len = strcspn(++p, "` ");

		snprintf(word, sizeof(word), "%.*s", (int)len, p);
		p = strchr(p, '`') + 1;
		if (len < 3 || !isalpha((unsigned char)word[0]) || strcmp(word, "TUN") == 0)
			continue;
		(*n)++;
		if (strncmp(word, "virtual_server", 14) != 0 &&
		    strcmp(word, "vrrp_instance") != 0 && !is_known(word))
			fail_msg("docs/from-keepalived.md: the importer does not know %s", word);
	}
}

static void test_document(void **state)
{
	size_t len, n = 0;
	char *text = slurp_bytes(SOURCE_DIR "/docs/from-keepalived.md", &len);
	char *all = ezlb_strndup(text, len), *line, *save = NULL;
	bool inside = false;

	(void)state;
	for (line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "## ", 3) == 0)
			inside = strncmp(line, "## keepalived:", 14) == 0;
		if (inside && strncmp(line, "| `", 3) == 0)
			check_row(line, &n);
	}
	assert_true(n > 50);
	free(all);
	free(text);
}

/* The block of the document that begins after `head`. The caller frees. */
static char *block(const char *document, const char *head)
{
	const char *start = strstr(document, head), *end = start ? strstr(start + 3, "```") : NULL;

	assert_non_null(end);
	start += strlen(head);
	return ezlb_strndup(start, (size_t)(end - start));
}

/* The example at the top of the document. */
static void test_example(void **state)
{
	struct ezlb_import import = { .include = NULL };
	struct ezlb_diags diags = { 0 };
	struct ezlb_spec *want;
	size_t len;
	char *text = slurp_bytes(SOURCE_DIR "/docs/from-keepalived.md", &len);
	char *all = ezlb_strndup(text, len), *conf = block(all, "```text\n");
	char *yaml = block(all, "```yaml\n"), *a, *b;

	(void)state;
	assert_true(ezlb_import_read(&import, EZLB_IMPORT_KEEPALIVED, "keepalived.conf", conf,
				     strlen(conf)));
	assert_int_equal(import.specs.len, 1);
	want = ezlb_config_parse("10-0-0-1-80.yaml", yaml, strlen(yaml), &diags);
	assert_non_null(want);
	a = ezlb_config_write(import.specs.items[0]);
	b = ezlb_config_write(want);
	assert_string_equal(a, b);
	free(a);
	free(b);
	free(yaml);
	free(conf);
	free(all);
	free(text);
	ezlb_spec_free(want);
	ezlb_import_clear(&import);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_keywords),
					    cmocka_unit_test(test_document),
					    cmocka_unit_test(test_example) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
