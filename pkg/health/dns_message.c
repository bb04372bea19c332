// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns_message.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define HEADER	    12
#define WIRE_MAX    255 /* RFC 1035 2.3.4, with the length bytes */
#define LABEL_MAX   63
#define FLAG_QR	    0x80 /* in byte 2: an answer */
#define OPCODE_MASK 0x78 /* in byte 2 */
#define FLAG_RD	    0x01 /* in byte 2: recursion desired */
#define RCODE_MASK  0x0f /* in byte 3 */
#define CLASS_IN    1
#define NOERROR	    0
#define NXDOMAIN    3

static void put16(unsigned char *at, uint16_t value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)(value & 0xff);
}

static uint16_t get16(const unsigned char *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Writes labels, each after its length, and the empty one at the end. Returns the bytes; 0: no
 * name. */
static size_t put_name(unsigned char out[WIRE_MAX], const char *name)
{
	size_t at = 0;

	if (strcmp(name, ".") == 0)
		name = "";
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		if (len == 0 || len > LABEL_MAX || at + 1 + len + 1 > WIRE_MAX)
			return 0;
		out[at++] = (unsigned char)len;
		memcpy(out + at, name, len);
		at += len;
		name += len;
		if (*name == '.')
			name++;
	}
	out[at++] = 0;
	return at;
}

size_t ezlb_dns_query(unsigned char buf[EZLB_DNS_QUERY_MAX], uint16_t id, const char *name,
		      uint16_t type)
{
	size_t len;

	memset(buf, 0, HEADER);
	put16(buf, id);
	buf[2] = FLAG_RD;
	put16(buf + 4, 1); /* QDCOUNT */
	len = put_name(buf + HEADER, name);
	if (len == 0)
		return 0;
	put16(buf + HEADER + len, type);
	put16(buf + HEADER + len + 2, CLASS_IN);
	return HEADER + len + 4;
}

/* Servers may answer with the letters of a name in another case. Length bytes are below 'A'. */
static bool same_question(const unsigned char *a, const unsigned char *b, size_t len)
{
	for (size_t i = 0; i + 4 < len; i++)
		if (tolower(a[i]) != tolower(b[i]))
			return false;
	return memcmp(a + len - 4, b + len - 4, 4) == 0;
}

static bool answers(const unsigned char *query, size_t query_len, const unsigned char *answer,
		    size_t len)
{
	int rcode = len >= HEADER ? answer[3] & RCODE_MASK : 0;

	if (len < HEADER || get16(answer) != get16(query) || (answer[2] & FLAG_QR) == 0 ||
	    (answer[2] & OPCODE_MASK) != 0)
		return false;
	if (get16(answer + 4) == 0)
		return rcode != NOERROR && rcode != NXDOMAIN;
	return get16(answer + 4) == 1 && len >= query_len &&
	       same_question(answer + HEADER, query + HEADER, query_len - HEADER);
}

struct ezlb_probe_result ezlb_dns_judge(const unsigned char *query, size_t query_len,
					const unsigned char *answer, size_t len, uint32_t rcodes)
{
	struct ezlb_probe_result result = { .outcome = EZLB_PROBE_DNS_PROTOCOL };
	int rcode;

	if (!answers(query, query_len, answer, len))
		return result;
	rcode = answer[3] & RCODE_MASK;
	if ((rcodes & (1u << rcode)) != 0)
		return (struct ezlb_probe_result){ .outcome = EZLB_PROBE_OK };
	return (struct ezlb_probe_result){ .outcome = EZLB_PROBE_DNS_RCODE, .code = rcode };
}
