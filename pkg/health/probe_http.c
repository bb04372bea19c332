// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe_http: succeeds if GET of the path returns the expected status. Uses no proxy, netrc, cookie
 * or redirect, and no connection twice. Like the kubelet, it does not verify the certificate of an
 * https backend: backends are addressed by IP, and the probe asks whether they serve, not who they
 * are.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include <ezlb/mem.h>

#include "probe_kind.h"

#define HEAD_MAX (64 * 1024)
#define BODY_MAX (64 * 1024)

static size_t on_head(char *bytes, size_t size, size_t n, void *arg)
{
	struct ezlb_probe *probe = arg;

	(void)bytes;
	probe->head += size * n;
	return probe->head > HEAD_MAX ? 0 : size * n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct ezlb_probe *probe = arg;

	(void)bytes;
	probe->body += size * n;
	return probe->body > BODY_MAX ? 0 : size * n;
}

/* Keeps errno, which curl does not report: a lack of resources here is no failed probe. */
static curl_socket_t on_socket_open(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct ezlb_probe *probe = arg;
	int fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);

	(void)purpose;
	if (fd < 0)
		probe->local_errno = errno;
	probe->fd = fd;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static void set_tls(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	/* Otherwise curl parses the whole CA bundle for each connection, although it is unused. */
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
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

static void set_callbacks(CURL *easy, struct ezlb_probe *probe)
{
	curl_easy_setopt(easy, CURLOPT_PRIVATE, probe);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, probe);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, probe);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, probe);
}

static CURLcode set_request(CURL *easy, const struct ezlb_probe *probe)
{
	char where[EZLB_ENDPOINT_STRLEN];
	const char *scheme = probe->check->type == EZLB_CHECK_HTTPS ? "https" : "http";
	EZLB_AUTO_FREE char *url = NULL;

	url = ezlb_asprintf("%s://%s%s", scheme, ezlb_endpoint_format(&probe->target, where),
			    probe->check->request->path);
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, probe->prober->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "ezlb/" EZLB_VERSION);
	return curl_easy_setopt(easy, CURLOPT_URL, url);
}

void ezlb_probe_http_start(struct ezlb_probe *probe)
{
	CURL *easy = curl_easy_init();

	probe->easy = easy;
	if (easy == NULL || set_request(easy, probe) != CURLE_OK) {
		ezlb_probe_end_soon(probe, ezlb_result_from_errno(ENOMEM));
		return;
	}
	set_isolation(easy);
	set_callbacks(easy, probe);
	if (probe->check->type == EZLB_CHECK_HTTPS)
		set_tls(easy);
	if (curl_multi_add_handle(probe->prober->multi, easy) != CURLM_OK)
		ezlb_probe_end_soon(probe, ezlb_result_from_errno(ENOMEM));
}

void ezlb_probe_http_stop(struct ezlb_probe *probe)
{
	curl_multi_remove_handle(probe->prober->multi, probe->easy);
	curl_easy_cleanup(probe->easy);
}

/* curl's own times count a connection only after the TLS handshake. */
bool ezlb_probe_http_connected(const struct ezlb_probe *probe)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return probe->fd >= 0 && getpeername(probe->fd, (struct sockaddr *)&peer, &len) == 0;
}

static const struct {
	CURLcode rc;
	enum ezlb_outcome outcome;
} meanings[] = {
	{ CURLE_OUT_OF_MEMORY, EZLB_PROBE_LOCAL_ERROR },
	{ CURLE_FAILED_INIT, EZLB_PROBE_LOCAL_ERROR },
	{ CURLE_COULDNT_CONNECT, EZLB_PROBE_UNREACHABLE },
	{ CURLE_SEND_ERROR, EZLB_PROBE_RESET },
	{ CURLE_SSL_CONNECT_ERROR, EZLB_PROBE_TLS },
	{ CURLE_SSL_CERTPROBLEM, EZLB_PROBE_TLS },
	{ CURLE_SSL_CIPHER, EZLB_PROBE_TLS },
	{ CURLE_PEER_FAILED_VERIFICATION, EZLB_PROBE_TLS },
};

/* A code that is not in the table: an error between the connect and the end of the answer. */
static struct ezlb_probe_result from_curl(CURLcode rc)
{
	struct ezlb_probe_result result = { .outcome = EZLB_PROBE_HTTP_PROTOCOL };

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (meanings[i].rc == rc)
			result.outcome = meanings[i].outcome;
	}
	if (result.outcome == EZLB_PROBE_LOCAL_ERROR)
		result.code = ENOMEM;
	return result;
}

static struct ezlb_probe_result from_status(const struct ezlb_probe *probe)
{
	long status = 0;

	curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, &status);
	if (ezlb_code_ranges_have(&probe->check->request->statuses, status))
		return (struct ezlb_probe_result){ .outcome = EZLB_PROBE_OK };
	return (struct ezlb_probe_result){ .outcome = EZLB_PROBE_HTTP_STATUS, .code = (int)status };
}

/*
 * curl has one code for three errors: a broken connection, a TLS alert instead of data, malformed
 * chunks of a body. Only the first one has an errno.
 */
static struct ezlb_probe_result from_recv_error(const struct ezlb_probe *probe, long os_errno)
{
	struct ezlb_probe_result result = { .outcome = EZLB_PROBE_RESET };

	if (os_errno != 0)
		return result;
	if (probe->head > 0)
		result.outcome = EZLB_PROBE_HTTP_PROTOCOL;
	else if (probe->check->type == EZLB_CHECK_HTTPS)
		result.outcome = EZLB_PROBE_TLS;
	return result;
}

static struct ezlb_probe_result judge(const struct ezlb_probe *probe, CURLcode rc)
{
	long os_errno = 0;

	if (rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && probe->body > BODY_MAX))
		return from_status(probe);
	if (probe->local_errno != 0)
		return ezlb_result_from_errno(probe->local_errno);
	curl_easy_getinfo(probe->easy, CURLINFO_OS_ERRNO, &os_errno);
	if (rc == CURLE_COULDNT_CONNECT && os_errno != 0)
		return ezlb_result_from_errno((int)os_errno);
	if (rc == CURLE_RECV_ERROR)
		return from_recv_error(probe, os_errno);
	return from_curl(rc);
}

void ezlb_probe_http_done(struct ezlb_probe *probe, CURLcode rc)
{
	ezlb_probe_end(probe, judge(probe, rc));
}
