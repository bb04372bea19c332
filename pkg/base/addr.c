// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/addr.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <ezlb/mem.h>

int ezlb_addr_parse(const char *text, struct ezlb_addr *out, struct ezlb_err *err)
{
	struct ezlb_addr addr = { 0 };

	if (inet_pton(AF_INET, text, addr.bytes) == 1)
		addr.family = AF_INET;
	else if (inet_pton(AF_INET6, text, addr.bytes) == 1)
		addr.family = AF_INET6;
	else
		return ezlb_err_set(err, EINVAL, "'%s' is not a numeric IP address", text);
	*out = addr;
	return 0;
}

/* The decimal digits of n without a NUL; returns the end. */
static char *put_number(char *to, unsigned n)
{
	char digits[10];
	size_t len = 0;

	do {
		digits[len++] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	while (len > 0)
		*to++ = digits[--len];
	return to;
}

/* As inet_ntop, which takes ten times as long: the log, the ledger and the files have thousands. */
static char *put_ipv4(char *to, const uint8_t bytes[4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*to++ = '.';
		to = put_number(to, bytes[i]);
	}
	return to;
}

const char *ezlb_addr_format(const struct ezlb_addr *addr, char buf[EZLB_ADDR_STRLEN])
{
	if (addr->family == AF_INET)
		*put_ipv4(buf, addr->bytes) = '\0';
	else if (!addr->family || !inet_ntop(addr->family, addr->bytes, buf, EZLB_ADDR_STRLEN))
		ezlb_strcpy(buf, EZLB_ADDR_STRLEN, "none");
	return buf;
}

bool ezlb_addr_is_any(const struct ezlb_addr *addr)
{
	static const uint8_t zero[sizeof(addr->bytes)];

	return addr->family && memcmp(addr->bytes, zero, sizeof(zero)) == 0;
}

bool ezlb_addr_is_multicast(const struct ezlb_addr *addr)
{
	if (addr->family == AF_INET)
		return (addr->bytes[0] & 0xf0) == 0xe0;
	return addr->family == AF_INET6 && addr->bytes[0] == 0xff;
}

int ezlb_range_parse(const char *text, struct ezlb_addr_range *out, struct ezlb_err *err)
{
	const char *dash = strchr(text, '-');
	char first[EZLB_ADDR_STRLEN];
	struct ezlb_addr_range range = { 0 };

	if (!dash) {
		if (ezlb_addr_parse(text, &range.first, err) < 0)
			return -EINVAL;
		out->first = out->last = range.first;
		return 0;
	}
	if ((size_t)(dash - text) < sizeof(first))
		ezlb_strcpy(first, (size_t)(dash - text) + 1, text);
	else
		first[0] = '\0'; /* too long for an address */
	if (ezlb_addr_parse(first, &range.first, NULL) < 0 ||
	    ezlb_addr_parse(dash + 1, &range.last, NULL) < 0)
		return ezlb_err_set(err, EINVAL, "'%s' is not a range of numeric IP addresses",
				    text);
	if (range.first.family != range.last.family)
		return ezlb_err_set(err, EINVAL, "'%s' mixes IPv4 and IPv6", text);
	if (ezlb_addr_cmp(&range.first, &range.last) > 0)
		return ezlb_err_set(err, EINVAL, "'%s' ends before it begins", text);
	*out = range;
	return 0;
}

const char *ezlb_range_format(const struct ezlb_addr_range *range, char buf[EZLB_RANGE_STRLEN])
{
	char last[EZLB_ADDR_STRLEN];
	size_t len;

	len = strlen(ezlb_addr_format(&range->first, buf));
	if (ezlb_addr_cmp(&range->first, &range->last) != 0)
		snprintf(buf + len, EZLB_RANGE_STRLEN - len, "-%s",
			 ezlb_addr_format(&range->last, last));
	return buf;
}

int ezlb_range_cmp(const struct ezlb_addr_range *a, const struct ezlb_addr_range *b)
{
	int rc = ezlb_addr_cmp(&a->first, &b->first);

	return rc ? rc : ezlb_addr_cmp(&a->last, &b->last);
}

static uint64_t half_of(const uint8_t bytes[8])
{
	uint64_t half = 0;

	for (size_t i = 0; i < 8; i++)
		half = half << 8 | bytes[i];
	return half;
}

uint64_t ezlb_range_size(const struct ezlb_addr_range *range)
{
	uint64_t low_first = half_of(range->first.bytes + 8);
	uint64_t low_last = half_of(range->last.bytes + 8);
	uint64_t low = low_last - low_first;
	uint64_t high = half_of(range->last.bytes) - half_of(range->first.bytes) -
			(low_last < low_first);

	if (range->first.family == AF_INET)
		return (high >> 32) + 1;
	return high > 0 || low == UINT64_MAX ? UINT64_MAX : low + 1;
}

/* 1-65535 in decimal. No leading zero, as in addresses: it could be meant as octal. */
static int parse_port(const char *text, uint16_t *out, struct ezlb_err *err)
{
	size_t len = strspn(text, "0123456789");
	unsigned long port = 0;

	if (len == 0 || text[len] != '\0')
		return ezlb_err_set(err, EINVAL, "'%s' is not a port number", text);
	if (len > 1 && text[0] == '0')
		return ezlb_err_set(err, EINVAL, "port %s has a leading zero: leave it out", text);
	for (size_t i = 0; i < len && port <= 65535; i++)
		port = port * 10 + (unsigned long)(text[i] - '0');
	if (port < 1 || port > 65535)
		return ezlb_err_set(err, ERANGE, "port %s is out of range: 1-65535", text);
	*out = (uint16_t)port;
	return 0;
}

int ezlb_endpoint_parse(const char *text, struct ezlb_endpoint *out, struct ezlb_err *err)
{
	struct ezlb_endpoint ep = { 0 };
	char host[EZLB_ADDR_STRLEN];
	const char *begin = text, *end = strrchr(text, ':');
	bool bracket = text[0] == '[';
	int rc;

	if (!end)
		return ezlb_err_set(err, EINVAL, "'%s' has no port: write IP:port", text);
	if (bracket) {
		begin++;
		if (end == text || end[-1] != ']')
			return ezlb_err_set(err, EINVAL, "'%s' is not [IPv6]:port", text);
	}
	if ((size_t)(end - begin - bracket) >= sizeof(host))
		return ezlb_err_set(err, EINVAL, "'%s' is not a numeric IP and port", text);
	memcpy(host, begin, (size_t)(end - begin - bracket));
	host[end - begin - bracket] = '\0';

	rc = ezlb_addr_parse(host, &ep.addr, err);
	/* "fd00:1::2": without "2" it is no address. */
	if (rc < 0 && !bracket && ezlb_addr_parse(text, &ep.addr, NULL) == 0)
		rc = 0;
	if (rc < 0)
		return rc;
	if (bracket != (ep.addr.family == AF_INET6))
		return ezlb_err_set(err, EINVAL, "'%s': %s", text,
				    bracket ? "brackets are for IPv6 only"
					    : "put brackets around IPv6: [IP]:port");
	rc = parse_port(end + 1, &ep.port, err);
	if (rc < 0)
		return rc;
	*out = ep;
	return 0;
}

const char *ezlb_endpoint_format(const struct ezlb_endpoint *ep, char buf[EZLB_ENDPOINT_STRLEN])
{
	bool v6 = ep->addr.family == AF_INET6 && ep->port > 0;
	char *to = buf;

	if (v6)
		*to++ = '[';
	ezlb_addr_format(&ep->addr, to);
	to += strlen(to);
	if (v6)
		*to++ = ']';
	if (ep->port > 0) {
		*to++ = ':';
		to = put_number(to, ep->port);
	}
	*to = '\0';
	return buf;
}

unsigned ezlb_endpoint_sockaddr(const struct ezlb_endpoint *ep, struct sockaddr_storage *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(ep->port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(ep->port) };

	memset(out, 0, sizeof(*out));
	if (ep->addr.family == AF_INET6) {
		memcpy(&in6.sin6_addr, ep->addr.bytes, 16);
		memcpy(out, &in6, sizeof(in6));
		return sizeof(in6);
	}
	memcpy(&in.sin_addr, ep->addr.bytes, 4);
	memcpy(out, &in, sizeof(in));
	return sizeof(in);
}
