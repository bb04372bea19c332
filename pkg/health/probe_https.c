// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe_https: TLS for probe_http. The certificate is verified only if the check asks for it: with
 * the CAs of a file or those that the host trusts, and for the server name or else for the address.
 * Without that a probe asks whether a backend serves, not who it is, like those of the kubelet.
 */
#include <errno.h>
#include <unistd.h>

#include "probe_kind.h"

/* Otherwise curl parses the whole CA bundle for each connection, although it is unused. */
static void set_unverified(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

void ezlb_probe_https_set(CURL *easy, const struct ezlb_probe *probe)
{
	const struct ezlb_request *request = probe->check->request;

	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (!request->verify) {
		set_unverified(easy);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	/* curl would keep the CAs for a day, and not see that the file has changed. */
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	if (request->ca_file != NULL) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
}

static const struct {
	CURLcode rc;
	enum ezlb_outcome outcome;
} meanings[] = {
	{ CURLE_SSL_CONNECT_ERROR, EZLB_PROBE_TLS },
	{ CURLE_SSL_CERTPROBLEM, EZLB_PROBE_TLS },
	{ CURLE_SSL_CIPHER, EZLB_PROBE_TLS },
	{ CURLE_PEER_FAILED_VERIFICATION, EZLB_PROBE_TLS_CERTIFICATE },
	{ CURLE_SSL_ISSUER_ERROR, EZLB_PROBE_TLS_CERTIFICATE },
	{ CURLE_SSL_INVALIDCERTSTATUS, EZLB_PROBE_TLS_CERTIFICATE },
};

/* The CA file is this host's: nothing is known of the backend. */
static struct ezlb_probe_result bad_ca_file(const struct ezlb_probe *probe)
{
	const char *file = probe->check->request->ca_file;
	int code = file != NULL && access(file, R_OK) < 0 ? errno : EKEYREJECTED;

	return (struct ezlb_probe_result){ .outcome = EZLB_PROBE_LOCAL_ERROR, .code = code };
}

bool ezlb_probe_https_error(const struct ezlb_probe *probe, CURLcode rc,
			    struct ezlb_probe_result *out)
{
	if (rc == CURLE_SSL_CACERT_BADFILE) {
		*out = bad_ca_file(probe);
		return true;
	}
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (meanings[i].rc != rc)
			continue;
		*out = (struct ezlb_probe_result){ .outcome = meanings[i].outcome };
		return true;
	}
	return false;
}
