// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe_http: sends one HTTP/1.1 request; http_answer.c reads what comes back. Uses no proxy,
 * netrc, cookie or redirect, and no connection twice.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <ezlb/mem.h>

#include "guard.h"
#include "probe_kind.h"

/* Keeps errno, which curl does not report: a lack of resources here is no failed probe. */
static curl_socket_t on_socket_open(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct ezlb_probe *probe = arg;
	int fd = ezlb_probe_socket(probe, addr->socktype, addr->protocol);

	(void)purpose;
	if (fd < 0)
		probe->local_errno = errno;
	ezlb_guard_remove(probe->fd);
	if (fd >= 0)
		ezlb_guard_add(fd);
	probe->fd = fd;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static void set_isolation(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* curl caches even IP addresses, and searches them all after each transfer. */
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	/* The probe has its own deadline; curl's default of 300 s must not end it earlier. */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 2L * 24 * 60 * 60);
}

static bool has_header(const struct ezlb_request *request, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < request->headers.len; i++) {
		const char *line = request->headers.items[i];

		if (strncasecmp(line, name, len) == 0 && line[len] == ':')
			return true;
	}
	return false;
}

static void push(struct ezlb_probe *probe, const char *line)
{
	struct curl_slist *longer = curl_slist_append(probe->headers, line);

	/* Without memory a header is missing; ezlb itself aborts in such a case. */
	if (longer != NULL)
		probe->headers = longer;
}

/* For curl "Name:" removes a header of its own, and "Name;" is the header without a value. */
static void push_own(struct ezlb_probe *probe, const char *line)
{
	size_t name = strcspn(line, ":");
	EZLB_AUTO_FREE char *empty = NULL;

	if (line[name] != ':' || line[name + 1 + strspn(line + name + 1, " \t")] != '\0') {
		push(probe, line);
		return;
	}
	empty = ezlb_asprintf("%.*s;", (int)name, line);
	push(probe, empty);
}

/* A server that checks the name of TLS compares it with the Host header (421, RFC 9110 15.5.20). */
static void set_headers(struct ezlb_probe *probe)
{
	const struct ezlb_request *request = probe->check->request;
	char where[EZLB_ENDPOINT_STRLEN];
	const char *host = request->host;
	EZLB_AUTO_FREE char *line = NULL;

	if (host == NULL && probe->check->type == EZLB_CHECK_HTTPS)
		host = request->server_name;
	if (host == NULL)
		host = ezlb_endpoint_format(&probe->target, where);
	line = ezlb_asprintf("Host: %s", host);
	if (!has_header(request, "Host"))
		push(probe, line);
	/* Tells the server to close the connection: ezlb does not use it again. */
	if (!has_header(request, "Connection"))
		push(probe, "Connection: close");
	if (!has_header(request, "Content-Type"))
		push(probe, "Content-Type:"); /* of an empty POST */
	for (size_t i = 0; i < request->headers.len; i++)
		push_own(probe, request->headers.items[i]);
	curl_easy_setopt(probe->easy, CURLOPT_HTTPHEADER, probe->headers);
}

static void set_method(CURL *easy, const char *method)
{
	if (method == NULL || strcmp(method, "GET") == 0) {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	} else if (strcmp(method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else if (strcmp(method, "POST") == 0) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
	} else {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	}
}

/*
 * curl sends as SNI, and compares with the certificate, the host of the URL. CONNECT_TO says where
 * to connect, so no name is ever looked up.
 */
static CURLcode set_url(struct ezlb_probe *probe)
{
	const struct ezlb_request *request = probe->check->request;
	bool https = probe->check->type == EZLB_CHECK_HTTPS;
	char where[EZLB_ENDPOINT_STRLEN];
	EZLB_AUTO_FREE char *url = NULL, *to = NULL;

	ezlb_endpoint_format(&probe->target, where);
	if (https && request->server_name != NULL) {
		url = ezlb_asprintf("https://%s:%u%s", request->server_name,
				    (unsigned)probe->target.port, request->path);
		to = ezlb_asprintf("::%s", where);
		probe->connect_to = curl_slist_append(NULL, to);
		curl_easy_setopt(probe->easy, CURLOPT_CONNECT_TO, probe->connect_to);
	} else {
		url = ezlb_asprintf("%s://%s%s", https ? "https" : "http", where, request->path);
	}
	curl_easy_setopt(probe->easy, CURLOPT_PATH_AS_IS, 1L);
	return curl_easy_setopt(probe->easy, CURLOPT_URL, url);
}

static bool set_request(struct ezlb_probe *probe)
{
	CURL *easy = probe->easy;

	set_method(easy, probe->check->request->method);
	set_headers(probe);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "ezlb/" EZLB_VERSION);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, probe);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, probe);
	return set_url(probe) == CURLE_OK;
}

void ezlb_probe_http_start(struct ezlb_probe *probe)
{
	CURL *easy;
	int code = 0;

	if (probe->prober->multi == NULL) {
		ezlb_probe_end_soon(probe,
				    (struct ezlb_probe_result){ EZLB_PROBE_LOCAL_ERROR, ELIBACC });
		return;
	}
	easy = curl_easy_init();
	probe->easy = easy;
	if (easy == NULL || !set_request(probe)) {
		ezlb_probe_end_soon(probe, ezlb_result_from_errno(ENOMEM));
		return;
	}
	set_isolation(easy);
	ezlb_http_answer_set(easy, probe);
	if (probe->check->type == EZLB_CHECK_HTTPS)
		code = ezlb_probe_https_set(easy, probe);
	if (code != 0)
		ezlb_probe_end_soon(probe,
				    (struct ezlb_probe_result){ EZLB_PROBE_LOCAL_ERROR, code });
	else if (curl_multi_add_handle(probe->prober->multi, easy) != CURLM_OK)
		ezlb_probe_end_soon(probe, ezlb_result_from_errno(ENOMEM));
}

void ezlb_probe_http_stop(struct ezlb_probe *probe)
{
	if (probe->prober->multi == NULL)
		return;
	ezlb_guard_remove(probe->fd);
	curl_multi_remove_handle(probe->prober->multi, probe->easy);
	curl_easy_cleanup(probe->easy);
	curl_slist_free_all(probe->headers);
	curl_slist_free_all(probe->connect_to);
	ezlb_match_clear(&probe->match);
}

/* curl's own times count a connection only after the TLS handshake. */
bool ezlb_probe_http_connected(const struct ezlb_probe *probe)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return probe->fd >= 0 && getpeername(probe->fd, (struct sockaddr *)&peer, &len) == 0;
}
