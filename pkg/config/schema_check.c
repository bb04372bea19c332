// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of health_check. */
#include "schema.h"

#include <ezlb/spec.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define WORDS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}
#define CHECK(member)	.place = IN_SPEC, .offset = offsetof(struct ezlb_spec, check.member)
#define REQUEST(member) .place = IN_REQUEST, .offset = offsetof(struct ezlb_request, member)

#define HTTP  (CHECK_BIT(HTTP) | CHECK_BIT(HTTPS))
#define HTTPS CHECK_BIT(HTTPS)
#define UDP   CHECK_BIT(UDP)
#define DNS   CHECK_BIT(DNS)
/* Files for earlier versions have http_path and http_expected_status with every type of then. */
#define ALWAYS_HTTP (HTTP | CHECK_BIT(TCP) | CHECK_BIT(NONE))

#define SECOND 1000
#define BYTES  "^(hex:([0-9A-Fa-f]{2})+|(?!hex:)[\\s\\S]*)$"
#define STATUS "[1-5][0-9]{2}(-[1-5][0-9]{2})?"

static const struct alias types_of_others[] = {
	{ "http_get", "http" },
	{ "ssl_get", "https" },
	{ "tcp_check", "tcp" },
	{ "udp_check", "udp" },
	{ "dns_check", "dns" },
	{ "connect", "tcp" },
	{ "none", "enabled: false" },
	{ "off", "enabled: false" },
	{ "ssl", "https" },
	{ "tls", "https" },
	{ NULL, NULL },
};

static const struct field check_fields[] = {
	{ "enabled", VALUE_BOOL, "false: no health check, every backend counts as healthy",
	  .by_default = "true", .read = ezlb_read_enabled, .write = ezlb_write_enabled },
	{ "type", VALUE_WORD,
	  "what a probe does. Default: tcp, or no health check where no protocol is tcp and with "
	  "a fwmark without listen",
	  .words = WORDS("tcp", "http", "https", "udp", "dns"), .aliases = types_of_others,
	  .read = ezlb_read_check_type, .write = ezlb_write_check_type },
	{ "interval", VALUE_DURATION, "time between two probes", .by_default = "5s",
	  .limits = { 100, 3600 * SECOND }, CHECK(interval_ms) },
	{ "fast_interval", VALUE_DURATION,
	  "in place of interval while results and the state of the backend differ; never longer "
	  "than interval",
	  .by_default = "1s", .limits = { 100, 3600 * SECOND }, CHECK(fast_interval_ms),
	  .write = ezlb_write_fast_interval },
	{ "timeout", VALUE_DURATION, "time limit of one probe", .by_default = "3s",
	  .limits = { 10, 300 * SECOND }, CHECK(timeout_ms) },
	{ "fail_count", VALUE_NUMBER, "so many failed probes in a row make a backend down",
	  .by_default = "3", .limits = { 1, 100 }, CHECK(fail_count) },
	{ "rise_count", VALUE_NUMBER, "so many successful probes in a row make a backend up",
	  .by_default = "2", .limits = { 1, 100 }, CHECK(rise_count) },
	{ "initial", VALUE_WORD,
	  "up: a new backend is scheduled before its first probe has answered; down: only after it",
	  .by_default = "down", .words = WORDS("down", "up"), .read = ezlb_read_initial,
	  .write = ezlb_write_initial },
	{ "port", VALUE_NUMBER, "the port that is probed. Default: the port of the backend",
	  .limits = { 1, 65535 }, .read = ezlb_read_check_port, .write = ezlb_write_check_port },
	{ "source", VALUE_TEXT,
	  "the address that probes leave from: an address of this host, none (the kernel selects "
	  "it), or auto: snat_ip if full_nat is true, else none",
	  .by_default = "auto",
	  .pattern = "^(auto|none|[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$",
	  .read = ezlb_read_source, .write = ezlb_write_source },
	{ "http_method", VALUE_WORD, "http, https: the method of the request", .by_default = "GET",
	  .words = WORDS("GET", "HEAD", "OPTIONS", "POST"), .types = HTTP, .read = ezlb_read_method,
	  .write = ezlb_write_method },
	{ "http_path", VALUE_TEXT, "http, https: the path of the request; tcp ignores it",
	  .by_default = "/", .pattern = "^/[!\"$-~]{0,254}$", .types = ALWAYS_HTTP,
	  .read = ezlb_read_path, .write = ezlb_write_path },
	{ "http_host", VALUE_TEXT,
	  "http, https: the Host header. Default: the address and port of the backend", .any = true,
	  .pattern = "^[!\"$-.0->A-~]{1,255}$", .types = HTTP, .read = ezlb_read_host,
	  .write = ezlb_write_host },
	{ "http_headers", VALUE_TEXTS, "http, https: more headers of the request, at most 32",
	  .pattern = "^(?![Hh][Oo][Ss][Tt]$)[-!#$%&'*+.^_`|~0-9A-Za-z]{1,255}$",
	  .limits = { 0, 32 }, .types = HTTP, .read = ezlb_read_headers,
	  .write = ezlb_write_headers },
	{ "http_expected_status", VALUE_TEXT,
	  "http, https: the status that means healthy: a number, a text like \"200-299,301\", or "
	  "a list of both; tcp ignores it",
	  .by_default = "200", .pattern = "^" STATUS "(," STATUS "){0,31}$", .limits = { 100, 599 },
	  .many = true, .types = ALWAYS_HTTP, .read = ezlb_read_status,
	  .write = ezlb_write_status },
	{ "http_expected_body", VALUE_TEXT,
	  "http, https: a text that the body must contain. Default: any body", .any = true,
	  .types = HTTP, REQUEST(body) },
	{ "tls_insecure", VALUE_BOOL,
	  "https: false: verify the certificate. Default: true, and false with tls_ca_file",
	  .types = HTTPS, .read = ezlb_read_insecure, .write = ezlb_write_insecure },
	{ "tls_server_name", VALUE_TEXT,
	  "https: the name of the server, for SNI and in the certificate. Default: the name in "
	  "http_host, if any",
	  .any = true, .pattern = "^[0-9A-Za-z._-]{1,253}$", .types = HTTPS,
	  .read = ezlb_read_server_name, .write = ezlb_write_server_name },
	{ "tls_ca_file", VALUE_TEXT,
	  "https: verify the certificate with the certificates in this PEM file. Default: those "
	  "that the host trusts",
	  .pattern = "^/", .types = HTTPS, .read = ezlb_read_ca_file, .write = ezlb_write_ca_file },
	{ "udp_payload", VALUE_TEXT,
	  "udp: the content of the datagram: a text, or \"hex:0001ff\". Default: empty",
	  .any = true, .pattern = BYTES, .types = UDP, .read = ezlb_read_payload,
	  .write = ezlb_write_payload },
	{ "udp_expected", VALUE_TEXT,
	  "udp: what the answer must contain: a text, or \"hex:0001ff\". Default: no answer is "
	  "needed, only no ICMP error within the timeout",
	  .any = true, .pattern = BYTES, .types = UDP, .read = ezlb_read_answer,
	  .write = ezlb_write_answer },
	{ "dns_name", VALUE_TEXT, "dns: the name that is asked for", .by_default = ".", .any = true,
	  .pattern = "^[0-9A-Za-z._-]{1,254}$", .types = DNS, .read = ezlb_read_query_name,
	  .write = ezlb_write_query_name },
	{ "dns_type", VALUE_WORD, "dns: the type of the record that is asked for, or its number",
	  .by_default = "NS",
	  .words = WORDS("A", "AAAA", "NS", "SOA", "TXT", "MX", "CNAME", "PTR", "SRV"),
	  .limits = { 1, 65535 }, .types = DNS, .read = ezlb_read_query_type,
	  .write = ezlb_write_query_type },
	{ "dns_expected_rcode", VALUE_WORD,
	  "dns: the result that means healthy, or its number; one of them or a list",
	  .by_default = "noerror",
	  .words = WORDS("noerror", "formerr", "servfail", "nxdomain", "notimp", "refused",
			 "yxdomain", "yxrrset", "nxrrset", "notauth", "notzone"),
	  .limits = { 0, 15 }, .many = true, .types = DNS, .read = ezlb_read_rcode,
	  .write = ezlb_write_rcode },
};

_Static_assert(COUNT(check_fields) <= MAX_FIELDS, "raise MAX_FIELDS");

const struct table check_table = { TABLE_CHECK, check_fields, COUNT(check_fields) };
