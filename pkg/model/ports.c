// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/ports.h>

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>

/* Percent. Two limits, so that small changes cause no more events. */
#define LOW    80
#define ENOUGH 70

#define RANGE_MAX 1024 /* addresses that a service file may give */

/* --- counting ------------------------------------------------------------------------------ */

static int use_cmp(const void *pa, const void *pb)
{
	const struct ezlb_ports_use *a = pa, *b = pb;

	return ezlb_service_key_cmp(&a->listener, &b->listener);
}

void ezlb_ports_want(const struct ezlb_spec *spec, struct ezlb_ports_uses *out)
{
	for (size_t i = 0; spec->full_nat && i < spec->n_listeners; i++)
		*EZLB_PUSH(out) = (struct ezlb_ports_use){ .listener = spec->listeners[i].key,
							   .service = ezlb_spec_key(spec),
							   .proto = spec->listeners[i].proto,
							   .source = spec->snat_ip };
}

void ezlb_ports_sort(struct ezlb_ports_uses *uses)
{
	EZLB_SORT(uses, use_cmp);
}

/* One dest of a service, as a row whose sum is over all dests with the same backend and source. */
struct groups EZLB_VEC(struct ezlb_ports_row);

static int group_cmp(const void *pa, const void *pb)
{
	const struct ezlb_ports_row *a = pa, *b = pb;
	int rc = (int)a->proto - (int)b->proto;

	if (rc == 0)
		rc = ezlb_endpoint_cmp(&a->backend, &b->backend);
	return rc ? rc : ezlb_range_cmp(&a->source, &b->source);
}

static void take_dests(const struct ezlb_ports_uses *uses, const struct ezlb_traffic *traffic,
		       struct groups *out)
{
	for (size_t i = 0; i < traffic->len; i++) {
		const struct ezlb_traffic_row *row = &traffic->items[i];
		const struct ezlb_ports_use key = { .listener = row->service };
		const struct ezlb_ports_use *use = row->of_dest ? EZLB_FIND(uses, &key, use_cmp)
								: NULL;

		if (use)
			*EZLB_PUSH(out) = (struct ezlb_ports_row){
				.service = use->service,
				.source = use->source,
				.proto = use->proto,
				.backend = row->backend,
				.used = (uint64_t)row->active + row->inactive,
			};
	}
	EZLB_SORT(out, group_cmp);
}

/* Gives each row the sum of its group. */
static void sum_up(struct groups *groups)
{
	struct ezlb_ports_row *rows = groups->items;
	size_t end;

	for (size_t i = 0; i < groups->len; i = end) {
		uint64_t sum = 0;

		for (end = i; end < groups->len && group_cmp(&rows[i], &rows[end]) == 0; end++)
			sum += rows[end].used;
		for (size_t k = i; k < end; k++)
			rows[k].used = sum;
	}
}

static int row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_ports_row *a = pa, *b = pb;

	return ezlb_service_key_cmp(&a->service, &b->service);
}

struct ezlb_ports_row *ezlb_ports_find(const struct ezlb_ports *ports,
				       const struct ezlb_service_key *service)
{
	const struct ezlb_ports_row key = { .service = *service };

	return EZLB_FIND(ports, &key, row_cmp);
}

void ezlb_ports_count(const struct ezlb_ports_uses *uses, const struct ezlb_traffic *traffic,
		      struct ezlb_ports *out)
{
	struct groups groups = { 0 };

	out->len = 0;
	for (size_t i = 0; i < uses->len; i++)
		*EZLB_PUSH(out) = (struct ezlb_ports_row){ .service = uses->items[i].service,
							   .source = uses->items[i].source,
							   .proto = uses->items[i].proto };
	EZLB_SORT(out, row_cmp);
	EZLB_UNIQUE(out, row_cmp);
	take_dests(uses, traffic, &groups);
	sum_up(&groups);
	for (size_t i = 0; i < groups.len; i++) {
		struct ezlb_ports_row *row = ezlb_ports_find(out, &groups.items[i].service);

		if (row->backend.addr.family == 0 || groups.items[i].used > row->used)
			*row = groups.items[i];
	}
	EZLB_VEC_CLEAR(&groups);
}

/* --- conntrack ----------------------------------------------------------------------------- */

bool ezlb_ports_doubtful(const struct ezlb_ports_row *row)
{
	return row->used >= EZLB_PORTS_EACH / 2;
}

bool ezlb_ports_same(const struct ezlb_ports_row *a, const struct ezlb_ports_row *b)
{
	return group_cmp(a, b) == 0;
}

static bool is_of(const struct ezlb_addr_range *range, const struct ezlb_addr *addr)
{
	return range->first.family == 0 ||
	       (ezlb_addr_cmp(&range->first, addr) <= 0 && ezlb_addr_cmp(addr, &range->last) <= 0);
}

/*
 * The sources [*at, next) are of one port of the backend; *at becomes `next`. MASQUERADE has one
 * address: what else is there are connections of others.
 */
static struct ezlb_ports_row sum_of_port(const struct ezlb_ports_row *row,
					 const struct ezlb_ports_sources *sources, size_t *at)
{
	struct ezlb_ports_row sum = *row;

	sum.exact = true;
	sum.used = sum.fullest_used = 0;
	sum.fullest = row->source.first;
	sum.backend.port = sources->items[*at].port;
	for (; *at < sources->len && sources->items[*at].port == sum.backend.port; (*at)++) {
		const struct ezlb_ports_source *source = &sources->items[*at];

		if (!is_of(&row->source, &source->addr))
			continue;
		sum.used += source->used;
		if (source->used > sum.fullest_used) {
			sum.fullest = source->addr;
			sum.fullest_used = source->used;
		}
	}
	if (row->source.first.family == 0)
		sum.used = sum.fullest_used;
	return sum;
}

void ezlb_ports_refine(struct ezlb_ports_row *row, const struct ezlb_ports_sources *sources)
{
	struct ezlb_ports_row most = *row;

	most.exact = true;
	most.used = most.fullest_used = 0;
	most.fullest = row->source.first;
	for (size_t i = 0; i < sources->len;) {
		struct ezlb_ports_row sum = sum_of_port(row, sources, &i);

		if (sum.fullest_used > most.fullest_used)
			most = sum;
	}
	*row = most;
}

/* --- judging ------------------------------------------------------------------------------- */

uint64_t ezlb_ports_addresses(const struct ezlb_ports_row *row)
{
	return row->source.first.family ? ezlb_range_size(&row->source) : 1;
}

uint64_t ezlb_ports_available(const struct ezlb_ports_row *row)
{
	return ezlb_ports_addresses(row) * EZLB_PORTS_EACH;
}

unsigned ezlb_ports_percent(const struct ezlb_ports_row *row)
{
	uint64_t percent = row->exact ? 100 * row->fullest_used / EZLB_PORTS_EACH
				      : 100 * row->used / ezlb_ports_available(row);

	return (unsigned)percent;
}

bool ezlb_ports_judge(struct ezlb_ports *ports, const struct ezlb_ports *before)
{
	bool changed = false;

	for (size_t i = 0; i < ports->len; i++) {
		struct ezlb_ports_row *row = &ports->items[i];
		const struct ezlb_ports_row *was = ezlb_ports_find(before, &row->service);
		bool was_low = was && was->low;

		row->low = ezlb_ports_percent(row) >= (was_low ? ENOUGH : LOW);
		changed |= row->low != was_low;
	}
	return changed;
}

/* Uneven use counts as if all addresses were used like the fullest one. */
uint64_t ezlb_ports_needed(const struct ezlb_ports_row *row)
{
	uint64_t used = row->exact ? row->fullest_used * ezlb_ports_addresses(row) : row->used;
	uint64_t needed = (2 * used + EZLB_PORTS_EACH - 1) / EZLB_PORTS_EACH;

	return needed ? needed : 1;
}

/* --- words --------------------------------------------------------------------------------- */

const char *ezlb_ports_source(const struct ezlb_ports_row *row, char buf[EZLB_RANGE_STRLEN])
{
	if (row->source.first.family)
		return ezlb_range_format(&row->source, buf);
	snprintf(buf, EZLB_RANGE_STRLEN, "masquerade");
	return buf;
}

/* False if the range would go beyond the last address. */
static bool range_of(const struct ezlb_addr *first, uint64_t n, struct ezlb_addr_range *out)
{
	int end = first->family == AF_INET ? 4 : 16;

	*out = (struct ezlb_addr_range){ *first, *first };
	n--;
	for (int i = end; n > 0 && i-- > 0;) {
		n += out->last.bytes[i];
		out->last.bytes[i] = (uint8_t)n;
		n >>= 8;
	}
	return n == 0;
}

/* One client keeps its address, so more of them do not help. */
static bool is_uneven(const struct ezlb_ports_row *row)
{
	return row->exact && row->fullest_used * ezlb_ports_addresses(row) > 2 * row->used;
}

static void put_remedy(const struct ezlb_ports_row *row, char *buf)
{
	uint64_t needed = ezlb_ports_needed(row);
	struct ezlb_addr_range range;
	char text[EZLB_RANGE_STRLEN];

	if (is_uneven(row))
		ezlb_strcatf(
			buf, EZLB_PORTS_STRLEN,
			", most of them by few clients, which keep their address: add backends");
	else if (!row->source.first.family)
		ezlb_strcatf(buf, EZLB_PORTS_STRLEN,
			     ": give the service a snat_ip of %" PRIu64 " addresses", needed);
	else if (needed <= RANGE_MAX && range_of(&row->source.first, needed, &range))
		ezlb_strcatf(buf, EZLB_PORTS_STRLEN,
			     ": snat_ip needs %" PRIu64 " addresses: write %s", needed,
			     ezlb_range_format(&range, text));
	else
		ezlb_strcatf(buf, EZLB_PORTS_STRLEN,
			     ": snat_ip needs %" PRIu64 " addresses, or the service more backends",
			     needed);
}

const char *ezlb_ports_explain(const struct ezlb_ports_row *row, char buf[EZLB_PORTS_STRLEN])
{
	uint64_t addresses = ezlb_ports_addresses(row);
	char to[EZLB_ENDPOINT_STRLEN], text[EZLB_ADDR_STRLEN];

	if (row->exact && addresses > 1)
		snprintf(buf, EZLB_PORTS_STRLEN, "%s uses %" PRIu64 " of %d source ports to %s",
			 ezlb_addr_format(&row->fullest, text), row->fullest_used, EZLB_PORTS_EACH,
			 ezlb_endpoint_format(&row->backend, to));
	else
		snprintf(buf, EZLB_PORTS_STRLEN,
			 "%" PRIu64 " of %" PRIu64 " source ports to %s are used", row->used,
			 ezlb_ports_available(row), ezlb_endpoint_format(&row->backend, to));
	if (ezlb_ports_percent(row) >= EZLB_PORTS_EXHAUSTED)
		ezlb_strcatf(buf, EZLB_PORTS_STRLEN, ", and some new connections are dropped");
	if (ezlb_ports_percent(row) >= ENOUGH)
		put_remedy(row, buf);
	return buf;
}
