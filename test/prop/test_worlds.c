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
 *   - where one service tells its backends the clients' addresses (TOA), no service lets a forged
 *     one pass, and every interface towards a backend has the program; qdiscs of others stay; where
 *     the host cannot do it or an op of it fails, nothing else waits; health results change nothing
 *     of it
 *   - an address with `serving` is added only where a service on it has a dest for new connections,
 *     and is removed before the last dest; in the end it is there exactly while there is one
 *   - a pass at the time of the last one changes nothing; as time passes drains and slow starts end
 *     when they must, and after that nothing changes any more
 */
#include "guard_world.h"
#include "toa_world.h"

#include <errno.h>

#define WORLDS ROUNDS(20000)

struct tally {
	unsigned faulted, ops, flips, flip_snats, later, drains;
};

static const struct ezlb_spec *file_of(const struct world *w, const struct ezlb_service_key *key)
{
	for (size_t i = 0; i < w->desired.len; i++)
		if (ezlb_spec_has(w->desired.items[i], key))
			return w->desired.items[i];
	return NULL;
}

static const struct ezlb_snat_row *snat_row(const struct world *w, const struct ezlb_table *t,
					    const struct ezlb_dest_row *dest)
{
	const bool listener = w->snat_key == EZLB_SNAT_KEY_LISTENER;
	const struct ezlb_endpoint *at = listener ? &dest->service.listen : &dest->endpoint;

	for (size_t i = 0; i < t->snats.len; i++)
		if (t->snats.items[i].key.kind == w->snat_key &&
		    t->snats.items[i].key.proto == dest->service.proto &&
		    t->snats.items[i].key.fwmark == (listener ? dest->service.fwmark : 0) &&
		    ezlb_endpoint_cmp(&t->snats.items[i].key.endpoint, at) == 0)
			return &t->snats.items[i];
	return NULL;
}

static bool is_set(const struct ezlb_table *t, enum ezlb_setting setting)
{
	for (size_t i = 0; i < t->settings.len; i++)
		if (t->settings.items[i].setting == setting &&
		    t->settings.items[i].value < ezlb_setting_facts(setting)->wanted)
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
	    (w->snat_key == EZLB_SNAT_KEY_BACKEND &&
	     !is_set(t, six ? EZLB_IP6_TABLES : EZLB_IP_TABLES)))
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
	EZLB_VEC_APPEND(&to->guards, &from->guards);
	EZLB_VEC_APPEND(&to->vips, &from->vips);
	to->snat_present = from->snat_present;
	to->snat_sound = from->snat_sound;
}

/* Dests for new connections that are stopped by this op. */
static unsigned count_stopped(const struct world *w)
{
	unsigned n = 0;

	for (size_t i = 0; i < w->kernel->dests.len && !w->unread; i++) {
		const struct ezlb_dest_row *dest = &w->kernel->dests.items[i];
		const struct ezlb_dest_row *old = dest_in(&w->before, dest);

		n += dest->weight > 0 && ezlb_scope_has(&w->scope, &dest->service) &&
		     is_stopped(w, w->kernel, dest) &&
		     !(old && old->weight > 0 && is_stopped(w, &w->before, old));
	}
	return n;
}

/* Invariant 3, after a single op: wrong now is only what was wrong before it. */
static void on_step(void *arg, const struct ezlb_op *op)
{
	struct world *w = arg;

	w->snat_ops += ezlb_op_layer(op->kind) == EZLB_LAYER_SNAT;
	note_clsact(w, op);
	w->bad_steps += vip_step_is_bad(w, op);
	if (op->kind == EZLB_OP_HOST_SET && op->setting.setting == EZLB_IP6_FORWARD)
		w->bad_steps += !is_set(w->kernel, EZLB_ACCEPT_RA);
	for (size_t i = 0; i < w->kernel->dests.len; i++) {
		const struct ezlb_dest_row *dest = &w->kernel->dests.items[i];
		const struct ezlb_dest_row *old = dest_in(&w->before, dest);
		const struct ezlb_spec *spec = file_of(w, &dest->service);
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
	w->bad_steps += count_stopped(w);
	copy_table(&w->before, w->kernel);
}

/* Somewhere in the plan ops have to wait for their time, because they failed before. */
static void hold(const struct world *w, struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++)
		if (w->holds && dice(4) == 0)
			plan->items[i].rc = EZLB_HELD;
}

/* A backend that drains has a dest, with weight 0, and until its deadline. */
static void check_drains(const struct world *w, const struct ezlb_table *actual)
{
	for (size_t i = 0; i < w->drains.len; i++) {
		const struct ezlb_dest_row key = { .service = w->drains.items[i].service,
						   .endpoint = w->drains.items[i].backend };

		assert_true(w->drains.items[i].until_ms > w->now);
		assert_non_null(EZLB_FIND(&actual->dests, &key, ezlb_dest_row_cmp));
	}
}

static void step(struct world *w, const struct ezlb_table *actual,
		 const struct ezlb_layer_errs *errs, struct ezlb_roster *roster)
{
	const struct ezlb_lifecycle_in in = { .desired = &w->desired,
					      .verdicts = &w->verdicts,
					      .dests = &actual->dests,
					      .unreadable = errs->layer[EZLB_LAYER_IPVS].code != 0,
					      .owned = &w->owned,
					      .drains = &w->drains,
					      .now_ms = w->now,
					      .vip_when = w->vip_when,
					      .vip_hold_ms = w->vip_hold };

	ezlb_lifecycle_step(&w->life, &in, roster);
	assert_true(roster->due_ms > w->now);
	w->due = roster->due_ms;
	w->drains.len = 0;
	ezlb_roster_drains(roster, &w->drains);
	if (!in.unreadable)
		check_drains(w, actual);
}

/* One pass as the controller makes it; returns the number of ops, *ok as apply says. */
static size_t pass(struct world *w, bool *ok)
{
	struct ezlb_table actual = { 0 }, target = { 0 };
	struct ezlb_plan plan = { 0 };
	struct ezlb_layer_errs errs;
	struct ezlb_addrs towards = { 0 };
	struct ezlb_roster roster;
	size_t n;

	w->toa_ops = 0; /* of this pass */
	copy_table(&w->before, w->kernel);
	ezlb_reconcile_towards(&w->desired, &towards);
	w->dp.layer[EZLB_LAYER_TOA]->towards(w->dp.layer[EZLB_LAYER_TOA], &towards);
	EZLB_VEC_CLEAR(&towards);
	ezlb_reconcile_list(&w->dp, &w->scope, NULL, &actual, &errs);
	step(w, &actual, &errs, &roster);
	ezlb_reconcile_target(&w->desired, &roster, &actual, &w->policy, &target);
	ezlb_reconcile_diff(&target, &actual, &plan);
	name_clsacts(w, &plan);
	hold(w, &plan);
	*ok = ezlb_reconcile_apply(&w->dp, &plan, &errs);
	for (int i = 0; i < EZLB_LAYERS; i++)
		*ok = *ok && errs.layer[i].code == 0;
	if (*ok)
		check_vips(w);
	if (*ok)
		check_guards(w);
	if (*ok)
		check_toa(w);
	else if (w->toa_fault)
		check_nobody_waits(&plan);
	n = plan.len;
	ezlb_plan_clear(&plan);
	ezlb_roster_clear(&roster);
	ezlb_table_clear(&actual);
	ezlb_table_clear(&target);
	return n;
}

static void world_init(struct world *w, unsigned number)
{
	seed = 0x9e3779b97f4a7c15u * (number + 1);
	*w = (struct world){ .memory = faulty_new(),
			     .snat_key = number % 2 ? EZLB_SNAT_KEY_LISTENER
						    : EZLB_SNAT_KEY_BACKEND };
	w->ipv6 = dice(2);
	w->policy = (struct ezlb_policy){ .snat_key = w->snat_key, .firewall = dice(3) > 0 };
	strcpy(w->policy.vip_device, dice(2) ? "new0" : "");
	w->policy.guard = dice(4) > 0;
	w->policy.drained = dice(4) == 0;
	w->vip_when = (enum ezlb_vip_when)dice(3);
	w->vip_hold = dice(2) ? 1 + dice(20000) : 0;
	w->policy.timeouts[EZLB_TIMEOUT_TCP] = dice(2) ? 3600 : 0;
	w->policy.sync_id = 1;
	strcpy(w->policy.sync_device, dice(2) ? "eth1" : "");
	faulty_set_snat_key(w->memory, w->snat_key);
	w->kernel = faulty_table(w->memory);
	faulty_dataplane(w->memory, &w->dp);
	faulty_on_step(w->memory, on_step, w);
	make_files(w);
	make_verdicts(w);
	make_kernel(w);
	make_kernel_toa(w);
	ezlb_reconcile_scope(&w->desired, &w->owned, &w->scope);
}

static void world_clear(struct world *w)
{
	for (int i = 0; i < LISTENERS; i++)
		ezlb_spec_free(w->specs[i]);
	EZLB_VEC_CLEAR(&w->desired);
	EZLB_VEC_CLEAR(&w->verdicts);
	EZLB_VEC_CLEAR(&w->owned);
	ezlb_lifecycle_clear(&w->life);
	EZLB_VEC_CLEAR(&w->drains);
	EZLB_VEC_CLEAR(&w->scope);
	EZLB_VEC_CLEAR(&w->clsacts);
	EZLB_VEC_CLEAR(&w->foreign_clsacts);
	ezlb_table_clear(&w->before);
	faulty_free(w->memory);
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

	w->toa_fault = layer == EZLB_LAYER_TOA;
	if (dice(4) == 0) {
		w->unread |= layer == EZLB_LAYER_MARK || layer == EZLB_LAYER_HOST;
		faulty_list_fault(w->memory, layer, codes[dice(5)]);
	} else
		faulty_fault(w->memory, layer, 1 + dice(12), codes[dice(5)]);
}

static void heal(struct world *w)
{
	w->unread = false;
	for (int i = 0; i < EZLB_LAYERS; i++) {
		faulty_fault(w->memory, (enum ezlb_layer_kind)i, 0, 0);
		faulty_list_fault(w->memory, (enum ezlb_layer_kind)i, 0);
	}
}

static bool is_in_file(const struct world *w, const struct ezlb_dest_row *dest)
{
	const struct ezlb_spec *spec = file_of(w, &dest->service);

	for (size_t k = 0; spec && k < spec->n_backends; k++) {
		const struct ezlb_endpoint ep = ezlb_dest_endpoint(&dest->service,
								   &spec->backends[k].endpoint);

		if (ezlb_endpoint_cmp(&ep, &dest->endpoint) == 0)
			return true;
	}
	return false;
}

/*
 * Backends leave files, files change; the process is killed now and then, the balancer drained and
 * put back.
 */
static void change_files(struct world *w)
{
	w->policy.drained = dice(4) == 0;
	for (size_t i = 0; i < w->desired.len; i++) {
		struct ezlb_spec *spec = w->specs[w->desired.items[i]->name[1] - '0'];

		if (spec->n_backends > 0 && dice(2))
			spec->n_backends--;
		if (dice(4) == 0)
			make_life(spec);
	}
	for (size_t i = 0; i < w->kernel->dests.len; i++)
		w->kernel->dests.items[i].active = dice(2);
	if (dice(4) == 0)
		ezlb_lifecycle_clear(&w->life);
}

/* Connections end or do not; each pass comes when it is due, or somewhat later. */
static void let_time_pass(struct world *w, struct tally *tally)
{
	bool ok;

	change_files(w);
	change_toa(w);
	for (unsigned i = 0; i < 2000; i++) {
		tally->later += (unsigned)pass(w, &ok);
		assert_true(ok);
		assert_int_equal(pass(w, &ok), 0);
		tally->drains += (unsigned)w->drains.len;
		if (w->due == UINT64_MAX)
			break;
		w->now = w->due + dice(3);
		if (w->kernel->dests.len > 0 && dice(4) == 0)
			w->kernel->dests.items[dice((unsigned)w->kernel->dests.len)].active = 0;
	}
	assert_true(w->due == UINT64_MAX);
	assert_int_equal(w->drains.len, 0);
	for (size_t i = 0; i < w->kernel->dests.len; i++)
		if (file_of(w, &w->kernel->dests.items[i].service))
			assert_true(is_in_file(w, &w->kernel->dests.items[i]));
	w->now += 1000000;
	assert_int_equal(pass(w, &ok), 0);
}

/* Invariant 9: every backend's health may change at once, and the rules stay as they are. */
static void flip(struct world *w, struct tally *tally)
{
	bool ok;

	EZLB_VEC_CLEAR(&w->verdicts);
	make_verdicts(w);
	w->now += dice(3000);
	w->snat_ops = 0;
	tally->flips += (unsigned)pass(w, &ok);
	assert_true(ok);
	if (w->snat_key == EZLB_SNAT_KEY_LISTENER)
		assert_int_equal(w->snat_ops, 0);
	assert_int_equal(w->toa_ops, 0);
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
		w.troubled = true;
		pass(&w, &ok);
		tally->faulted += !ok;
		heal(&w);
		w.holds = w.troubled = false;
	}
	tally->ops += (unsigned)pass(&w, &ok);
	assert_true(ok);
	writes = faulty_writes(w.memory);
	assert_int_equal(pass(&w, &ok), 0);
	assert_int_equal(faulty_writes(w.memory), writes);
	flip(&w, tally);
	let_time_pass(&w, tally);
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
		"%d worlds, %u passes with a fault that hit, %u ops, %u after health changes, "
		"%u as time passed, %u drains in passes\n",
		WORLDS, tally.faulted, tally.ops, tally.flips, tally.later, tally.drains);
	assert_true(tally.faulted > WORLDS / 10); /* else the faults miss and prove nothing */
	assert_true(tally.ops > WORLDS);
	assert_true(tally.flips > WORLDS);
	assert_true(tally.later > WORLDS && tally.drains > WORLDS);
	/* By backend they do make SNAT ops, although a drain keeps its row. */
	assert_true(tally.flip_snats > WORLDS / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_worlds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
