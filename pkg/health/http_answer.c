// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * http_answer: reads the answer to a probe of type http or https, and judges it. The final head
 * decides, and ends the transfer, unless a text is expected in the body: then the first BODY_MAX
 * bytes of the body are searched. No answer of a backend is an error of this host, however odd it
 * is.
 */
#include <errno.h>
#include <strings.h>

#include "guard.h"
#include "probe_kind.h"
#include "tcp_received.h"

#define HEAD_MAX (64 * 1024)
#define BODY_MAX (64 * 1024)

static bool status_is_expected(const struct ezlb_probe *probe, long *status)
{
	*status = 0;
	curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, status);
	return ezlb_code_ranges_have(&probe->check->request->statuses, *status);
}

/* 1xx is not final, but for 101 (RFC 9110 15.2). */
static bool is_end_of_final_head(const struct ezlb_probe *probe, const char *line, size_t len)
{
	long status = 0;

	if (!(len == 2 && line[0] == '\r' && line[1] == '\n') && !(len == 1 && line[0] == '\n'))
		return false;
	curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 || status == 101;
}

/* "HTTP/1.1 503 ..."; libcurl takes every other line that begins with "HTTP/" for a 200. */
static bool is_status_line(const char *line, size_t len)
{
	static const char like[] = "HTTP/0.0 000";

	for (size_t i = 0; i < sizeof(like) - 1; i++)
		if (i >= len ||
		    (like[i] == '0' ? line[i] < '0' || line[i] > '9' : line[i] != like[i]))
			return false;
	return true;
}

/* Gets one line at a time. */
static size_t on_head(char *bytes, size_t size, size_t n, void *arg)
{
	struct ezlb_probe *probe = arg;
	size_t len = size * n;
	long status;

	probe->head += len;
	if (probe->head > HEAD_MAX)
		return 0;
	if (len >= 5 && strncasecmp(bytes, "HTTP/", 5) == 0 && !is_status_line(bytes, len))
		return 0;
	if (probe->answered || !is_end_of_final_head(probe, bytes, len))
		return len;
	probe->answered = true;
	if (probe->wanted || !status_is_expected(probe, &status))
		return 0; /* ends the transfer */
	return len;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct ezlb_probe *probe = arg;
	size_t len = size * n;
	size_t left = BODY_MAX - probe->body;

	/* libcurl takes some bytes after a head of 1xx for a body. Then no text is searched. */
	if (!probe->answered || probe->wanted)
		return 0;
	probe->wanted = ezlb_match_feed(&probe->match, bytes, len < left ? len : left);
	probe->body += len < left ? len : left;
	return probe->wanted || len >= left ? 0 : len;
}

/* curl calls it also where it reads on and on without a callback, so the deadline cannot run. */
static int on_progress(void *arg, curl_off_t all, curl_off_t now, curl_off_t up_all, curl_off_t up)
{
	struct ezlb_probe *probe = arg;

	probe->connected = probe->connected || ezlb_probe_http_connected(probe);
	(void)all;
	(void)now;
	(void)up_all;
	(void)up;
	return ezlb_tcp_received(probe->fd) > EZLB_ANSWER_MAX;
}

void ezlb_http_answer_set(CURL *easy, struct ezlb_probe *probe)
{
	const char *body = probe->check->request->body;

	probe->wanted = body == NULL || *body == '\0';
	if (!probe->wanted)
		ezlb_match_init(&probe->match, body);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, probe);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, probe);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, probe);
}

static const struct {
	CURLcode rc;
	enum ezlb_outcome outcome;
} meanings[] = {
	{ CURLE_COULDNT_CONNECT, EZLB_PROBE_UNREACHABLE },
	{ CURLE_SEND_ERROR, EZLB_PROBE_RESET },
};

static bool in_handshake(const struct ezlb_probe *probe)
{
	curl_off_t us = 0;

	return probe->check->type == EZLB_CHECK_HTTPS &&
	       curl_easy_getinfo(probe->easy, CURLINFO_APPCONNECT_TIME_T, &us) == CURLE_OK &&
	       us == 0;
}

/*
 * A code that is not in the table: an error between the connect and the end of the answer. What
 * curl calls the end of an endless handshake differs between its versions.
 */
static struct ezlb_probe_result from_curl(const struct ezlb_probe *probe, CURLcode rc)
{
	struct ezlb_probe_result result = { .outcome = in_handshake(probe)
							       ? EZLB_PROBE_TLS
							       : EZLB_PROBE_HTTP_PROTOCOL };

	/* curl also calls a header line of 100 kB that. */
	if ((rc == CURLE_OUT_OF_MEMORY || rc == CURLE_FAILED_INIT) && !probe->connected)
		return ezlb_result_from_errno(ENOMEM);
	if (probe->check->type == EZLB_CHECK_HTTPS && ezlb_probe_https_error(probe, rc, &result))
		return result;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (meanings[i].rc == rc)
			result.outcome = meanings[i].outcome;
	}
	return result;
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

static struct ezlb_probe_result from_failure(const struct ezlb_probe *probe, CURLcode rc)
{
	long os_errno = 0;

	if (probe->local_errno != 0)
		return ezlb_result_from_errno(probe->local_errno);
	curl_easy_getinfo(probe->easy, CURLINFO_OS_ERRNO, &os_errno);
	if (rc == CURLE_COULDNT_CONNECT && os_errno != 0)
		return ezlb_result_from_errno((int)os_errno);
	if (rc == CURLE_RECV_ERROR)
		return from_recv_error(probe, os_errno);
	return from_curl(probe, rc);
}

/* What curl was stopped at on purpose is no error: the end of the head, of the body, or of the
 * search. */
static bool is_complete(const struct ezlb_probe *probe, CURLcode rc)
{
	if (!probe->answered)
		return false;
	return rc == CURLE_OK || rc == CURLE_WRITE_ERROR || rc == CURLE_ABORTED_BY_CALLBACK;
}

static struct ezlb_probe_result judge(const struct ezlb_probe *probe, CURLcode rc)
{
	struct ezlb_probe_result result = { .outcome = EZLB_PROBE_OK };
	long status;

	if (!is_complete(probe, rc))
		return from_failure(probe, rc);
	if (!status_is_expected(probe, &status)) {
		result.outcome = EZLB_PROBE_HTTP_STATUS;
		result.code = (int)status;
	} else if (!probe->wanted) {
		result.outcome = EZLB_PROBE_HTTP_BODY;
	}
	return result;
}

void ezlb_probe_http_done(struct ezlb_probe *probe, CURLcode rc)
{
	ezlb_probe_end(probe, judge(probe, rc));
}
