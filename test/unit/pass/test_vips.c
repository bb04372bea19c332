// SPDX-License-Identifier: GPL-2.0-or-later
/* Passes and addresses that follow their services, and those of a balancer that is drained. */
#include "fixture.h"

#include <errno.h>

#include <ezlb/pass.h>

#include "faulty.h"
#include "specs.h"

#define WEB   "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80"
#define DNS   "dns udp 10.0.0.1:53 10.1.0.2:53"
#define RANGE "range tcp 10.0.0.1:80-90 10.1.0.1:80"
#define API   "api tcp 10.0.0.2:80 10.1.0.3:80"

#define HOME "ezlb0, 10.0.0.1 on ezlb0, 10.0.0.2 on ezlb0, "

struct rig {
	struct faulty *memory;
	struct ezlb_table *kernel;
	struct ezlb_pass pass;
	struct ezlb_pass_result result;
	struct ezlb_spec *specs[3];
	struct ezlb_desired desired;
	struct ezlb_verdicts verdicts;
	bool refused;
	uint64_t now;
	unsigned gaps; /* times at which 10.0.0.1 was on no link */
	char vips[256];
};

static bool drained;

/* A process begins; the kernel and the ledger are as the last one left them. */
static void start(struct rig *rig)
{
	rig->kernel = faulty_table(rig->memory);
	rig->result = (struct ezlb_pass_result){ .outcome = { .flows = 0 } };
	rig->pass = (struct ezlb_pass){ .policy = { .vip_device = "ezlb0", .drained = drained },
					.vip_when = EZLB_VIP_SERVING,
					.vip_hold_ms = 5000 };
	faulty_dataplane(rig->memory, &rig->pass.dp);
	assert_int_equal(ezlb_ledger_open(&rig->pass.ledger, top, NULL), 0);
}

static void stop(struct rig *rig)
{
	ezlb_pass_result_clear(&rig->result);
	ezlb_pass_clear(&rig->pass);
}

static void restart(struct rig *rig)
{
	stop(rig);
	start(rig);
}

static void add(struct rig *rig, const char *text)
{
	struct ezlb_spec *spec = spec_of("x.yaml", text);

	rig->specs[rig->desired.len] = spec;
	*EZLB_PUSH(&rig->desired) = spec;
}

static void rig_open(struct rig *rig, const char *a, const char *b)
{
	*rig = (struct rig){ .memory = faulty_new() };
	drained = false;
	start(rig);
	add(rig, a);
	if (b)
		add(rig, b);
}

static void rig_close(struct rig *rig)
{
	for (size_t i = 0; i < rig->desired.len; i++)
		ezlb_spec_free(rig->specs[i]);
	EZLB_VEC_CLEAR(&rig->desired);
	EZLB_VEC_CLEAR(&rig->verdicts);
	stop(rig);
	faulty_free(rig->memory);
}

/* Of all backends of one service. */
static void set_health(struct rig *rig, size_t i, enum ezlb_verdict verdict)
{
	struct ezlb_verdict_row row = { .verdict = verdict, .probed = true };

	ezlb_strcpy(row.service, sizeof(row.service), rig->specs[i]->name);
	row.backend = rig->specs[i]->backends[0].endpoint;
	EZLB_VEC_KEEP(&rig->verdicts, k, ezlb_verdict_row_cmp(&rig->verdicts.items[k], &row) != 0);
	*EZLB_PUSH(&rig->verdicts) = row;
	EZLB_SORT(&rig->verdicts, ezlb_verdict_row_cmp);
}

static bool pass(struct rig *rig)
{
	bool ok;

	ezlb_pass_result_clear(&rig->result);
	ezlb_pass_plan(&rig->pass, &rig->desired, &rig->verdicts, rig->refused, rig->now,
		       &rig->result);
	ok = ezlb_pass_apply(&rig->pass, &rig->result, rig->now);
	assert_int_equal(ok, ezlb_pass_ok(&rig->result));
	return ok;
}

static const char *vips(struct rig *rig)
{
	char text[EZLB_VIP_STRLEN];

	rig->vips[0] = '\0';
	for (size_t i = 0; i < rig->kernel->links.len; i++)
		ezlb_strcatf(rig->vips, sizeof(rig->vips), "%s, ",
			     rig->kernel->links.items[i].device);
	for (size_t i = 0; i < rig->kernel->vips.len; i++)
		ezlb_strcatf(rig->vips, sizeof(rig->vips), "%s, ",
			     ezlb_vip_row_format(&rig->kernel->vips.items[i], text));
	return rig->vips;
}

static bool ledger_has(const char *line)
{
	EZLB_AUTO_FREE char *file = slurp("ledger"), *whole = ezlb_asprintf("\n%s\n", line);

	return file && strstr(file, whole);
}

static void settles_at(struct rig *rig, const char *want)
{
	assert_true(pass(rig));
	assert_string_equal(vips(rig), want);
	assert_true(pass(rig));
	assert_int_equal(rig->result.plan.ops.len, 0);
	assert_int_equal(rig->result.found.drift.len, 0);
}

static void test_an_address_follows_its_services(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, WEB, DNS);
	settles_at(&rig, "ezlb0, 10.0.0.1 on ezlb0, ");
	set_health(&rig, 0, EZLB_DOWN);
	settles_at(&rig, "ezlb0, 10.0.0.1 on ezlb0, ");
	set_health(&rig, 1, EZLB_DOWN);
	settles_at(&rig, "ezlb0, ");
	assert_true(ledger_has("link ezlb0"));
	assert_false(ledger_has("vip ezlb0 10.0.0.1"));
	rig.now = 60000;
	set_health(&rig, 1, EZLB_UP);
	settles_at(&rig, "ezlb0, ");
	assert_int_equal(rig.kernel->dests.len, 1);
	assert_true(rig.result.plan.roster.due_ms == 65000);
	rig.now = 65000;
	settles_at(&rig, "ezlb0, 10.0.0.1 on ezlb0, ");
	restart(&rig);
	set_health(&rig, 0, EZLB_UNKNOWN);
	set_health(&rig, 1, EZLB_UNKNOWN);
	assert_true(pass(&rig));
	assert_int_equal(rig.result.plan.ops.len, 0);
	rig_close(&rig);
}

static void test_a_kernel_that_cannot_be_read_withdraws_nothing(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, WEB, NULL);
	settles_at(&rig, "ezlb0, 10.0.0.1 on ezlb0, ");
	set_health(&rig, 0, EZLB_UNKNOWN);
	restart(&rig);
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EIO);
	pass(&rig);
	assert_string_equal(vips(&rig), "ezlb0, 10.0.0.1 on ezlb0, ");
	rig.kernel->vips.len = 0; /* and nothing is added in front of what may not be there */
	pass(&rig);
	assert_string_equal(vips(&rig), "ezlb0, ");
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
	settles_at(&rig, "ezlb0, 10.0.0.1 on ezlb0, ");
	rig_close(&rig);
}

/* The virtual service of somebody else on the address has a dest, but its file is not applied. */
static void test_a_service_in_conflict_does_not_serve(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, WEB, DNS);
	rig.pass.adopt = EZLB_ADOPT_NEVER;
	EZLB_PUSH(&rig.kernel->services)->key = rig.specs[0]->listeners[0].key;
	*EZLB_PUSH(&rig.kernel->dests) =
		(struct ezlb_dest_row){ .service = rig.specs[0]->listeners[0].key,
					.endpoint = rig.specs[0]->backends[0].endpoint,
					.weight = 1 };
	set_health(&rig, 1, EZLB_DOWN);
	settles_at(&rig, "ezlb0, ");
	set_health(&rig, 1, EZLB_UP);
	settles_at(&rig, "ezlb0, 10.0.0.1 on ezlb0, ");
	rig_close(&rig);
}

static void test_a_service_that_stays_for_a_refused_file_keeps_its_address(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, WEB, DNS);
	settles_at(&rig, "ezlb0, 10.0.0.1 on ezlb0, ");
	restart(&rig);
	EZLB_VEC_COPY(&rig.pass.unclaimed, &rig.pass.ledger.content.services);
	rig.refused = true; /* that of WEB */
	rig.desired.items[0] = rig.specs[1];
	rig.desired.len = 1;
	set_health(&rig, 1, EZLB_DOWN);
	settles_at(&rig, "ezlb0, 10.0.0.1 on ezlb0, ");
	rig.pass.policy.drained = true;
	settles_at(&rig, "ezlb0, ezlb0-drain, 10.0.0.1 on ezlb0-drain, ");
	rig.pass.policy.drained = false;
	settles_at(&rig, "ezlb0, 10.0.0.1 on ezlb0, ");
	rig.refused = false;
	settles_at(&rig, "ezlb0, ");
	rig.desired.len = 2;
	rig.desired.items[0] = rig.specs[0];
	rig.desired.items[1] = rig.specs[1];
	rig_close(&rig);
}

/* Which address such a service has is known from its marks only. */
static void test_an_address_of_a_range_stays_while_marks_cannot_be_read(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, RANGE, API);
	settles_at(&rig, HOME);
	restart(&rig);
	EZLB_VEC_COPY(&rig.pass.unclaimed, &rig.pass.ledger.content.services);
	rig.refused = true; /* both files */
	rig.desired.len = 0;
	faulty_list_fault(rig.memory, EZLB_LAYER_MARK, EIO);
	pass(&rig);
	assert_string_equal(vips(&rig), HOME);
	faulty_list_fault(rig.memory, EZLB_LAYER_MARK, 0);
	settles_at(&rig, HOME);
	rig.desired.len = 2;
	rig_close(&rig);
}

/* --- drained ------------------------------------------------------------------------------- */

#define AWAY "ezlb0, ezlb0-drain, 10.0.0.1 on ezlb0-drain, 10.0.0.2 on ezlb0-drain, "

/* It is local all the time: a packet that comes in between is not lost. */
static void on_step(void *arg, const struct ezlb_op *op)
{
	struct rig *rig = arg;
	bool there = false;

	(void)op;
	for (size_t i = 0; i < rig->kernel->vips.len; i++)
		there |= rig->kernel->vips.items[i].addr.bytes[3] == 1;
	rig->gaps += !there;
}

static void test_addresses_move_and_come_back(void **state)
{
	unsigned long writes;
	struct rig rig;

	(void)state;
	rig_open(&rig, WEB, API);
	settles_at(&rig, HOME);
	faulty_on_step(rig.memory, on_step, &rig);
	rig.pass.policy.drained = drained = true;
	writes = faulty_writes(rig.memory);
	settles_at(&rig, AWAY);
	assert_int_equal(faulty_writes(rig.memory) - writes, 5); /* a link, two of each address */
	assert_true(ledger_has("link ezlb0") && ledger_has("link ezlb0-drain"));
	assert_true(ledger_has("vip ezlb0-drain 10.0.0.1"));
	assert_false(ledger_has("vip ezlb0 10.0.0.1"));
	restart(&rig);
	assert_true(pass(&rig));
	assert_int_equal(rig.result.plan.ops.len, 0);
	rig.pass.policy.drained = false;
	settles_at(&rig, HOME);
	assert_false(ledger_has("link ezlb0-drain"));
	assert_int_equal(rig.gaps, 0);
	rig_close(&rig);
}

/* The state directory was lost: nothing says who added the addresses, but they move all the same.
 */
static void test_a_move_without_a_ledger(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, WEB, API);
	settles_at(&rig, HOME);
	for (int i = 0; i < 4; i++) {
		drained = i % 2 == 0;
		assert_int_equal(unlink(at("ledger").s), 0);
		faulty_on_step(rig.memory, on_step, &rig);
		restart(&rig);
		assert_true(pass(&rig));
		assert_string_equal(
			vips(&rig),
			drained ? AWAY
				: "ezlb0, ezlb0-drain, 10.0.0.1 on ezlb0, 10.0.0.2 on ezlb0, ");
	}
	assert_int_equal(rig.gaps, 0);
	rig_close(&rig);
}

/* The same: what must not be announced is removed, and comes back. Others on the link stay. */
static void test_an_address_is_withdrawn_without_a_ledger(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, WEB, API);
	settles_at(&rig, HOME);
	assert_int_equal(unlink(at("ledger").s), 0);
	restart(&rig);
	set_health(&rig, 0, EZLB_DOWN);
	settles_at(&rig, "ezlb0, 10.0.0.2 on ezlb0, ");
	set_health(&rig, 0, EZLB_UP);
	settles_at(&rig, HOME);
	assert_true(ledger_has("vip ezlb0 10.0.0.1"));
	assert_false(ledger_has("vip ezlb0 10.0.0.2"));
	rig_close(&rig);
}

/* Each op of the host fails once, and the process is killed after it. */
static void test_a_move_that_fails(void **state)
{
	for (unsigned n = 1; n <= 10; n++) {
		bool back = n > 5;
		struct rig rig;

		rig_open(&rig, WEB, API);
		settles_at(&rig, HOME);
		if (back) {
			rig.pass.policy.drained = drained = true;
			settles_at(&rig, AWAY);
		}
		faulty_on_step(rig.memory, on_step, &rig);
		rig.pass.policy.drained = drained = !back;
		faulty_fault(rig.memory, EZLB_LAYER_HOST, back ? n - 5 : n, EPERM);
		assert_false(pass(&rig));
		faulty_fault(rig.memory, EZLB_LAYER_HOST, 0, 0);
		restart(&rig);
		settles_at(&rig, back ? HOME : AWAY);
		assert_int_equal(ledger_has("link ezlb0-drain"), !back);
		assert_int_equal(rig.gaps, 0);
		rig_close(&rig);
		teardown_top(state);
		setup_top(state);
	}
}

/* It is what somebody wants who takes the balancer out. */
static void test_a_balancer_whose_ipvs_is_broken_can_be_drained(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, WEB, API);
	settles_at(&rig, HOME);
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EIO);
	rig.pass.policy.drained = true;
	pass(&rig);
	assert_string_equal(vips(&rig), AWAY);
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
	settles_at(&rig, AWAY);
	rig_close(&rig);
}

/* Nothing was done to it in the pass that could not read: it is not ezlb's afterwards. */
static void test_a_service_of_others_stays_theirs(void **state)
{
	struct ezlb_service_row *foreign;
	struct rig rig;

	(void)state;
	rig_open(&rig, WEB, API);
	rig.pass.adopt = EZLB_ADOPT_NEVER;
	foreign = EZLB_PUSH(&rig.kernel->services);
	foreign->key = rig.specs[0]->listeners[0].key;
	ezlb_strcpy(foreign->scheduler, sizeof(foreign->scheduler), "lc");
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EIO);
	pass(&rig);
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
	assert_true(pass(&rig));
	assert_int_equal(rig.result.found.conflicts.len, 1);
	assert_string_equal(rig.kernel->services.items[0].scheduler, "lc");
	assert_string_equal(vips(&rig), "ezlb0, 10.0.0.2 on ezlb0, ");
	rig_close(&rig);
}

static void test_cleanup_of_a_drained_balancer(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, WEB, API);
	rig.pass.policy.drained = true;
	settles_at(&rig, AWAY);
	ezlb_pass_result_clear(&rig.result);
	rig.pass.put_back = true;
	assert_true(ezlb_pass_cleanup(&rig.pass, &rig.result));
	assert_string_equal(vips(&rig), "");
	assert_false(ledger_has("link ezlb0-drain"));
	rig_close(&rig);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_an_address_follows_its_services),
		IN_TOP(test_a_kernel_that_cannot_be_read_withdraws_nothing),
		IN_TOP(test_a_service_in_conflict_does_not_serve),
		IN_TOP(test_a_service_that_stays_for_a_refused_file_keeps_its_address),
		IN_TOP(test_an_address_of_a_range_stays_while_marks_cannot_be_read),
		IN_TOP(test_addresses_move_and_come_back),
		IN_TOP(test_a_move_that_fails),
		IN_TOP(test_a_move_without_a_ledger),
		IN_TOP(test_an_address_is_withdrawn_without_a_ledger),
		IN_TOP(test_a_balancer_whose_ipvs_is_broken_can_be_drained),
		IN_TOP(test_a_service_of_others_stays_theirs),
		IN_TOP(test_cleanup_of_a_drained_balancer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
