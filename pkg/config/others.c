// SPDX-License-Identifier: GPL-2.0-or-later
/* What people write who know keepalived, ipvsadm or Kubernetes, and what to write here. */
#include <string.h>

#include "reader.h"

#define KUBERNETES \
	"this is an object of Kubernetes: ezlb reads service files, also from a ConfigMap volume"
#define ONE_CHECK "all backends have the same health check: write health_check: beside backends:"
#define NO_SCRIPT \
	"ezlb starts no other program: read `ezlb events -f` or the metrics from a program of yours"
#define PERSISTENCE "write persistence: {timeout: 5m, netmask: 24}"
#define COUNTS	    "write fail_count, the number of failed probes in a row"

struct other {
	const char *key, *help;
};

static const struct other of_service[] = {
	{ "apiVersion", KUBERNETES },
	{ "kind", KUBERNETES },
	{ "services", "one file is one service: write its fields without services:" },
	{ "virtual_ip", "write listen: IP:port" },
	{ "port", "write listen: IP:port" },
	{ "virtual_server", "write listen: IP:port" },
	{ "servers", "did you mean 'backends'?" },
	{ "real_server", "did you mean 'backends'?" },
	{ "real_servers", "did you mean 'backends'?" },
	{ "algorithm", "did you mean 'scheduler'?" },
	{ "lb_algo", "did you mean 'scheduler'?" },
	{ "lvs_sched", "did you mean 'scheduler'?" },
	{ "lb_kind", "did you mean 'forward'?" },
	{ "lvs_method", "did you mean 'forward'?" },
	{ "sorry_server", "write fallback: and below it '- address: IP:port'" },
	{ "quorum",
	  "there is none: fallback backends serve when no other one is healthy; with fewer "
	  "healthy backends than min_healthy all of them get connections" },
	{ "quorum_up", NO_SCRIPT },
	{ "quorum_down", NO_SCRIPT },
	{ "persistence_timeout", PERSISTENCE },
	{ "persistence_granularity", PERSISTENCE },
	{ "persistence_engine", "write persistence: {timeout: 5m, engine: sip}" },
	{ "ops", "did you mean 'one_packet'?" },
	{ "delay_loop", "write health_check: {interval: 5s}" },
	{ "inhibit_on_failure", "write on_failure: drain" },
	{ "alpha", "this is the default: health_check: {initial: down}" },
	{ "virtualhost", "write health_check: {http_host: NAME}" },
	{ NULL, NULL },
};

static const struct other of_backend[] = {
	{ "port", "write address: IP:port" },
	{ "ip", "write address: IP:port" },
	{ "host", "write address: IP:port" },
	{ "health_check", ONE_CHECK },
	{ "HTTP_GET", ONE_CHECK },
	{ "SSL_GET", ONE_CHECK },
	{ "TCP_CHECK", ONE_CHECK },
	{ "UDP_CHECK", ONE_CHECK },
	{ "DNS_CHECK", ONE_CHECK },
	{ "MISC_CHECK", ONE_CHECK ". It starts no programs" },
	{ "inhibit_on_failure", "write on_failure: drain beside backends:" },
	{ "notify_up", NO_SCRIPT },
	{ "notify_down", NO_SCRIPT },
	{ NULL, NULL },
};

static const struct other of_check[] = {
	{ "delay_loop", "did you mean 'interval'?" },
	{ "connect_timeout", "did you mean 'timeout'? It limits the whole probe" },
	{ "retry", COUNTS },
	{ "nb_get_retry", COUNTS },
	{ "delay_before_retry", "did you mean 'fast_interval'?" },
	{ "warmup", "nothing to write: the first probes are spread over the interval" },
	{ "connect_port", "did you mean 'port'?" },
	{ "bindto", "did you mean 'source'?" },
	{ "method", "did you mean 'http_method'?" },
	{ "path", "did you mean 'http_path'?" },
	{ "host", "did you mean 'http_host'?" },
	{ "virtualhost", "did you mean 'http_host'?" },
	{ "headers", "did you mean 'http_headers'?" },
	{ "status", "did you mean 'http_expected_status'?" },
	{ "status_code", "did you mean 'http_expected_status'?" },
	{ "body", "did you mean 'http_expected_body'?" },
	{ "digest", "write a part of the answer into http_expected_body" },
	{ "regex",
	  "write a part of the answer into http_expected_body; it is no regular expression" },
	{ "enable_sni", "did you mean 'tls_server_name'?" },
	{ "sni", "did you mean 'tls_server_name'?" },
	{ "ca_file", "did you mean 'tls_ca_file'?" },
	{ "payload", "did you mean 'udp_payload'?" },
	{ "require_reply", "did you mean 'udp_expected'?" },
	{ NULL, NULL },
};

const char *ezlb_other_key(enum table_id table, const char *key)
{
	static const struct other none[] = { { NULL, NULL } };
	const struct other *other = none;

	switch (table) {
	case TABLE_SERVICE:
		other = of_service;
		break;
	case TABLE_BACKEND:
		other = of_backend;
		break;
	case TABLE_CHECK:
		other = of_check;
		break;
	case TABLE_PERSISTENCE:
	case TABLE_TUNNEL:
	case TABLES:
		break;
	}
	for (; other->key; other++)
		if (strcmp(other->key, key) == 0)
			return other->help;
	return NULL;
}
