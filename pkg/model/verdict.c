// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/verdict.h>

int ezlb_verdict_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_verdict_row *a = pa, *b = pb;
	int rc = strcmp(a->service, b->service);

	return rc ? rc : ezlb_endpoint_cmp(&a->backend, &b->backend);
}

const struct ezlb_verdict_row *ezlb_verdict_find(const struct ezlb_verdicts *verdicts,
						 const struct ezlb_spec *spec,
						 const struct ezlb_endpoint *backend)
{
	struct ezlb_verdict_row key = { .backend = *backend };

	ezlb_strcpy(key.service, sizeof(key.service), spec->name);
	return EZLB_FIND(verdicts, &key, ezlb_verdict_row_cmp);
}

const char *ezlb_verdict_str(enum ezlb_verdict verdict)
{
	static const char *const names[] = {
		[EZLB_UNKNOWN] = "unknown",
		[EZLB_UP] = "up",
		[EZLB_DOWN] = "down",
	};

	return names[verdict];
}

const char *ezlb_outcome_str(enum ezlb_outcome outcome)
{
	static const char *const names[] = {
		[EZLB_PROBE_OK] = "ok",
		[EZLB_PROBE_CONNECT_REFUSED] = "connect_refused",
		[EZLB_PROBE_CONNECT_TIMEOUT] = "connect_timeout",
		[EZLB_PROBE_TIMEOUT] = "timeout",
		[EZLB_PROBE_UNREACHABLE] = "unreachable",
		[EZLB_PROBE_RESET] = "reset",
		[EZLB_PROBE_HTTP_STATUS] = "http_status",
		[EZLB_PROBE_HTTP_BODY] = "http_body",
		[EZLB_PROBE_HTTP_PROTOCOL] = "http_protocol",
		[EZLB_PROBE_TLS] = "tls",
		[EZLB_PROBE_TLS_CERTIFICATE] = "tls_certificate",
		[EZLB_PROBE_UDP_ANSWER] = "udp_answer",
		[EZLB_PROBE_DNS_RCODE] = "dns_rcode",
		[EZLB_PROBE_DNS_PROTOCOL] = "dns_protocol",
		[EZLB_PROBE_PERMISSION] = "permission",
		[EZLB_PROBE_LOCAL_ERROR] = "local_error",
	};

	return outcome < EZLB_OUTCOMES ? names[outcome] : "?";
}

bool ezlb_outcome_answers(enum ezlb_outcome outcome)
{
	return outcome == EZLB_PROBE_HTTP_STATUS || outcome == EZLB_PROBE_HTTP_BODY ||
	       outcome == EZLB_PROBE_UDP_ANSWER || outcome == EZLB_PROBE_DNS_RCODE;
}
