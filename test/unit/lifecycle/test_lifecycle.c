// SPDX-License-Identifier: GPL-2.0-or-later
/* The first verdict, and backends that leave: by file, by health, by restart. */
#include "story.h"

struct tale {
	const char *name, *text;
};

static const struct tale first[] = {
	{ "backends that are not checked serve at once", "file a b*5\n"
							 "at 0: a serving 1, b serving 5\n" },
	{ "a new backend waits for its first probe", "file a b\n"
						     "unknown a b\n"
						     "at 0: a waiting, b waiting\n"
						     "up a\n"
						     "at 10: a serving 1, b waiting\n"
						     "dead b\n"
						     "at 20: a serving 1, b out\n" },
	{ "initial: up does not", "file initial_up a b\n"
				  "unknown a b\n"
				  "at 0: a serving 1, b serving 1\n"
				  "dead a\n"
				  "at 10: a out, b serving 1\n" },
	{ "after a restart the kernel tells, and the weight is that of the file",
	  "file a*3 b\n"
	  "unknown a b\n"
	  "dest a 9\n"
	  "at 0: a serving 3, b waiting\n"
	  "up a b\n"
	  "at 10: a serving 3, b serving 1\n" },
	{ "a member without a verdict keeps its dest, also if somebody deletes that",
	  "file a\n"
	  "at 0: a serving 1\n"
	  "unknown a\n"
	  "no dest a\n"
	  "at 10: a serving 1\n" },
	{ "the dest of somebody else is none of a backend that waits, nor of one that is out",
	  "file a b\n"
	  "unknown a\n"
	  "dead b\n"
	  "at 0: a waiting, b out\n"
	  "dest a 1\n"
	  "dest b 1\n"
	  "at 10: a waiting, b out\n" },
	{ "weight 0 serves, with weight 0", "file drain=30000 a*0 b\n"
					    "at 0: a serving 0, b serving 1\n" },
	{ "the kernel cannot be read: nothing is taken for missing, and a start is none",
	  "file drain=30000 a b\n"
	  "unknown a b\n"
	  "dest a 1\n"
	  "dest c 1\n"
	  "blind\n"
	  "at 0: a waiting, b waiting\n"
	  "sees\n"
	  "at 10: a serving 1, b waiting, c draining removed 0 until 30010; due 1010\n"
	  "active c 2\n"
	  "at 20: a serving 1, b waiting, c draining removed 0 until 30010 active 2; due 1020\n"
	  "blind\n"
	  "at 30: a serving 1, b waiting, c draining removed 0 until 30010; due 1030\n"
	  "at 1530: a serving 1, b waiting, c draining removed 0 until 30010; due 2530\n"
	  "sees\n"
	  "at 1540: a serving 1, b waiting, c draining removed 0 until 30010 active 2; due 2540\n" },
};

static const struct tale removed[] = {
	{ "a backend that leaves the file drains until it is idle",
	  "file drain=30000 a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "file drain=30000 a\n"
	  "active b 2\n"
	  "at 100: a serving 1, b draining removed 0 until 30100 active 2; due 1100\n"
	  "active b 1\n"
	  "at 1100: a serving 1, b draining removed 0 until 30100 active 1; due 2100\n"
	  "active b 0\n"
	  "at 2100: a serving 1, b draining removed 0 until 30100; due 3100\n"
	  "at 3099: a serving 1, b draining removed 0 until 30100; due 3100\n"
	  "at 3100: a serving 1\n"
	  "at 3200: a serving 1\n" },
	{ "or until the time is up",
	  "file drain=30000 a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "file drain=30000 a\n"
	  "active b 2\n"
	  "at 100: a serving 1, b draining removed 0 until 30100 active 2; due 1100\n"
	  "at 29500: a serving 1, b draining removed 0 until 30100 active 2; due 30100\n"
	  "at 30099: a serving 1, b draining removed 0 until 30100 active 2; due 30100\n"
	  "at 30100: a serving 1\n" },
	{ "idle means for a second: a handshake does not count as active",
	  "file drain=30000 a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "file drain=30000 a\n"
	  "at 100: a serving 1, b draining removed 0 until 30100; due 1100\n"
	  "active b 1\n"
	  "at 1000: a serving 1, b draining removed 0 until 30100 active 1; due 2000\n"
	  "active b 0\n"
	  "at 1100: a serving 1, b draining removed 0 until 30100; due 2100\n"
	  "at 2100: a serving 1\n" },
	{ "drain_timeout 0s: at once", "file a b\n"
				       "at 0: a serving 1, b serving 1\n"
				       "file a\n"
				       "active b 2\n"
				       "at 100: a serving 1\n" },
	{ "a shorter drain_timeout ends the drain sooner, a longer one does not end it later",
	  "file drain=30000 a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "file drain=30000 a\n"
	  "active b 1\n"
	  "at 0: a serving 1, b draining removed 0 until 30000 active 1; due 1000\n"
	  "file drain=60000 a\n"
	  "at 10: a serving 1, b draining removed 0 until 30000 active 1; due 1010\n"
	  "file drain=5000 a\n"
	  "at 20: a serving 1, b draining removed 0 until 5020 active 1; due 1020\n"
	  "file a\n"
	  "at 30: a serving 1\n" },
	{ "back in the file while it drains: its weight at once, without a verdict",
	  "file drain=30000 a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "file drain=30000 a\n"
	  "active b 1\n"
	  "at 10: a serving 1, b draining removed 0 until 30010 active 1; due 1010\n"
	  "file drain=30000 a b*4\n"
	  "unknown b\n"
	  "at 20: a serving 1, b serving 4\n"
	  "up b\n"
	  "at 30: a serving 1, b serving 4\n" },
	{ "udp never drains", "file udp drain=30000 a b\n"
			      "at 0: a serving 1, b serving 1\n"
			      "file udp drain=30000 a\n"
			      "active b 1\n"
			      "at 10: a serving 1\n" },
	{ "a mark may stand for tcp",
	  "file mark drain=30000 a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "file mark drain=30000 a\n"
	  "active b 1\n"
	  "at 10: a serving 1, b draining removed 0 until 30010 active 1; due 1010\n" },
	{ "a dest that somebody else has added does not drain", "file drain=30000 a\n"
								"at 0: a serving 1\n"
								"dest b 1\n"
								"active b 1\n"
								"at 10: a serving 1\n" },
	{ "if somebody deletes the dest, the drain is over",
	  "file drain=30000 a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "file drain=30000 a\n"
	  "active b 1\n"
	  "at 10: a serving 1, b draining removed 0 until 30010 active 1; due 1010\n"
	  "no dest b\n"
	  "at 20: a serving 1\n" },
	{ "a backend that was out, or waited, has nothing to drain",
	  "file drain=30000 a b c\n"
	  "dead b\n"
	  "unknown c\n"
	  "at 0: a serving 1, b out, c waiting\n"
	  "file drain=30000 a\n"
	  "at 10: a serving 1\n" },
	{ "the kernel rejects the deletion: the drain does not begin again",
	  "file drain=30000 a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "file drain=30000 a\n"
	  "active b 1\n"
	  "at 0: a serving 1, b draining removed 0 until 30000 active 1; due 1000\n"
	  "stuck\n"
	  "at 30000: a serving 1\n"
	  "at 31000: a serving 1\n" },
	{ "once: nobody would delete it later", "file drain=30000 a\n"
						"dest b 1\n"
						"active b 1\n"
						"ledger b 5000 removed\n"
						"single\n"
						"at 10: a serving 1\n" },
	{ "the file goes: no row is left", "file drain=30000 a\n"
					   "active a 1\n"
					   "at 0: a serving 1\n"
					   "no file\n"
					   "at 10:\n" },
};

static const struct tale down[] = {
	{ "a dead backend is removed at once", "file drain=30000 a b\n"
					       "up a b\n"
					       "at 0: a serving 1, b serving 1\n"
					       "dead b\n"
					       "active b 5\n"
					       "at 10: a serving 1, b out\n"
					       "up b\n"
					       "at 20: a serving 1, b serving 1\n" },
	{ "one that answers drains, and stays out when that is over",
	  "file drain=30000 a b\n"
	  "up a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "says_no b\n"
	  "active b 5\n"
	  "at 10: a serving 1, b draining down 0 until 30010 active 5; due 1010\n"
	  "rising b\n"
	  "at 1010: a serving 1, b draining down 0 until 30010 active 5; due 2010\n"
	  "at 30010: a serving 1, b out\n"
	  "at 30020: a serving 1, b out\n"
	  "stuck\n"
	  "dest b 0\n"
	  "at 30030: a serving 1, b out\n" },
	{ "if it stops to answer it is removed at once",
	  "file drain=30000 a b\n"
	  "up a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "says_no b\n"
	  "active b 5\n"
	  "at 10: a serving 1, b draining down 0 until 30010 active 5; due 1010\n"
	  "dead b\n"
	  "at 20: a serving 1, b out\n"
	  "says_no b\n"
	  "at 30: a serving 1, b out\n" },
	{ "up again while it drains: its weight at once",
	  "file drain=30000 slow=9000 a b\n"
	  "up a b\n"
	  "at 0: a serving 10, b serving 10\n"
	  "says_no b\n"
	  "active b 5\n"
	  "at 10: a serving 10, b draining down 0 until 30010 active 5; due 1010\n"
	  "up b\n"
	  "at 20: a serving 10, b serving 10\n" },
	{ "on_failure: remove", "file remove drain=30000 a b\n"
				"up a b\n"
				"at 0: a serving 1, b serving 1\n"
				"says_no b\n"
				"active b 5\n"
				"at 10: a serving 1, b out\n" },
	{ "on_failure: drain",
	  "file drain drain=30000 a b\n"
	  "up a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "dead b\n"
	  "active b 5\n"
	  "at 10: a serving 1, b draining down 0 until 30010 active 5; due 1010\n" },
	{ "udp is removed at once, whatever it answers", "file udp drain drain=30000 a b\n"
							 "up a b\n"
							 "at 0: a serving 1, b serving 1\n"
							 "says_no b\n"
							 "active b 5\n"
							 "at 10: a serving 1, b out\n" },
	{ "another check while it drains: no verdict ends the drain, the first one does",
	  "file drain=30000 a b\n"
	  "up a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "says_no b\n"
	  "active b 5\n"
	  "at 10: a serving 1, b draining down 0 until 30010 active 5; due 1010\n"
	  "unknown b\n"
	  "at 20: a serving 1, b draining down 0 until 30010 active 5; due 1020\n"
	  "at 30010: a serving 1, b waiting\n"
	  "up b\n"
	  "at 30020: a serving 1, b serving 1\n" },
	{ "out of the file and back while it drains for its health: it still does",
	  "file drain=30000 a b\n"
	  "up a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "says_no b\n"
	  "active b 5\n"
	  "at 10: a serving 1, b draining down 0 until 30010 active 5; due 1010\n"
	  "file drain=30000 a\n"
	  "at 20: a serving 1, b draining down 0 until 30010 active 5; due 1020\n"
	  "file drain=30000 a b\n"
	  "unknown b\n"
	  "at 30: a serving 1, b draining down 0 until 30010 active 5; due 1030\n" },
};

static const struct tale restarts[] = {
	{ "a drain keeps its deadline, and why it drains",
	  "file drain=30000 a b c\n"
	  "up a b c\n"
	  "at 0: a serving 1, b serving 1, c serving 1\n"
	  "file drain=30000 a b\n"
	  "says_no b\n"
	  "active b 1\n"
	  "active c 1\n"
	  "at 10: a serving 1, b draining down 0 until 30010 active 1, "
	  "c draining removed 0 until 30010 active 1; due 1010\n"
	  "restart\n"
	  "unknown a b\n"
	  "at 20000: a serving 1, b draining down 0 until 30010 active 1, "
	  "c draining removed 0 until 30010 active 1; due 21000\n"
	  "at 30010: a serving 1, b waiting\n" },
	{ "after a start the kernel counts: one with a weight does not drain",
	  "file drain=30000 a b\n"
	  "unknown a b\n"
	  "dest a 1\n"
	  "dest b 1\n"
	  "active b 1\n"
	  "ledger a 5000 standby\n"
	  "ledger b 5000 down\n"
	  "at 10000: a serving 1, b serving 1\n" },
	{ "a deadline that has passed meanwhile", "file drain=30000 a\n"
						  "dest a 1\n"
						  "dest b 0\n"
						  "active b 1\n"
						  "ledger b 5000 removed\n"
						  "at 9000: a serving 1\n" },
	{ "removed from the file while ezlb was away",
	  "file drain=30000 a\n"
	  "dest a 1\n"
	  "dest b 1\n"
	  "active b 1\n"
	  "at 50: a serving 1, b draining removed 0 until 30050 active 1; due 1050\n" },
	{ "back in the file while ezlb was away", "file drain=30000 a b\n"
						  "unknown a b\n"
						  "dest a 1\n"
						  "dest b 0\n"
						  "ledger b 5000 removed\n"
						  "at 50: a serving 1, b serving 1\n" },
	{ "of a service that is adopted, what the file does not name goes at once",
	  "file drain=30000 a\n"
	  "foreign\n"
	  "dest a 7\n"
	  "dest b 7\n"
	  "at 0: a serving 1\n" },
};

static void test_first(void **state)
{
	(void)state;
	TELL(first);
}

static void test_removed(void **state)
{
	(void)state;
	TELL(removed);
}

static void test_down(void **state)
{
	(void)state;
	TELL(down);
}

static void test_restarts(void **state)
{
	(void)state;
	TELL(restarts);
}

/* A flip is one change of the kernel; a drain is two. */
static void test_writes(void **state)
{
	(void)state;
	assert_int_equal(story_tell("file drain=30000 a b\nup a b\n"
				    "at 0: a serving 1, b serving 1\n"
				    "dead b\n"
				    "at 10: a serving 1, b out\n"),
			 3);
	assert_int_equal(story_tell("file drain=30000 a b\nup a b\n"
				    "at 0: a serving 1, b serving 1\n"
				    "says_no b\n"
				    "at 10: a serving 1, b draining down 0 until 30010; due 1010\n"
				    "at 1010: a serving 1, b out\n"),
			 4);
}

static void test_nothing(void **state)
{
	const struct ezlb_desired desired = { 0 };
	const struct ezlb_lifecycle_in in = { .desired = &desired };
	struct ezlb_lifecycle life = { .members = { 0 } };
	struct ezlb_roster roster;

	(void)state;
	ezlb_lifecycle_step(&life, &in, &roster);
	assert_int_equal(roster.rows.len, 0);
	assert_true(roster.due_ms == UINT64_MAX);
	ezlb_roster_clear(&roster);
	ezlb_lifecycle_clear(&life);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),	 cmocka_unit_test(test_first),
		cmocka_unit_test(test_removed),	 cmocka_unit_test(test_down),
		cmocka_unit_test(test_restarts), cmocka_unit_test(test_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
