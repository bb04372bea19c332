/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns_message: the query of a dns probe, and what an answer to it means (RFC 1035 4.1). Pure. Reads
 * of an answer the header and the question only, so it follows no compression pointers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "outcome.h"

/* Header 12, name 255, type and class 4. */
#define EZLB_DNS_QUERY_MAX 271

/*
 * Writes a query of class IN with "recursion desired". `name` is "example.org", "example.org." or
 * ".". Returns the length; 0 if the name is not a name (a label that is empty or over 63 bytes,
 * over 255 bytes in all).
 */
size_t ezlb_dns_query(unsigned char buf[EZLB_DNS_QUERY_MAX], uint16_t id, const char *name,
		      uint16_t type);

/*
 * Judges an answer: the id and the question must be those of the query, and the rcode one of the
 * mask `rcodes` (1u << rcode). A truncated answer (TC) counts by its rcode like any other. A server
 * may leave out the question where it reports an error.
 */
struct ezlb_probe_result ezlb_dns_judge(const unsigned char *query, size_t query_len,
					const unsigned char *answer, size_t len, uint32_t rcodes);
