// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <ezlb/duration.h>
#include <ezlb/store.h>

#include "nodedrain.h"

static struct ezlb_options options;
static struct nodedrain drain;
static unsigned changes;
static struct text state_dir, persist_dir;
static char *said, *logged; /* by the last request */

static void on_change(void *arg)
{
	assert_ptr_equal(arg, &changes);
	changes++;
}

/* A process begins: it knows what the file says. */
static void begin_process(void)
{
	const struct ezlb_node_drain left = nodedrain_read(&options);

	drain = (struct nodedrain){ .options = &options, .changed = on_change, .arg = &changes };
	nodedrain_open(&drain, &left);
	changes = 0;
}

static int setup(void **state)
{
	int rc = setup_top(state);

	state_dir = at("state");
	persist_dir = at("persist");
	options = (struct ezlb_options){ .state_dir = state_dir.s,
					 .persist_dir = persist_dir.s,
					 .vip_device = "ezlb0",
					 .dataplane = EZLB_DP_KERNEL };
	make_dir("state");
	make_dir("persist");
	begin_process();
	return rc;
}

static int teardown(void **state)
{
	free(said);
	free(logged);
	said = logged = NULL;
	return teardown_top(state);
}

static struct capture before(void)
{
	free(said);
	free(logged);
	said = NULL;
	return capture_begin(STDERR_FILENO);
}

static unsigned ask(enum ezlb_node_drain_kind kind)
{
	struct capture capture = before();
	struct ezlb_text answer = { 0 };
	unsigned status = kind == EZLB_NODE_SERVES ? nodedrain_end(&drain, &answer)
						   : nodedrain_begin(&drain, kind, &answer);

	logged = capture_end(capture);
	said = ezlb_text_take(&answer, NULL);
	return status;
}

static void leave(void)
{
	struct capture capture = before();

	nodedrain_exit(&drain);
	logged = capture_end(capture);
}

static void restart(void)
{
	struct capture capture = before();

	begin_process();
	logged = capture_end(capture);
}

static bool has(const char *path)
{
	return access(at(path).s, F_OK) == 0;
}

static size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void test_there_and_back(void **state)
{
	int64_t since = ezlb_wall_ms();

	(void)state;
	assert_int_equal(ask(EZLB_NODE_DRAINED), 200);
	assert_string_equal(said,
			    "This balancer drains now.\n"
			    "The addresses move from ezlb0 to ezlb0-drain, and `ezlb probe "
			    "ready` says not ready.\n"
			    "Rules and open connections stay. It ends with `ezlb undrain`.\n");
	assert_has(logged, "msg=\"this balancer drains\" kind=drained vip_device=ezlb0\n");
	assert_int_equal(lines_of(logged), 1);
	assert_int_equal(changes, 1);
	assert_int_equal(drain.state.kind, EZLB_NODE_DRAINED);
	assert_true(drain.state.since_ms >= since);
	since = drain.state.since_ms;
	assert_true(has("persist/drained") && !has("state/drained"));
	restart();
	assert_has(logged, "msg=\"this balancer drains, as before the start");
	assert_int_equal(drain.state.kind, EZLB_NODE_DRAINED);
	assert_int_equal(drain.state.since_ms, since);
	assert_int_equal(ask(EZLB_NODE_SERVES), 200);
	assert_string_equal(said, "This balancer is back. The addresses move back to the link of "
				  "--vip-device.\n");
	assert_has(logged, "msg=\"this balancer does not drain any more\"\n");
	assert_int_equal(lines_of(logged), 1);
	assert_int_equal(changes, 1);
	assert_int_equal(drain.state.kind, EZLB_NODE_SERVES);
	assert_int_equal(drain.state.since_ms, 0);
	assert_false(has("persist/drained"));
	assert_int_equal(ask(EZLB_NODE_SERVES), 200);
	assert_string_equal(said, "This balancer does not drain.\n");
	assert_int_equal(changes, 1);
	restart();
	assert_string_equal(logged, "");
}

static void test_twice(void **state)
{
	int64_t since;

	(void)state;
	ask(EZLB_NODE_DRAINED);
	since = drain.state.since_ms;
	assert_int_equal(ask(EZLB_NODE_DRAINED), 200);
	assert_has(said, "This balancer has been draining since ");
	assert_string_equal(logged, "");
	assert_int_equal(changes, 1);
	/* What a unit asks for at each stop must not end what the operator wanted. */
	assert_int_equal(ask(EZLB_NODE_UNTIL_EXIT), 200);
	assert_has(said, "It ends with `ezlb undrain`.\n");
	assert_int_equal(drain.state.kind, EZLB_NODE_DRAINED);
	assert_int_equal(drain.state.since_ms, since);
	assert_true(has("persist/drained"));
	assert_int_equal(changes, 1);
}

/* The file was removed, or could not be written: asked again it is there. */
static void test_twice_writes_again(void **state)
{
	(void)state;
	ask(EZLB_NODE_DRAINED);
	assert_int_equal(unlink(at("persist/drained").s), 0);
	ask(EZLB_NODE_DRAINED);
	assert_true(has("persist/drained"));
}

static void test_until_exit(void **state)
{
	int64_t since;

	(void)state;
	assert_int_equal(ask(EZLB_NODE_UNTIL_EXIT), 200);
	assert_has(said, "It ends with `ezlb undrain`, or when ezlb ends.\n");
	assert_has(logged, "kind=until_exit");
	restart();
	assert_int_equal(drain.state.kind, EZLB_NODE_SERVES);
	ask(EZLB_NODE_UNTIL_EXIT);
	since = drain.state.since_ms;
	ask(EZLB_NODE_UNTIL_EXIT);
	assert_int_equal(changes, 1);
	assert_string_equal(logged, "");
	assert_int_equal(ask(EZLB_NODE_DRAINED), 200);
	assert_has(said, "It ends with `ezlb undrain`.\n");
	assert_has(logged, "kind=drained");
	assert_int_equal(changes, 2);
	assert_int_equal(drain.state.since_ms, since);
	restart();
	assert_int_equal(drain.state.kind, EZLB_NODE_DRAINED);
	assert_int_equal(drain.state.since_ms, since);
}

static void test_without_a_device(void **state)
{
	static const char *const devices[] = { NULL, "" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(devices); i++) {
		options.vip_device = devices[i];
		ask(EZLB_NODE_DRAINED);
		assert_has(said, "There is no --vip-device, so no address moves: only `ezlb probe "
				 "ready` changes, to not ready.\n");
		ask(EZLB_NODE_SERVES);
		assert_has(said, "This balancer is back: `ezlb probe ready` says ready.\n");
	}
}

/* Today the time is enough. */
static void test_since_another_day(void **state)
{
	(void)state;
	ask(EZLB_NODE_DRAINED);
	ask(EZLB_NODE_DRAINED);
	assert_int_equal(strcspn(said, "\n"), strlen("This balancer has been draining since ") + 9);
	drain.state.since_ms -= 400LL * 86400 * 1000;
	ask(EZLB_NODE_DRAINED);
	assert_int_equal(strcspn(said, "\n"),
			 strlen("This balancer has been draining since ") + 20);
}

static void test_exit(void **state)
{
	(void)state;
	leave();
	assert_int_equal(drain.state.kind, EZLB_NODE_EXITING);
	assert_int_equal(changes, 1);
	assert_false(has("persist/drained"));
	assert_int_equal(ask(EZLB_NODE_SERVES), 409);
	assert_string_equal(said, "ezlb is about to end, and drains until then. The next start "
				  "does not drain.\n");
	ask(EZLB_NODE_UNTIL_EXIT);
	assert_has(said, "ezlb is about to end.\n");
	assert_false(has("persist/drained"));
	ask(EZLB_NODE_DRAINED);
	assert_has(said, "The next start drains, too: until `ezlb undrain`.\n");
	assert_int_equal(drain.state.kind, EZLB_NODE_EXITING);
	assert_true(has("persist/drained"));
	assert_int_equal(changes, 1);
	assert_int_equal(ask(EZLB_NODE_SERVES), 409);
	assert_false(has("persist/drained"));
}

/* An exit takes nothing back of what the operator wanted. */
static void test_exit_of_a_drained_one(void **state)
{
	int64_t since;

	(void)state;
	ask(EZLB_NODE_DRAINED);
	since = drain.state.since_ms;
	drain.moved_ms = 1;
	leave();
	assert_int_equal(drain.state.since_ms, since);
	assert_int_equal(drain.moved_ms, 1);
	restart();
	assert_int_equal(drain.state.kind, EZLB_NODE_DRAINED);
}

/* --- the file ------------------------------------------------------------------------------ */

/* Nothing can be written where a directory has the name of the file. */
static void test_second_place(void **state)
{
	(void)state;
	make_dir("persist/drained.new");
	assert_int_equal(ask(EZLB_NODE_DRAINED), 200);
	assert_has(said, "This does not survive a reboot of this host: cannot write ");
	assert_has(logged, "the drain of this balancer will not survive a reboot");
	assert_true(has("state/drained"));
	assert_int_equal(changes, 1);
	restart();
	assert_int_equal(drain.state.kind, EZLB_NODE_DRAINED);
	ask(EZLB_NODE_SERVES);
	assert_false(has("state/drained"));
}

static void test_no_place(void **state)
{
	(void)state;
	make_dir("persist/drained.new");
	make_dir("state/drained.new");
	assert_int_equal(ask(EZLB_NODE_DRAINED), 200);
	assert_has(said, "This does not survive a restart of ezlb: cannot write ");
	assert_has(said, "persist/drained.new");
	assert_has(logged, "the drain of this balancer will not survive a restart");
	assert_int_equal(changes, 1);
	assert_int_equal(drain.state.kind, EZLB_NODE_DRAINED);
	options.persist_dir = NULL;
	ask(EZLB_NODE_DRAINED);
	assert_has(said, "This does not survive a restart of ezlb: cannot write ");
	assert_has(said, "state/drained.new");
}

static void test_without_a_persist_dir(void **state)
{
	(void)state;
	options.persist_dir = NULL;
	ask(EZLB_NODE_DRAINED);
	assert_null(strstr(said, "survive"));
	assert_true(has("state/drained"));
	/* Somebody has added --persist-dir since. */
	options.persist_dir = persist_dir.s;
	restart();
	assert_int_equal(drain.state.kind, EZLB_NODE_DRAINED);
	ask(EZLB_NODE_SERVES);
	assert_false(has("state/drained"));
}

static void test_cannot_be_forgotten(void **state)
{
	(void)state;
	ask(EZLB_NODE_DRAINED);
	assert_int_equal(unlink(at("persist/drained").s), 0);
	make_dir("persist/drained");
	assert_int_equal(ask(EZLB_NODE_SERVES), 200);
	assert_has(said, "After a restart of ezlb it drains again: cannot remove ");
	assert_has(logged, "this balancer will drain again after a restart");
	assert_int_equal(drain.state.kind, EZLB_NODE_SERVES);
	assert_int_equal(changes, 2);
}

static void test_damaged(void **state)
{
	(void)state;
	put("persist/drained", "what?");
	restart();
	assert_has(logged, "cannot read since when this balancer drains: it drains\" err=\"");
	assert_int_equal(drain.state.kind, EZLB_NODE_DRAINED);
	assert_true(drain.state.since_ms > 0);
}

static void test_unknown(void **state)
{
	(void)state;
	assert_int_equal(rmdir(persist_dir.s), 0);
	assert_int_equal(symlink("persist", persist_dir.s), 0);
	restart();
	assert_has(logged, "cannot find out whether this balancer drains: it does not drain\"");
	assert_int_equal(drain.state.kind, EZLB_NODE_SERVES);
}

static void test_memory_has_no_file(void **state)
{
	(void)state;
	options.dataplane = EZLB_DP_MEMORY;
	put("persist/drained", "of another ezlb");
	restart();
	assert_string_equal(logged, "");
	assert_int_equal(drain.state.kind, EZLB_NODE_SERVES);
	ask(EZLB_NODE_DRAINED);
	assert_has(said, "With --dataplane memory this does not survive a restart of ezlb.\n");
	ask(EZLB_NODE_SERVES);
	assert_true(has("persist/drained"));
	assert_false(has("state/drained"));
}

/* --- passes -------------------------------------------------------------------------------- */

/* The end of a pass with one op. */
static void pass(enum ezlb_op_kind kind, const char *device, int rc, enum ezlb_layer_kind broken)
{
	struct ezlb_pass_result result = { .outcome = { .again = false } };
	struct ezlb_op *op = ezlb_plan_add(&result.plan.ops, kind);

	op->rc = rc;
	if (ezlb_op_object(kind) == EZLB_OBJECT_VIP)
		ezlb_strcpy(op->vip.device, sizeof(op->vip.device), device);
	if (broken != EZLB_LAYERS)
		result.outcome.errs.layer[broken].code = EPERM;
	nodedrain_pass(&drain, &result);
	ezlb_plan_clear(&result.plan.ops);
}

static void test_moved(void **state)
{
	static const struct {
		enum ezlb_op_kind kind;
		const char *device;
		int rc;
		enum ezlb_layer_kind broken;
		bool moved;
	} rows[] = {
		{ EZLB_OP_VIP_DEL, "ezlb0", 0, EZLB_LAYERS, true },
		{ EZLB_OP_VIP_DEL, "ezlb0", -EPERM, EZLB_LAYERS, false },
		{ EZLB_OP_VIP_DEL, "ezlb0", EZLB_HELD, EZLB_LAYERS, false },
		{ EZLB_OP_VIP_DEL, "ezlb0-drain", -EPERM, EZLB_LAYERS, true },
		/* On no link: its service cannot be applied, and nobody waits for it. */
		{ EZLB_OP_VIP_ADD, "ezlb0-drain", EZLB_HELD, EZLB_LAYERS, true },
		{ EZLB_OP_DEST_ADD, NULL, -EPERM, EZLB_LAYERS, true },
		{ EZLB_OP_VIP_DEL, "ezlb0", 0, EZLB_LAYER_IPVS, true },
		{ EZLB_OP_VIP_DEL, "ezlb0", 0, EZLB_LAYER_HOST, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ask(EZLB_NODE_DRAINED);
		pass(rows[i].kind, rows[i].device, rows[i].rc, rows[i].broken);
		assert_int_equal(drain.moved_ms != 0, rows[i].moved);
		ask(EZLB_NODE_SERVES);
		assert_int_equal(drain.moved_ms, 0);
	}
}

static void test_ledger_that_cannot_be_written(void **state)
{
	struct ezlb_pass_result result = { .outcome.ledger_err.code = ENOSPC };

	(void)state;
	nodedrain_pass(&drain, &result);
	assert_int_equal(drain.moved_ms, 0);
}

/* Then nothing moves, and what the links are like does not matter. */
static void test_nothing_to_move(void **state)
{
	(void)state;
	options.vip_device = NULL;
	ask(EZLB_NODE_DRAINED);
	pass(EZLB_OP_VIP_DEL, "ezlb0", -EPERM, EZLB_LAYER_HOST);
	assert_true(drain.moved_ms != 0);
}

static void test_idle(void **state)
{
	uint64_t moved;

	(void)state;
	ask(EZLB_NODE_DRAINED);
	assert_false(nodedrain_idle(&drain, 0, ezlb_now_ms() + 100000));
	pass(EZLB_OP_VIP_DEL, "ezlb0", 0, EZLB_LAYERS);
	moved = drain.moved_ms;
	assert_false(nodedrain_idle(&drain, 0, moved + NODEDRAIN_QUIET_MS - 1));
	assert_true(nodedrain_idle(&drain, 0, moved + NODEDRAIN_QUIET_MS));
	assert_false(nodedrain_idle(&drain, 1, moved + NODEDRAIN_QUIET_MS));
	assert_false(nodedrain_idle(&drain, -1, moved + NODEDRAIN_QUIET_MS));
	pass(EZLB_OP_VIP_DEL, "ezlb0", 0, EZLB_LAYERS); /* later passes do not begin it anew */
	assert_int_equal(drain.moved_ms, moved);
}

#define IN_DIRS(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRS(test_there_and_back),
		IN_DIRS(test_twice),
		IN_DIRS(test_twice_writes_again),
		IN_DIRS(test_until_exit),
		IN_DIRS(test_without_a_device),
		IN_DIRS(test_since_another_day),
		IN_DIRS(test_exit),
		IN_DIRS(test_exit_of_a_drained_one),
		IN_DIRS(test_second_place),
		IN_DIRS(test_no_place),
		IN_DIRS(test_without_a_persist_dir),
		IN_DIRS(test_cannot_be_forgotten),
		IN_DIRS(test_damaged),
		IN_DIRS(test_unknown),
		IN_DIRS(test_memory_has_no_file),
		IN_DIRS(test_moved),
		IN_DIRS(test_nothing_to_move),
		IN_DIRS(test_ledger_that_cannot_be_written),
		IN_DIRS(test_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
