// SPDX-License-Identifier: GPL-2.0-or-later
#include "change.h"

#include <ezlb/setting.h>

/*
 * Both versions are copied, and the fields that are known are set to zero in the copies. Whatever
 * then differs, also a field that was added later and forgotten here, makes the change wide.
 */

/* With the padding, which is zero in a spec; if it were not, the change would be wide. */
static bool same_bytes(const void *a, const void *b, size_t len)
{
	return memcmp(a, b, len) == 0;
}

/* What tells nothing of the service: places, and pointers, whose content is compared. */
static void without_places(struct ezlb_spec *spec)
{
	const struct ezlb_mark none = { 0, 0 };

	spec->file = NULL;
	spec->listeners = NULL;
	spec->backends = NULL;
	spec->check.request = NULL;
	spec->name_at = spec->listen_at = spec->snat_ip_at = none;
	spec->client_address_at = spec->timeout_at = none;
}

static void without_narrow(struct ezlb_spec *spec)
{
	memset(spec->scheduler, 0, sizeof(spec->scheduler));
	spec->flags = 0;
	memset(&spec->persistence, 0, sizeof(spec->persistence));
	memset(&spec->check, 0, sizeof(spec->check));
	spec->drain_ms = 0;
	spec->on_failure = EZLB_ON_FAILURE_AUTO;
	memset(&spec->min_healthy, 0, sizeof(spec->min_healthy));
	spec->slow_start_ms = 0;
	spec->n_backends = 0;
}

static bool same_listeners(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	for (size_t i = 0; a->n_listeners == b->n_listeners && i < a->n_listeners; i++) {
		struct ezlb_listener x, y;

		memcpy(&x, &a->listeners[i], sizeof(x));
		memcpy(&y, &b->listeners[i], sizeof(y));
		x.at = y.at = (struct ezlb_mark){ 0, 0 };
		if (!same_bytes(&x, &y, sizeof(x)))
			return false;
	}
	return a->n_listeners == b->n_listeners;
}

static bool same_backends(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	for (size_t i = 0; a->n_backends == b->n_backends && i < a->n_backends; i++) {
		struct ezlb_backend x, y;

		memcpy(&x, &a->backends[i], sizeof(x));
		memcpy(&y, &b->backends[i], sizeof(y));
		x.at = y.at = (struct ezlb_mark){ 0, 0 };
		if (!same_bytes(&x, &y, sizeof(x)))
			return false;
	}
	return a->n_backends == b->n_backends;
}

static bool same_request(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	const struct ezlb_request *x = a->check.request, *y = b->check.request;

	return x == y || (x && y && ezlb_request_same(x, y));
}

enum change change_of(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	bool same_rows = same_backends(a, b);
	struct ezlb_spec x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	without_places(&x);
	without_places(&y);
	if (!same_listeners(a, b))
		return CHANGE_WIDE;
	if (same_rows && same_request(a, b) && same_bytes(&x, &y, sizeof(x)))
		return CHANGE_NONE;
	without_narrow(&x);
	without_narrow(&y);
	if (!same_bytes(&x, &y, sizeof(x)) || ezlb_spec_needs(a) != ezlb_spec_needs(b))
		return CHANGE_WIDE;
	/* TOA has its program on each interface by which packets leave for the backends. */
	return same_rows || a->client_address == EZLB_CLIENT_ADDRESS_NONE ? CHANGE_NARROW
									  : CHANGE_WIDE;
}

bool change_keeps_probes(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	struct ezlb_check x, y;

	if (strcmp(a->name, b->name) != 0 || a->listen.port != b->listen.port ||
	    a->n_backends != b->n_backends || !same_request(a, b))
		return false;
	for (size_t i = 0; i < a->n_backends; i++)
		if (ezlb_endpoint_cmp(&a->backends[i].endpoint, &b->backends[i].endpoint) != 0)
			return false;
	memcpy(&x, &a->check, sizeof(x));
	memcpy(&y, &b->check, sizeof(y));
	x.request = y.request = NULL;
	return same_bytes(&x, &y, sizeof(x));
}
