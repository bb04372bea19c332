// SPDX-License-Identifier: GPL-2.0-or-later
/* A checker as the lines of health_check. */
#include <string.h>

#include <ezlb/duration.h>

#include "keepalived_service.h"

/* What keepalived does if nothing is said. */
#define DELAY_LOOP_MS 60000
#define CONNECT_MS    5000

static void put(struct ezlb_text *out, const char *key, const char *text)
{
	ezlb_text_printf(out, "  %s: ", key);
	import_quote(out, text);
	ezlb_text_puts(out, "\n");
}

static void put_text(struct ezlb_text *out, const char *key, const char *prefix,
		     const struct ezlb_text *text)
{
	EZLB_AUTO_FREE char *value = ezlb_asprintf("%s%.*s", prefix, (int)text->len,
						   text->len ? text->items : "");

	if (text->len > 0)
		put(out, key, value);
}

static void put_http(struct ka_service *s, const struct ka_stmt *stmt, const struct ka_check *check,
		     struct ezlb_text *out)
{
	const char *host = check->timing.host;

	if (check->path)
		put(out, "http_path", check->path);
	if (host)
		put(out, "http_host", host);
	if (check->statuses.len > 0)
		put_text(out, "http_expected_status", "", &check->statuses);
	else
		put(out, "http_expected_status", "200-299");
	put_text(out, "http_expected_body", "", &check->body);
	if (check->probe != KA_HTTPS) {
		if (check->sni)
			ka_note(s, EZLB_IMPORT_DROPPED, stmt, "enable_sni: only for SSL_GET");
		return;
	}
	if (host && !check->sni)
		ka_note(s, EZLB_IMPORT_CHANGED, stmt,
			"SSL_GET: the name of virtualhost is sent as SNI, too");
	if (!host && check->sni)
		ka_note(s, EZLB_IMPORT_DROPPED, stmt,
			"enable_sni: there is no virtualhost, so no name to send");
}

static void put_udp(struct ka_service *s, const struct ka_stmt *stmt, const struct ka_check *check,
		    struct ezlb_text *out)
{
	if (!check->payload)
		ka_note(s, EZLB_IMPORT_CHANGED, stmt,
			"UDP_CHECK: without payload ezlb sends an empty datagram and keepalived "
			"random bytes");
	put_text(out, "udp_payload", "hex:", &check->payload_hex);
	put_text(out, "udp_expected", "hex:", &check->answer_hex);
}

struct limit {
	const char *field;
	long least, most; /* ms */
};

/* The time at `at`, within the limits of its field; `unset` if there is none. */
static long limited(struct ka_service *s, const struct ka_stmt *at, const struct limit *limit,
		    long ms, long unset)
{
	long wanted = ms < 0 ? unset : ms;
	long now = wanted < limit->least  ? limit->least
		   : wanted > limit->most ? limit->most
					  : wanted;
	char buf[EZLB_DURATION_STRLEN], shown[KA_SHOW_STRLEN];

	if (now != ms && ms >= 0)
		ka_note(s, EZLB_IMPORT_CHANGED, at, "%s: %s is %s, which is its limit",
			ka_show(at, shown), limit->field, ezlb_duration_format((uint32_t)now, buf));
	return now;
}

/* keepalived tries `retry` times more, so a backend is down after one failure more than that. */
static void put_timing(struct ka_service *s, const struct ka_check *check, struct ezlb_text *out)
{
	static const struct limit loop = { "interval", 100, 3600000 };
	static const struct limit connect = { "timeout", 10, 300000 };
	struct limit retry = { "fast_interval", 100, 3600000 };
	const struct ka_timing *t = &check->timing;
	bool http = check->probe == KA_HTTP || check->probe == KA_HTTPS;
	bool dns = check->probe == KA_DNS;
	int more = t->retry < 0 ? (dns ? 3 : 1) : t->retry;
	long interval = limited(s, t->loop_at, &loop, t->delay_loop_ms, DELAY_LOOP_MS);
	long fast, timeout;

	retry.most = interval; /* of a service file */
	fast = limited(s, t->before_at, &retry, t->delay_before_ms,
		       dns    ? interval
		       : http ? 3000
			      : 1000);
	timeout = limited(s, t->connect_at, &connect, t->connect_ms, CONNECT_MS);
	ezlb_text_printf(out, "  interval: %ldms\n  fast_interval: %ldms\n  timeout: %ldms\n",
			 interval, fast, timeout);
	ezlb_text_printf(out, "  fail_count: %d\n  rise_count: 1\n  initial: %s\n", more + 1,
			 t->alpha == 1 ? "down" : "up");
}

char *ka_probe_lines(struct ka_service *s, const struct ka_stmt *stmt, const struct ka_check *check,
		     uint16_t port)
{
	static const char *const types[] = { "none", "tcp", "udp", "dns", "http", "https" };
	struct ezlb_text out = { 0 };
	char buf[EZLB_ADDR_STRLEN];
	size_t len;

	ezlb_text_printf(&out, "  type: %s\n", types[check->probe]);
	if (check->port && (check->port != port || s->bare))
		ezlb_text_printf(&out, "  port: %u\n", (unsigned)check->port);
	if (check->source.family)
		put(&out, "source", ezlb_addr_format(&check->source, buf));
	if (check->probe == KA_HTTP || check->probe == KA_HTTPS)
		put_http(s, stmt, check, &out);
	if (check->probe == KA_UDP)
		put_udp(s, stmt, check, &out);
	if (check->probe == KA_DNS) {
		put(&out, "dns_name", check->dns_name ? check->dns_name : ".");
		put(&out, "dns_type", check->dns_type ? check->dns_type : "SOA");
	}
	put_timing(s, check, &out);
	return ezlb_text_take(&out, &len);
}
