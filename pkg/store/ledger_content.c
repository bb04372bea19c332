// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger_content.h"

#include <errno.h>
#include <limits.h>

#define CHAIN	  "chain nat EZLB-SNAT"
#define NFT_TABLE "table nft ezlb"

void ezlb_ledger_content_copy(struct ezlb_ledger_content *to,
			      const struct ezlb_ledger_content *from)
{
	if (to == from)
		return;
	EZLB_VEC_COPY(&to->services, &from->services);
	EZLB_VEC_COPY(&to->settings, &from->settings);
	EZLB_VEC_COPY(&to->timeouts, &from->timeouts);
	EZLB_VEC_COPY(&to->syncs, &from->syncs);
	EZLB_VEC_COPY(&to->links, &from->links);
	EZLB_VEC_COPY(&to->vips, &from->vips);
	EZLB_VEC_COPY(&to->clsacts, &from->clsacts);
	EZLB_VEC_COPY(&to->drains, &from->drains);
	to->chain = from->chain;
	to->nft_table = from->nft_table;
}

void ezlb_ledger_content_clear(struct ezlb_ledger_content *content)
{
	EZLB_VEC_CLEAR(&content->services);
	EZLB_VEC_CLEAR(&content->settings);
	EZLB_VEC_CLEAR(&content->timeouts);
	EZLB_VEC_CLEAR(&content->syncs);
	EZLB_VEC_CLEAR(&content->links);
	EZLB_VEC_CLEAR(&content->vips);
	EZLB_VEC_CLEAR(&content->clsacts);
	EZLB_VEC_CLEAR(&content->drains);
	*content = (struct ezlb_ledger_content){ .chain = false };
}

/* Compares row by row, because the rows have padding. */
#define SAME(a, b, cmp)          \
	((a)->len == (b)->len && \
	 same_rows((a)->items, (b)->items, (a)->len, sizeof(*(a)->items), cmp))

static bool same_rows(const void *a, const void *b, size_t n, size_t size, ezlb_cmp_fn cmp)
{
	for (size_t i = 0; i < n; i++)
		if (cmp((const char *)a + i * size, (const char *)b + i * size) != 0)
			return false;
	return true;
}

static int was_cmp(const void *a, const void *b)
{
	const struct ezlb_setting_row *x = a, *y = b;
	int rc = ezlb_setting_row_cmp(a, b);

	return rc ? rc : (x->value > y->value) - (x->value < y->value);
}

static int drain_value_cmp(const void *a, const void *b)
{
	const struct ezlb_drain *x = a, *y = b;
	int rc = ezlb_drain_cmp(a, b);

	if (rc == 0)
		rc = (x->until_ms > y->until_ms) - (x->until_ms < y->until_ms);
	return rc ? rc : (x->cause > y->cause) - (x->cause < y->cause);
}

static int timeout_cmp(const void *a, const void *b)
{
	const struct ezlb_timeout_owned *x = a, *y = b;

	return x->timeout != y->timeout || x->before != y->before || x->set != y->set;
}

bool ledger_content_same(const struct ezlb_ledger_content *a, const struct ezlb_ledger_content *b)
{
	return a->chain == b->chain && a->nft_table == b->nft_table &&
	       SAME(&a->services, &b->services, ezlb_service_key_cmp) &&
	       SAME(&a->settings, &b->settings, was_cmp) &&
	       SAME(&a->timeouts, &b->timeouts, timeout_cmp) &&
	       SAME(&a->syncs, &b->syncs, ezlb_sync_owned_cmp) &&
	       SAME(&a->links, &b->links, ezlb_link_row_cmp) &&
	       SAME(&a->vips, &b->vips, ezlb_vip_row_cmp) &&
	       SAME(&a->clsacts, &b->clsacts, ezlb_link_row_cmp) &&
	       SAME(&a->drains, &b->drains, drain_value_cmp);
}

/* --- reading and writing lines ------------------------------------------------------------- */

/* "tcp 10.0.0.1:80" */
static const char *take_service(struct ezlb_ledger_content *content, const char *rest)
{
	struct ezlb_service_key key;

	if (ezlb_service_key_parse(rest, &key) < 0)
		return "has no valid service";
	*EZLB_PUSH(&content->services) = key;
	return NULL;
}

static int value_parse(const char *text)
{
	size_t len = strlen(text);
	long value;

	if (len == 0 || len > 10 || strspn(text, "0123456789") != len)
		return -EINVAL;
	value = strtol(text, NULL, 10);
	return value > INT_MAX ? -EINVAL : (int)value;
}

/* "net.ipv4.ip_forward 0" */
static const char *take_setting(struct ezlb_ledger_content *content, char *rest)
{
	char *space = strrchr(rest, ' ');
	struct ezlb_setting_row row;

	row.value = space ? value_parse(space + 1) : -EINVAL;
	if (row.value < 0)
		return "has no valid value of a setting";
	*space = '\0';
	if (ezlb_setting_parse(rest, &row) < 0 || ezlb_setting_facts(row.setting)->module)
		return "has no valid setting";
	*EZLB_PUSH(&content->settings) = row;
	return NULL;
}

/* "tcp 900 3600" */
static const char *take_timeout(struct ezlb_ledger_content *content, char *rest)
{
	const char *name = strsep(&rest, " "), *before = strsep(&rest, " ");
	int was = before ? value_parse(before) : -EINVAL, set = rest ? value_parse(rest) : -EINVAL;
	struct ezlb_timeout_owned row;

	if (ezlb_timeout_parse(name, &row.timeout) < 0 || was < 0 || set < 0)
		return "has no valid timeout";
	row.before = (uint32_t)was;
	row.set = (uint32_t)set;
	*EZLB_PUSH(&content->timeouts) = row;
	return NULL;
}

static bool take_device(const char *text, char device[EZLB_DEVICE_STRLEN])
{
	memset(device, 0, EZLB_DEVICE_STRLEN);
	return text[0] != '\0' && !strpbrk(text, " /") &&
	       ezlb_strcpy(device, EZLB_DEVICE_STRLEN, text);
}

/* "master eth1 1" */
static const char *take_sync(struct ezlb_ledger_content *content, char *rest)
{
	const char *role = strsep(&rest, " "), *device = strsep(&rest, " ");
	int id = rest ? value_parse(rest) : -EINVAL;
	struct ezlb_sync_row row = { .stale = false };

	if (id < 0 || ezlb_sync_role_parse(role, &row.role) < 0 || !take_device(device, row.device))
		return "has no valid sync daemon";
	row.id = (uint32_t)id;
	*EZLB_PUSH(&content->syncs) = row;
	return NULL;
}

static const char *take_link(struct ezlb_ledger_content *content, const char *rest)
{
	struct ezlb_link_row row;

	if (!take_device(rest, row.device))
		return "has no valid link";
	*EZLB_PUSH(&content->links) = row;
	return NULL;
}

static const char *take_clsact(struct ezlb_ledger_content *content, const char *rest)
{
	struct ezlb_link_row row;

	if (!take_device(rest, row.device))
		return "has no valid interface";
	*EZLB_PUSH(&content->clsacts) = row;
	return NULL;
}

/* "ezlb0 10.0.0.1" */
static const char *take_vip(struct ezlb_ledger_content *content, char *rest)
{
	char *device = strsep(&rest, " ");
	struct ezlb_vip_row row;

	if (!rest || !take_device(device, row.device) || ezlb_addr_parse(rest, &row.addr, NULL) < 0)
		return "has no valid address of a link";
	*EZLB_PUSH(&content->vips) = row;
	return NULL;
}

static bool time_parse(const char *text, uint64_t *out)
{
	size_t len = strlen(text);

	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return false;
	*out = strtoull(text, NULL, 10);
	return true;
}

/* A dest of a service with a mark may have no port. */
static bool backend_parse(const char *text, struct ezlb_endpoint *out)
{
	*out = (struct ezlb_endpoint){ .port = 0 };
	return ezlb_addr_parse(text, &out->addr, NULL) == 0 ||
	       ezlb_endpoint_parse(text, out, NULL) == 0;
}

/* "86400000 removed 192.168.1.1:80 tcp 10.0.0.1:80" */
static const char *take_drain(struct ezlb_ledger_content *content, char *rest)
{
	const char *until = strsep(&rest, " ");
	const char *cause = strsep(&rest, " ");
	const char *backend = strsep(&rest, " ");
	struct ezlb_drain drain;

	if (!rest || !time_parse(until, &drain.until_ms) ||
	    ezlb_drain_cause_parse(cause, &drain.cause) < 0 ||
	    !backend_parse(backend, &drain.backend) ||
	    ezlb_service_key_parse(rest, &drain.service) < 0)
		return "has no valid drain";
	*EZLB_PUSH(&content->drains) = drain;
	return NULL;
}

static const char *take_frame(bool *there)
{
	if (*there)
		return "is a duplicate";
	*there = true;
	return NULL;
}

const char *ledger_content_take(struct ezlb_ledger_content *content, char *text)
{
	if (strncmp(text, "service ", 8) == 0)
		return take_service(content, text + 8);
	if (strncmp(text, "setting ", 8) == 0)
		return take_setting(content, text + 8);
	if (strncmp(text, "timeout ", 8) == 0)
		return take_timeout(content, text + 8);
	if (strncmp(text, "sync ", 5) == 0)
		return take_sync(content, text + 5);
	if (strncmp(text, "link ", 5) == 0)
		return take_link(content, text + 5);
	if (strncmp(text, "vip ", 4) == 0)
		return take_vip(content, text + 4);
	if (strncmp(text, "clsact ", 7) == 0)
		return take_clsact(content, text + 7);
	if (strncmp(text, "drain ", 6) == 0)
		return take_drain(content, text + 6);
	if (strcmp(text, CHAIN) == 0)
		return take_frame(&content->chain);
	if (strcmp(text, NFT_TABLE) == 0)
		return take_frame(&content->nft_table);
	return "is unknown";
}

static bool has_doubles(const void *items, size_t n, size_t size, ezlb_cmp_fn cmp)
{
	for (size_t i = 1; i < n; i++)
		if (cmp((const char *)items + (i - 1) * size, (const char *)items + i * size) == 0)
			return true;
	return false;
}
#define DOUBLES(v, cmp) has_doubles((v)->items, (v)->len, sizeof(*(v)->items), (cmp))

const char *ledger_content_sort(struct ezlb_ledger_content *content)
{
	EZLB_SORT(&content->services, ezlb_service_key_cmp);
	EZLB_SORT(&content->settings, ezlb_setting_row_cmp);
	EZLB_SORT(&content->timeouts, ezlb_timeout_owned_cmp);
	EZLB_SORT(&content->syncs, ezlb_sync_owned_cmp);
	EZLB_SORT(&content->links, ezlb_link_row_cmp);
	EZLB_SORT(&content->vips, ezlb_vip_row_cmp);
	EZLB_SORT(&content->clsacts, ezlb_link_row_cmp);
	EZLB_SORT(&content->drains, ezlb_drain_cmp);
	if (DOUBLES(&content->services, ezlb_service_key_cmp))
		return "service";
	if (DOUBLES(&content->settings, ezlb_setting_row_cmp))
		return "setting";
	if (DOUBLES(&content->timeouts, ezlb_timeout_owned_cmp))
		return "timeout";
	if (DOUBLES(&content->syncs, ezlb_sync_owned_cmp))
		return "sync daemon";
	if (DOUBLES(&content->links, ezlb_link_row_cmp))
		return "link";
	if (DOUBLES(&content->clsacts, ezlb_link_row_cmp))
		return "clsact";
	if (DOUBLES(&content->drains, ezlb_drain_cmp))
		return "drain";
	return DOUBLES(&content->vips, ezlb_vip_row_cmp) ? "address" : NULL;
}

static int write_drains(const struct ezlb_drains *drains, FILE *f)
{
	char service[EZLB_SERVICE_KEY_STRLEN], backend[EZLB_ENDPOINT_STRLEN];
	int rc = 0;

	for (size_t i = 0; i < drains->len && rc >= 0; i++) {
		const struct ezlb_drain *drain = &drains->items[i];

		rc = fprintf(f, "drain %llu %s %s %s\n", (unsigned long long)drain->until_ms,
			     ezlb_drain_cause_str(drain->cause),
			     ezlb_endpoint_format(&drain->backend, backend),
			     ezlb_service_key_format(&drain->service, service));
	}
	return rc;
}

int ledger_content_write(const struct ezlb_ledger_content *content, FILE *f)
{
	char text[EZLB_SERVICE_KEY_STRLEN], name[EZLB_SETTING_STRLEN];
	int rc = fprintf(f, "%s%s", content->chain ? CHAIN "\n" : "",
			 content->nft_table ? NFT_TABLE "\n" : "");

	for (size_t i = 0; i < content->settings.len && rc >= 0; i++)
		rc = fprintf(f, "setting %s %d\n",
			     ezlb_setting_format(&content->settings.items[i], name),
			     content->settings.items[i].value);
	for (size_t i = 0; i < content->timeouts.len && rc >= 0; i++)
		rc = fprintf(f, "timeout %s %u %u\n",
			     ezlb_timeout_str(content->timeouts.items[i].timeout),
			     content->timeouts.items[i].before, content->timeouts.items[i].set);
	for (size_t i = 0; i < content->syncs.len && rc >= 0; i++)
		rc = fprintf(f, "sync %s %s %u\n", ezlb_sync_role_str(content->syncs.items[i].role),
			     content->syncs.items[i].device, content->syncs.items[i].id);
	for (size_t i = 0; i < content->links.len && rc >= 0; i++)
		rc = fprintf(f, "link %s\n", content->links.items[i].device);
	for (size_t i = 0; i < content->vips.len && rc >= 0; i++)
		rc = fprintf(f, "vip %s %s\n", content->vips.items[i].device,
			     ezlb_addr_format(&content->vips.items[i].addr, text));
	for (size_t i = 0; i < content->clsacts.len && rc >= 0; i++)
		rc = fprintf(f, "clsact %s\n", content->clsacts.items[i].device);
	if (rc >= 0)
		rc = write_drains(&content->drains, f);
	for (size_t i = 0; i < content->services.len && rc >= 0; i++)
		rc = fprintf(f, "service %s\n",
			     ezlb_service_key_format(&content->services.items[i], text));
	return rc;
}
