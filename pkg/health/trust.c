// SPDX-License-Identifier: GPL-2.0-or-later
#include "trust.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CA_FILE_MAX   (1024 * 1024) /* is parsed in the loop: 1 MiB takes about 40 ms */
#define HOST_FILE_MAX (4 * 1024 * 1024)

struct ezlb_ca {
	struct ezlb_trust *trust;
	unsigned refs;
	struct stat st; /* when it was read */
	gnutls_x509_trust_list_t list;
	unsigned char *bytes; /* NULL: not kept */
	size_t len;
};

struct ezlb_ca_path {
	char *path;
	struct ezlb_ca *ca; /* NULL: the file could not be used */
};

/* Of Debian, Fedora, openSUSE and Alpine. */
static const char *const hosts_files[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

const char *ezlb_ca_hosts_file(void)
{
	for (size_t i = 0; i < sizeof(hosts_files) / sizeof(hosts_files[0]); i++)
		if (access(hosts_files[i], F_OK) == 0)
			return hosts_files[i];
	return hosts_files[0];
}

static bool is_hosts_file(const char *path)
{
	for (size_t i = 0; i < sizeof(hosts_files) / sizeof(hosts_files[0]); i++)
		if (strcmp(hosts_files[i], path) == 0)
			return true;
	return false;
}

/* Files without a size, as in /proc, may wait when they are read. */
static bool is_ca_file(const struct stat *st, off_t max)
{
	return S_ISREG(st->st_mode) && st->st_size > 0 && st->st_size <= max;
}

int ezlb_ca_open(const char *path, struct stat *st)
{
	off_t max = is_hosts_file(path) ? HOST_FILE_MAX : CA_FILE_MAX;
	int fd;

	/* First, as the open of a device may have effects. And again, as it may be another now. */
	if (stat(path, st) < 0)
		return -errno;
	if (!is_ca_file(st, max))
		return -ENODATA;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, st) == 0 && is_ca_file(st, max))
		return fd;
	close(fd);
	return -ENODATA;
}

/* Another file of this name has another inode; each write changes the ctime, whatever sets mtime.
 */
bool ezlb_ca_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

struct ezlb_ca *ezlb_ca_ref(struct ezlb_ca *ca)
{
	if (ca)
		ca->refs++;
	return ca;
}

static void free_ca(struct ezlb_ca *ca)
{
	if (ca->list)
		gnutls_x509_trust_list_deinit(ca->list, 1);
	free(ca->bytes);
	free(ca);
}

void ezlb_ca_unref(struct ezlb_ca *ca)
{
	if (!ca || --ca->refs > 0)
		return;
	EZLB_VEC_KEEP(&ca->trust->used, i, ca->trust->used.items[i] != ca);
	free_ca(ca);
}

void ezlb_trust_clear(struct ezlb_trust *trust)
{
	for (size_t i = 0; i < trust->paths.len; i++) {
		free(trust->paths.items[i].path);
		ezlb_ca_unref(trust->paths.items[i].ca);
	}
	EZLB_VEC_CLEAR(&trust->paths);
	EZLB_VEC_CLEAR(&trust->used);
}

/* Fewer bytes if the file has become shorter. */
static int read_all(int fd, struct ezlb_ca *ca)
{
	size_t size = (size_t)ca->st.st_size;

	ca->bytes = ezlb_calloc(size, 1);
	while (ca->len < size) {
		ssize_t n = pread(fd, ca->bytes + ca->len, size - ca->len, (off_t)ca->len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n > 0)
			ca->len += (size_t)n;
	}
	return 0;
}

static int parse(struct ezlb_ca *ca)
{
	const gnutls_datum_t pem = { ca->bytes, (unsigned)ca->len };

	if (gnutls_x509_trust_list_init(&ca->list, 0) < 0)
		return -ENOMEM;
	if (gnutls_x509_trust_list_add_trust_mem(ca->list, &pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0) <=
	    0)
		return -ENODATA;
	return 0;
}

static int load(struct ezlb_ca *ca, int fd)
{
	int rc = read_all(fd, ca);

	if (rc == 0)
		rc = parse(ca);
	if (rc == 0 && !ca->trust->keep_bytes) {
		free(ca->bytes);
		ca->bytes = NULL;
	}
	return rc;
}

static struct ezlb_ca *find(const struct ezlb_trust *trust, const struct stat *st)
{
	for (size_t i = 0; i < trust->used.len; i++)
		if (ezlb_ca_is_same(&trust->used.items[i]->st, st))
			return trust->used.items[i];
	return NULL;
}

int ezlb_trust_take(struct ezlb_trust *trust, int fd, struct ezlb_ca **out)
{
	struct ezlb_ca *ca;
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!is_ca_file(&st, HOST_FILE_MAX))
		return -ENODATA;
	ca = find(trust, &st);
	if (ca) {
		*out = ezlb_ca_ref(ca);
		return 0;
	}
	ca = ezlb_calloc(1, sizeof(*ca));
	*ca = (struct ezlb_ca){ .trust = trust, .refs = 1, .st = st };
	rc = load(ca, fd);
	if (rc < 0) {
		free_ca(ca);
		return rc;
	}
	*EZLB_PUSH(&trust->used) = ca;
	*out = ca;
	return 0;
}

static struct ezlb_ca_path *find_path(struct ezlb_trust *trust, const char *path)
{
	struct ezlb_ca_path *entry;

	for (size_t i = 0; i < trust->paths.len; i++)
		if (strcmp(trust->paths.items[i].path, path) == 0)
			return &trust->paths.items[i];
	entry = EZLB_PUSH(&trust->paths);
	entry->path = ezlb_strdup(path);
	return entry;
}

static int reload(struct ezlb_trust *trust, struct ezlb_ca_path *entry)
{
	struct stat st;
	int fd, rc;

	ezlb_ca_unref(entry->ca);
	entry->ca = NULL;
	fd = ezlb_ca_open(entry->path, &st);
	if (fd < 0)
		return fd;
	rc = ezlb_trust_take(trust, fd, &entry->ca);
	close(fd);
	return rc;
}

int ezlb_trust_path(struct ezlb_trust *trust, const char *path, struct ezlb_ca **out)
{
	struct ezlb_ca_path *entry = find_path(trust, path);
	struct stat st;
	int rc = 0;

	if (!entry->ca || stat(path, &st) < 0 || !ezlb_ca_is_same(&st, &entry->ca->st))
		rc = reload(trust, entry);
	if (rc == 0)
		*out = ezlb_ca_ref(entry->ca);
	return rc;
}

const void *ezlb_ca_bytes(const struct ezlb_ca *ca, size_t *len)
{
	*len = ca->len;
	return ca->bytes;
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

bool ezlb_ca_verify(const struct ezlb_ca *ca, struct gnutls_session_int *session, const char *name,
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
		rc = gnutls_x509_trust_list_verify_crt2(ca->list, chain, n, want, 2, flags, &status,
							NULL);
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(chain[i]);
	return rc >= 0 && status == 0;
}
