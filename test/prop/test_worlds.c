// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random worlds: random files, verdicts, ledger and kernel with foreign rows, in a third of them an
 * injected fault; in half of them SNAT is by listener, in the others by backend; in half of them
 * some listeners are IPv6. Whatever comes out of the dice:
 *
 *   - the passes converge, and then the plan is empty and nothing is written
 *   - rows outside the scope are the same afterwards
 *   - no op makes a dest of a full_nat service schedulable without its source NAT
 *   - IPv6 is not forwarded before the interfaces listen to router advertisements all the same
 *   - where SNAT is by listener, backends that come and go make no SNAT op
 */
#include "cm.h"

#include <errno.h>
#include <sys/socket.h>

#include <ezlb/memory.h>
#include <ezlb/reconcile.h>

#include "dice.h"

#define WORLDS	  20000
#define LISTENERS 6
#define BACKENDS  5

struct tally {
	unsigned faulted, ops, flips, flip_snats;
};

struct world {
	bool by_listener, ipv6;
	struct ezlb_policy policy;
	struct ezlb_memory *memory;
	struct ezlb_table *kernel;
	struct ezlb_dataplane dp;
	struct ezlb_spec *specs[LISTENERS];
	struct ezlb_desired desired;
	struct ezlb_verdicts verdicts;
	struct ezlb_scope owned, scope;
	struct ezlb_table before; /* the kernel one op ago */
	unsigned bad_steps, snat_ops;
	bool holds; /* passes are paced */
};

static struct ezlb_endpoint endpoint(int family, unsigned net, unsigned host)
{
	struct ezlb_endpoint ep = { .addr = { .family = (uint8_t)family }, .port = 80 };

	ep.addr.bytes[0] = family == AF_INET6 ? 0xfd : 10;
	ep.addr.bytes[1] = (uint8_t)net;
	ep.addr.bytes[family == AF_INET6 ? 15 : 3] = (uint8_t)(host + 1);
	return ep;
}

static int family_of(const struct world *w, unsigned i)
{
	return w->ipv6 && i >= LISTENERS / 2 ? AF_INET6 : AF_INET;
}

static struct ezlb_service_key listener(const struct world *w, unsigned i)
{
	return (struct ezlb_service_key){ i % 2 ? EZLB_UDP : EZLB_TCP,
					  endpoint(family_of(w, i), 0, i) };
}

/* Source NAT depends on the backend alone, as desired guarantees for shared backends. */
static struct ezlb_addr_range snat_of_backend(int family, unsigned backend, bool right)
{
	struct ezlb_addr_range range = { .first = { 0 } };

	if (backend % 3 == 0 && right)
		return range;
	range.first = endpoint(family, 9, right ? backend : backend + 100).addr;
	range.last = endpoint(family, 9, backend + (backend % 2 ? 110 : right ? 0 : 100)).addr;
	return range;
}

/* Where rules tell services apart, these need not agree. */
static struct ezlb_addr_range snat_of_service(const struct world *w, unsigned i, bool right)
{
	return snat_of_backend(family_of(w, i), (i + 1) % BACKENDS, right);
}

static const char *scheduler(void)
{
	static const char *const names[] = { "rr", "wrr", "wlc" };

	return names[dice(3)];
}

/* Only what agrees on its source with the others of that backend. */
static bool may_have(const struct world *w, const struct ezlb_spec *spec, unsigned group,
		     unsigned k)
{
	const struct ezlb_addr_range snat = snat_of_backend(spec->listen.addr.family, k, true);

	if (w->by_listener)
		return dice(2);
	return k % 3 == group % 3 && ezlb_range_cmp(&snat, &spec->snat_ip) == 0;
}

static void make_files(struct world *w)
{
	for (unsigned i = 0; i < LISTENERS; i++) {
		struct ezlb_spec *spec;
		unsigned group = dice(BACKENDS);
		int family = family_of(w, i);

		if (dice(3) == 0)
			continue;
		spec = w->specs[i] = ezlb_spec_new();
		snprintf(spec->name, sizeof(spec->name), "s%u", i);
		spec->proto = listener(w, i).proto;
		spec->listen = listener(w, i).listen;
		ezlb_strcpy(spec->scheduler, sizeof(spec->scheduler), scheduler());
		spec->full_nat = dice(3) > 0;
		spec->snat_ip = w->by_listener ? snat_of_service(w, i, true)
					       : snat_of_backend(family, group, true);
		spec->backends = ezlb_calloc(BACKENDS, sizeof(*spec->backends));
		for (unsigned k = 0; k < BACKENDS; k++)
			if (may_have(w, spec, group, k))
				spec->backends[spec->n_backends++] = (struct ezlb_backend){
					.endpoint = endpoint(family, 1, k), .weight = dice(4)
				};
		*EZLB_PUSH(&w->desired) = spec;
	}
}

static void make_verdicts(struct world *w)
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
		}
	}
	EZLB_SORT(&w->verdicts, ezlb_verdict_row_cmp);
}

static void make_kernel_dests(struct world *w, const struct ezlb_service_key *key)
{
	for (unsigned k = 0; k < BACKENDS; k++)
		if (dice(2))
			*EZLB_PUSH(&w->kernel->dests) = (struct ezlb_dest_row){
				.service = *key,
				.endpoint = endpoint(key->listen.addr.family, 1, k),
				.weight = dice(4)
			};
}

static void make_snat(struct world *w, const struct ezlb_service_key *key,
		      struct ezlb_addr_range to)
{
	if (dice(2))
		*EZLB_PUSH(&w->kernel->snats) = (struct ezlb_snat_row){ .proto = key->proto,
									.backend = key->listen,
									.to = to };
}

static void make_kernel_snats(struct world *w)
{
	w->kernel->snat_present = dice(2);
	w->kernel->snat_sound = w->kernel->snat_present && dice(4);
	if (!w->kernel->snat_present)
		return;
	for (unsigned k = 0; k < 4 * BACKENDS && !w->by_listener; k++) {
		int family = k < 2 * BACKENDS ? AF_INET : AF_INET6;
		unsigned backend = k / 2 % BACKENDS;
		struct ezlb_service_key key = { k % 2 ? EZLB_UDP : EZLB_TCP,
						endpoint(family, 1, backend) };

		make_snat(w, &key, snat_of_backend(family, backend, dice(4)));
	}
	for (unsigned i = 0; i < LISTENERS && w->by_listener; i++) {
		struct ezlb_service_key key = listener(w, i);

		make_snat(w, &key, snat_of_service(w, i, dice(4)));
	}
}

/* Addresses on the link of the flag and on one of another time; both are ours. */
static void make_kernel_vips(struct world *w)
{
	static const char *const devices[] = { "new0", "old0" };

	for (unsigned d = 0; d < COUNT_OF(devices); d++) {
		if (dice(2))
			continue;
		strcpy(EZLB_PUSH(&w->kernel->links)->device, devices[d]);
		for (unsigned i = 0; i < LISTENERS; i++) {
			struct ezlb_vip_row row = { .addr = listener(w, i).listen.addr };

			strcpy(row.device, devices[d]);
			if (dice(3) == 0)
				*EZLB_PUSH(&w->kernel->vips) = row;
		}
	}
	for (unsigned i = 0; i < LISTENERS; i++)
		if (dice(4) == 0)
			*EZLB_PUSH(&w->kernel->elsewhere) = listener(w, i).listen.addr;
}

static void make_kernel_accepts(struct world *w)
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

static void make_kernel_settings(struct world *w)
{
	struct ezlb_setting_rows *settings = &w->kernel->settings;

	for (unsigned i = 0; i < 2; i++) {
		struct ezlb_setting_row *row = EZLB_PUSH(settings);

		row->setting = EZLB_ACCEPT_RA;
		strcpy(row->device, i ? "eth1" : "eth0");
	}
	for (size_t i = 0; i < settings->len; i++)
		settings->items[i].value = dice(4) > 0
						   ? ezlb_setting_wanted(settings->items[i].setting)
						   : (int)dice(2);
}

static void make_kernel(struct world *w)
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
	make_kernel_snats(w);
	make_kernel_vips(w);
	make_kernel_accepts(w);
	make_kernel_settings(w);
}

static const struct ezlb_spec *spec_of(const struct world *w, const struct ezlb_service_key *key)
{
	for (size_t i = 0; i < w->desired.len; i++) {
		struct ezlb_service_key other = { w->desired.items[i]->proto,
						  w->desired.items[i]->listen };

		if (ezlb_service_key_cmp(&other, key) == 0)
			return w->desired.items[i];
	}
	return NULL;
}

static const struct ezlb_snat_row *snat_row(const struct world *w, const struct ezlb_table *t,
					    const struct ezlb_dest_row *dest)
{
	const struct ezlb_endpoint *key = w->by_listener ? &dest->service.listen : &dest->endpoint;

	for (size_t i = 0; i < t->snats.len; i++)
		if (t->snats.items[i].proto == dest->service.proto &&
		    ezlb_endpoint_cmp(&t->snats.items[i].backend, key) == 0)
			return &t->snats.items[i];
	return NULL;
}

static bool is_set(const struct ezlb_table *t, enum ezlb_setting setting)
{
	for (size_t i = 0; i < t->settings.len; i++)
		if (t->settings.items[i].setting == setting &&
		    t->settings.items[i].value < ezlb_setting_wanted(setting))
			return false;
	return true;
}

/* Would a connection to this dest leave with the source address that the file asks for? */
static bool is_natted(const struct world *w, const struct ezlb_table *t,
		      const struct ezlb_spec *spec, const struct ezlb_dest_row *dest)
{
	const struct ezlb_snat_row *row = snat_row(w, t, dest);
	bool six = spec->listen.addr.family == AF_INET6;

	if (!is_set(t, EZLB_VS_CONNTRACK) || !is_set(t, six ? EZLB_IP6_FORWARD : EZLB_IP_FORWARD) ||
	    (!w->by_listener && !is_set(t, six ? EZLB_IP6_TABLES : EZLB_IP_TABLES)))
		return false;
	return t->snat_sound && row && ezlb_range_cmp(&row->to, &spec->snat_ip) == 0;
}

static const struct ezlb_dest_row *dest_in(const struct ezlb_table *t,
					   const struct ezlb_dest_row *key)
{
	for (size_t i = 0; i < t->dests.len; i++)
		if (ezlb_dest_row_cmp(&t->dests.items[i], key) == 0)
			return &t->dests.items[i];
	return NULL;
}

static void copy_table(struct ezlb_table *to, const struct ezlb_table *from)
{
	ezlb_table_clear(to);
	for (size_t i = 0; i < from->services.len; i++)
		*EZLB_PUSH(&to->services) = from->services.items[i];
	for (size_t i = 0; i < from->dests.len; i++)
		*EZLB_PUSH(&to->dests) = from->dests.items[i];
	for (size_t i = 0; i < from->snats.len; i++)
		*EZLB_PUSH(&to->snats) = from->snats.items[i];
	for (size_t i = 0; i < from->settings.len; i++)
		*EZLB_PUSH(&to->settings) = from->settings.items[i];
	to->snat_present = from->snat_present;
	to->snat_sound = from->snat_sound;
}

/* Invariant 3, after a single op: wrong now is only what was wrong before it. */
static void on_step(void *arg, const struct ezlb_op *op)
{
	struct world *w = arg;

	w->snat_ops += ezlb_op_layer(op->kind) == EZLB_LAYER_SNAT;
	if (op->kind == EZLB_OP_HOST_SET && op->setting.setting == EZLB_IP6_FORWARD)
		w->bad_steps += !is_set(w->kernel, EZLB_ACCEPT_RA);
	for (size_t i = 0; i < w->kernel->dests.len; i++) {
		const struct ezlb_dest_row *dest = &w->kernel->dests.items[i];
		const struct ezlb_dest_row *old = dest_in(&w->before, dest);
		const struct ezlb_spec *spec = spec_of(w, &dest->service);
		bool was_fine;

		if (dest->weight == 0 || !ezlb_scope_has(&w->scope, &dest->service))
			continue;
		if (spec && spec->full_nat && !is_natted(w, w->kernel, spec, dest)) {
			was_fine = !old || old->weight == 0 || is_natted(w, &w->before, spec, dest);
			w->bad_steps += was_fine;
		}
		/* On its way out: its source NAT must not leave before it. */
		if (!spec && old && snat_row(w, &w->before, dest) && !snat_row(w, w->kernel, dest))
			w->bad_steps++;
	}
	copy_table(&w->before, w->kernel);
}

/* Somewhere in the plan ops have to wait for their time, because they failed before. */
static void hold(const struct world *w, struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++)
		if (w->holds && dice(4) == 0)
			plan->items[i].rc = EZLB_HELD;
}

/* One pass as the controller makes it; returns the number of ops, *ok as apply says. */
static size_t pass(struct world *w, bool *ok)
{
	struct ezlb_table actual = { 0 }, target = { 0 };
	struct ezlb_plan plan = { 0 };
	struct ezlb_layer_errs errs;
	size_t n;

	copy_table(&w->before, w->kernel);
	ezlb_reconcile_list(&w->dp, &w->scope, &actual, &errs);
	ezlb_reconcile_target(&w->desired, &w->verdicts, &actual, &w->policy, &target);
	ezlb_reconcile_diff(&target, &actual, &plan);
	hold(w, &plan);
	*ok = ezlb_reconcile_apply(&w->dp, &plan, &errs);
	for (int i = 0; i < EZLB_LAYERS; i++)
		*ok = *ok && errs.layer[i].code == 0;
	n = plan.len;
	ezlb_plan_clear(&plan);
	ezlb_table_clear(&actual);
	ezlb_table_clear(&target);
	return n;
}

static void world_init(struct world *w, unsigned number)
{
	seed = 0x9e3779b97f4a7c15u * (number + 1);
	*w = (struct world){ .memory = ezlb_memory_new(), .by_listener = number % 2 };
	w->ipv6 = dice(2);
	w->policy = (struct ezlb_policy){ .by_listener = w->by_listener, .firewall = dice(3) > 0 };
	strcpy(w->policy.vip_device, dice(2) ? "new0" : "");
	ezlb_memory_set_by_listener(w->memory, w->by_listener);
	w->kernel = ezlb_memory_table(w->memory);
	ezlb_memory_dataplane(w->memory, &w->dp);
	ezlb_memory_on_step(w->memory, on_step, w);
	make_files(w);
	make_verdicts(w);
	make_kernel(w);
	ezlb_reconcile_scope(&w->desired, &w->owned, &w->scope);
}

static void world_clear(struct world *w)
{
	for (int i = 0; i < LISTENERS; i++)
		ezlb_spec_free(w->specs[i]);
	EZLB_VEC_CLEAR(&w->desired);
	EZLB_VEC_CLEAR(&w->verdicts);
	EZLB_VEC_CLEAR(&w->owned);
	EZLB_VEC_CLEAR(&w->scope);
	ezlb_table_clear(&w->before);
	ezlb_memory_free(w->memory);
}

static void assert_foreign_same(const struct world *w, const struct ezlb_table *was)
{
	size_t foreign = 0, still = 0;

	for (size_t i = 0; i < was->services.len; i++) {
		const struct ezlb_service_row *row = &was->services.items[i];

		if (ezlb_scope_has(&w->scope, &row->key))
			continue;
		foreign++;
		for (size_t k = 0; k < w->kernel->services.len; k++)
			still += ezlb_service_row_cmp(row, &w->kernel->services.items[k]) == 0 &&
				 ezlb_service_row_same(row, &w->kernel->services.items[k]);
	}
	for (size_t i = 0; i < was->dests.len; i++) {
		const struct ezlb_dest_row *row = &was->dests.items[i], *now;

		if (ezlb_scope_has(&w->scope, &row->service))
			continue;
		foreign++;
		now = dest_in(w->kernel, row);
		still += now && ezlb_dest_row_same(row, now);
	}
	assert_int_equal(foreign, still);
}

static void make_fault(struct world *w)
{
	static const int codes[] = { ENOBUFS, EAGAIN, ENOMEM, EPERM, ENOENT };
	enum ezlb_layer_kind layer = (enum ezlb_layer_kind)dice(EZLB_LAYERS);

	if (dice(4) == 0)
		ezlb_memory_list_fault(w->memory, layer, codes[dice(5)]);
	else
		ezlb_memory_fault(w->memory, layer, 1 + dice(12), codes[dice(5)]);
}

static void heal(struct world *w)
{
	for (int i = 0; i < EZLB_LAYERS; i++) {
		ezlb_memory_fault(w->memory, (enum ezlb_layer_kind)i, 0, 0);
		ezlb_memory_list_fault(w->memory, (enum ezlb_layer_kind)i, 0);
	}
}

/* Invariant 9: every backend's health may change at once, and the rules stay as they are. */
static void flip(struct world *w, struct tally *tally)
{
	bool ok;

	EZLB_VEC_CLEAR(&w->verdicts);
	make_verdicts(w);
	w->snat_ops = 0;
	tally->flips += (unsigned)pass(w, &ok);
	assert_true(ok);
	if (w->by_listener)
		assert_int_equal(w->snat_ops, 0);
	tally->flip_snats += w->snat_ops;
}

static void play_world(unsigned number, struct tally *tally)
{
	struct ezlb_table was = { 0 };
	struct world w;
	unsigned long writes;
	bool ok;

	world_init(&w, number);
	copy_table(&was, w.kernel);
	if (dice(3) == 0) {
		w.holds = dice(2) == 0;
		if (!w.holds)
			make_fault(&w);
		pass(&w, &ok);
		tally->faulted += !ok;
		heal(&w);
		w.holds = false;
	}
	tally->ops += (unsigned)pass(&w, &ok);
	assert_true(ok);
	writes = ezlb_memory_writes(w.memory);
	assert_int_equal(pass(&w, &ok), 0);
	assert_int_equal(ezlb_memory_writes(w.memory), writes);
	flip(&w, tally);
	assert_int_equal(w.bad_steps, 0);
	assert_foreign_same(&w, &was);
	ezlb_table_clear(&was);
	world_clear(&w);
}

static void test_random_worlds(void **state)
{
	struct tally tally = { .faulted = 0 };

	(void)state;
	for (unsigned i = 0; i < WORLDS; i++)
		play_world(i, &tally);
	print_message(
		"%d worlds, %u passes with a fault that hit, %u ops, %u after health changes\n",
		WORLDS, tally.faulted, tally.ops, tally.flips);
	assert_true(tally.faulted > WORLDS / 10); /* else the faults miss and prove nothing */
	assert_true(tally.ops > WORLDS);
	assert_true(tally.flips > WORLDS);
	assert_true(tally.flip_snats > WORLDS / 2); /* by backend they do make SNAT ops */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_worlds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
