// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a backend is a dest, and what will become of it. */
#include "plans.h"

#define A   "10.1.0.1:80"
#define B   "10.1.0.2:80"
#define WEB "10.0.0.1:80"

#define IN_FILE 0
#define LEFT	EZLB_NOT_IN_FILE

#define DRAIN \
	"; it will be removed when its connections have ended (12 open), in 12 s at the latest"
#define FAIL_OPEN                                                                               \
	"fail open: fewer than min_healthy backends are up, so this one is scheduled although " \
	"it is "

static const struct {
	const char *name;
	size_t index;
	enum ezlb_role role;
	enum ezlb_drain_cause cause;
	enum ezlb_verdict verdict;
	const char *says; /* of an op, and in a warning without one */
	bool warned;
} roles[] = {
	{ "it has left the file", LEFT, EZLB_ROLE_DRAINING, EZLB_DRAIN_REMOVED, EZLB_UP,
	  "drains: it left the file" DRAIN, true },
	{ "it says no", IN_FILE, EZLB_ROLE_DRAINING, EZLB_DRAIN_DOWN, EZLB_DOWN,
	  "drains: it is down (http_status 503)" DRAIN, true },
	{ "a fallback", IN_FILE, EZLB_ROLE_DRAINING, EZLB_DRAIN_STANDBY, EZLB_UP,
	  "drains: the fallback is not needed any more" DRAIN, true },
	{ "fail open", IN_FILE, EZLB_ROLE_FAIL_OPEN, 0, EZLB_DOWN,
	  FAIL_OPEN "down (http_status 503)", true },
	{ "fail open, no verdict", IN_FILE, EZLB_ROLE_FAIL_OPEN, 0, EZLB_UNKNOWN,
	  FAIL_OPEN "not known to be up", true },
	{ "the fallback serves", IN_FILE, EZLB_ROLE_FALLBACK, 0, EZLB_UP,
	  "fallback: no other backend is up", true },
	{ "slow start", IN_FILE, EZLB_ROLE_STARTING, 0, EZLB_UP,
	  "slow start: 30% of its weight, all of it in 12 s", true },
	{ "the fallback is not needed", IN_FILE, EZLB_ROLE_STANDBY, 0, EZLB_UP,
	  "the fallback is not needed", false },
	{ "it serves", IN_FILE, EZLB_ROLE_SERVING, 0, EZLB_UP, "backend is up", false },
	{ "it is down", IN_FILE, EZLB_ROLE_OUT, 0, EZLB_DOWN, "down", true },
	{ "the first result is missing", IN_FILE, EZLB_ROLE_WAITING, 0, EZLB_UNKNOWN,
	  "backend is unknown", false },
};

static struct scene *scene_of(size_t i)
{
	struct scene *scene = scene_open();
	struct ezlb_verdict_row *row;

	add_spec(scene, "/d/web.yaml",
		 roles[i].index == LEFT ? "web tcp " WEB " " B : "web tcp " WEB " " A);
	add_role(scene, WEB, A, roles[i].index, roles[i].role)->cause = roles[i].cause;
	if (roles[i].index == LEFT)
		return scene;
	row = add_verdict(scene, "web", A, roles[i].verdict);
	row->probed = true;
	row->outcome = EZLB_PROBE_HTTP_STATUS;
	row->code = 503;
	return scene;
}

static void test_reasons_of_ops(void **state)
{
	static const enum ezlb_op_kind kinds[] = { EZLB_OP_DEST_ADD, EZLB_OP_DEST_SET,
						   EZLB_OP_DEST_DEL };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		bool out = roles[i].role == EZLB_ROLE_OUT || roles[i].role == EZLB_ROLE_STANDBY;
		struct scene *scene = scene_of(i);
		EZLB_AUTO_FREE char *text = NULL;

		print_message("%s\n", roles[i].name);
		add_dest(scene, kinds[out ? 2 : 0], WEB, A);
		text = text_of(scene, false);
		assert_has(text, roles[i].says);
		if (roles[i].index != LEFT)
			assert_has(text, "web.yaml:11, ");
		/* The op says it: no warning says it again. */
		if (roles[i].role != EZLB_ROLE_WAITING)
			assert_null(strstr(text, "  ! "));
		scene_close(scene);
	}
}

/* Of what the plan does not change, an operator sees what will happen later. */
static void test_warnings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		struct scene *scene = scene_of(i);
		EZLB_AUTO_FREE char *text = text_of(scene, false);

		print_message("%s\n", roles[i].name);
		if (roles[i].warned) {
			assert_has(text, "  ! backend " A ", ");
			assert_has(text, roles[i].says);
		} else if (roles[i].role == EZLB_ROLE_WAITING) {
			assert_has(text, "  ! backend " A
					 ", not added: its health check has no result yet");
		} else {
			assert_string_equal(text, "");
		}
		scene_close(scene);
	}
}

/* A drain starts: the weight goes to 0, and the reason says what comes next. */
static void test_whole(void **state)
{
	struct scene *scene = scene_open();
	struct ezlb_op *op;

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp " WEB " " B);
	add_role(scene, WEB, A, LEFT, EZLB_ROLE_DRAINING)->cause = EZLB_DRAIN_REMOVED;
	op = add_dest(scene, EZLB_OP_DEST_SET, WEB, A);
	op->dest.weight = 0;
	op->old_dest.weight = 5;
	assert_text(scene, "web  tcp " WEB "\n"
			   "  ~ backend " A ", weight 5 -> 0  drains: it left the file" DRAIN "\n"
			   "\nPlan: 0 to add, 1 to change, 0 to remove.\n");
	scene_close(scene);
}

/* A backend at two listeners is one backend. */
static void test_two_listeners(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp " WEB " +tcp/10.0.0.2:80 " B);
	add_role(scene, WEB, A, LEFT, EZLB_ROLE_DRAINING);
	add_role(scene, WEB, B, IN_FILE, EZLB_ROLE_SERVING);
	add_role(scene, "10.0.0.2:80", A, LEFT, EZLB_ROLE_DRAINING);
	add_role(scene, "10.0.0.2:80", B, IN_FILE, EZLB_ROLE_DRAINING)->cause = EZLB_DRAIN_STANDBY;
	assert_text(scene, "web  tcp " WEB ", tcp 10.0.0.2:80\n"
			   "  ! backend " B ", drains: the fallback is not needed any more" DRAIN
			   "  web.yaml:11\n"
			   "  ! backend " A ", drains: it left the file" DRAIN "  \n");
	scene_close(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons_of_ops),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_two_listeners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
