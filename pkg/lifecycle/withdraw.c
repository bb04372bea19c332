// SPDX-License-Identifier: GPL-2.0-or-later
#include "withdraw.h"

#define NEVER UINT64_MAX

/* One listener on an address. */
struct use {
	struct ezlb_addr addr; /* first: uses are compared by it */
	struct ezlb_service_key service;
	bool always; /* the address stays whatever its backends do */
	bool serves;
	bool blind; /* nothing is known of its dests, because the kernel could not be read */
};
struct uses EZLB_VEC(struct use);

/* All uses of one address. */
struct address {
	struct ezlb_addr addr;
	const struct use *uses;
	size_t n;
	bool always, serves, blind; /* one of the uses is */
	struct ezlb_vip_life was, now;
};

static int life_cmp(const void *pa, const void *pb)
{
	const struct ezlb_vip_life *a = pa, *b = pb;

	return ezlb_addr_cmp(&a->addr, &b->addr);
}

static bool is_always(const struct ezlb_lifecycle_in *in, const struct ezlb_spec *spec)
{
	enum ezlb_vip_when when = spec->vip == EZLB_VIP_DEFAULT ? in->vip_when : spec->vip;

	return when != EZLB_VIP_SERVING;
}

static bool serves(const struct ezlb_roster *roster, const struct ezlb_service_key *service)
{
	const struct ezlb_roster_row *row;
	size_t n;

	row = ezlb_roster_of(roster, service, &n);
	for (; n > 0; n--, row++)
		if (ezlb_role_has_dest(row->role) && row->role != EZLB_ROLE_DRAINING &&
		    row->weight > 0)
			return true;
	return false;
}

static void find_uses(const struct ezlb_lifecycle_in *in, const struct ezlb_lifecycle *next,
		      const struct ezlb_roster *roster, const struct ezlb_spec *spec,
		      struct uses *out)
{
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_listener *listener = &spec->listeners[i];

		if (ezlb_listener_is_mark(listener)) /* of the file: it has no address */
			continue;
		*EZLB_PUSH(out) = (struct use){
			.addr = listener->listen.addr,
			.service = listener->key,
			.always = is_always(in, spec),
			.serves = serves(roster, &listener->key),
			.blind = !ezlb_scope_has(&next->seen, &listener->key),
		};
	}
}

/* The address of the first of these uses, which are sorted. */
static struct address address_of(const struct ezlb_lifecycle *life, const struct use *uses,
				 size_t left)
{
	struct address out = { .addr = uses->addr, .uses = uses };
	const struct ezlb_vip_life *was;

	while (out.n < left && ezlb_addr_cmp(&uses[out.n].addr, &out.addr) == 0) {
		out.always |= uses[out.n].always;
		out.serves |= uses[out.n].serves;
		out.blind |= uses[out.n].blind;
		out.n++;
	}
	out.now = out.was = (struct ezlb_vip_life){ .addr = out.addr, .since_ms = NEVER };
	was = EZLB_FIND(&life->vips, &out.now, life_cmp);
	if (was)
		out.was = *was;
	return out;
}

/* True if it must not be announced. Other balancers may serve, so it goes at once. */
static bool decide(const struct ezlb_lifecycle_in *in, struct address *address,
		   struct ezlb_roster *out)
{
	const struct ezlb_vip_life *was = &address->was;
	struct ezlb_vip_life *now = &address->now;
	uint64_t due;

	if (address->blind && !address->always) {
		*now = *was; /* what cannot be read has not stopped to serve */
		return false;
	}
	if (!address->serves && !address->always) {
		now->left = was->left || was->since_ms != NEVER;
		return true;
	}
	now->since_ms = was->since_ms != NEVER ? was->since_ms : in->now_ms;
	due = now->since_ms + in->vip_hold_ms;
	if (!was->left || address->always || in->single || in->now_ms >= due)
		return false;
	now->left = true;
	if (due < out->due_ms)
		out->due_ms = due;
	return true;
}

static void put_needs(const struct address *address, struct ezlb_roster *out)
{
	for (size_t i = 0; i < address->n && !address->always; i++)
		*EZLB_PUSH(&out->vip_needs) = (struct ezlb_vip_need){
			.addr = address->addr, .service = address->uses[i].service
		};
}

void withdraw(const struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in,
	      struct ezlb_lifecycle *next, struct ezlb_roster *out)
{
	struct uses uses = { 0 };

	for (size_t i = 0; i < in->desired->len; i++)
		find_uses(in, next, out, in->desired->items[i], &uses);
	EZLB_SORT(&uses, ezlb_addr_row_cmp);
	for (size_t i = 0; i < uses.len;) {
		struct address address = address_of(life, &uses.items[i], uses.len - i);

		if (decide(in, &address, out))
			*EZLB_PUSH(&out->withdrawn) = address.addr;
		else
			put_needs(&address, out);
		*EZLB_PUSH(&next->vips) = address.now;
		i += address.n;
	}
	EZLB_SORT(&out->vip_needs, ezlb_vip_need_cmp);
	EZLB_VEC_CLEAR(&uses);
}
