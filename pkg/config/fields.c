// SPDX-License-Identifier: GPL-2.0-or-later
#include "fields.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <ezlb/duration.h>
#include <ezlb/suggest.h>

#include "source.h"

/* Each address is local on this host, so a larger range is a mistake. */
#define RANGE_MAX 1024

#define NO_LINK_LOCAL "use a global or a unique local (fd00::/8) address, without a zone"

/* The name of a value in messages. Items of a list have no key; the only list is `backends`. */
static const char *called(const struct node *node)
{
	if (!node->parent)
		return "the file";
	return node->key ? node->key : "a backend";
}

static const char *kind_str(enum node_kind kind)
{
	switch (kind) {
	case NODE_SCALAR:
		return "a single value";
	case NODE_LIST:
		return "a list";
	case NODE_MAP:
		return "a mapping";
	case NODE_REFUSED:
		return "refused";
	}
	return NULL;
}

bool ezlb_field_is(struct source *src, const struct node *node, enum node_kind want,
		   const char *help)
{
	if (node->kind == NODE_REFUSED)
		return false;
	if (ezlb_node_empty(node)) {
		ezlb_source_refuse(src, node->key ? node->key_at : node->at, EZLB_E_VALUE, help,
				   "%s has no value", called(node));
		return false;
	}
	if (node->kind != want)
		ezlb_source_refuse(src, node->at, EZLB_E_TYPE, help, "%s must be %s, not %s",
				   called(node), kind_str(want), kind_str(node->kind));
	return node->kind == want;
}

bool ezlb_field_text(struct source *src, const struct node *node, const char **out)
{
	if (!ezlb_field_is(src, node, NODE_SCALAR, NULL))
		return false;
	*out = node->text;
	return true;
}

bool ezlb_field_bool(struct source *src, const struct node *node, bool *out)
{
	const char *text;
	char shown[SHOW_STRLEN];
	bool yes, no;

	if (!ezlb_field_text(src, node, &text))
		return false;
	yes = strcmp(text, "true") == 0;
	no = strcmp(text, "false") == 0;
	if (node->plain && (yes || no)) {
		*out = yes;
		return true;
	}
	ezlb_source_refuse(src, node->at, EZLB_E_TYPE,
			   yes || no ? "write it without quotes"
				     : "write true or false, in small letters, without quotes",
			   "%s must be true or false, not %s'%s'", called(node),
			   yes || no ? "the text " : "", ezlb_source_show(text, shown));
	return false;
}

/* Plain decimal only: YAML parsers disagree about 0x10, 1_000 and 010. */
static bool is_decimal(const char *digits)
{
	size_t len = strspn(digits, "0123456789");

	return len > 0 && digits[len] == '\0' && (digits[0] != '0' || len == 1);
}

bool ezlb_field_uint(struct source *src, const struct node *node, struct bounds in, uint32_t *out)
{
	const char *text, *digits;
	char shown[SHOW_STRLEN];
	uint64_t n = 0;

	if (!ezlb_field_text(src, node, &text))
		return false;
	digits = text[0] == '-' ? text + 1 : text;
	if (!is_decimal(digits)) {
		ezlb_source_refuse(src, node->at, EZLB_E_TYPE, "write plain decimal digits",
				   "%s must be a whole number, not '%s'", called(node),
				   ezlb_source_show(text, shown));
		return false;
	}
	for (const char *p = digits; *p && n <= in.max; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	if (text[0] == '-' || n < in.min || n > in.max) {
		ezlb_source_refuse(src, node->at, EZLB_E_RANGE, NULL,
				   "%s %s is out of range: %u-%u", called(node),
				   ezlb_source_show(text, shown), (unsigned)in.min,
				   (unsigned)in.max);
		return false;
	}
	*out = (uint32_t)n;
	return true;
}

bool ezlb_field_duration(struct source *src, const struct node *node, struct bounds in,
			 uint32_t *out)
{
	const char *text;
	char shown[SHOW_STRLEN], min[EZLB_DURATION_STRLEN], max[EZLB_DURATION_STRLEN];
	char help[SHOW_STRLEN + 16];
	uint32_t ms = 0;
	int rc;

	if (!ezlb_field_text(src, node, &text))
		return false;
	ezlb_source_show(text, shown);
	rc = ezlb_duration_parse(shown, &ms, NULL);
	if (rc == -EINVAL) {
		snprintf(help, sizeof(help), "write %ss", shown);
		ezlb_source_refuse(src, node->at, EZLB_E_VALUE,
				   is_decimal(shown) ? help : "write 500ms, 5s or 1m30s",
				   "%s: '%s' is not a duration", called(node), shown);
		return false;
	}
	if (rc < 0 || ms < in.min || ms > in.max) {
		ezlb_source_refuse(src, node->at, EZLB_E_RANGE, NULL,
				   "%s %s is out of range: %s-%s", called(node), shown,
				   ezlb_duration_format(in.min, min),
				   ezlb_duration_format(in.max, max));
		return false;
	}
	*out = ms;
	return true;
}

static void refuse_word(struct source *src, const struct node *node, const char *const *words,
			const char *text)
{
	char help[256] = "", shown[SHOW_STRLEN];
	const char *near;
	size_t n = 0;

	while (words[n])
		n++;
	near = ezlb_suggest(text, words, n);
	if (near)
		ezlb_strcatf(help, sizeof(help), "did you mean '%s'? ", near);
	ezlb_strcatf(help, sizeof(help), "one of:");
	for (size_t i = 0; i < n; i++)
		ezlb_strcatf(help, sizeof(help), " %s", words[i]);
	ezlb_source_refuse(src, node->at, EZLB_E_VALUE, help, "unknown %s '%s'", called(node),
			   ezlb_source_show(text, shown));
}

bool ezlb_field_word(struct source *src, const struct node *node, const char *const *words,
		     const char **out)
{
	const char *text;

	if (!ezlb_field_text(src, node, &text))
		return false;
	for (size_t i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0) {
			*out = words[i];
			return true;
		}
	refuse_word(src, node, words, text);
	return false;
}

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

static bool is_one_host(struct source *src, const struct node *node, const struct ezlb_addr *addr)
{
	static const struct {
		bool (*is)(const struct ezlb_addr *addr);
		const char *what, *help;
	} others[] = {
		{ ezlb_addr_is_any, "which means any address", "write the address of one host" },
		{ ezlb_addr_is_multicast, "a multicast address", NULL },
		{ is_mapped, "an IPv4-mapped address", "write the IPv4 address itself" },
		{ is_link_local, "a link-local address", NO_LINK_LOCAL },
	};
	char buf[EZLB_ADDR_STRLEN];

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!others[i].is(addr))
			continue;
		ezlb_source_refuse(src, node->at, EZLB_E_ADDRESS, others[i].help,
				   "%s cannot be %s, %s", called(node), ezlb_addr_format(addr, buf),
				   others[i].what);
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

static void refuse_address(struct source *src, const struct node *node, const char *text, int rc,
			   const struct ezlb_err *err)
{
	const char *help = NULL;

	if (strchr(text, '%'))
		help = NO_LINK_LOCAL;
	else if (like_host_name(text))
		help = "host names are not resolved: write a numeric IP address";
	ezlb_source_refuse(src, node->at, rc == -ERANGE ? EZLB_E_RANGE : EZLB_E_ADDRESS, help, "%s",
			   err->msg);
}

static void refuse_range(struct source *src, const struct node *node, const char *text, int rc,
			 const struct ezlb_err *err)
{
	if (like_host_name(text) || !strpbrk(text, "-/"))
		refuse_address(src, node, text, rc, err);
	else
		ezlb_source_refuse(src, node->at, EZLB_E_ADDRESS,
				   "write a range as first and last address, for example "
				   "10.0.0.3-10.0.0.6",
				   "%s", err->msg);
}

bool ezlb_field_range(struct source *src, const struct node *node, struct ezlb_addr_range *out)
{
	const char *text;
	char shown[SHOW_STRLEN], buf[EZLB_RANGE_STRLEN];
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
				   "%s %s has too many addresses: at most %d", called(node),
				   ezlb_range_format(&range, buf), RANGE_MAX);
		return false;
	}
	*out = range;
	return true;
}

bool ezlb_field_endpoint(struct source *src, const struct node *node, struct ezlb_endpoint *out)
{
	const char *text;
	char shown[SHOW_STRLEN];
	struct ezlb_endpoint ep;
	struct ezlb_err err;
	int rc;

	if (!ezlb_field_text(src, node, &text))
		return false;
	rc = ezlb_endpoint_parse(ezlb_source_show(text, shown), &ep, &err);
	if (rc < 0)
		refuse_address(src, node, shown, rc, &err);
	if (rc < 0 || !is_one_host(src, node, &ep.addr))
		return false;
	*out = ep;
	return true;
}
