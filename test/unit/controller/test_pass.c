// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <ezlb/memory.h>

#include "pass.h"
#include "specs.h"

#define WEB "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80"
#define API "api tcp 10.0.0.2:80 snat=masq 10.1.0.2:80"
#define DNS "dns udp 10.0.0.1:53 10.1.0.1:53"

/* A process and its kernel. The kernel outlives it, as the ledger in the directory does. */
struct rig {
	struct ezlb_memory *memory;
	struct pass_world world;
	struct pass_result result;
	struct text ledger_at_step; /* the file when the kernel was touched first, and last */
	unsigned steps;
	uint64_t now;
};

static struct text ledger_file(void)
{
	char *file = slurp("ledger");
	struct text out = { "" };
	size_t len = 0;

	for (char *save = NULL, *line = file ? strtok_r(file, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "service ", 8) == 0)
			len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s%s",
						len ? ", " : "", line + 8);
	free(file);
	return out;
}

static void on_step(void *arg, const struct ezlb_op *op)
{
	struct rig *rig = arg;
	struct text now = ledger_file();

	(void)op;
	if (rig->steps++ == 0)
		rig->ledger_at_step = now;
	assert_string_equal(now.s, rig->ledger_at_step.s);
}

static void start(struct rig *rig)
{
	struct pass_world *world = &rig->world;

	*world = (struct pass_world){ .ledger = { .path = NULL } };
	ezlb_memory_dataplane(rig->memory, &world->dp);
	assert_int_equal(ledger_open(&world->ledger, top, NULL), 0);
	for (size_t i = 0; i < world->ledger.content.services.len; i++)
		*EZLB_PUSH(&world->unclaimed) = world->ledger.content.services.items[i];
}

static void stop(struct rig *rig)
{
	pass_result_clear(&rig->result);
	pass_world_clear(&rig->world);
}

/* The process is killed and comes back: nothing but the kernel and the file is left. */
static void restart(struct rig *rig)
{
	stop(rig);
	*rig = (struct rig){ .memory = rig->memory };
	start(rig);
	ezlb_memory_on_step(rig->memory, on_step, rig);
}

static struct rig rig_open(void)
{
	struct rig rig = { .memory = ezlb_memory_new() };

	start(&rig);
	return rig;
}

static void rig_close(struct rig *rig)
{
	stop(rig);
	ezlb_memory_free(rig->memory);
}

/* One pass towards the services, which have ';' between them. */
static bool pass(struct rig *rig, const char *services, bool refused)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(services);
	const struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_spec *specs[8];
	struct ezlb_desired desired = { 0 };
	size_t n = 0;
	bool ok;

	for (char *save = NULL, *one = strtok_r(copy, ";", &save); one;
	     one = strtok_r(NULL, ";", &save)) {
		specs[n] = spec_of("x.yaml", one);
		*EZLB_PUSH(&desired) = specs[n++];
	}
	pass_result_clear(&rig->result);
	rig->steps = 0;
	ezlb_memory_on_step(rig->memory, on_step, rig);
	pass_plan(&rig->world, &desired, &verdicts, refused, &rig->result);
	ok = pass_apply(&rig->world, &rig->result, rig->now);
	assert_int_equal(ok, pass_ok(&rig->result));
	for (size_t i = 0; i < desired.len; i++)
		ezlb_spec_free(specs[i]);
	EZLB_VEC_CLEAR(&desired);
	return ok;
}

static bool cleanup(struct rig *rig)
{
	pass_result_clear(&rig->result);
	rig->steps = 0;
	return pass_cleanup(&rig->world, &rig->result);
}

/* "tcp 10.0.0.1:80 -> 10.1.0.1:80, snat 10.1.0.1:80" */
static struct text kernel(const struct rig *rig)
{
	struct ezlb_table *table = ezlb_memory_table(rig->memory);
	char service[EZLB_SERVICE_KEY_STRLEN], backend[EZLB_ENDPOINT_STRLEN];
	struct text out = { "" };
	size_t len = 0;

	ezlb_table_sort(table);
	for (size_t i = 0; i < table->services.len; i++) {
		const struct ezlb_service_key *key = &table->services.items[i].key;

		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s%s", len ? ", " : "",
					ezlb_service_key_format(key, service));
		for (size_t k = 0; k < table->dests.len; k++) {
			const struct ezlb_dest_row *dest = &table->dests.items[k];

			if (ezlb_service_key_cmp(&dest->service, key) != 0)
				continue;
			ezlb_endpoint_format(&dest->endpoint, backend);
			len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, " -> %s",
						backend);
		}
	}
	for (size_t i = 0; i < table->snats.len; i++) {
		ezlb_endpoint_format(&table->snats.items[i].backend, backend);
		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%ssnat %s",
					len ? ", " : "", backend);
	}
	return out;
}

/* As somebody else with ipvsadm. */
static void add_foreign(const struct rig *rig, const char *service, const char *backend)
{
	struct ezlb_table *table = ezlb_memory_table(rig->memory);
	struct ezlb_service_row *row = EZLB_PUSH(&table->services);
	struct ezlb_dest_row *dest = EZLB_PUSH(&table->dests);

	row->key = dest->service = key_of(service);
	ezlb_strcpy(row->scheduler, sizeof(row->scheduler), "rr");
	assert_int_equal(ezlb_endpoint_parse(backend, &dest->endpoint, NULL), 0);
	dest->weight = 7;
}

#define WEB_ROWS "tcp 10.0.0.1:80 -> 10.1.0.1:80"
#define API_ROWS "tcp 10.0.0.2:80 -> 10.1.0.2:80"
#define FOREIGN	 "tcp 10.9.0.1:80 -> 10.9.1.1:80"

static void test_from_nothing(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" DNS, false));
	assert_string_equal(kernel(&rig).s,
			    WEB_ROWS ", udp 10.0.0.1:53 -> 10.1.0.1:53, snat 10.1.0.1:80");
	assert_int_equal(rig.result.services, 2);
	assert_int_equal(rig.result.dests, 2);
	assert_int_equal(rig.result.adopted.len, 0);
	assert_true(pass(&rig, WEB ";" DNS, false));
	assert_int_equal(rig.result.plan.len, 0);
	rig_close(&rig);
}

/* A kill at any step finds in the file what is in the kernel by then. */
static void test_ledger_is_ahead(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	assert_true(rig.steps > 0);
	assert_string_equal(rig.ledger_at_step.s, "tcp 10.0.0.1:80");

	assert_true(pass(&rig, API, false));
	assert_true(rig.steps > 0);
	assert_string_equal(rig.ledger_at_step.s, "tcp 10.0.0.1:80, tcp 10.0.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");

	assert_true(pass(&rig, "", false));
	assert_string_equal(rig.ledger_at_step.s, "tcp 10.0.0.2:80");
	assert_string_equal(ledger_file().s, "");
	rig_close(&rig);
}

static void test_plan_writes_nothing(void **state)
{
	const struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_spec *spec = spec_of("x.yaml", WEB);
	struct rig rig = rig_open();
	struct ezlb_desired desired = { 0 };

	(void)state;
	*EZLB_PUSH(&desired) = spec;
	pass_plan(&rig.world, &desired, &verdicts, false, &rig.result);
	assert_true(rig.result.plan.len > 0);
	assert_int_equal(ezlb_memory_writes(rig.memory), 0);
	assert_string_equal(ledger_file().s, "");
	EZLB_VEC_CLEAR(&desired);
	ezlb_spec_free(spec);
	rig_close(&rig);
}

static void test_adopts(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	add_foreign(&rig, "tcp 10.0.0.1:80", "10.1.0.9:80");
	add_foreign(&rig, "tcp 10.9.0.1:80", "10.9.1.1:80");
	assert_true(pass(&rig, WEB, false));
	assert_int_equal(rig.result.adopted.len, 1);
	assert_string_equal(kernel(&rig).s, WEB_ROWS ", " FOREIGN ", snat 10.1.0.1:80");
	assert_true(pass(&rig, WEB, false));
	assert_int_equal(rig.result.adopted.len, 0);
	rig_close(&rig);
}

static void test_adopts_never(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	rig.world.adopt = EZLB_ADOPT_NEVER;
	add_foreign(&rig, "tcp 10.0.0.1:80", "10.1.0.9:80");
	assert_true(pass(&rig, WEB ";" API, false));
	assert_int_equal(rig.result.adopted.len, 0);
	assert_int_equal(rig.result.conflicts.len, 1);
	assert_string_equal(rig.result.conflicts.items[0].name, "web");
	assert_string_equal(kernel(&rig).s,
			    "tcp 10.0.0.1:80 -> 10.1.0.9:80, " API_ROWS ", snat 10.1.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");
	/* And when the other one has gone: */
	ezlb_memory_table(rig.memory)->services.len = 0;
	ezlb_memory_table(rig.memory)->dests.len = 0;
	assert_true(pass(&rig, WEB ";" API, false));
	assert_int_equal(rig.result.conflicts.len, 0);
	assert_string_equal(kernel(&rig).s,
			    WEB_ROWS ", " API_ROWS ", snat 10.1.0.1:80, snat 10.1.0.2:80");
	restart(&rig);
	rig.world.adopt = EZLB_ADOPT_NEVER;
	assert_true(pass(&rig, WEB ";" API, false)); /* what the ledger names is ours */
	assert_int_equal(rig.result.conflicts.len, 0);
	assert_int_equal(rig.result.plan.len, 0);
	rig_close(&rig);
}

/* Somebody else makes the service between our look and our write. */
static void test_never_and_not_quick_enough(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	rig.world.adopt = EZLB_ADOPT_NEVER;
	ezlb_memory_fault(rig.memory, EZLB_LAYER_IPVS, 1, EEXIST);
	assert_false(pass(&rig, DNS, false));
	assert_string_equal(ledger_file().s, "");
	add_foreign(&rig, "udp 10.0.0.1:53", "10.1.0.9:53");
	assert_true(pass(&rig, DNS, false));
	assert_int_equal(rig.result.conflicts.len, 1);
	assert_string_equal(kernel(&rig).s, "udp 10.0.0.1:53 -> 10.1.0.9:53");
	rig_close(&rig);
}

/* The plan of what somebody else did, with ", " between the ops. */
static struct text drift(const struct rig *rig)
{
	struct text out = { "" };
	char op[EZLB_OP_STRLEN];

	for (size_t i = 0; i < rig->result.drift.len; i++)
		snprintf(out.s + strlen(out.s), sizeof(out.s) - strlen(out.s), "%s%s",
			 i ? ", " : "", ezlb_op_format(&rig->result.drift.items[i], op));
	return out;
}

static void test_drift(void **state)
{
	struct rig rig = rig_open();
	struct ezlb_table *table = ezlb_memory_table(rig.memory);

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	assert_true(rig.result.again); /* it wrote: how that left the kernel is not known yet */
	assert_true(pass(&rig, WEB ";" API, false));
	assert_false(rig.result.again);
	assert_string_equal(drift(&rig).s, "");

	table->dests.items[0].weight = 9;
	assert_true(pass(&rig, WEB, false)); /* the file of api has gone at the same time */
	assert_string_equal(drift(&rig).s,
			    "dest-set tcp 10.0.0.1:80 -> 10.1.0.1:80 masq weight 9 (was 1)");
	assert_true(pass(&rig, WEB, false));
	assert_string_equal(drift(&rig).s, ""); /* our own deed is no drift */

	/* A file that changes is no drift either, nor is what follows from it. */
	assert_true(pass(&rig, API, false));
	assert_true(pass(&rig, API, false));
	assert_string_equal(drift(&rig).s, "");
	table->services.len = table->dests.len = 0;
	assert_true(pass(&rig, API, false));
	assert_string_equal(drift(&rig).s, "service-del tcp 10.0.0.2:80");
	rig_close(&rig);
}

/* Nothing is called a change by others where the kernel could not be read before. */
static void test_drift_after_a_failed_look(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	assert_true(pass(&rig, WEB, false));
	ezlb_memory_list_fault(rig.memory, EZLB_LAYER_IPVS, EIO);
	assert_false(pass(&rig, WEB, false));
	assert_false(rig.result.listed);
	assert_string_equal(drift(&rig).s, "");
	ezlb_memory_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
	assert_true(pass(&rig, WEB, false));
	assert_string_equal(drift(&rig).s, "");
	rig_close(&rig);
}

static bool peek(struct rig *rig, const char *service)
{
	struct ezlb_spec *spec = spec_of("x.yaml", service);
	struct ezlb_desired desired = { 0 };
	bool changed;

	*EZLB_PUSH(&desired) = spec;
	changed = pass_peek(&rig->world, &desired);
	EZLB_VEC_CLEAR(&desired);
	ezlb_spec_free(spec);
	return changed;
}

static void test_peek(void **state)
{
	struct rig rig = rig_open();
	struct ezlb_table *table = ezlb_memory_table(rig.memory);

	(void)state;
	assert_true(pass(&rig, WEB, false));
	assert_true(peek(&rig, WEB));
	assert_true(pass(&rig, WEB, false));
	assert_false(peek(&rig, WEB));
	table->dests.items[0].weight = 9;
	assert_true(peek(&rig, WEB));
	assert_true(pass(&rig, WEB, false));
	assert_true(pass(&rig, WEB, false));
	assert_false(peek(&rig, WEB));
	add_foreign(&rig, "tcp 10.9.0.1:80", "10.9.1.1:80");
	assert_false(peek(&rig, WEB));
	ezlb_memory_list_fault(rig.memory, EZLB_LAYER_HOST, EIO);
	assert_true(peek(&rig, WEB));
	assert_false(pass(&rig, WEB, false));
	assert_false(peek(&rig, WEB));
	ezlb_memory_list_fault(rig.memory, EZLB_LAYER_HOST, 0);
	assert_true(peek(&rig, WEB));
	rig_close(&rig);
}

/* In the daemon one service that fails waits for its time; the others do not. */
static void test_paced(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	rig.world.paced = true;
	rig.now = 1000;
	ezlb_memory_fault(rig.memory, EZLB_LAYER_IPVS, 1, ENOENT);
	assert_false(pass(&rig, DNS, false));
	assert_in_range(units_due(&rig.world.units), 1160, 1240);
	assert_false(pass(&rig, DNS ";" WEB, false));
	assert_string_equal(kernel(&rig).s, WEB_ROWS ", snat 10.1.0.1:80");
	assert_false(pass(&rig, DNS ";" WEB, false));
	assert_false(rig.result.again);
	rig.now = 1240;
	assert_true(pass(&rig, DNS ";" WEB, false));
	assert_int_equal(units_due(&rig.world.units), UNITS_NEVER);
	/* The kernel changes: what waits is due. */
	ezlb_memory_fault(rig.memory, EZLB_LAYER_IPVS, 1, ENOENT);
	assert_false(pass(&rig, DNS ";" WEB ";" API, false));
	assert_false(pass(&rig, DNS ";" WEB ";" API, false));
	ezlb_memory_table(rig.memory)->dests.items[0].weight = 9;
	assert_true(peek(&rig, WEB));
	assert_true(pass(&rig, DNS ";" WEB ";" API, false));
	rig_close(&rig);
}

/* The ledger has the settings as they were before ezlb came, whatever they became later. */
static void test_ledger_has_settings_and_chain(void **state)
{
	struct rig rig = rig_open();
	struct ezlb_table *table = ezlb_memory_table(rig.memory);
	char *file;

	(void)state;
	for (size_t i = 0; i < table->settings.len; i++)
		table->settings.items[i].value = table->settings.items[i].setting ==
						 EZLB_IP_FORWARD;
	assert_true(pass(&rig, DNS, false));
	file = slurp("ledger");
	assert_has(file, "\nsetting net.ipv4.vs.expire_nodest_conn 0\n");
	assert_int_equal(count(file, "\nsetting ") + count(file, "\nchain "), 1);
	free(file);
	assert_true(pass(&rig, WEB, false));
	file = slurp("ledger");
	assert_has(file, "\nchain nat EZLB-SNAT\n");
	assert_has(file, "\nsetting net.ipv4.vs.conntrack 0\n");
	assert_int_equal(count(file, "\nsetting "), 2);
	free(file);
	restart(&rig);
	assert_true(pass(&rig, DNS, false));
	file = slurp("ledger");
	assert_int_equal(count(file, "\nchain "), 0);
	assert_has(file, "\nsetting net.ipv4.vs.conntrack 0\n");
	free(file);
	rig_close(&rig);
}

static void test_lost_ledger_is_written_again(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	assert_int_equal(unlink(at("ledger").s), 0);
	assert_true(ledger_lost(&rig.world.ledger));
	assert_true(pass(&rig, WEB, false));
	assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80");
	rig_close(&rig);
}

static void test_ledger_cannot_be_written(void **state)
{
	struct rig rig = rig_open();
	unsigned long writes;

	(void)state;
	assert_true(pass(&rig, WEB, false));
	writes = ezlb_memory_writes(rig.memory);
	make_dir("ledger.new");
	assert_false(pass(&rig, API, false));
	assert_int_equal(rig.result.ledger_err.code, EISDIR);
	assert_int_equal(ezlb_memory_writes(rig.memory), writes);
	assert_string_equal(kernel(&rig).s, WEB_ROWS ", snat 10.1.0.1:80");
	for (size_t i = 0; i < rig.result.plan.len; i++)
		assert_int_equal(rig.result.plan.items[i].rc, EZLB_PENDING);
	assert_int_equal(rmdir(at("ledger.new").s), 0);
	assert_true(pass(&rig, API, false));
	assert_string_equal(kernel(&rig).s, API_ROWS ", snat 10.1.0.2:80");
	rig_close(&rig);
}

/* The kernel is right then, but the next process would take what is another's by that time. */
static void test_ledger_cannot_shrink(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	make_dir("ledger.new");
	assert_false(pass(&rig, "", false));
	assert_string_equal(kernel(&rig).s, "");
	assert_int_equal(rig.result.ledger_err.code, EISDIR);
	assert_int_equal(rmdir(at("ledger.new").s), 0);
	assert_true(pass(&rig, "", false));
	assert_string_equal(ledger_file().s, "");
	rig_close(&rig);
}

/* What may still be in the kernel stays in the ledger. */
static void test_failed_removal_is_not_forgotten(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" DNS, false));
	ezlb_memory_fault(rig.memory, EZLB_LAYER_IPVS, 2, EBUSY); /* behind the dest */
	assert_false(pass(&rig, DNS, false));
	assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80, udp 10.0.0.1:53");
	restart(&rig);
	assert_true(pass(&rig, DNS, false));
	assert_string_equal(kernel(&rig).s, "udp 10.0.0.1:53 -> 10.1.0.1:53");
	assert_string_equal(ledger_file().s, "udp 10.0.0.1:53");
	rig_close(&rig);
}

static void test_cannot_read_the_kernel(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	for (int layer = 0; layer < EZLB_LAYERS; layer++) {
		ezlb_memory_list_fault(rig.memory, (enum ezlb_layer_kind)layer, EIO);
		assert_false(pass(&rig, WEB, false));
		assert_int_equal(rig.result.errs.layer[layer].code, EIO);
		assert_string_equal(kernel(&rig).s, WEB_ROWS ", snat 10.1.0.1:80");
		assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80");
		ezlb_memory_list_fault(rig.memory, (enum ezlb_layer_kind)layer, 0);
	}
	assert_true(pass(&rig, WEB, false));
	assert_int_equal(rig.result.plan.len, 0);
	rig_close(&rig);
}

/* After a restart beside a file that cannot be understood: what may be its service stays. */
static void test_unclaimed_is_kept(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	restart(&rig);
	assert_true(pass(&rig, API, true));
	assert_int_equal(rig.result.plan.len, 0);
	assert_string_equal(kernel(&rig).s,
			    WEB_ROWS ", " API_ROWS ", snat 10.1.0.1:80, snat 10.1.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80, tcp 10.0.0.2:80");
	rig_close(&rig);
}

static void test_unclaimed_goes_when_all_files_are_sound(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	restart(&rig);
	assert_true(pass(&rig, API, true));
	assert_true(pass(&rig, API, false));
	assert_string_equal(kernel(&rig).s, API_ROWS ", snat 10.1.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");
	rig_close(&rig);
}

/* Once its file has spoken, another file that is refused is no reason to keep it. */
static void test_claimed_is_like_any_other(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	restart(&rig);
	assert_true(pass(&rig, WEB ";" API, true));
	assert_true(pass(&rig, API, true));
	assert_string_equal(kernel(&rig).s, API_ROWS ", snat 10.1.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");
	rig_close(&rig);
}

/* What was ours and is gone may be made by somebody else, in this process's life and the next. */
static void test_removed_is_not_ours_any_more(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	restart(&rig);
	assert_true(pass(&rig, API, false));
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");
	add_foreign(&rig, "tcp 10.0.0.1:80", "10.1.0.9:80");
	assert_true(pass(&rig, API, false));
	assert_string_equal(kernel(&rig).s,
			    "tcp 10.0.0.1:80 -> 10.1.0.9:80, " API_ROWS ", snat 10.1.0.2:80");
	rig_close(&rig);
}

static void test_cleanup(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	add_foreign(&rig, "tcp 10.9.0.1:80", "10.9.1.1:80");
	assert_true(pass(&rig, WEB ";" API ";" DNS, false));
	restart(&rig);
	assert_true(pass(&rig, DNS, true)); /* WEB and API are unclaimed */
	assert_true(cleanup(&rig));
	assert_string_equal(kernel(&rig).s, FOREIGN);
	assert_false(ezlb_memory_table(rig.memory)->snat_present);
	assert_string_equal(ledger_file().s, "");
	assert_true(cleanup(&rig));
	assert_int_equal(rig.result.plan.len, 0);
	rig_close(&rig);
}

static void test_cleanup_tries_again(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	restart(&rig);
	ezlb_memory_on_step(rig.memory, NULL, NULL); /* the ledger shrinks between two tries */
	ezlb_memory_fault(rig.memory, EZLB_LAYER_IPVS, 1, EBUSY);
	assert_true(cleanup(&rig));
	assert_string_equal(kernel(&rig).s, "");
	assert_string_equal(ledger_file().s, "");
	rig_close(&rig);
}

static void test_cleanup_gives_up(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	ezlb_memory_list_fault(rig.memory, EZLB_LAYER_IPVS, EPERM);
	assert_false(cleanup(&rig));
	assert_int_equal(rig.result.errs.layer[EZLB_LAYER_IPVS].code, EPERM);
	assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80");
	rig_close(&rig);
}

static void test_pass_ok(void **state)
{
	static const struct {
		int layer, ledger, op;
		bool want;
	} rows[] = {
		{ 0, 0, 0, true },     { EIO, 0, 0, false },	      { 0, EIO, 0, false },
		{ 0, 0, -EIO, false }, { 0, 0, EZLB_PENDING, false }, { 0, 0, EZLB_HELD, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (int layer = 0; layer < EZLB_LAYERS; layer++) {
			struct pass_result result = { .services = 0 };

			ezlb_plan_add(&result.plan, EZLB_OP_DEST_ADD)->rc = 0;
			ezlb_plan_add(&result.plan, EZLB_OP_DEST_DEL)->rc = rows[i].op;
			result.errs.layer[layer].code = rows[i].layer;
			result.ledger_err.code = rows[i].ledger;
			assert_int_equal(pass_ok(&result), rows[i].want);
			pass_result_clear(&result);
		}
	}
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_from_nothing),
		IN_TOP(test_ledger_is_ahead),
		IN_TOP(test_plan_writes_nothing),
		IN_TOP(test_adopts),
		IN_TOP(test_adopts_never),
		IN_TOP(test_never_and_not_quick_enough),
		IN_TOP(test_drift),
		IN_TOP(test_drift_after_a_failed_look),
		IN_TOP(test_peek),
		IN_TOP(test_paced),
		IN_TOP(test_ledger_has_settings_and_chain),
		IN_TOP(test_lost_ledger_is_written_again),
		IN_TOP(test_ledger_cannot_be_written),
		IN_TOP(test_ledger_cannot_shrink),
		IN_TOP(test_failed_removal_is_not_forgotten),
		IN_TOP(test_cannot_read_the_kernel),
		IN_TOP(test_unclaimed_is_kept),
		IN_TOP(test_unclaimed_goes_when_all_files_are_sound),
		IN_TOP(test_claimed_is_like_any_other),
		IN_TOP(test_removed_is_not_ours_any_more),
		IN_TOP(test_cleanup),
		IN_TOP(test_cleanup_tries_again),
		IN_TOP(test_cleanup_gives_up),
		cmocka_unit_test(test_pass_ok),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
