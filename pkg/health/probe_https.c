// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe_https: TLS for probe_http. The certificate is verified only if the check asks for it: with
 * the CAs of a file or those that the host trusts, and for the server name or else for the address.
 * Without that a probe asks whether a backend serves, not who it is, like those of the kubelet.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe_kind.h"

#define CA_FILE_MAX (1024 * 1024) /* is parsed in the loop: 1 MiB takes about 40 ms */

/* Otherwise curl parses the whole CA bundle for each connection, although it is unused. */
static void set_unverified(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

/*
 * curl reads the file itself, in the loop: it would wait for ever for the writer of a FIFO, and
 * read a device like /dev/zero until the memory is full. Files without a size, as in /proc, may
 * wait, too.
 */
static int set_ca_file(CURL *easy, const char *path)
{
	struct stat st;

	if (access(path, R_OK) < 0 || stat(path, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > CA_FILE_MAX)
		return EKEYREJECTED;
	curl_easy_setopt(easy, CURLOPT_CAINFO, path);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	return 0;
}

int ezlb_probe_https_set(CURL *easy, const struct ezlb_probe *probe)
{
	const struct ezlb_request *request = probe->check->request;

	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (!request->verify) {
		set_unverified(easy);
		return 0;
	}
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	/* curl would keep the CAs for a day, and not see that the file has changed. */
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	return request->ca_file != NULL ? set_ca_file(easy, request->ca_file) : 0;
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

bool ezlb_probe_https_error(CURLcode rc, struct ezlb_probe_result *out)
{
	/* The CA file is this host's: nothing is known of the backend. */
	if (rc == CURLE_SSL_CACERT_BADFILE) {
		*out = (struct ezlb_probe_result){ EZLB_PROBE_LOCAL_ERROR, EKEYREJECTED };
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
