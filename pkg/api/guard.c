// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard.h"

#include <string.h>
#include <strings.h>

#include "host_header.h"

static const struct guard_refusal malformed = {
	400, "send Host, Origin and Sec-Fetch headers once each, and each on one line\n"
};
static const struct guard_refusal no_host = { 400, "HTTP/1.1 needs a Host header\n" };
static const struct guard_refusal other_host = {
	421, "ask by IP address or as localhost: other names are refused, so that no web page can "
	     "read this through a browser (DNS rebinding)\n"
};
static const struct guard_refusal other_host_local = {
	421, "ask as localhost: names with a dot or a port are refused, so that no web page can "
	     "read this through a browser (DNS rebinding)\n"
};
static const struct guard_refusal other_origin = {
	403, "this request comes from a web page of another origin: only the page of ezlb itself "
	     "may ask\n"
};

/* RFC 9110 5.6.2 */
static bool is_token(const char *name)
{
	static const char letters[] = "!#$%&'*+-.^_`|~0123456789"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return *name != '\0' && name[strspn(name, letters)] == '\0';
}

/*
 * libmicrohttpd 0.9 appends a line that continues a header (obs-fold) to the header's name. So a
 * name that begins with one of these is that header in two lines.
 */
void guard_header(struct guard_request *request, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **value;
	} rows[] = {
		{ "Host", &request->host },	      { "Origin", &request->origin },
		{ "Sec-Fetch-Site", &request->site }, { "Sec-Fetch-Mode", &request->mode },
		{ "Sec-Fetch-Dest", &request->dest },
	};

	request->is_malformed |= !is_token(name);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].name);

		if (strncasecmp(name, rows[i].name, len) != 0)
			continue;
		request->is_malformed |= *rows[i].value != NULL || name[len] != '\0';
		*rows[i].value = value ? value : "";
	}
}

static bool is(const char *value, const char *word)
{
	return value && strcasecmp(value, word) == 0;
}

/* The origin of a page that this server has sent, as its client named the server. */
static bool is_own_origin(const struct guard_request *request)
{
	static const char scheme[] = "http://";

	return request->host && strncasecmp(request->origin, scheme, strlen(scheme)) == 0 &&
	       strcasecmp(request->origin + strlen(scheme), request->host) == 0;
}

/* Somebody has followed a link, and sees the answer instead of the page that had the link. */
static bool is_followed_link(const struct guard_request *request)
{
	return request->is_get && is(request->mode, "navigate") && is(request->dest, "document");
}

static bool is_of_others(const struct guard_request *request)
{
	if (request->origin && !is_own_origin(request))
		return true;
	return request->site && !is(request->site, "same-origin") && !is(request->site, "none") &&
	       !is_followed_link(request);
}

const struct guard_refusal *guard_check(const struct guard_request *request)
{
	if (request->is_malformed)
		return &malformed;
	if (!request->host && request->needs_host && !request->is_local)
		return &no_host;
	if (request->host && !host_is_address(request->host)) {
		if (!request->is_local)
			return &other_host;
		if (!host_is_label(request->host))
			return &other_host_local;
	}
	return is_of_others(request) ? &other_origin : NULL;
}
