// SPDX-License-Identifier: GPL-2.0-or-later
/* The listeners of a virtual_server: its own address, a mark, or those of a group. */
#include <string.h>
#include <sys/socket.h>

#include <ezlb/yaml.h>

#include "keepalived_service.h"

#define LISTENERS_MAX 4096 /* of one group: a range of IPv6 addresses has no bound */
#define RANGE_STRLEN  50   /* of text that is shown */

static void refuse(struct ka_service *s, const struct ka_stmt *stmt, const char *text)
{
	char shown[KA_SHOW_STRLEN];

	ezlb_diags_add(&s->reader->import->diags, stmt->file, stmt->at, EZLB_E_ADDRESS, "%s: %s",
		       ka_show(stmt, shown), text);
}

/* What does not look like an address can be a line of any file, see ka_keyword(). */
static void refuse_range(struct ka_service *s, const struct ka_stmt *stmt)
{
	static const char text[] = "not an address, a range like 10.0.0.1-5 or a network";
	const char *word = ka_arg(stmt, 0);

	if (strlen(word) <= RANGE_STRLEN &&
	    strspn(word, "0123456789abcdefABCDEF.:-/") == strlen(word))
		refuse(s, stmt, text);
	else
		ezlb_diags_add(&s->reader->import->diags, stmt->file, stmt->at, EZLB_E_ADDRESS,
			       "%s: %s", ka_keyword(stmt), text);
}

static bool add(struct ka_service *s, const struct ka_stmt *stmt,
		const struct ka_listener *listener)
{
	if (s->listeners.len >= LISTENERS_MAX) {
		refuse(s, stmt, "more than 4096 listeners in one group");
		return false;
	}
	*EZLB_PUSH(&s->listeners) = *listener;
	return true;
}

static int by_listener(const void *pa, const void *pb)
{
	const struct ka_listener *a = pa, *b = pb;
	int rc = (a->mark > b->mark) - (a->mark < b->mark);

	return rc ? rc : ezlb_endpoint_cmp(&a->ep, &b->ep);
}

/* "fwmark N [inet|inet6]" from word i on. */
static bool add_mark(struct ka_service *s, const struct ka_stmt *stmt, size_t i)
{
	struct ka_listener listener = { .mark = 0 };
	unsigned long mark;

	if (!ka_number(s, stmt, i, UINT32_MAX, &mark) || mark == 0) {
		refuse(s, stmt, "not a mark of 1-4294967295");
		return false;
	}
	listener.mark = (uint32_t)mark;
	if (strcmp(ka_arg(stmt, i + 1), "inet6") == 0)
		listener.ep.addr.family = AF_INET6;
	else if (strcmp(ka_arg(stmt, i + 1), "inet") == 0)
		listener.ep.addr.family = AF_INET;
	return add(s, stmt, &listener);
}

static bool next_addr(struct ezlb_addr *addr)
{
	int n = addr->family == AF_INET6 ? 16 : 4;

	while (n > 0 && ++addr->bytes[n - 1] == 0)
		n--;
	return n > 0;
}

/* "10.0.0.1-10.0.0.5" as it is; of "10.0.0.1-5" and "fd00::1-5" the last part is replaced. */
static bool last_of_range(const char *first, const char *last, struct ezlb_addr *out)
{
	const char *cut = strrchr(first, strchr(first, ':') ? ':' : '.');
	struct ezlb_err err = { 0 };
	EZLB_AUTO_FREE char *full = NULL;

	if (ezlb_addr_parse(last, out, &err) == 0)
		return true;
	if (!cut)
		return false;
	full = ezlb_asprintf("%.*s%s", (int)(cut + 1 - first), first, last);
	return ezlb_addr_parse(full, out, &err) == 0;
}

/* "10.0.0.8/29": all its addresses. Both ends of the range are the address. */
static bool prefix_range(const char *prefix, struct ezlb_addr_range *out)
{
	int bits = out->first.family == AF_INET6 ? 128 : 32;
	size_t n = strspn(prefix, "0123456789");
	int len = n > 0 && n < 4 && prefix[n] == '\0' ? atoi(prefix) : -1;

	if (len < 0 || len > bits)
		return false;
	for (int i = len; i < bits; i++) {
		out->first.bytes[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
		out->last.bytes[i / 8] |= (uint8_t)(0x80u >> i % 8);
	}
	return true;
}

static bool parse_range(const char *text, struct ezlb_addr_range *out)
{
	size_t n = strcspn(text, "-/");
	EZLB_AUTO_FREE char *first = ezlb_strndup(text, n);
	struct ezlb_err err = { 0 };

	if (ezlb_addr_parse(first, &out->first, &err) < 0)
		return false;
	out->last = out->first;
	if (text[n] == '\0')
		return true;
	if (text[n] == '/')
		return prefix_range(text + n + 1, out);
	return last_of_range(first, text + n + 1, &out->last) &&
	       out->first.family == out->last.family && ezlb_addr_cmp(&out->first, &out->last) <= 0;
}

static bool add_range(struct ka_service *s, const struct ka_stmt *stmt)
{
	struct ezlb_addr_range range;
	struct ka_listener listener = { .mark = 0 };
	unsigned long port = 0;

	if (!parse_range(ka_arg(stmt, 0), &range)) {
		refuse_range(s, stmt);
		return false;
	}
	if (stmt->words.len > 1 && !ka_number(s, stmt, 1, 65535, &port)) {
		refuse(s, stmt, "the port is not a number of 0-65535");
		return false;
	}
	listener.ep = (struct ezlb_endpoint){ range.first, (uint16_t)port };
	do {
		if (!add(s, stmt, &listener))
			return false;
	} while (ezlb_addr_cmp(&listener.ep.addr, &range.last) < 0 && next_addr(&listener.ep.addr));
	return true;
}

static bool add_group(struct ka_service *s, const char *name)
{
	const struct ka_stmt *root = &s->reader->root, *group = NULL;
	bool good;

	for (size_t i = 0; i < root->body.len; i++)
		if (strcmp(ka_arg(root->body.items[i], 0), "virtual_server_group") == 0 &&
		    strcmp(ka_arg(root->body.items[i], 1), name) == 0)
			group = root->body.items[i];
	if (!group) {
		refuse(s, s->stmt, "there is no such virtual_server_group");
		return false;
	}
	if (group->damaged)
		refuse(s, s->stmt, "the group could not be read as a whole");
	good = !group->damaged;
	for (size_t i = 0; i < group->body.len; i++) {
		const struct ka_stmt *stmt = group->body.items[i];

		if (strcmp(ka_arg(stmt, 0), "fwmark") == 0)
			good = add_mark(s, stmt, 1) && good;
		else
			good = add_range(s, stmt) && good;
	}
	EZLB_SORT(&s->listeners, by_listener);
	EZLB_UNIQUE(&s->listeners, by_listener);
	if (good && s->listeners.len == 0)
		refuse(s, group, "the group is empty");
	return good && s->listeners.len > 0;
}

bool ka_listeners_read(struct ka_service *s)
{
	struct ka_listener listener = { .mark = 0 };

	if (strcmp(ka_arg(s->stmt, 1), "group") == 0)
		return add_group(s, ka_arg(s->stmt, 2));
	if (strcmp(ka_arg(s->stmt, 1), "fwmark") == 0)
		return add_mark(s, s->stmt, 2);
	return ka_endpoint(s->reader, s->stmt, 1, &listener.ep) && add(s, s->stmt, &listener);
}
