/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worlds: files, verdicts, ledger and kernel out of the dice. */
#pragma once

#include "cm.h"

#include <sys/socket.h>

#include <linux/ip_vs.h>

#include <ezlb/lifecycle.h>
#include <ezlb/node.h>
#include <ezlb/reconcile.h>

#include "dice.h"
#include "faulty.h"
#include "specs.h"

#define LISTENERS 6
#define BACKENDS  5

struct world {
	enum ezlb_snat_key_kind snat_key;
	bool ipv6;
	struct ezlb_policy policy;
	struct faulty *memory;
	struct ezlb_table *kernel;
	struct ezlb_dataplane dp;
	struct ezlb_spec *specs[LISTENERS];
	struct ezlb_desired desired;
	struct ezlb_verdicts verdicts;
	struct ezlb_lifecycle life;
	enum ezlb_vip_when vip_when;
	uint32_t vip_hold;
	struct ezlb_drains drains; /* of the ledger */
	uint64_t now, due;
	struct ezlb_scope owned, scope;
	struct ezlb_table before;		    /* the kernel one op ago */
	struct ezlb_links clsacts, foreign_clsacts; /* of the ledger; those of others */
	unsigned bad_steps, snat_ops, toa_ops;
	bool holds; /* passes are paced */
	bool toa_fault;
	bool unread;   /* what is guarded and what is on this host is not known */
	bool troubled; /* ops fail or wait in this pass */
};

static inline struct ezlb_endpoint endpoint(int family, unsigned net, unsigned host)
{
	struct ezlb_endpoint ep = { .addr = { .family = (uint8_t)family }, .port = 80 };

	ep.addr.bytes[0] = family == AF_INET6 ? 0xfd : 10;
	ep.addr.bytes[1] = (uint8_t)net;
	ep.addr.bytes[family == AF_INET6 ? 15 : 3] = (uint8_t)(host + 1);
	return ep;
}

static inline int family_of(const struct world *w, unsigned i)
{
	return w->ipv6 && i >= LISTENERS / 2 ? AF_INET6 : AF_INET;
}

/* Two listeners share an address. */
static inline struct ezlb_endpoint address(const struct world *w, unsigned i)
{
	return endpoint(family_of(w, i), 0, i / 2);
}

/* Some are marks, where rules can tell the connections of one. */
static inline struct ezlb_service_key listener(const struct world *w, unsigned i)
{
	if (w->snat_key == EZLB_SNAT_KEY_LISTENER && i % 3 == 1)
		return (struct ezlb_service_key){ .listen.addr.family = (uint8_t)family_of(w, i),
						  .fwmark = i };
	return (struct ezlb_service_key){ i % 2 ? EZLB_UDP : EZLB_TCP, address(w, i), 0 };
}

/* Source NAT depends on the backend alone, as desired guarantees for shared backends. */
static inline struct ezlb_addr_range snat_of_backend(int family, unsigned backend, bool right)
{
	struct ezlb_addr_range range = { .first = { 0 } };

	if (backend % 3 == 0 && right)
		return range;
	range.first = endpoint(family, 9, right ? backend : backend + 100).addr;
	range.last = endpoint(family, 9, backend + (backend % 2 ? 110 : right ? 0 : 100)).addr;
	return range;
}

/* Where rules tell services apart, these need not agree. */
static inline struct ezlb_addr_range snat_of_service(const struct world *w, unsigned i, bool right)
{
	return snat_of_backend(family_of(w, i), (i + 1) % BACKENDS, right);
}

static inline const char *scheduler(void)
{
	static const char *const names[] = { "rr", "wrr", "wlc", "mh" };

	return names[dice(4)];
}

/* Only what agrees on its source with the others of that backend. */
static inline bool may_have(const struct world *w, const struct ezlb_spec *spec, int family,
			    unsigned group, unsigned k)
{
	const struct ezlb_addr_range snat = snat_of_backend(family, k, true);

	if (w->snat_key == EZLB_SNAT_KEY_LISTENER)
		return dice(2);
	return k % 3 == group % 3 && ezlb_range_cmp(&snat, &spec->snat_ip) == 0;
}

/* Every second mark is one that ezlb sets, for a range of ports. */
static inline void add_listener(struct world *w, struct ezlb_spec *spec, unsigned i)
{
	const struct ezlb_service_key key = listener(w, i);

	spec_listen(spec, key.proto, key.listen, key.fwmark);
	if (key.fwmark == 0 || dice(2))
		return;
	spec->listeners[spec->n_listeners - 1].listen = address(w, i);
	spec->listeners[spec->n_listeners - 1].last_port = 90;
}

/* A file takes the next listeners too, now and then. Returns the last. */
static inline unsigned add_listeners(struct world *w, struct ezlb_spec *spec, unsigned i)
{
	add_listener(w, spec, i);
	while (i + 1 < LISTENERS && family_of(w, i + 1) == family_of(w, i) && dice(3) == 0) {
		add_listener(w, spec, ++i);
	}
	return i;
}

static inline struct ezlb_endpoint backend_of(int family, unsigned k)
{
	struct ezlb_endpoint ep = endpoint(family, 1, k);

	if (dice(4) == 0)
		ep.port = 0;
	return ep;
}

/* How its backends and its addresses come and go. */
static inline void make_life(struct ezlb_spec *spec)
{
	spec->vip = (enum ezlb_vip_when)dice(3);
	spec->drain_ms = dice(3) == 0 ? 0 : 1 + dice(30000);
	spec->on_failure = (enum ezlb_on_failure)dice(3);
	spec->check.initial_up = dice(4) == 0;
	spec->slow_start_ms = dice(2) ? 0 : 1 + dice(30000);
	if (dice(2))
		spec->min_healthy = (struct ezlb_min_healthy){ dice(4) * 25, true };
	else
		spec->min_healthy = (struct ezlb_min_healthy){ dice(4), false };
	for (size_t k = 0; k < spec->n_backends; k++)
		spec->backends[k].fallback = dice(4) == 0;
}

static inline void make_files(struct world *w)
{
	for (unsigned i = 0; i < LISTENERS; i++) {
		struct ezlb_spec *spec;
		unsigned group = dice(BACKENDS);
		int family = family_of(w, i);

		if (dice(3) == 0)
			continue;
		spec = w->specs[i] = ezlb_spec_new();
		snprintf(spec->name, sizeof(spec->name), "s%u", i);
		ezlb_strcpy(spec->scheduler, sizeof(spec->scheduler), scheduler());
		spec->flags = dice(4) == 0 ? IP_VS_SVC_F_SCHED1 : 0;
		spec->persistence.timeout_s = dice(3) == 0 ? 300 : 0;
		spec->persistence.prefix = dice(2) ? 24 : 0;
		spec->full_nat = dice(3) > 0;
		spec->client_address = (enum ezlb_client_address)(dice(3) == 0);
		spec->toa_ipv6_kind = 253 + dice(2);
		spec->snat_ip = w->snat_key == EZLB_SNAT_KEY_LISTENER
					? snat_of_service(w, i, true)
					: snat_of_backend(family, group, true);
		spec->backends = ezlb_calloc(BACKENDS, sizeof(*spec->backends));
		for (unsigned k = 0; k < BACKENDS; k++)
			if (may_have(w, spec, family, group, k))
				spec->backends[spec->n_backends++] =
					(struct ezlb_backend){ .endpoint = backend_of(family, k),
							       .weight = dice(4),
							       .upper = dice(3) == 0 ? 100 : 0 };
		if (!spec->full_nat)
			spec->forward = (enum ezlb_forward)dice(3);
		make_life(spec);
		i = add_listeners(w, spec, i);
		*EZLB_PUSH(&w->desired) = spec;
	}
}

static inline void make_verdicts(struct world *w)
{
	for (size_t i = 0; i < w->desired.len; i++) {
		const struct ezlb_spec *spec = w->desired.items[i];

		for (size_t k = 0; k < spec->n_backends; k++) {
			struct ezlb_verdict_row *row;

			if (dice(4) == 0)
				continue; /* not checked */
			row = EZLB_PUSH(&w->verdicts);
			ezlb_strcpy(row->service, sizeof(row->service), spec->name);
			row->backend = spec->backends[k].endpoint;
			row->verdict = (enum ezlb_verdict)dice(3);
			row->outcome = (enum ezlb_outcome)dice(EZLB_OUTCOMES);
		}
	}
	EZLB_SORT(&w->verdicts, ezlb_verdict_row_cmp);
}

static inline void make_kernel_dests(struct world *w, const struct ezlb_service_key *key)
{
	for (unsigned k = 0; k < BACKENDS; k++)
		if (dice(2))
			*EZLB_PUSH(&w->kernel->dests) = (struct ezlb_dest_row){
				.service = *key,
				.endpoint = endpoint(key->listen.addr.family, 1, k),
				.weight = dice(4),
				.forward = (enum ezlb_forward)(dice(4) == 0),
				.active = dice(2)
			};
}

static inline void make_snat(struct world *w, const struct ezlb_service_key *key,
			     struct ezlb_addr_range to)
{
	if (dice(2))
		*EZLB_PUSH(&w->kernel->snats) = (struct ezlb_snat_row){
			.key = { w->snat_key, key->proto, key->listen, key->fwmark }, .to = to
		};
}

static inline void make_kernel_snats(struct world *w)
{
	w->kernel->snat_present = dice(2);
	w->kernel->snat_sound = w->kernel->snat_present && dice(4);
	if (!w->kernel->snat_present)
		return;
	for (unsigned k = 0; k < 4 * BACKENDS && w->snat_key == EZLB_SNAT_KEY_BACKEND; k++) {
		int family = k < 2 * BACKENDS ? AF_INET : AF_INET6;
		unsigned backend = k / 2 % BACKENDS;
		struct ezlb_service_key key = { k % 2 ? EZLB_UDP : EZLB_TCP,
						endpoint(family, 1, backend), 0 };

		make_snat(w, &key, snat_of_backend(family, backend, dice(4)));
	}
	for (unsigned i = 0; i < LISTENERS && w->snat_key == EZLB_SNAT_KEY_LISTENER; i++) {
		struct ezlb_service_key key = listener(w, i);

		make_snat(w, &key, snat_of_service(w, i, dice(4)));
	}
}

static inline bool has_vip(const struct ezlb_table *t, const struct ezlb_vip_row *row)
{
	for (size_t i = 0; i < t->vips.len; i++)
		if (ezlb_vip_row_cmp(&t->vips.items[i], row) == 0)
			return true;
	return false;
}

/* Addresses on the links of the flag and on one of another time; all are ours. */
static inline void make_kernel_vips(struct world *w)
{
	static const char *const devices[] = { "new0", "old0", "new0-drain" };

	for (unsigned d = 0; d < COUNT_OF(devices); d++) {
		if (dice(2))
			continue;
		strcpy(EZLB_PUSH(&w->kernel->links)->device, devices[d]);
		for (unsigned i = 0; i < LISTENERS; i++) {
			struct ezlb_vip_row row = { .addr = address(w, i).addr };

			strcpy(row.device, devices[d]);
			if (dice(3) == 0 && !has_vip(w->kernel, &row))
				*EZLB_PUSH(&w->kernel->vips) = row;
		}
	}
	for (unsigned i = 0; i < LISTENERS; i++)
		if (dice(6) == 0)
			*EZLB_PUSH(&w->kernel->elsewhere) = address(w, i).addr;
	/* Backends that are this host. */
	for (unsigned k = 0; k < 2 * BACKENDS; k++)
		if (dice(6) == 0)
			*EZLB_PUSH(&w->kernel->elsewhere) =
				endpoint(k % 2 ? AF_INET6 : AF_INET, 1, k / 2).addr;
}

static inline void make_kernel_accepts(struct world *w)
{
	for (unsigned i = 0; i < 4; i++)
		w->kernel->gates[i / 2][i % 2] = dice(2);
	w->kernel->accepts_present = dice(2);
	w->kernel->accepts_sound = w->kernel->accepts_present && dice(4);
	for (unsigned i = 0; i < 2 * LISTENERS && w->kernel->accepts_present; i++)
		if (dice(3) == 0)
			*EZLB_PUSH(&w->kernel->accepts) = (struct ezlb_accept_row){
				(enum ezlb_gate)(i % 2), listener(w, i / 2)
			};
}

/* Rules of other ranges, and what is no rule of ours. */
static inline void make_kernel_marks(struct world *w)
{
	for (unsigned i = 0; i < LISTENERS; i++) {
		struct ezlb_service_key key = listener(w, i);

		if (!key.fwmark || dice(2))
			continue;
		*EZLB_PUSH(&w->kernel->marks) =
			(struct ezlb_mark_row){ .service = key,
						.first = address(w, i),
						.last_port = (uint16_t)(90 + dice(2)) };
	}
	if (dice(4) == 0)
		*EZLB_PUSH(&w->kernel->marks) = (struct ezlb_mark_row){ .last_port = 0 };
}

/* Addresses of listeners and of another one, and what is not ours. */
static inline void make_kernel_guards(struct world *w)
{
	for (unsigned i = 0; i < LISTENERS + 2; i += 2)
		if (dice(2))
			*EZLB_PUSH(&w->kernel->guards) =
				(struct ezlb_guard_row){ .addr = address(w, i).addr };
	EZLB_SORT(&w->kernel->guards, ezlb_guard_row_cmp);
	EZLB_UNIQUE(&w->kernel->guards, ezlb_guard_row_cmp);
	if (dice(6) == 0)
		*EZLB_PUSH(&w->kernel->guards) = (struct ezlb_guard_row){ .by_dest = false };
}

/* Ours, with these or other flags. */
static inline void make_kernel_syncs(struct world *w)
{
	for (int i = 0; i < EZLB_SYNC_ROLES; i++) {
		struct ezlb_sync_row row = { .role = (enum ezlb_sync_role)i, .id = 1 + dice(2) };

		strcpy(row.device, dice(3) ? "eth1" : "eth0");
		row.stale = dice(4) == 0;
		if (dice(2))
			*EZLB_PUSH(&w->kernel->syncs) = row;
	}
}

static inline void make_kernel_settings(struct world *w)
{
	struct ezlb_setting_rows *settings = &w->kernel->settings;

	for (unsigned i = 0; i < 2; i++) {
		struct ezlb_setting_row *row = EZLB_PUSH(settings);

		row->setting = EZLB_ACCEPT_RA;
		strcpy(row->device, i ? "eth1" : "eth0");
	}
	for (size_t i = 0; i < settings->len; i++)
		settings->items[i].value =
			dice(4) > 0 ? ezlb_setting_facts(settings->items[i].setting)->wanted
				    : (int)dice(2);
}

static inline void make_kernel(struct world *w)
{
	for (unsigned i = 0; i < LISTENERS; i++) {
		struct ezlb_service_key key = listener(w, i);
		struct ezlb_service_row *row;

		if (dice(2))
			*EZLB_PUSH(&w->owned) = key;
		if (dice(2))
			continue;
		row = EZLB_PUSH(&w->kernel->services);
		row->key = key;
		row->netmask = family_of(w, i) == AF_INET6 ? 128 : ~0u;
		row->timeout = dice(8) == 0 ? 300 : 0;
		ezlb_strcpy(row->scheduler, sizeof(row->scheduler), scheduler());
		make_kernel_dests(w, &key);
	}
	make_kernel_syncs(w);
	make_kernel_snats(w);
	make_kernel_vips(w);
	make_kernel_accepts(w);
	make_kernel_marks(w);
	make_kernel_guards(w);
	make_kernel_settings(w);
}
