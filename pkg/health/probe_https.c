// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe_https: TLS for probe_http. The certificate is verified only if the check asks for it: with
 * the CAs of a file or those that the host trusts, and for the server name or else for the address.
 * Without that a probe asks whether a backend serves, not who it is, like those of the kubelet.
 */
#include <errno.h>
#include <string.h>

#include "probe_kind.h"

/* curl parses the whole CA bundle for each connection, also where it is unused. */
static void set_unverified(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

static CURLcode set_verified_by_curl(CURL *easy, const struct ezlb_ca *ca)
{
	struct curl_blob blob = { .flags = CURL_BLOB_COPY };

	blob.data = (void *)(uintptr_t)ezlb_ca_bytes(ca, &blob.len);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	/* curl would keep the CAs for a day, and not see that the file has changed. */
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	return curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
}

static int verify(struct ezlb_probe *probe)
{
	const struct ezlb_request *request = probe->check->request;
	struct curl_tlssessioninfo *tls = NULL;

	curl_easy_getinfo(probe->easy, CURLINFO_TLS_SSL_PTR, &tls);
	if (tls == NULL || tls->backend != CURLSSLBACKEND_GNUTLS || tls->internals == NULL)
		return -EKEYREJECTED;
	return ezlb_ca_verify(probe->ca, tls->internals, request->server_name, &probe->target.addr)
		       ? 0
		       : -EKEYREJECTED;
}

/* Between the TLS handshake and the request: a stranger gets no header that may be a secret. */
static int on_handshake_done(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct ezlb_probe *probe = arg;

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	probe->trust = verify(probe);
	return probe->trust < 0 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

bool ezlb_probe_https_has_gnutls(void)
{
	const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;

	return library != NULL && strncmp(library, "GnuTLS/", 7) == 0;
}

/* Only ezlb_ca_verify uses the parsed CAs, and it needs a session of GnuTLS. */
static bool set_verified_here(struct ezlb_probe *probe)
{
	set_unverified(probe->easy);
	return curl_easy_setopt(probe->easy, CURLOPT_PREREQDATA, probe) == CURLE_OK &&
	       curl_easy_setopt(probe->easy, CURLOPT_PREREQFUNCTION, on_handshake_done) == CURLE_OK;
}

/* The worker process has been given it. */
static int find_ca(struct ezlb_probe *probe)
{
	const char *path = probe->check->request->ca_file;

	if (probe->ca != NULL)
		return 0;
	return ezlb_trust_path(&probe->prober->trust, path != NULL ? path : ezlb_ca_hosts_file(),
			       &probe->ca);
}

int ezlb_probe_https_set(CURL *easy, struct ezlb_probe *probe)
{
	bool set;
	int rc;

	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (!probe->check->request->verify) {
		set_unverified(easy);
		return 0;
	}
	rc = find_ca(probe);
	if (rc < 0)
		return -rc;
	if (ezlb_probe_https_has_gnutls())
		set = set_verified_here(probe);
	else
		set = set_verified_by_curl(easy, probe->ca) == CURLE_OK;
	return set ? 0 : ENOMEM;
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

bool ezlb_probe_https_error(const struct ezlb_probe *probe, CURLcode rc,
			    struct ezlb_probe_result *out)
{
	if (probe->trust < 0) {
		*out = (struct ezlb_probe_result){ .outcome = EZLB_PROBE_TLS_CERTIFICATE };
		return true;
	}
	if (rc == CURLE_SSL_CACERT_BADFILE) { /* this host's: nothing is known of the backend */
		*out = (struct ezlb_probe_result){ EZLB_PROBE_LOCAL_ERROR, ENODATA };
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
