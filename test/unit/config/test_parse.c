// SPDX-License-Identifier: GPL-2.0-or-later
#include "slurp.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <ezlb/table.h>
#include <ezlb/text.h>

#define GOOD	TEST_DATA "/config/good/"
#define LISTEN	"listen: 10.0.0.1:80\n"
#define BACKEND "backends:\n  - address: 192.168.10.11:80\n"
#define BASE	LISTEN BACKEND
#define BASE6	"listen: \"[fd00::1]:80\"\nbackends:\n  - address: \"[fd00::2]:80\"\n"

static void assert_endpoint(const struct ezlb_endpoint *ep, const char *want)
{
	char buf[EZLB_ENDPOINT_STRLEN];

	assert_string_equal(ezlb_endpoint_format(ep, buf), want);
}

/* The text is refused with exactly these codes, in order of place; ends with 0. */
static void assert_refused(const char *text, const enum ezlb_diag_code *codes)
{
	struct ezlb_diags diags = { 0 };
	size_t n = 0;

	if (parse_bytes("web.yaml", text, strlen(text), &diags))
		fail_msg("not refused:\n%s", text);
	ezlb_diags_sort(&diags);
	while (codes[n])
		n++;
	for (size_t i = 0; i < diags.len; i++)
		if (i >= n || diags.items[i].code != codes[i])
			fail_msg("%s\n%s", text, ezlb_diag_text(&diags.items[i]));
	assert_int_equal(diags.len, n);
	ezlb_diags_clear(&diags);
}

static void assert_refused_once(const char *text, enum ezlb_diag_code code)
{
	assert_refused(text, (enum ezlb_diag_code[]){ code, (enum ezlb_diag_code)0 });
}

static struct ezlb_spec *good(const char *text)
{
	return parse_good("web.yaml", text, strlen(text));
}

static void test_snat_ip_valid(void **state)
{
	static const struct {
		const char *in, *first, *last;
	} cases[] = {
		{ "10.0.0.3", "10.0.0.3", "10.0.0.3" },
		{ "10.0.0.3-10.0.0.3", "10.0.0.3", "10.0.0.3" },
		{ "10.0.0.3-10.0.0.6", "10.0.0.3", "10.0.0.6" },
		{ "10.0.0.0-10.0.3.255", "10.0.0.0", "10.0.3.255" },
	};
	char text[200], buf[EZLB_ADDR_STRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_spec *spec;

		snprintf(text, sizeof(text), BASE "full_nat: true\nsnat_ip: %s\n", cases[i].in);
		spec = good(text);
		assert_true(spec->full_nat);
		assert_string_equal(ezlb_addr_format(&spec->snat_ip.first, buf), cases[i].first);
		assert_string_equal(ezlb_addr_format(&spec->snat_ip.last, buf), cases[i].last);
		assert_int_equal(spec->snat_ip_at.line, 5);
		assert_int_equal(spec->snat_ip_at.col, 10);
		ezlb_spec_free(spec);
	}
}

static void test_snat_ip_invalid(void **state)
{
	static const struct {
		const char *in;
		enum ezlb_diag_code code;
	} bad[] = {
		{ "not-an-ip", EZLB_E_ADDRESS },
		{ "10.0.0", EZLB_E_ADDRESS },
		{ "10.0.0.3:80", EZLB_E_ADDRESS },
		{ "10.0.0.0/24", EZLB_E_ADDRESS },
		{ "0.0.0.0", EZLB_E_ADDRESS },
		{ "224.0.0.1", EZLB_E_ADDRESS },
		{ "0.0.0.0-0.0.0.9", EZLB_E_ADDRESS },
		{ "223.255.255.255-224.0.0.1", EZLB_E_ADDRESS },
		{ "10.0.0.6-10.0.0.3", EZLB_E_ADDRESS },
		{ "10.0.0.3-fd00::6", EZLB_E_ADDRESS },
		{ "::ffff:10.0.0.3", EZLB_E_ADDRESS },
		{ "fe80::3-fe80::4", EZLB_E_ADDRESS },
		{ "10.0.0.0-10.0.4.0", EZLB_E_RANGE },
		{ "fd00::-fd00::400", EZLB_E_RANGE },
		{ "fd00::-fdff::1", EZLB_E_RANGE },
		{ "fd00::3-fd00::6", EZLB_E_FAMILY },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		snprintf(text, sizeof(text), BASE "full_nat: true\nsnat_ip: %s\n", bad[i].in);
		assert_refused_once(text, bad[i].code);
	}
}

/* Whatever an IPv4 service may have, with and without a source address of its own. */
static void test_ipv6(void **state)
{
	static const struct {
		const char *text, *snat_ip;
		enum ezlb_forward forward;
	} cases[] = {
		{ "", "none", EZLB_MASQ },
		{ "forward: direct\n", "none", EZLB_DIRECT },
		{ "forward: tunnel\n", "none", EZLB_TUNNEL },
		{ "full_nat: true\n", "none", EZLB_MASQ },
		{ "full_nat: true\nsnat_ip: fd00::9\n", "fd00::9", EZLB_MASQ },
		{ "full_nat: true\nsnat_ip: fd00::9-fd00::C\n", "fd00::9-fd00::c", EZLB_MASQ },
		{ "full_nat: true\nsnat_ip: fd00:1::-fd00:1::3ff\n", "fd00:1::-fd00:1::3ff",
		  EZLB_MASQ },
	};
	char text[200], buf[EZLB_RANGE_STRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_spec *spec;

		snprintf(text, sizeof(text), BASE6 "%s", cases[i].text);
		spec = good(text);
		assert_endpoint(&spec->listen, "[fd00::1]:80");
		assert_endpoint(&spec->backends[0].endpoint, "[fd00::2]:80");
		assert_int_equal(spec->forward, cases[i].forward);
		assert_int_equal(spec->full_nat, i >= 3);
		assert_string_equal(ezlb_range_format(&spec->snat_ip, buf), cases[i].snat_ip);
		ezlb_spec_free(spec);
	}
}

/* Who is said to be of the other family is the one that is there. */
static void test_families(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "listen: \"[fd00::1]:80\"\n" BACKEND,
		  "backend 192.168.10.11:80 is IPv4, but the listener is IPv6" },
		{ LISTEN "backends: [{address: \"[fd00::2]:80\"}]\n",
		  "backend [fd00::2]:80 is IPv6, but the listener is IPv4" },
		{ BASE6 "full_nat: true\nsnat_ip: 10.0.0.3-10.0.0.6\n",
		  "snat_ip 10.0.0.3-10.0.0.6 is IPv4, but the listener is IPv6" },
		{ "listen: x\nfull_nat: true\nsnat_ip: fd00::9\n" BACKEND,
		  "snat_ip fd00::9 is IPv6, but the backends are IPv4" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_diags diags = { 0 };
		const struct ezlb_diag *last;

		assert_null(parse_bytes("web.yaml", cases[i].text, strlen(cases[i].text), &diags));
		ezlb_diags_sort(&diags);
		last = &diags.items[diags.len - 1];
		assert_int_equal(last->code, EZLB_E_FAMILY);
		assert_string_equal(last->message, cases[i].message);
		assert_non_null(strstr(last->help, "one service for each"));
		ezlb_diags_clear(&diags);
	}
}

/* No address, for which MASQUERADE stands, whether full_nat is on or not. */
static void test_snat_ip_empty(void **state)
{
	static const char *const empty[] = { "",
					     "snat_ip:\n",
					     "snat_ip: \"\"\n",
					     "snat_ip: ''\n",
					     "snat_ip: null\n",
					     "snat_ip: ~\n" };
	char text[200];

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(empty); i++) {
		struct ezlb_spec *spec;

		snprintf(text, sizeof(text), BASE "full_nat: %s\n%s", i % 2 ? "true" : "false",
			 empty[i / 2]);
		spec = good(text);
		assert_int_equal(spec->full_nat, i % 2);
		assert_int_equal(spec->snat_ip.first.family, 0);
		ezlb_spec_free(spec);
	}
}

static void test_snat_ip_without_full_nat(void **state)
{
	static const char text[] = BASE "snat_ip: 10.0.0.3\n";
	struct ezlb_diags diags = { 0 };

	(void)state;
	assert_refused_once(BASE "full_nat: false\nsnat_ip: 10.0.0.3\n", EZLB_E_SNAT_ALONE);
	/* Wrong twice: both are said. */
	assert_refused(BASE "snat_ip: nonsense\n",
		       (enum ezlb_diag_code[]){ EZLB_E_ADDRESS, EZLB_E_SNAT_ALONE,
						(enum ezlb_diag_code)0 });
	/* What full_nat should be is not clear, so nothing is said of snat_ip. */
	assert_refused_once(BASE "full_nat: on\nsnat_ip: 10.0.0.3\n", EZLB_E_TYPE);

	assert_null(parse_bytes("web.yaml", text, strlen(text), &diags));
	assert_int_equal(diags.len, 1);
	assert_non_null(strstr(diags.items[0].message, "full_nat: true"));
	assert_int_equal(diags.items[0].at.line, 4);
	assert_int_equal(diags.items[0].at.col, 10);
	ezlb_diags_clear(&diags);
}

static void assert_listener(const struct ezlb_listener *listener, enum ezlb_proto proto,
			    const char *listen, uint16_t last_port, const char *key)
{
	char buf[EZLB_SERVICE_KEY_STRLEN];

	assert_int_equal(listener->proto, proto);
	assert_endpoint(&listener->listen, listen);
	assert_int_equal(listener->last_port, last_port);
	assert_string_equal(ezlb_service_key_format(&listener->key, buf), key);
}

static void test_defaults(void **state)
{
	struct ezlb_spec *spec = parse_path(GOOD "minimal.yaml");

	(void)state;
	assert_string_equal(spec->file, GOOD "minimal.yaml");
	assert_string_equal(spec->name, "minimal");
	assert_endpoint(&spec->listen, "10.0.0.1:80");
	assert_int_equal(spec->proto, EZLB_TCP);
	assert_string_equal(spec->scheduler, "wrr");
	assert_int_equal(spec->forward, EZLB_MASQ);
	assert_false(spec->full_nat);
	assert_int_equal(spec->snat_ip.first.family, 0);
	assert_int_equal(spec->client_address, EZLB_CLIENT_ADDRESS_NONE);
	assert_int_equal(spec->toa_ipv6_kind, 254);
	assert_false(spec->connection_log);
	assert_false(spec->traffic_log);
	assert_int_equal(spec->check.type, EZLB_CHECK_TCP);
	assert_int_equal(spec->check.interval_ms, 5000);
	assert_int_equal(spec->check.timeout_ms, 3000);
	assert_int_equal(spec->check.fail_count, 3);
	assert_int_equal(spec->check.rise_count, 2);
	assert_int_equal(spec->check.fast_interval_ms, 1000);
	assert_null(spec->check.request); /* tcp sends nothing */
	assert_false(spec->check.initial_up);
	assert_int_equal(spec->check.port, 0);
	assert_int_equal(spec->check.source.first.family, 0);
	assert_int_equal(spec->n_listeners, 1);
	assert_listener(&spec->listeners[0], EZLB_TCP, "10.0.0.1:80", 0, "tcp 10.0.0.1:80");
	assert_int_equal(spec->flags, 0);
	assert_int_equal(spec->persistence.timeout_s, 0);
	assert_int_equal(spec->tunnel.type, EZLB_TUNNEL_IPIP);
	assert_int_equal(spec->drain_ms, 30000);
	assert_int_equal(spec->on_failure, EZLB_ON_FAILURE_AUTO);
	assert_int_equal(spec->min_healthy.count, 0);
	assert_false(spec->min_healthy.percent);
	assert_int_equal(spec->slow_start_ms, 0);
	assert_int_equal(spec->backends[0].upper, 0);
	assert_int_equal(spec->backends[0].lower, 0);
	assert_false(spec->backends[0].fallback);
	assert_int_equal(spec->n_backends, 1);
	assert_endpoint(&spec->backends[0].endpoint, "192.168.10.11:80");
	assert_int_equal(spec->backends[0].weight, 1);
	assert_int_equal(spec->name_at.line, 1);
	assert_int_equal(spec->listen_at.line, 1);
	assert_int_equal(spec->listen_at.col, 9);
	assert_int_equal(spec->snat_ip_at.line, 0);
	assert_int_equal(spec->backends[0].at.line, 3);
	assert_int_equal(spec->backends[0].at.col, 14);
	ezlb_spec_free(spec);
}

static void assert_full_backends(const struct ezlb_spec *spec)
{
	assert_int_equal(spec->n_backends, 4);
	assert_endpoint(&spec->backends[0].endpoint, "192.168.10.11:443");
	assert_int_equal(spec->backends[0].weight, 0);
	assert_int_equal(spec->backends[0].upper, 100);
	assert_int_equal(spec->backends[0].lower, 80);
	assert_false(spec->backends[0].fallback);
	assert_endpoint(&spec->backends[1].endpoint, "192.168.10.12:443");
	assert_int_equal(spec->backends[1].weight, 65535);
	assert_int_equal(spec->backends[1].upper, 0);
	assert_int_equal(spec->backends[1].lower, 0);
	assert_endpoint(&spec->backends[2].endpoint, "192.168.10.13");
	assert_endpoint(&spec->backends[3].endpoint, "192.168.10.14:443");
	assert_int_equal(spec->backends[3].weight, 7);
	assert_true(spec->backends[3].fallback);
}

static void assert_full_check(const struct ezlb_check *check)
{
	char buf[EZLB_RANGE_STRLEN];

	assert_int_equal(check->type, EZLB_CHECK_HTTPS);
	assert_int_equal(check->interval_ms, 90000);
	assert_int_equal(check->fast_interval_ms, 2000);
	assert_int_equal(check->timeout_ms, 500);
	assert_int_equal(check->fail_count, 1);
	assert_int_equal(check->rise_count, 100);
	assert_true(check->initial_up);
	assert_int_equal(check->port, 8080);
	assert_string_equal(ezlb_range_format(&check->source, buf), "10.0.0.4");
}

static void assert_full_request(const struct ezlb_request *request)
{
	char buf[EZLB_CODE_RANGES_STRLEN];

	assert_string_equal(request->method, "POST");
	assert_string_equal(request->path, "/health/z?full=1");
	assert_string_equal(request->host, "health.example.org:8443");
	assert_int_equal(request->headers.len, 2);
	assert_string_equal(request->headers.items[0], "X-Probe: ezlb");
	assert_string_equal(request->headers.items[1], "Accept: text/plain; q=0.5");
	assert_string_equal(ezlb_code_ranges_format(&request->statuses, buf, sizeof(buf)),
			    "200-299,301");
	assert_string_equal(request->body, "I am well, n\xc3\xa9"
					   "e");
	assert_true(request->verify);
	assert_string_equal(request->server_name, "web.example.org");
	assert_string_equal(request->ca_file, "/etc/ssl/ca.pem");
}

static void test_every_field(void **state)
{
	struct ezlb_spec *spec = parse_path(GOOD "full.yaml");
	char buf[EZLB_RANGE_STRLEN];

	(void)state;
	assert_string_equal(spec->name, "everything-1");
	assert_endpoint(&spec->listen, "10.0.0.1:8443");
	assert_int_equal(spec->proto, EZLB_TCP);
	assert_int_equal(spec->n_listeners, 4);
	assert_listener(&spec->listeners[0], EZLB_TCP, "10.0.0.1:8443", 0, "tcp 10.0.0.1:8443");
	assert_listener(&spec->listeners[1], EZLB_SCTP, "10.0.0.1:8443", 0, "sctp 10.0.0.1:8443");
	assert_listener(&spec->listeners[2], EZLB_TCP, "10.0.0.2:8443", 0, "tcp 10.0.0.2:8443");
	assert_listener(&spec->listeners[3], EZLB_SCTP, "10.0.0.2:8443", 0, "sctp 10.0.0.2:8443");
	assert_int_equal(spec->listeners[3].at.line, 3);
	assert_int_equal(spec->listeners[3].at.col, 27);
	assert_string_equal(spec->scheduler, "wlc");
	assert_int_equal(spec->flags, 0);
	assert_int_equal(spec->persistence.timeout_s, 90);
	assert_int_equal(spec->persistence.prefix, 24);
	assert_string_equal(spec->persistence.engine, "");
	assert_int_equal(spec->forward, EZLB_MASQ);
	assert_true(spec->full_nat);
	assert_string_equal(ezlb_range_format(&spec->snat_ip, buf), "10.0.0.3");
	assert_int_equal(spec->client_address, EZLB_CLIENT_ADDRESS_TOA);
	assert_int_equal(spec->toa_ipv6_kind, 253);
	assert_true(spec->connection_log);
	assert_true(spec->traffic_log);
	assert_int_equal(spec->min_healthy.count, 50);
	assert_true(spec->min_healthy.percent);
	assert_int_equal(spec->slow_start_ms, 60000);
	assert_int_equal(spec->drain_ms, 0);
	assert_int_equal(spec->on_failure, EZLB_ON_FAILURE_DRAIN);
	assert_full_backends(spec);
	assert_full_check(&spec->check);
	assert_full_request(spec->check.request);
	ezlb_spec_free(spec);
}

/* linux/ip_vs.h: IP_VS_SVC_F_ONEPACKET, _SCHED1, _SCHED2 */
static void test_udp_fields(void **state)
{
	struct ezlb_spec *spec = parse_path(GOOD "full-udp.yaml");
	const struct ezlb_request *request = spec->check.request;

	(void)state;
	assert_int_equal(spec->proto, EZLB_UDP);
	assert_int_equal(spec->flags, 0x4 | 0x8 | 0x10);
	assert_int_equal(spec->persistence.timeout_s, 300);
	assert_int_equal(spec->persistence.prefix, 0);
	assert_string_equal(spec->persistence.engine, "sip");
	assert_int_equal(spec->on_failure, EZLB_ON_FAILURE_REMOVE);
	assert_int_equal(spec->min_healthy.count, 1);
	assert_false(spec->min_healthy.percent);
	assert_int_equal(spec->check.type, EZLB_CHECK_UDP);
	assert_int_equal(spec->check.source.first.family, 0);
	assert_int_equal(request->payload.len, 3);
	assert_memory_equal(request->payload.data,
			    "\x00\xff"
			    "A",
			    3);
	assert_int_equal(request->answer.len, 7);
	assert_memory_equal(request->answer.data, "SIP/2.0", 7);
	ezlb_spec_free(spec);
}

static void test_range_fields(void **state)
{
	struct ezlb_spec *spec = parse_path(GOOD "full-dns.yaml");
	const struct ezlb_request *request = spec->check.request;

	(void)state;
	assert_int_equal(spec->n_listeners, 1);
	assert_listener(&spec->listeners[0], EZLB_TCP, "10.0.0.1:8000", 8099, "fwmark 4294967295");
	assert_endpoint(&spec->listen, "10.0.0.1:8000");
	assert_int_equal(spec->listeners[0].key.proto, EZLB_TCP);
	assert_int_equal(spec->listeners[0].key.listen.addr.family, AF_INET);
	assert_int_equal(spec->listeners[0].key.listen.port, 0);
	assert_int_equal(spec->flags, 0x10);
	assert_int_equal(spec->persistence.timeout_s, 600);
	assert_int_equal(spec->forward, EZLB_TUNNEL);
	assert_int_equal(spec->tunnel.type, EZLB_TUNNEL_GUE);
	assert_int_equal(spec->tunnel.port, 6080);
	assert_int_equal(spec->tunnel.checksum, EZLB_TUNNEL_REMCSUM);
	assert_endpoint(&spec->backends[0].endpoint, "192.168.10.11");
	assert_int_equal(spec->check.type, EZLB_CHECK_DNS);
	assert_string_equal(request->query_name, "health.example.org.");
	assert_int_equal(request->query_type, 28);
	assert_int_equal(request->rcodes, 1 << 0 | 1 << 3 | 1 << 5);
	ezlb_spec_free(spec);
}

static void test_fwmark(void **state)
{
	struct ezlb_spec *spec = parse_path(GOOD "fwmark.yaml");

	(void)state;
	assert_int_equal(spec->n_listeners, 1);
	assert_listener(&spec->listeners[0], EZLB_TCP, "::", 0, "fwmark 7 ipv6");
	assert_int_equal(spec->listen.addr.family, AF_INET6);
	assert_int_equal(spec->listen_at.line, 1);
	assert_int_equal(spec->check.type, EZLB_CHECK_NONE);
	ezlb_spec_free(spec);
}

/* A range without a mark in the file has one of its own, for each protocol. */
static void test_range_marks(void **state)
{
	struct ezlb_spec *spec = good("listen: [10.0.0.1:80-90, 10.0.0.1:443, 10.0.0.1:91-91]\n"
				      "protocol: [tcp, udp]\nbackends: [{address: 10.1.0.1}]\n");

	(void)state;
	assert_int_equal(spec->n_listeners, 6);
	assert_int_equal(spec->listeners[0].key.fwmark,
			 ezlb_range_mark(EZLB_TCP, &spec->listeners[0].listen, 90));
	assert_int_equal(spec->listeners[1].key.fwmark,
			 ezlb_range_mark(EZLB_UDP, &spec->listeners[0].listen, 90));
	assert_int_not_equal(spec->listeners[0].key.fwmark, spec->listeners[1].key.fwmark);
	assert_listener(&spec->listeners[2], EZLB_TCP, "10.0.0.1:443", 0, "tcp 10.0.0.1:443");
	assert_listener(&spec->listeners[4], EZLB_TCP, "10.0.0.1:91", 0, "tcp 10.0.0.1:91");
	ezlb_spec_free(spec);
}

static void test_other_spellings(void **state)
{
	struct ezlb_spec *spec = parse_path(GOOD "flow-ipv6.yml");

	(void)state;
	assert_string_equal(spec->name, "flow-ipv6");
	assert_endpoint(&spec->listen, "[fd00::1]:80");
	assert_int_equal(spec->proto, EZLB_SCTP);
	assert_int_equal(spec->check.type, EZLB_CHECK_NONE);
	assert_int_equal(spec->n_backends, 2);
	assert_int_equal(spec->backends[1].weight, 3);
	ezlb_spec_free(spec);

	spec = parse_path(GOOD "windows.yaml");
	assert_int_equal(spec->backends[0].at.line, 3);
	ezlb_spec_free(spec);

	spec = parse_path(GOOD "direct.yaml");
	assert_int_equal(spec->forward, EZLB_DIRECT);
	assert_int_equal(spec->check.type, EZLB_CHECK_NONE);
	ezlb_spec_free(spec);
}

static void test_check_type(void **state)
{
	static const struct {
		const char *proto, *check;
		enum ezlb_check_type want;
	} cases[] = {
		{ "tcp", "", EZLB_CHECK_TCP },
		{ "tcp", "health_check: {interval: 1s}\n", EZLB_CHECK_TCP },
		{ "tcp", "health_check: {}\n", EZLB_CHECK_TCP },
		{ "tcp", "health_check: {type: http}\n", EZLB_CHECK_HTTP },
		{ "tcp", "health_check: {type: tcp, http_path: /x}\n", EZLB_CHECK_TCP },
		{ "tcp", "health_check: {enabled: false}\n", EZLB_CHECK_NONE },
		{ "tcp", "health_check: {enabled: false, type: https}\n", EZLB_CHECK_NONE },
		{ "udp", "", EZLB_CHECK_NONE },
		{ "udp", "health_check: {interval: 1s}\n", EZLB_CHECK_NONE },
		{ "udp", "health_check: {type: tcp}\n", EZLB_CHECK_TCP },
		{ "udp", "health_check: {enabled: true, type: tcp}\n", EZLB_CHECK_TCP },
		{ "udp", "health_check: {type: http}\n", EZLB_CHECK_HTTP },
		{ "udp", "health_check: {type: tcp, enabled: false}\n", EZLB_CHECK_NONE },
		{ "udp", "health_check: {type: udp}\n", EZLB_CHECK_UDP },
		{ "tcp", "health_check: {type: udp}\n", EZLB_CHECK_UDP },
		{ "tcp", "health_check: {type: dns}\n", EZLB_CHECK_DNS },
		{ "[udp, tcp]", "", EZLB_CHECK_TCP },
		{ "[udp, sctp]", "", EZLB_CHECK_NONE },
		{ "sctp", "", EZLB_CHECK_NONE },
		{ "sctp", "health_check: {type: tcp}\n", EZLB_CHECK_TCP },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_spec *spec;

		snprintf(text, sizeof(text), "%sprotocol: %s\n%s", BASE, cases[i].proto,
			 cases[i].check);
		spec = good(text);
		if (spec->check.type != cases[i].want)
			fail_msg("%s", text);
		ezlb_spec_free(spec);
	}
}

/* What is not in the file follows from what is. */
static void test_derived(void **state)
{
	static const struct {
		const char *text, *source, *server_name;
		bool verify;
		uint32_t fast_ms;
	} cases[] = {
		{ "health_check: {type: https}\n", "none", NULL, false, 1000 },
		{ "health_check: {type: https, interval: 500ms}\n", "none", NULL, false, 500 },
		{ "health_check: {type: https, http_host: a.example}\n", "none", "a.example", false,
		  1000 },
		{ "health_check: {type: https, http_host: \"a.example:8443\"}\n", "none",
		  "a.example", false, 1000 },
		{ "health_check: {type: https, http_host: \"10.1.0.1:80\"}\n", "none", NULL, false,
		  1000 },
		{ "health_check: {type: https, http_host: \"[fd00::1]\"}\n", "none", NULL, false,
		  1000 },
		{ "health_check: {type: https, http_host: \"a%b\"}\n", "none", NULL, false, 1000 },
		{ "health_check: {type: https, http_host: a, tls_server_name: b}\n", "none", "b",
		  false, 1000 },
		{ "health_check: {type: https, tls_insecure: false}\n", "none", NULL, true, 1000 },
		{ "health_check: {type: https, tls_ca_file: /x}\n", "none", NULL, true, 1000 },
		{ "full_nat: true\nsnat_ip: 10.0.0.3-10.0.0.6\nhealth_check: {type: http}\n",
		  "10.0.0.3-10.0.0.6", NULL, false, 1000 },
		{ "full_nat: true\nhealth_check: {type: http}\n", "none", NULL, false, 1000 },
		{ "full_nat: true\nsnat_ip: 10.0.0.3\nhealth_check: {type: udp, source: none}\n",
		  "none", NULL, false, 1000 },
		{ "health_check: {type: dns, source: 10.0.0.9}\n", "10.0.0.9", NULL, false, 1000 },
	};
	char text[200], buf[EZLB_RANGE_STRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_spec *spec;
		const struct ezlb_request *request;

		snprintf(text, sizeof(text), BASE "%s", cases[i].text);
		spec = good(text);
		request = spec->check.request;
		assert_string_equal(ezlb_range_format(&spec->check.source, buf), cases[i].source);
		assert_int_equal(spec->check.fast_interval_ms, cases[i].fast_ms);
		assert_int_equal(request->verify, cases[i].verify);
		assert_int_equal(!request->server_name, !cases[i].server_name);
		if (request->server_name)
			assert_string_equal(request->server_name, cases[i].server_name);
		ezlb_spec_free(spec);
	}
}

static void test_schedulers(void **state)
{
	static const char *const words[] = { "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh",
					     "sh", "sed", "nq", "fo",  "ovf",  "mh",	"twos" };
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct ezlb_spec *spec;

		snprintf(text, sizeof(text), BASE "scheduler: %s\n", words[i]);
		spec = good(text);
		assert_string_equal(spec->scheduler, words[i]);
		ezlb_spec_free(spec);
	}
}

#define L63 "a23456789012345678901234567890123456789012345678901234567890123"

static void test_names(void **state)
{
	static const struct {
		const char *file, *want; /* NULL: refused */
	} cases[] = {
		{ "/etc/ezlb/services.d/web.yaml", "web" },
		{ "a.yml", "a" },
		{ "4-web.yaml", "4-web" },
		{ "web", "web" },
		{ "d.d/web.yaml", "web" },
		{ L63 ".yaml", L63 },
		{ L63 "4.yaml", NULL },
		{ "Web.yaml", NULL },
		{ "web_1.yaml", NULL },
		{ "web.v2.yaml", NULL },
		{ "-web.yaml", NULL },
		{ "web-.yaml", NULL },
		{ ".yaml", NULL },
		{ "d/", NULL },
		{ "w\x1b[31mb.yaml", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_diags diags = { 0 };
		struct ezlb_spec *spec = parse_bytes(cases[i].file, BASE, strlen(BASE), &diags);

		if (!spec != !cases[i].want)
			fail_msg("%s", cases[i].file);
		if (spec)
			assert_string_equal(spec->name, cases[i].want);
		else
			assert_null(strchr(diags.items[0].message, '\x1b'));
		ezlb_spec_free(spec);
		ezlb_diags_clear(&diags);

		spec = parse_good(cases[i].file, BASE "name: x-1\n", strlen(BASE "name: x-1\n"));
		assert_string_equal(spec->name, "x-1");
		ezlb_spec_free(spec);
	}
}

/* The bounds themselves are inside. */
static void test_bounds(void **state)
{
	static const struct {
		const char *key, *low, *below, *high, *above;
	} cases[] = {
		{ "interval", "100ms", "99ms", "1h", "1h1ms" },
		{ "fast_interval", "100ms", "99ms", "1h", "1h1ms" },
		{ "port", "1", "0", "65535", "65536" },
		{ "timeout", "10ms", "9ms", "5m", "5m1s" },
		{ "fail_count", "1", "0", "100", "101" },
		{ "rise_count", "1", "0", "100", "101" },
		{ "http_expected_status", "100", "99", "599", "600" },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *const inside[] = { cases[i].low, cases[i].high };
		const char *const outside[] = { cases[i].below, cases[i].above };

		for (size_t j = 0; j < 2; j++) {
			snprintf(text, sizeof(text), BASE "health_check: {%s: %s}\n", cases[i].key,
				 inside[j]);
			ezlb_spec_free(good(text));
			snprintf(text, sizeof(text), BASE "health_check: {%s: %s}\n", cases[i].key,
				 outside[j]);
			assert_refused_once(text, EZLB_E_RANGE);
		}
	}
}

static void test_rules(void **state)
{
	static const struct {
		const char *text;
		enum ezlb_diag_code code;
	} cases[] = {
		{ BASE "weight: 1\n", EZLB_E_UNKNOWN_KEY },
		{ BASE "full_nat: true\nforward: tunnel\n", EZLB_E_FORWARD },
		{ "listen: 10.0.0.1:81\nforward: direct\n" BACKEND, EZLB_E_FORWARD },
		{ "listen: 239.1.1.1:80\n" BACKEND, EZLB_E_ADDRESS },
		{ "listen: \"[ff02::1]:80\"\nbackends: [{address: \"[fd00::2]:80\"}]\n",
		  EZLB_E_ADDRESS },
		{ LISTEN "backends: [{address: \"0.0.0.0:80\"}]\n", EZLB_E_ADDRESS },
		{ "listen: \"[fe80::1]:80\"\nbackends: [{address: \"[fd00::2]:80\"}]\n",
		  EZLB_E_ADDRESS },
		{ "listen: \"[fd00::1]:80\"\nbackends: [{address: \"[febf:ffff::2]:80\"}]\n",
		  EZLB_E_ADDRESS },
		{ LISTEN "backends: [{address: \"[::ffff:10.1.0.1]:80\"}]\n", EZLB_E_ADDRESS },
		{ LISTEN "backends: [{address: \"[fd00::2]:80\"}]\n", EZLB_E_FAMILY },
		{ "listen: \"[fd00::1]:80\"\n" BACKEND, EZLB_E_FAMILY },
		{ BASE "full_nat: true\nsnat_ip: fd00::9\n", EZLB_E_FAMILY },
		{ BASE "snat_ip: [10.0.0.3]\nfull_nat: true\n", EZLB_E_TYPE },
		{ BASE "health_check: {type: \"\"}\n", EZLB_E_VALUE },
		{ BASE "health_check: {type: none}\n", EZLB_E_VALUE },
		{ BASE "health_check: {http_path: \"/a b\"}\n", EZLB_E_VALUE },
		{ BASE "health_check: {http_path: \"/a\\r\\nHost: b\"}\n", EZLB_E_VALUE },
		{ BASE "health_check: {http_path: \"/\\x7f\"}\n", EZLB_E_VALUE },
		{ BASE "health_check: {http_path: /\xc3\xa9}\n", EZLB_E_VALUE },
		{ BASE "health_check: {http_path: \"/a#b\"}\n", EZLB_E_VALUE },
		{ BASE "protocol: udp\nhealth_check: {enabled: true}\n", EZLB_E_MISSING },
		{ BASE "name: null\n", EZLB_E_VALUE },
		{ BASE "x-y: 1\nx-y: 2\n", EZLB_E_DUPLICATE },
		{ LISTEN "listen: 10.0.0.2:80\n" BACKEND, EZLB_E_DUPLICATE },
		{ BASE BACKEND, EZLB_E_DUPLICATE },
		{ BASE "X-note: 1\n", EZLB_E_UNKNOWN_KEY },
		{ BASE "<<: {full_nat: true}\n", EZLB_E_UNKNOWN_KEY },
		{ "", EZLB_E_MISSING },
		{ "---\n", EZLB_E_MISSING },
		{ "~\n", EZLB_E_MISSING },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_refused_once(cases[i].text, cases[i].code);
	/* Where the listener is not known, snat_ip is held against the backends. */
	assert_refused(
		"listen: x\nfull_nat: true\nsnat_ip: fd00::9\n" BACKEND,
		(enum ezlb_diag_code[]){ EZLB_E_ADDRESS, EZLB_E_FAMILY, (enum ezlb_diag_code)0 });
}

/* In quotes it is a word as any other. */
static void test_quoted_null(void **state)
{
	struct ezlb_spec *spec = good(BASE "name: 'null'\n");

	(void)state;
	assert_string_equal(spec->name, "null");
	ezlb_spec_free(spec);
}

static void test_many_values(void **state)
{
	static char text[90000] = BASE "x-list: [";
	size_t fixed = 6; /* values of BASE, and the list itself */
	size_t len = strlen(text);

	(void)state;
	for (size_t n = fixed; n <= 30000; n++) {
		text[len++] = '1';
		text[len++] = ',';
	}
	memcpy(text + len, "]\n", 3);
	assert_refused_once(text, EZLB_E_SIZE);
	memcpy(text + len - 2, "]\n", 3);
	ezlb_spec_free(good(text));
}

/* Each with a weight and a note of somebody's own. */
static char *many_backends(int n)
{
	struct ezlb_text text = { 0 };

	ezlb_text_puts(&text, LISTEN "\nbackends:\n");
	for (int i = 0; i < n; i++)
		ezlb_text_printf(&text, "- {address: 10.1.%d.%d:80, weight: 3, x-n: 1}\n", i / 250,
				 i % 250 + 1);
	return ezlb_text_take(&text, NULL);
}

/* The limit is told in backends, which is what the user has written. */
static void test_many_backends(void **state)
{
	EZLB_AUTO_FREE char *most = many_backends(5000), *more = many_backends(5001);
	struct ezlb_diags diags = { 0 };
	struct ezlb_spec *spec = good(most);

	(void)state;
	assert_int_equal(spec->n_backends, 5000);
	ezlb_spec_free(spec);
	assert_null(parse_bytes("web.yaml", more, strlen(more), &diags));
	assert_int_equal(diags.len, 1);
	assert_int_equal(diags.items[0].code, EZLB_E_SIZE);
	assert_string_equal(diags.items[0].message,
			    "5001 backends: a service may have at most 5000");
	ezlb_diags_clear(&diags);
}

/* One service, with each of 64 listeners by tcp and udp. */
static char *many_dests(int n)
{
	struct ezlb_text text = { 0 };

	ezlb_text_puts(&text, "protocol: [tcp, udp]\nlisten:\n");
	for (int i = 1; i <= 64; i++)
		ezlb_text_printf(&text, "- 10.0.0.%d:80\n", i);
	ezlb_text_puts(&text, "backends:\n");
	for (int i = 0; i < n; i++)
		ezlb_text_printf(&text, "- {address: 10.1.%d.%d}\n", i / 250, i % 250 + 1);
	return ezlb_text_take(&text, NULL);
}

static void test_many_dests(void **state)
{
	EZLB_AUTO_FREE char *most = many_dests(512), *more = many_dests(513);
	struct ezlb_diags diags = { 0 };
	struct ezlb_spec *spec = good(most);

	(void)state;
	assert_int_equal(spec->n_listeners * spec->n_backends, EZLB_DESTS_MAX);
	ezlb_spec_free(spec);
	assert_null(parse_bytes("web.yaml", more, strlen(more), &diags));
	assert_int_equal(diags.len, 1);
	assert_int_equal(diags.items[0].code, EZLB_E_SIZE);
	assert_int_equal(diags.items[0].at.line, 3);
	assert_string_equal(diags.items[0].message,
			    "128 virtual services with 513 backends each are 65664 "
			    "destinations: a file may have at most 65536");
	ezlb_diags_clear(&diags);
}

/* The cap itself is inside. */
static void test_size(void **state)
{
	struct ezlb_diags diags = { 0 };
	char *text = malloc(EZLB_FILE_MAX + 1);
	struct ezlb_spec *spec;

	(void)state;
	memset(text, '#', EZLB_FILE_MAX + 1);
	memcpy(text, BASE, strlen(BASE));
	spec = parse_good("web.yaml", text, EZLB_FILE_MAX);
	ezlb_spec_free(spec);

	assert_null(ezlb_config_parse("web.yaml", text, EZLB_FILE_MAX + 1, &diags));
	assert_int_equal(diags.len, 1);
	assert_int_equal(diags.items[0].code, EZLB_E_SIZE);
	ezlb_diags_clear(&diags);
	free(text);
}

/* Columns are those of an editor: é is one. Diagnostics of other files are left in place. */
static void test_columns(void **state)
{
	static const char text[] = "{x-\xc3\xa9: \xc3\xa9, lisen: 1, " LISTEN "}\n";
	struct ezlb_diags diags = { 0 };

	(void)state;
	assert_null(parse_bytes("a.yaml", "x", 1, &diags));
	assert_null(parse_bytes("b.yaml", text, strlen(text), &diags));
	assert_int_equal(diags.len, 3);
	assert_string_equal(diags.items[0].file, "a.yaml");
	assert_string_equal(diags.items[1].file, "b.yaml");
	assert_int_equal(diags.items[1].at.line, 1);
	assert_int_equal(diags.items[1].at.col, 10);
	ezlb_diags_clear(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snat_ip_valid),
		cmocka_unit_test(test_snat_ip_invalid),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_snat_ip_empty),
		cmocka_unit_test(test_snat_ip_without_full_nat),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_udp_fields),
		cmocka_unit_test(test_range_fields),
		cmocka_unit_test(test_fwmark),
		cmocka_unit_test(test_range_marks),
		cmocka_unit_test(test_other_spellings),
		cmocka_unit_test(test_check_type),
		cmocka_unit_test(test_derived),
		cmocka_unit_test(test_schedulers),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_quoted_null),
		cmocka_unit_test(test_many_values),
		cmocka_unit_test(test_many_backends),
		cmocka_unit_test(test_many_dests),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
