// SPDX-License-Identifier: GPL-2.0-or-later
#include "claim.h"

#include <ezlb/mem.h>

uint16_t claim_last_port(const struct ezlb_listener *listener)
{
	return listener->last_port ? listener->last_port : listener->listen.port;
}

bool claim_overlap(const struct ezlb_listener *a, const struct ezlb_listener *b)
{
	return a->proto == b->proto && !ezlb_listener_is_mark(a) && !ezlb_listener_is_mark(b) &&
	       ezlb_addr_cmp(&a->listen.addr, &b->listen.addr) == 0 &&
	       a->listen.port <= claim_last_port(b) && b->listen.port <= claim_last_port(a);
}

static int by_endpoint(const void *pa, const void *pb)
{
	const struct ezlb_backend *const *a = pa, *const *b = pb;

	return ezlb_endpoint_cmp(&(*a)->endpoint, &(*b)->endpoint);
}

/* Whether b has the backends of a from index `first` on, in whatever order. */
static bool has_backends(const struct ezlb_spec *a, const struct ezlb_spec *b, size_t first)
{
	struct EZLB_VEC(const struct ezlb_backend *) sorted = { 0 };
	bool all = true;

	for (size_t i = 0; i < b->n_backends; i++)
		*EZLB_PUSH(&sorted) = &b->backends[i];
	EZLB_SORT(&sorted, by_endpoint);
	for (size_t i = first; i < a->n_backends && all; i++) {
		const struct ezlb_backend *key = &a->backends[i];

		all = EZLB_FIND(&sorted, &key, by_endpoint);
	}
	EZLB_VEC_CLEAR(&sorted);
	return all;
}

static bool snat_claim_same(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	size_t i = 0;

	if (!a->full_nat)
		return true;
	if (!b->full_nat || ezlb_range_cmp(&a->snat_ip, &b->snat_ip) != 0)
		return false;
	/* Most versions have the same backends at the same places. */
	while (i < a->n_backends && i < b->n_backends &&
	       ezlb_endpoint_cmp(&a->backends[i].endpoint, &b->backends[i].endpoint) == 0)
		i++;
	return i == a->n_backends || has_backends(a, b, i);
}

/* A range can change and keep its key, the mark. */
static bool holds(const struct ezlb_spec *spec, const struct ezlb_listener *listener)
{
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_listener *have = &spec->listeners[i];

		if (ezlb_service_key_cmp(&have->key, &listener->key) == 0 &&
		    have->proto == listener->proto && have->last_port == listener->last_port &&
		    ezlb_endpoint_cmp(&have->listen, &listener->listen) == 0)
			return true;
	}
	return false;
}

bool claim_nothing_new(const struct ezlb_spec *fresh, const struct ezlb_spec *last)
{
	for (size_t i = 0; i < fresh->n_listeners; i++)
		if (!holds(last, &fresh->listeners[i]))
			return false;
	return strcmp(fresh->name, last->name) == 0 && snat_claim_same(fresh, last);
}

const struct ezlb_listener *claim_needs_nftables(const struct ezlb_spec *spec,
						 enum ezlb_snat_key_kind snat_key)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (spec->listeners[i].key.fwmark && spec->full_nat &&
		    snat_key == EZLB_SNAT_KEY_BACKEND)
			return &spec->listeners[i];
	return NULL;
}

bool claim_has_range(const struct ezlb_spec *spec)
{
	for (size_t i = 0; spec && i < spec->n_listeners; i++)
		if (spec->listeners[i].last_port)
			return true;
	return false;
}
