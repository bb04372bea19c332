// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe_https: TLS for probe_http. The certificate is verified only if the check asks for it: with
 * the CAs of a file or those that the host trusts, and for the server name or else for the address.
 * Without that a probe asks whether a backend serves, not who it is, like those of the kubelet.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe_kind.h"

#define CA_FILE_MAX (1024 * 1024) /* is parsed in the loop: 1 MiB takes about 40 ms */

/* curl parses the whole CA bundle for each connection, also where it is unused. */
static void set_unverified(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

static void set_verified_by_curl(CURL *easy, const char *ca_file)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	/* curl would keep the CAs for a day, and not see that the file has changed. */
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	if (ca_file != NULL) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
}

static int verify(struct ezlb_probe *probe)
{
	const struct ezlb_request *request = probe->check->request;
	struct curl_tlssessioninfo *tls = NULL;

	curl_easy_getinfo(probe->easy, CURLINFO_TLS_SSL_PTR, &tls);
	if (tls == NULL || tls->backend != CURLSSLBACKEND_GNUTLS || tls->internals == NULL)
		return -EKEYREJECTED;
	return ezlb_trust_verify(&probe->prober->trust, request->ca_file, tls->internals,
				 request->server_name, &probe->target.addr);
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

/* Only ezlb_trust_verify keeps the parsed CAs, and it needs a session of GnuTLS. */
static bool can_verify_by_itself(struct ezlb_probe *probe)
{
	const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;

	if (library == NULL || strncmp(library, "GnuTLS/", 7) != 0)
		return false;
	return curl_easy_setopt(probe->easy, CURLOPT_PREREQDATA, probe) == CURLE_OK &&
	       curl_easy_setopt(probe->easy, CURLOPT_PREREQFUNCTION, on_handshake_done) == CURLE_OK;
}

/*
 * The file is read in the loop. A FIFO would wait for ever for its writer, and a device like
 * /dev/zero would fill the memory. Files without a size, as in /proc, may wait, too.
 */
static int look_at_ca_file(const char *path)
{
	struct stat st;

	if (access(path, R_OK) < 0 || stat(path, &st) < 0)
		return errno;
	return S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= CA_FILE_MAX ? 0 : ENODATA;
}

int ezlb_probe_https_set(CURL *easy, struct ezlb_probe *probe)
{
	const struct ezlb_request *request = probe->check->request;
	int code = request->verify && request->ca_file ? look_at_ca_file(request->ca_file) : 0;

	if (code != 0)
		return code;
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (request->verify && !can_verify_by_itself(probe))
		set_verified_by_curl(easy, request->ca_file);
	else
		set_unverified(easy);
	return 0;
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
static struct ezlb_probe_result bad_ca_file(int code)
{
	return (struct ezlb_probe_result){ .outcome = EZLB_PROBE_LOCAL_ERROR, .code = code };
}

bool ezlb_probe_https_error(const struct ezlb_probe *probe, CURLcode rc,
			    struct ezlb_probe_result *out)
{
	if (probe->trust == -EKEYREJECTED) {
		*out = (struct ezlb_probe_result){ .outcome = EZLB_PROBE_TLS_CERTIFICATE };
		return true;
	}
	if (probe->trust < 0 || rc == CURLE_SSL_CACERT_BADFILE) {
		*out = bad_ca_file(probe->trust < 0 ? -probe->trust : ENODATA);
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
