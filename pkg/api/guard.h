/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard: which requests are refused because of their headers. Pure.
 *
 * The server has no password: who can connect may ask. So no web page that somebody opens may use
 * the browser to ask in his name, neither by TCP nor through a forwarded socket (ssh -L):
 *
 *   - a page of another origin says so: Origin (RFC 6454, Fetch), Sec-Fetch-Site (W3C Fetch
 *     Metadata). A link to a page of ezlb still works: a browser follows it and shows the answer,
 *     and the page with the link cannot read it.
 *   - a page whose own name was made to resolve to this server (DNS rebinding) has the same origin,
 *     but its name is in Host (see host_header.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct guard_request {
	bool is_local;	   /* came by the unix socket */
	bool is_get;	   /* GET or HEAD */
	bool needs_host;   /* HTTP/1.1 */
	bool is_malformed; /* one of these headers came twice, or a name of a header is none */
	const char *host, *origin, *site, *mode, *dest; /* values; NULL: no such header */
};

/* Takes note of one header, whichever it is; `value` is borrowed. */
void guard_header(struct guard_request *request, const char *name, const char *value);

struct guard_refusal {
	unsigned status;  /* of HTTP */
	const char *text; /* a line, with its newline */
};
/* NULL: it is not refused. */
const struct guard_refusal *guard_check(const struct guard_request *request);
