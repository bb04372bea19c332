// SPDX-License-Identifier: GPL-2.0-or-later
#include "trust.h"

#include <curl/curl.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct ezlb_ca_file {
	char *path;
	struct stat st; /* when it was parsed */
	gnutls_x509_trust_list_t list;
};

static void ca_file_clear(struct ezlb_ca_file *file)
{
	free(file->path);
	if (file->list != NULL)
		gnutls_x509_trust_list_deinit(file->list, 1);
}

void ezlb_trust_clear(struct ezlb_trust *trust)
{
	for (size_t i = 0; i < trust->len; i++)
		ca_file_clear(&trust->items[i]);
	EZLB_VEC_CLEAR(trust);
}

/* Where the file that curl would use is: it depends on the distribution. */
static const char *hosts_file(void)
{
	const char *path = curl_version_info(CURLVERSION_NOW)->cainfo;

	return path != NULL ? path : "/etc/ssl/certs/ca-certificates.crt";
}

/* Another file of this name has another inode; each write changes the ctime, whatever sets mtime.
 */
static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int parse(const char *path, gnutls_x509_trust_list_t *out)
{
	gnutls_x509_trust_list_t list;
	int n;

	if (gnutls_x509_trust_list_init(&list, 0) < 0)
		return -ENOMEM;
	errno = 0;
	n = gnutls_x509_trust_list_add_trust_file(list, path, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	if (n <= 0) {
		int code = n == GNUTLS_E_FILE_ERROR && errno != 0 ? errno : ENODATA;

		gnutls_x509_trust_list_deinit(list, 1);
		return -code;
	}
	*out = list;
	return 0;
}

static struct ezlb_ca_file *find(struct ezlb_trust *trust, const char *path)
{
	struct ezlb_ca_file *file;

	for (size_t i = 0; i < trust->len; i++) {
		if (strcmp(trust->items[i].path, path) == 0)
			return &trust->items[i];
	}
	file = EZLB_PUSH(trust);
	file->path = ezlb_strdup(path);
	return file;
}

static int load(struct ezlb_trust *trust, const char *path, gnutls_x509_trust_list_t *out)
{
	struct ezlb_ca_file *file = find(trust, path);
	struct stat st;
	int rc;

	if (stat(path, &st) < 0)
		return -errno;
	if (file->list == NULL || !is_same_file(&st, &file->st)) {
		if (file->list != NULL)
			gnutls_x509_trust_list_deinit(file->list, 1);
		file->list = NULL;
		rc = parse(path, &file->list);
		if (rc < 0)
			return rc;
		file->st = st;
	}
	*out = file->list;
	return 0;
}

/* At most this many certificates of a chain are looked at; GnuTLS has the same limit. */
#define CHAIN_MAX 16

/* Returns how many. */
static unsigned import(gnutls_session_t session, gnutls_x509_crt_t chain[CHAIN_MAX])
{
	unsigned sent = 0, n = 0;
	const gnutls_datum_t *raw = gnutls_certificate_get_peers(session, &sent);

	if (raw == NULL || gnutls_certificate_type_get(session) != GNUTLS_CRT_X509)
		return 0;
	for (; n < sent && n < CHAIN_MAX; n++) {
		if (gnutls_x509_crt_init(&chain[n]) < 0)
			break;
		if (gnutls_x509_crt_import(chain[n], &raw[n], GNUTLS_X509_FMT_DER) < 0) {
			gnutls_x509_crt_deinit(chain[n]);
			break;
		}
	}
	return n;
}

static bool is_valid(gnutls_x509_trust_list_t list, gnutls_session_t session, const char *name,
		     const struct ezlb_addr *addr)
{
	gnutls_typed_vdata_st want[] = {
		{ .type = GNUTLS_DT_KEY_PURPOSE_OID,
		  .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER },
		{ .type = GNUTLS_DT_IP_ADDRESS,
		  .data = (unsigned char *)(uintptr_t)addr->bytes,
		  .size = addr->family == AF_INET ? 4 : 16 },
	};
	/* What curl's connections ask of keys and signatures. */
	unsigned flags = GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_LOW);
	gnutls_x509_crt_t chain[CHAIN_MAX];
	unsigned n = import(session, chain), status = GNUTLS_CERT_INVALID;
	int rc = -1;

	if (name != NULL) {
		want[1].type = GNUTLS_DT_DNS_HOSTNAME;
		want[1].data = (unsigned char *)(uintptr_t)name;
		want[1].size = 0; /* it ends with a NUL */
	}
	if (n > 0)
		rc = gnutls_x509_trust_list_verify_crt2(list, chain, n, want, 2, flags, &status,
							NULL);
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(chain[i]);
	return rc >= 0 && status == 0;
}

int ezlb_trust_verify(struct ezlb_trust *trust, const char *file,
		      struct gnutls_session_int *session, const char *name,
		      const struct ezlb_addr *addr)
{
	gnutls_x509_trust_list_t list = NULL;
	int rc = load(trust, file != NULL ? file : hosts_file(), &list);

	if (rc < 0)
		return rc;
	return is_valid(list, session, name, addr) ? 0 : -EKEYREJECTED;
}
