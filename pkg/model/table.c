// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/table.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

int ezlb_service_key_cmp(const void *pa, const void *pb)
{
	const struct ezlb_service_key *a = pa, *b = pb;
	int rc = CMP(a->fwmark, b->fwmark);

	if (rc == 0)
		rc = CMP(a->proto, b->proto);
	return rc ? rc : ezlb_endpoint_cmp(&a->listen, &b->listen);
}

int ezlb_snat_key_cmp(const void *pa, const void *pb)
{
	const struct ezlb_snat_key *a = pa, *b = pb;
	int rc = CMP(a->kind, b->kind);

	if (rc == 0)
		rc = CMP(a->fwmark, b->fwmark);
	if (rc == 0)
		rc = CMP(a->proto, b->proto);
	return rc ? rc : ezlb_endpoint_cmp(&a->endpoint, &b->endpoint);
}

int ezlb_service_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_service_row *a = pa, *b = pb;

	return ezlb_service_key_cmp(&a->key, &b->key);
}

int ezlb_dest_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_dest_row *a = pa, *b = pb;
	int rc = ezlb_service_key_cmp(&a->service, &b->service);

	return rc ? rc : ezlb_endpoint_cmp(&a->endpoint, &b->endpoint);
}

int ezlb_snat_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_snat_row *a = pa, *b = pb;

	return ezlb_snat_key_cmp(&a->key, &b->key);
}

int ezlb_accept_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_accept_row *a = pa, *b = pb;
	int rc = CMP(a->gate, b->gate);

	return rc ? rc : ezlb_service_key_cmp(&a->service, &b->service);
}

int ezlb_mark_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_mark_row *a = pa, *b = pb;
	int rc = ezlb_service_key_cmp(&a->service, &b->service);

	if (rc == 0)
		rc = CMP(a->proto, b->proto);
	if (rc == 0)
		rc = ezlb_endpoint_cmp(&a->first, &b->first);
	return rc ? rc : CMP(a->last_port, b->last_port);
}

int ezlb_toa_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_toa_row *a = pa, *b = pb;

	return ezlb_service_key_cmp(&a->service, &b->service);
}

int ezlb_hook_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_hook_row *a = pa, *b = pb;

	return strcmp(a->device, b->device);
}

int ezlb_route_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_route_row *a = pa, *b = pb;

	return ezlb_addr_cmp(&a->to, &b->to);
}

int ezlb_link_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_link_row *a = pa, *b = pb;

	return strcmp(a->device, b->device);
}

int ezlb_vip_need_cmp(const void *pa, const void *pb)
{
	const struct ezlb_vip_need *a = pa, *b = pb;
	int rc = ezlb_addr_cmp(&a->addr, &b->addr);

	return rc ? rc : ezlb_service_key_cmp(&a->service, &b->service);
}

int ezlb_vip_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_vip_row *a = pa, *b = pb;
	int rc = strcmp(a->device, b->device);

	return rc ? rc : ezlb_addr_cmp(&a->addr, &b->addr);
}

int ezlb_addr_row_cmp(const void *a, const void *b)
{
	return ezlb_addr_cmp(a, b);
}

int ezlb_guard_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_guard_row *a = pa, *b = pb;

	return ezlb_addr_cmp(&a->addr, &b->addr);
}

bool ezlb_service_row_same(const void *pa, const void *pb)
{
	const struct ezlb_service_row *a = pa, *b = pb;

	return strcmp(a->scheduler, b->scheduler) == 0 && a->flags == b->flags &&
	       a->timeout == b->timeout && a->netmask == b->netmask &&
	       strcmp(a->engine, b->engine) == 0;
}

bool ezlb_dest_row_same(const void *pa, const void *pb)
{
	const struct ezlb_dest_row *a = pa, *b = pb;

	return a->forward == b->forward && a->weight == b->weight && a->upper == b->upper &&
	       a->lower == b->lower && a->tunnel.type == b->tunnel.type &&
	       a->tunnel.port == b->tunnel.port && a->tunnel.checksum == b->tunnel.checksum;
}

bool ezlb_snat_row_same(const void *pa, const void *pb)
{
	const struct ezlb_snat_row *a = pa, *b = pb;

	return ezlb_range_cmp(&a->to, &b->to) == 0;
}

bool ezlb_toa_row_same(const void *pa, const void *pb)
{
	const struct ezlb_toa_row *a = pa, *b = pb;

	return a->mode == b->mode && (a->mode != EZLB_TOA_ADD || a->ipv6_kind == b->ipv6_kind);
}

/* Calls X(member, row type) for each vector of struct ezlb_table. */
#define EACH_VECTOR(X)           \
	X(services, service_row) \
	X(dests, dest_row)       \
	X(snats, snat_row)       \
	X(settings, setting_row) \
	X(timeouts, timeout_row) \
	X(syncs, sync_row)       \
	X(accepts, accept_row)   \
	X(marks, mark_row)       \
	X(guards, guard_row)     \
	X(toas, toa_row)         \
	X(hooks, hook_row)       \
	X(routes, route_row)     \
	X(links, link_row)       \
	X(vips, vip_row)         \
	X(vip_needs, vip_need)   \
	X(elsewhere, addr_row)

void ezlb_table_sort(struct ezlb_table *table)
{
#define SORT(member, row) EZLB_SORT(&table->member, ezlb_##row##_cmp);
	EACH_VECTOR(SORT)
}

void ezlb_table_copy(struct ezlb_table *to, const struct ezlb_table *from)
{
	struct ezlb_table copy = *from; /* including the members that are not vectors */

#define COPY(member, row)         \
	copy.member = to->member; \
	EZLB_VEC_COPY(&copy.member, &from->member);
	EACH_VECTOR(COPY)
	*to = copy;
}

void ezlb_table_clear(struct ezlb_table *table)
{
#define CLEAR(member, row) EZLB_VEC_CLEAR(&table->member);
	EACH_VECTOR(CLEAR)
	*table = (struct ezlb_table){ .snat_wanted = false };
}

struct ezlb_service_key ezlb_spec_key(const struct ezlb_spec *spec)
{
	return spec->listeners[0].key;
}

struct ezlb_endpoint ezlb_dest_endpoint(const struct ezlb_service_key *service,
					const struct ezlb_endpoint *backend)
{
	struct ezlb_endpoint out = *backend;

	if (out.port == 0)
		out.port = service->listen.port;
	return out;
}

struct ezlb_snat_key ezlb_snat_key_of(enum ezlb_snat_key_kind kind,
				      const struct ezlb_service_key *service,
				      const struct ezlb_endpoint *backend)
{
	if (kind == EZLB_SNAT_KEY_LISTENER)
		return (struct ezlb_snat_key){ kind, service->proto, service->listen,
					       service->fwmark };
	return (struct ezlb_snat_key){ .kind = kind,
				       .proto = service->proto,
				       .endpoint = ezlb_dest_endpoint(service, backend) };
}

bool ezlb_scope_has(const struct ezlb_scope *scope, const struct ezlb_service_key *key)
{
	return EZLB_FIND(scope, key, ezlb_service_key_cmp) != NULL;
}

void ezlb_scope_subtract(struct ezlb_scope *scope, const struct ezlb_scope *other)
{
	EZLB_VEC_KEEP(scope, i, !ezlb_scope_has(other, &scope->items[i]));
}

const char *ezlb_service_key_format(const struct ezlb_service_key *key,
				    char buf[EZLB_SERVICE_KEY_STRLEN])
{
	char ep[EZLB_ENDPOINT_STRLEN];

	if (key->fwmark)
		snprintf(buf, EZLB_SERVICE_KEY_STRLEN, "fwmark %" PRIu32 "%s", key->fwmark,
			 key->listen.addr.family == AF_INET6 ? " ipv6" : "");
	else
		snprintf(buf, EZLB_SERVICE_KEY_STRLEN, "%s %s", ezlb_proto_str(key->proto),
			 ezlb_endpoint_format(&key->listen, ep));
	return buf;
}

const char *ezlb_snat_key_format(const struct ezlb_snat_key *key, char buf[EZLB_SERVICE_KEY_STRLEN])
{
	const struct ezlb_service_key as = { key->proto, key->endpoint, key->fwmark };

	return ezlb_service_key_format(&as, buf);
}

static int parse_mark(const char *text, struct ezlb_service_key *out)
{
	struct ezlb_service_key key = { .proto = EZLB_TCP };
	unsigned long mark;
	char *end;

	if (text[0] < '1' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	mark = strtoul(text, &end, 10);
	if (errno || mark > UINT32_MAX || (*end != '\0' && strcmp(end, " ipv6") != 0))
		return -EINVAL;
	key.fwmark = (uint32_t)mark;
	key.listen.addr.family = *end ? AF_INET6 : AF_INET;
	*out = key;
	return 0;
}

int ezlb_service_key_parse(const char *text, struct ezlb_service_key *out)
{
	const char *space = strchr(text, ' ');
	struct ezlb_service_key key = { .proto = EZLB_TCP };
	char word[8];

	if (!space || (size_t)(space - text) >= sizeof(word))
		return -EINVAL;
	snprintf(word, sizeof(word), "%.*s", (int)(space - text), text);
	if (strcmp(word, "fwmark") == 0)
		return parse_mark(space + 1, out);
	if (ezlb_proto_parse(word, &key.proto) < 0 ||
	    ezlb_endpoint_parse(space + 1, &key.listen, NULL) < 0)
		return -EINVAL;
	*out = key;
	return 0;
}

const char *ezlb_mark_row_format(const struct ezlb_mark_row *row, char buf[EZLB_MARK_STRLEN])
{
	char ep[EZLB_ENDPOINT_STRLEN];

	snprintf(buf, EZLB_MARK_STRLEN, "%s %s-%u", ezlb_proto_str(row->proto),
		 ezlb_endpoint_format(&row->first, ep), row->last_port);
	return buf;
}

const char *ezlb_toa_mode_str(enum ezlb_toa_mode mode)
{
	return mode == EZLB_TOA_ADD ? "add" : "strip";
}

const char *ezlb_gate_str(enum ezlb_gate gate)
{
	return gate == EZLB_GATE_INPUT ? "input" : "forward";
}
