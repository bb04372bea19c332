// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All listeners in the order of protocol, address and first port. Above them stands a binary tree:
 * each node knows, of the listeners below it that are in force, the first entry and the last port.
 */
#include "ports.h"

#include "claim.h"

#define NONE UINT32_MAX /* no entry in force */

struct node {
	uint32_t entry;	    /* the first; NONE */
	uint16_t last_port; /* the greatest; 0: none in force */
};

struct span {
	const struct ezlb_listener *listener;
	size_t *place; /* where to write its index */
};

struct ports {
	struct spans EZLB_VEC(struct span) spans; /* sorted */
	size_t size;				  /* leaves: a power of two */
	struct node *nodes; /* 1: the top, below i are 2i and 2i + 1, from `size` on leaves */
};

static int place_cmp(const struct ezlb_listener *a, const struct ezlb_listener *b)
{
	int rc = (a->proto > b->proto) - (a->proto < b->proto);

	if (rc == 0)
		rc = ezlb_addr_cmp(&a->listen.addr, &b->listen.addr);
	return rc;
}

static int span_cmp(const void *pa, const void *pb)
{
	const struct ezlb_listener *a = ((const struct span *)pa)->listener;
	const struct ezlb_listener *b = ((const struct span *)pb)->listener;
	int rc = place_cmp(a, b);

	return rc ? rc : (a->listen.port > b->listen.port) - (a->listen.port < b->listen.port);
}

static bool has_range(struct entry *entries, size_t n)
{
	for (size_t i = 0; i < 2 * n; i++)
		if (claim_has_range(entries[i / 2].versions[i % 2].spec))
			return true;
	return false;
}

static void add_spans(struct ports *ports, struct version *version)
{
	const struct ezlb_spec *spec = version->spec;

	if (!spec)
		return;
	version->places = ezlb_calloc(spec->n_listeners, sizeof(*version->places));
	for (size_t i = 0; i < spec->n_listeners; i++)
		*EZLB_PUSH(&ports->spans) = (struct span){ &spec->listeners[i],
							   &version->places[i] };
}

struct ports *ports_new(struct entry *entries, size_t n)
{
	struct ports *ports;

	if (!has_range(entries, n))
		return NULL;
	ports = ezlb_calloc(1, sizeof(*ports));
	for (size_t i = 0; i < 2 * n; i++)
		add_spans(ports, &entries[i / 2].versions[i % 2]);
	EZLB_SORT(&ports->spans, span_cmp);
	for (size_t i = 0; i < ports->spans.len; i++)
		*ports->spans.items[i].place = i;
	for (ports->size = 1; ports->size < ports->spans.len;)
		ports->size *= 2;
	ports->nodes = ezlb_calloc(2 * ports->size, sizeof(*ports->nodes));
	for (size_t i = 0; i < 2 * ports->size; i++)
		ports->nodes[i].entry = NONE;
	return ports;
}

void ports_free(struct ports *ports)
{
	if (!ports)
		return;
	EZLB_VEC_CLEAR(&ports->spans);
	free(ports->nodes);
	free(ports);
}

static void set(struct ports *ports, size_t place, struct node leaf)
{
	size_t i = ports->size + place;

	ports->nodes[i] = leaf;
	while (i /= 2) {
		const struct node *a = &ports->nodes[2 * i], *b = a + 1;

		ports->nodes[i].entry = a->entry < b->entry ? a->entry : b->entry;
		ports->nodes[i].last_port = a->last_port > b->last_port ? a->last_port
									: b->last_port;
	}
}

/* A mark of the file has no ports. */
void ports_put(struct ports *ports, const struct version *version, size_t entry)
{
	for (size_t i = 0; i < version->spec->n_listeners; i++) {
		const struct ezlb_listener *listener = &version->spec->listeners[i];

		if (!ezlb_listener_is_mark(listener))
			set(ports, version->places[i],
			    (struct node){ (uint32_t)entry, claim_last_port(listener) });
	}
}

void ports_drop(struct ports *ports, const struct version *version)
{
	for (size_t i = 0; i < version->spec->n_listeners; i++)
		if (!ezlb_listener_is_mark(&version->spec->listeners[i]))
			set(ports, version->places[i], (struct node){ .entry = NONE });
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The first entry of the places from `from` to before `to`. */
static uint32_t first_of(const struct ports *ports, size_t from, size_t to)
{
	uint32_t first = NONE;

	for (from += ports->size, to += ports->size; from < to; from /= 2, to /= 2) {
		if (from % 2)
			first = lesser(first, ports->nodes[from++].entry);
		if (to % 2)
			first = lesser(first, ports->nodes[--to].entry);
	}
	return first;
}

/* Places from `from` to before `to`, and listeners that end at the port or after it. */
struct sought {
	size_t from, to;
	uint16_t port;
};

/* The first entry below the node, which has `width` places from `at` on. */
static uint32_t reaching(const struct ports *ports, size_t node, size_t at, size_t width,
			 const struct sought *in)
{
	if (at >= in->to || at + width <= in->from || ports->nodes[node].last_port < in->port)
		return NONE;
	if (width == 1)
		return ports->nodes[node].entry;
	width /= 2;
	return lesser(reaching(ports, 2 * node, at, width, in),
		      reaching(ports, 2 * node + 1, at + width, width, in));
}

/* For EZLB_FIRST: the first that is after the key. */
static int upto_cmp(const void *span, const void *key)
{
	int rc = span_cmp(span, key);

	return rc ? rc : -1;
}

/* The index of the first listener of the same protocol and address that begins there, or later. */
static size_t begins(const struct ports *ports, const struct ezlb_listener *listener, uint16_t port,
		     ezlb_cmp_fn cmp)
{
	struct ezlb_listener from = *listener;
	const struct span key = { .listener = &from };

	from.listen.port = port;
	return EZLB_FIRST(&ports->spans, &key, cmp);
}

size_t ports_holder(const struct ports *ports, const struct ezlb_listener *listener)
{
	uint16_t first = listener->listen.port, last = claim_last_port(listener);
	struct sought before = { .port = first };
	uint32_t entry;

	if (ezlb_listener_is_mark(listener))
		return PORTS_NOBODY;
	before.from = begins(ports, listener, 0, span_cmp);
	before.to = begins(ports, listener, first, span_cmp);
	entry = lesser(first_of(ports, before.to, begins(ports, listener, last, upto_cmp)),
		       reaching(ports, 1, 0, ports->size, &before));
	return entry == NONE ? PORTS_NOBODY : entry;
}
