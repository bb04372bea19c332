// SPDX-License-Identifier: GPL-2.0-or-later
#include "claim.h"

static uint16_t last_port(const struct ezlb_listener *listener)
{
	return listener->last_port ? listener->last_port : listener->listen.port;
}

static bool overlap(const struct ezlb_listener *a, const struct ezlb_listener *b)
{
	return a->proto == b->proto && !ezlb_listener_is_mark(a) && !ezlb_listener_is_mark(b) &&
	       ezlb_addr_cmp(&a->listen.addr, &b->listen.addr) == 0 &&
	       a->listen.port <= last_port(b) && b->listen.port <= last_port(a);
}

bool claim_overlaps(const struct ezlb_spec *spec, const struct ezlb_listener *listener)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (overlap(&spec->listeners[i], listener))
			return true;
	return false;
}

/* `at`: where it probably is. */
static bool has_backend(const struct ezlb_spec *spec, const struct ezlb_endpoint *endpoint,
			size_t at)
{
	if (at < spec->n_backends && ezlb_endpoint_cmp(&spec->backends[at].endpoint, endpoint) == 0)
		return true;
	for (size_t i = 0; i < spec->n_backends; i++)
		if (ezlb_endpoint_cmp(&spec->backends[i].endpoint, endpoint) == 0)
			return true;
	return false;
}

static bool snat_claim_same(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	if (!a->full_nat)
		return true;
	if (!b->full_nat || ezlb_range_cmp(&a->snat_ip, &b->snat_ip) != 0)
		return false;
	for (size_t i = 0; i < a->n_backends; i++)
		if (!has_backend(b, &a->backends[i].endpoint, i))
			return false;
	return true;
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
