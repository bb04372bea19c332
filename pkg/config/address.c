// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses and endpoints: what the file says, and what to write where it is wrong. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "fields.h"

/* Each address is local on this host, so a larger range is a mistake. */
#define RANGE_MAX 1024

#define NO_LINK_LOCAL "use a global or a unique local (fd00::/8) address, without a zone"

/* ::ffff:a.b.c.d, RFC 4291 2.5.5.2: in the kernel's IPv6 an unreachable host. */
static bool is_mapped(const struct ezlb_addr *addr)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return addr->family == AF_INET6 && memcmp(addr->bytes, prefix, sizeof(prefix)) == 0;
}

/* fe80::/10 is per link, and neither IPVS nor a NAT rule can name the link. */
static bool is_link_local(const struct ezlb_addr *addr)
{
	return addr->family == AF_INET6 && addr->bytes[0] == 0xfe &&
	       (addr->bytes[1] & 0xc0) == 0x80;
}

/* The kernel lets no packet between these addresses and another host. */
static bool is_loopback(const struct ezlb_addr *addr)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (addr->family == AF_INET)
		return addr->bytes[0] == 127;
	return addr->family == AF_INET6 && memcmp(addr->bytes, one, sizeof(one)) == 0;
}

static bool is_one_host(struct ezlb_source *src, const struct ezlb_node *node,
			const struct ezlb_addr *addr)
{
	static const struct {
		bool (*is)(const struct ezlb_addr *addr);
		const char *what, *help;
	} others[] = {
		{ ezlb_addr_is_any, "which means any address", "write the address of one host" },
		{ ezlb_addr_is_multicast, "a multicast address", NULL },
		{ is_loopback, "a loopback address",
		  "packets of other hosts never come from or go to this address: write an "
		  "address of the network" },
		{ is_mapped, "an IPv4-mapped address", "write the IPv4 address itself" },
		{ is_link_local, "a link-local address", NO_LINK_LOCAL },
	};
	char buf[EZLB_ADDR_STRLEN];

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!others[i].is(addr))
			continue;
		ezlb_source_refuse(src, node->at, EZLB_E_ADDRESS, others[i].help,
				   "%s cannot be %s, %s", ezlb_field_called(node),
				   ezlb_addr_format(addr, buf), others[i].what);
		return false;
	}
	return true;
}

/* Whether there are letters that IPv6 does not use before the port. */
static bool like_host_name(const char *text)
{
	const char *colon = strrchr(text, ':'), *end = colon ? colon : text + strlen(text);

	while (text < end && !(isalpha((unsigned char)*text) && !isxdigit((unsigned char)*text)))
		text++;
	return text < end;
}

/* "010.0.0.1" */
static bool has_leading_zero(const char *text)
{
	for (const char *p = text; (p = strchr(p, '0')); p++)
		if (isdigit((unsigned char)p[1]) && (p == text || p[-1] == '.') &&
		    strchr(text, '.'))
			return true;
	return false;
}

static void port_help(const char *port, char *help, size_t size)
{
	static const struct {
		const char *name;
		unsigned port;
	} known[] = {
		{ "http", 80 },	 { "https", 443 },  { "dns", 53 },	    { "domain", 53 },
		{ "ssh", 22 },	 { "smtp", 25 },    { "ntp", 123 },	    { "ldap", 389 },
		{ "sip", 5060 }, { "mysql", 3306 }, { "postgresql", 5432 }, { "redis", 6379 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, port) == 0)
			snprintf(help, size, "write the number of the port: %u", known[i].port);
	if (help[0] == '\0' && isalpha((unsigned char)port[0]))
		ezlb_strcpy(help, size, "write the number of the port");
	else if (strcmp(port, "0") == 0)
		ezlb_strcpy(
			help, size,
			"for all ports write 1-65535 in listen, and the backends without a port");
	else if (strchr(port, '-'))
		ezlb_strcpy(help, size,
			    "only listen may have a range of ports: leave the port out, then a "
			    "backend gets the port that the client used");
}

static void refuse_address(struct ezlb_source *src, const struct ezlb_node *node, const char *text,
			   int rc, const struct ezlb_err *err)
{
	const char *colon = strrchr(text, ':'), *slash = strchr(text, '/');
	char help[128] = "";

	if (strchr(text, '%'))
		ezlb_strcpy(help, sizeof(help), NO_LINK_LOCAL);
	else if (like_host_name(text))
		ezlb_strcpy(help, sizeof(help),
			    "host names are not resolved: write a numeric IP address");
	else if (slash && strspn(slash + 1, "0123456789") >= 1)
		snprintf(help, sizeof(help), "write the address alone, without /%.*s",
			 (int)strspn(slash + 1, "0123456789"), slash + 1);
	else if (has_leading_zero(text))
		ezlb_strcpy(help, sizeof(help),
			    "leave out leading zeros: some programs take such a number for octal");
	else if (colon == text || text[0] == '*')
		ezlb_strcpy(help, sizeof(help), "write the address, too: IP:port");
	else if (colon)
		port_help(colon + 1, help, sizeof(help));
	ezlb_source_refuse(src, node->at, rc == -ERANGE ? EZLB_E_RANGE : EZLB_E_ADDRESS,
			   help[0] ? help : NULL, "%s", err->msg);
}

bool ezlb_field_addr(struct ezlb_source *src, const struct ezlb_node *node, struct ezlb_addr *out)
{
	const char *text;
	char shown[EZLB_SHOW_STRLEN];
	struct ezlb_addr addr;
	struct ezlb_err err;
	int rc;

	if (!ezlb_field_text(src, node, &text))
		return false;
	rc = ezlb_addr_parse(ezlb_source_show(text, shown), &addr, &err);
	if (rc < 0)
		refuse_address(src, node, shown, rc, &err);
	if (rc < 0 || !is_one_host(src, node, &addr))
		return false;
	*out = addr;
	return true;
}

static void refuse_range(struct ezlb_source *src, const struct ezlb_node *node, const char *text,
			 int rc, const struct ezlb_err *err)
{
	const char *host = strstr(text, "/32"), *host6 = strstr(text, "/128");

	if (like_host_name(text) || !strpbrk(text, "-/") || (host && !host[3]) ||
	    (host6 && !host6[4]))
		refuse_address(src, node, text, rc, err);
	else
		ezlb_source_refuse(src, node->at, EZLB_E_ADDRESS,
				   "write a range as first and last address, for example "
				   "10.0.0.3-10.0.0.6",
				   "%s", err->msg);
}

bool ezlb_field_range(struct ezlb_source *src, const struct ezlb_node *node,
		      struct ezlb_addr_range *out)
{
	const char *text;
	char shown[EZLB_SHOW_STRLEN], buf[EZLB_RANGE_STRLEN];
	struct ezlb_addr_range range;
	struct ezlb_err err;
	int rc;

	if (!ezlb_field_text(src, node, &text))
		return false;
	/* Text that ezlb_source_show changes is not an address anyway. */
	rc = ezlb_range_parse(ezlb_source_show(text, shown), &range, &err);
	if (rc < 0)
		refuse_range(src, node, shown, rc, &err);
	if (rc < 0 || !is_one_host(src, node, &range.first) || !is_one_host(src, node, &range.last))
		return false;
	if (ezlb_range_size(&range) > RANGE_MAX) {
		ezlb_source_refuse(src, node->at, EZLB_E_RANGE,
				   "each address in the range must be an address of this host",
				   "%s %s has too many addresses: at most %d",
				   ezlb_field_called(node), ezlb_range_format(&range, buf),
				   RANGE_MAX);
		return false;
	}
	*out = range;
	return true;
}

/* Reads one endpoint from text, which has been made fit to show. */
static bool endpoint(struct ezlb_source *src, const struct ezlb_node *node, const char *shown,
		     struct ezlb_endpoint *out)
{
	struct ezlb_endpoint ep;
	struct ezlb_err err;
	int rc = ezlb_endpoint_parse(shown, &ep, &err);

	if (rc < 0)
		refuse_address(src, node, shown, rc, &err);
	if (rc < 0 || !is_one_host(src, node, &ep.addr))
		return false;
	*out = ep;
	return true;
}

/* The port after the '-' of "IP:first-last". */
static bool last_of(struct ezlb_source *src, const struct ezlb_node *node, const char *ports,
		    const struct ezlb_endpoint *first, uint16_t *out)
{
	const char *last = strchr(ports, '-') + 1;
	struct ezlb_endpoint end;
	struct ezlb_err err;
	char text[EZLB_SHOW_STRLEN + 16];
	int rc;

	snprintf(text, sizeof(text), "192.0.2.1:%s", last); /* for the check of the port */
	rc = ezlb_endpoint_parse(text, &end, &err);
	if (rc < 0) {
		ezlb_source_refuse(
			src, node->at, rc == -ERANGE ? EZLB_E_RANGE : EZLB_E_ADDRESS,
			"write a range of ports as first and last port, for example 8000-8099",
			"%s", err.msg);
		return false;
	}
	if (end.port < first->port) {
		ezlb_source_refuse(src, node->at, EZLB_E_RANGE, NULL,
				   "the range of ports %s ends before it begins", ports);
		return false;
	}
	*out = end.port == first->port ? 0 : end.port;
	return true;
}

bool ezlb_field_listen(struct ezlb_source *src, const struct ezlb_node *node,
		       struct ezlb_endpoint *out, uint16_t *last_port)
{
	char shown[EZLB_SHOW_STRLEN], first[EZLB_SHOW_STRLEN];
	struct ezlb_endpoint ep;
	const char *text, *colon, *dash;
	uint16_t last = 0;

	if (!ezlb_field_text(src, node, &text))
		return false;
	ezlb_source_show(text, shown);
	colon = strrchr(shown, ':');
	dash = colon && isdigit((unsigned char)colon[1]) ? strchr(colon, '-') : NULL;
	ezlb_strcpy(first, dash ? (size_t)(dash - shown) + 1 : sizeof(first), shown);
	if (!endpoint(src, node, first, &ep) ||
	    (dash && !last_of(src, node, colon + 1, &ep, &last)))
		return false;
	*out = ep;
	*last_port = last;
	return true;
}

/* "[IPv6]" without a port. Without brackets the last group could be meant as a port. */
static bool bracketed(const char *shown, struct ezlb_addr *out)
{
	char host[EZLB_SHOW_STRLEN];
	size_t len = strlen(shown);

	if (len < 2 || shown[0] != '[' || shown[len - 1] != ']')
		return false;
	ezlb_strcpy(host, len - 1, shown + 1);
	return ezlb_addr_parse(host, out, NULL) == 0 && out->family == AF_INET6;
}

bool ezlb_field_backend(struct ezlb_source *src, const struct ezlb_node *node,
			struct ezlb_endpoint *out)
{
	char shown[EZLB_SHOW_STRLEN];
	struct ezlb_endpoint ep = { .port = 0 };
	const char *text;

	if (!ezlb_field_text(src, node, &text))
		return false;
	ezlb_source_show(text, shown);
	if (!bracketed(shown, &ep.addr) &&
	    (ezlb_addr_parse(shown, &ep.addr, NULL) < 0 || ep.addr.family != AF_INET))
		return endpoint(src, node, shown, out);
	if (!is_one_host(src, node, &ep.addr))
		return false;
	*out = ep;
	return true;
}
