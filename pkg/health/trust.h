/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trust: verifies the certificate of a TLS session against the CAs of a file. Parses each file
 * once, and again only after it has changed: curl would do that for each connection, which takes 24
 * ms for the CAs of a host.
 *
 * The process that probes may open no files. So a file is used by its descriptor (ezlb_trust_take),
 * or, where nothing is closed to the process, by its path.
 */
#pragma once

#include <stddef.h>
#include <sys/stat.h>

#include <ezlb/addr.h>
#include <ezlb/mem.h>

struct gnutls_session_int;
struct ezlb_ca_path;

/* The CAs of one file. Counts its references; each function that yields one adds one. */
struct ezlb_ca;

struct ezlb_trust {
	struct EZLB_VEC(struct ezlb_ca *) used;	    /* those with references, borrowed */
	struct EZLB_VEC(struct ezlb_ca_path) paths; /* also those that no check uses any more */
	bool keep_bytes;			    /* for ezlb_ca_bytes */
};

/* Afterwards nobody may have a reference. */
void ezlb_trust_clear(struct ezlb_trust *trust);

/* Where the certificates are that this host trusts. */
const char *ezlb_ca_hosts_file(void);
/*
 * Opens a file with CAs: a plain file of at most 1 MiB, or of 4 MiB if it is the host's. Opens
 * nothing else, because that could wait or have effects. Returns the descriptor, with *st, or
 * -errno; -ENODATA: it is no such file.
 */
int ezlb_ca_open(const char *path, struct stat *st);
/* False if the path leads to something else now, or to a changed file. */
bool ezlb_ca_is_same(const struct stat *a, const struct stat *b);

/* The CAs of an open file. Returns 0 or -errno; -ENODATA: it has no certificate. */
int ezlb_trust_take(struct ezlb_trust *trust, int fd, struct ezlb_ca **out);
/* The same for a path. */
int ezlb_trust_path(struct ezlb_trust *trust, const char *path, struct ezlb_ca **out);
struct ezlb_ca *ezlb_ca_ref(struct ezlb_ca *ca); /* NULL is fine */
void ezlb_ca_unref(struct ezlb_ca *ca);		 /* NULL is fine */

/* The file as it was; NULL without keep_bytes. */
const void *ezlb_ca_bytes(const struct ezlb_ca *ca, size_t *len);
/*
 * Verifies the chain that the peer sent, its dates, and that it is valid for a server with this
 * name, or with this address if name is NULL.
 */
bool ezlb_ca_verify(const struct ezlb_ca *ca, struct gnutls_session_int *session, const char *name,
		    const struct ezlb_addr *addr);
