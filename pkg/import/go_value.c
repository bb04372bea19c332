// SPDX-License-Identifier: GPL-2.0-or-later
#include "go_value.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <ezlb/mem.h>

#define DAY_NS (24 * 3600 * 1e9)

static bool refuse(struct ezlb_source *src, const struct ezlb_node *node, const char *must)
{
	char shown[EZLB_SHOW_STRLEN];

	if (node->kind == EZLB_NODE_REFUSED)
		return false;
	ezlb_source_refuse(src, node->at, EZLB_E_VALUE, NULL, "%s must be %s%s%s%s",
			   node->key ? node->key : "a value", must,
			   node->kind == EZLB_NODE_SCALAR ? ", not '" : "",
			   node->kind == EZLB_NODE_SCALAR ? ezlb_source_show(node->text, shown)
							  : "",
			   node->kind == EZLB_NODE_SCALAR ? "'" : "");
	return false;
}

const struct ezlb_node *go_get(const struct ezlb_node *map, const char *key)
{
	if (!map || map->kind != EZLB_NODE_MAP)
		return NULL;
	for (const struct ezlb_node *child = map->first; child; child = child->next)
		if (strcasecmp(child->key, key) == 0 && !ezlb_node_empty(child))
			return child;
	return NULL;
}

bool go_text(struct ezlb_source *src, const struct ezlb_node *node, const char **out)
{
	if (node->kind != EZLB_NODE_SCALAR)
		return refuse(src, node, "a text");
	*out = node->text;
	return true;
}

bool go_bool(struct ezlb_source *src, const struct ezlb_node *node, bool *out)
{
	static const char *const words[] = { "true", "false", "1", "0", "t", "f", "yes", "no" };

	for (size_t i = 0; node->kind == EZLB_NODE_SCALAR && i < 8; i++)
		if (strcasecmp(words[i], node->text) == 0) {
			*out = i % 2 == 0;
			return true;
		}
	return refuse(src, node, "true or false");
}

bool go_number(struct ezlb_source *src, const struct ezlb_node *node, uint32_t *out)
{
	uint64_t n = 0;
	const char *p = node->kind == EZLB_NODE_SCALAR ? node->text : "";

	if (*p == '\0')
		return refuse(src, node, "a number");
	for (; *p; p++) {
		if (*p < '0' || *p > '9' || n > UINT32_MAX)
			return refuse(src, node, "a number");
		n = n * 10 + (uint64_t)(*p - '0');
	}
	if (n > UINT32_MAX)
		return refuse(src, node, "a number");
	*out = (uint32_t)n;
	return true;
}

static const struct unit {
	const char *name;
	double ns;
} units[] = { { "ns", 1 },   { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "\xce\xbcs", 1e3 },
	      { "ms", 1e6 }, { "s", 1e9 },  { "m", 60 * 1e9 },	  { "h", 3600 * 1e9 } };

/* "1.5" and so on; -1: no number. */
static double take_number(const char **p)
{
	double n = 0, place = 1;
	bool digits = false, point = false;

	for (; (**p >= '0' && **p <= '9') || (**p == '.' && !point); ++*p) {
		if (**p == '.') {
			point = true;
			continue;
		}
		digits = true;
		place = point ? place / 10 : 1;
		n = point ? n + place * (**p - '0') : n * 10 + (**p - '0');
	}
	return digits ? n : -1;
}

/* Nanoseconds; -1: no duration. */
static double nanoseconds(const char *p)
{
	double sum = 0;

	if (strcmp(p, "0") == 0)
		return 0;
	if (*p == '\0')
		return -1;
	while (*p) {
		double n = take_number(&p);
		size_t len = strcspn(p, "0123456789."), i = 0;

		while (i < sizeof(units) / sizeof(units[0]) &&
		       (strlen(units[i].name) != len || memcmp(units[i].name, p, len) != 0))
			i++;
		if (n < 0 || i == sizeof(units) / sizeof(units[0]))
			return -1;
		sum += n * units[i].ns;
		p += len;
	}
	return sum;
}

bool go_duration(struct ezlb_source *src, const struct ezlb_node *node, uint32_t *out, bool *exact)
{
	double ns = node->kind == EZLB_NODE_SCALAR ? nanoseconds(node->text) : -1, rest;

	if (ns < 0 || ns > DAY_NS)
		return refuse(src, node, "a duration like 5s, of at most 24h");
	*out = (uint32_t)(ns / 1e6 + 0.5);
	rest = ns - *out * 1e6;
	*exact = rest > -1 && rest < 1;
	return true;
}

/* Endpoints and addresses have the messages of service files. */
static bool refuse_address(struct ezlb_source *src, const struct ezlb_node *node, int rc,
			   const struct ezlb_err *err)
{
	ezlb_source_refuse(src, node->at, rc == -ERANGE ? EZLB_E_RANGE : EZLB_E_ADDRESS, NULL, "%s",
			   err->msg);
	return false;
}

bool go_endpoint(struct ezlb_source *src, const struct ezlb_node *node, struct ezlb_endpoint *out)
{
	char shown[EZLB_SHOW_STRLEN];
	struct ezlb_endpoint ep;
	struct ezlb_err err;
	const char *text = NULL;
	int rc;

	if (!go_text(src, node, &text))
		return false;
	rc = ezlb_endpoint_parse(ezlb_source_show(text, shown), &ep, &err);
	if (rc < 0)
		return refuse_address(src, node, rc, &err);
	*out = ep;
	return true;
}

bool go_range(struct ezlb_source *src, const struct ezlb_node *node, struct ezlb_addr_range *out)
{
	char shown[EZLB_SHOW_STRLEN];
	struct ezlb_addr_range range;
	struct ezlb_err err;
	const char *text = NULL;
	int rc;

	if (!go_text(src, node, &text))
		return false;
	rc = ezlb_range_parse(ezlb_source_show(text, shown), &range, &err);
	if (rc < 0)
		return refuse_address(src, node, rc, &err);
	*out = range;
	return true;
}
