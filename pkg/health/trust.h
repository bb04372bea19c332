/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trust: verifies the certificate of a TLS session against the CAs of a file. Parses each file
 * once, and again only after it has changed: curl would do that for each connection, which takes 24
 * ms for the CAs of a host.
 */
#pragma once

#include <ezlb/addr.h>
#include <ezlb/mem.h>

struct gnutls_session_int;
struct ezlb_ca_file;

/* The files that were used so far, also those that no check uses any more. Zero is empty. */
struct ezlb_trust EZLB_VEC(struct ezlb_ca_file);

void ezlb_trust_clear(struct ezlb_trust *trust);

/*
 * Verifies the chain that the peer sent, its dates, and that it is valid for a server with this
 * name, or with this address if name is NULL. `file` is a PEM file; NULL: the CAs that the host
 * trusts. Returns 0, -EKEYREJECTED if the certificate is not valid, or another -errno if the file
 * cannot be read or has no certificate (-ENODATA).
 */
int ezlb_trust_verify(struct ezlb_trust *trust, const char *file,
		      struct gnutls_session_int *session, const char *name,
		      const struct ezlb_addr *addr);
