// SPDX-License-Identifier: GPL-2.0-or-later
/* Fallback, fail open and slow start. */
#include "story.h"

struct tale {
	const char *name, *text;
};

static const struct tale fallbacks[] = {
	{ "a fallback serves while no other one is healthy, and drains after that",
	  "file drain=30000 a b | f*3\n"
	  "up a b f\n"
	  "at 0: a serving 1, b serving 1, f standby\n"
	  "dead a\n"
	  "at 10: a out, b serving 1, f standby\n"
	  "dead b\n"
	  "at 20: a out, b out, f fallback 3\n"
	  "up a\n"
	  "active f 1\n"
	  "at 30: a serving 1, b out, f draining standby 0 until 30030 active 1; due 1030\n"
	  "dead a\n"
	  "at 40: a out, b out, f fallback 3\n"
	  "up a b\n"
	  "active f 0\n"
	  "at 50: a serving 1, b serving 1, f draining standby 0 until 30050; due 1050\n"
	  "at 1050: a serving 1, b serving 1, f standby\n" },
	{ "not before the others have a verdict", "file a | f\n"
						  "unknown a f\n"
						  "at 0: a waiting, f standby\n"
						  "up f\n"
						  "at 10: a waiting, f standby\n"
						  "dead a\n"
						  "at 20: a out, f fallback 1\n" },
	{ "a restart while it serves: it goes on until another one does",
	  "file drain=30000 a | f\n"
	  "dead a\n"
	  "up f\n"
	  "at 0: a out, f fallback 1\n"
	  "restart\n"
	  "unknown a f\n"
	  "at 10: a waiting, f fallback 1\n"
	  "up f\n"
	  "at 20: a waiting, f fallback 1\n"
	  "dead a\n"
	  "at 30: a out, f fallback 1\n"
	  "restart\n"
	  "unknown a f\n"
	  "at 40: a waiting, f fallback 1\n"
	  "up a\n"
	  "at 50: a serving 1, f draining standby 0 until 30050; due 1050\n" },
	{ "a dead fallback, and one without a verdict",
	  "file drain=30000 a | f g\n"
	  "dead a f\n"
	  "unknown g\n"
	  "at 0: a out, f out, g waiting\n"
	  "up f\n"
	  "dead g\n"
	  "at 10: a out, f fallback 1, g out\n"
	  "says_no f\n"
	  "active f 1\n"
	  "at 20: a out, f draining down 0 until 30020 active 1, g out; due 1020\n" },
	{ "initial: up holds for fallbacks too", "file initial_up a | f\n"
						 "dead a\n"
						 "unknown f\n"
						 "at 0: a out, f fallback 1\n" },
	{ "healthy backends with weight 0 serve nobody: the fallback does",
	  "file drain=30000 a*0 b | f\n"
	  "up a b f\n"
	  "at 0: a serving 0, b serving 1, f standby\n"
	  "dead b\n"
	  "at 10: a serving 0, b out, f fallback 1\n"
	  "file a*0 b*0 | f\n"
	  "up b\n"
	  "at 20: a serving 0, b serving 0, f fallback 1\n" },
	{ "a backend that becomes a fallback, and back",
	  "file drain=30000 a b\n"
	  "up a b\n"
	  "at 0: a serving 1, b serving 1\n"
	  "file drain=30000 a | b\n"
	  "active b 1\n"
	  "at 10: a serving 1, b draining standby 0 until 30010 active 1; due 1010\n"
	  "file drain=30000 a b\n"
	  "unknown b\n"
	  "at 20: a serving 1, b serving 1\n" },
	{ "udp: a fallback that is not needed goes at once", "file udp drain=30000 a | f\n"
							     "dead a\n"
							     "up f\n"
							     "at 0: a out, f fallback 1\n"
							     "up a\n"
							     "at 10: a serving 1, f standby\n" },
};

static const struct tale fail_opens[] = {
	{ "by default never", "file a b\n"
			      "dead a b\n"
			      "at 0: a out, b out\n" },
	{ "fewer than min_healthy: all are scheduled, also those that were never dests",
	  "file drain=30000 min=2 a b*2 c\n"
	  "up a b\n"
	  "unknown c\n"
	  "at 0: a serving 1, b serving 2, c waiting\n"
	  "dead a\n"
	  "at 10: a out, b serving 2, c waiting\n"
	  "dead c\n"
	  "at 20: a fail_open 1, b serving 2, c fail_open 1\n"
	  "dead b\n"
	  "at 30: a fail_open 1, b fail_open 2, c fail_open 1\n" },
	{ "recovery: those that are up serve on, the dead leave, and one that answers drains",
	  "file drain=30000 min=2 a b c d\n"
	  "dead a b c\n"
	  "says_no d\n"
	  "at 0: a fail_open 1, b fail_open 1, c fail_open 1, d fail_open 1\n"
	  "up a\n"
	  "at 10: a serving 1, b fail_open 1, c fail_open 1, d fail_open 1\n"
	  "up b\n"
	  "active c 1\n"
	  "active d 1\n"
	  "at 20: a serving 1, b serving 1, c out, "
	  "d draining down 0 until 30020 active 1; due 1020\n"
	  "dead a\n"
	  "at 30: a fail_open 1, b serving 1, c fail_open 1, d fail_open 1\n" },
	{ "percent is rounded up", "file min%=50 a b c\n"
				   "up a b c\n"
				   "dead a\n"
				   "at 0: a out, b serving 1, c serving 1\n"
				   "dead b\n"
				   "at 10: a fail_open 1, b fail_open 1, c serving 1\n" },
	{ "a start is no failure: without a verdict they count as healthy",
	  "file min%=100 a b\n"
	  "unknown a b\n"
	  "at 0: a waiting, b waiting\n"
	  "up a\n"
	  "at 10: a serving 1, b waiting\n"
	  "dead b\n"
	  "at 20: a serving 1, b fail_open 1\n" },
	{ "one that has come in by fail open without a verdict stays until it has one",
	  "file min=2 a b c d\n"
	  "unknown d\n"
	  "dead a b c\n"
	  "at 0: a fail_open 1, b fail_open 1, c fail_open 1, d fail_open 1\n"
	  "up a\n"
	  "at 10: a serving 1, b out, c out, d serving 1\n"
	  "up d\n"
	  "at 20: a serving 1, b out, c out, d serving 1\n" },
	{ "a fallback is better, but not one that is down, or has weight 0",
	  "file min=1 a | f\n"
	  "dead a\n"
	  "up f\n"
	  "at 0: a out, f fallback 1\n"
	  "dead f\n"
	  "at 10: a fail_open 1, f out\n"
	  "up f\n"
	  "at 20: a out, f fallback 1\n"
	  "file min=1 a | f*0\n"
	  "at 30: a fail_open 1, f fallback 0\n" },
	{ "some are healthy, but too few: fallbacks stay out of it",
	  "file min=2 a b | f\n"
	  "up a f\n"
	  "dead b\n"
	  "at 0: a serving 1, b fail_open 1, f standby\n" },
	{ "one without a verdict stays after fail open, and a fallback leaves in the same step",
	  "file min=2 a b | f*0\n"
	  "dead a b\n"
	  "up f\n"
	  "at 0: a fail_open 1, b fail_open 1, f fallback 0\n"
	  "file min=1 a b | f*0\n"
	  "unknown a\n"
	  "at 10: a serving 1, b out, f standby\n" },
	{ "one without a verdict in fail open: a fallback that gets a weight does not come for one step",
	  "file min=2 a b | f*0\n"
	  "dead a b\n"
	  "up f\n"
	  "at 0: a fail_open 1, b fail_open 1, f fallback 0\n"
	  "unknown a\n"
	  "file min=2 a b | f\n"
	  "at 10: a fail_open 1, b fail_open 1, f standby\n"
	  "dead a\n"
	  "at 20: a out, b out, f fallback 1\n" },
	{ "weight 0 counts neither as healthy nor as configured",
	  "file min%=50 a*0 b\n"
	  "up a b\n"
	  "at 0: a serving 0, b serving 1\n"
	  "dead b\n"
	  "at 10: a serving 0, b fail_open 1\n"
	  "file min=1 a*0 b*0\n"
	  "at 20: a serving 0, b out\n" },
	{ "more than there are means all of them", "file min=5 a b\n"
						   "up a b\n"
						   "at 0: a serving 1, b serving 1\n"
						   "dead a\n"
						   "at 10: a fail_open 1, b serving 1\n" },
	{ "over a restart: nobody leaves before the last verdict",
	  "file drain=30000 min%=50 a b c d\n"
	  "dead a b c\n"
	  "up d\n"
	  "at 0: a fail_open 1, b fail_open 1, c fail_open 1, d serving 1\n"
	  "restart\n"
	  "unknown a b c d\n"
	  "at 10: a serving 1, b serving 1, c serving 1, d serving 1\n"
	  "dead a\n"
	  "at 20: a fail_open 1, b serving 1, c serving 1, d serving 1\n"
	  "up d\n"
	  "at 30: a fail_open 1, b serving 1, c serving 1, d serving 1\n"
	  "dead b\n"
	  "at 40: a fail_open 1, b fail_open 1, c serving 1, d serving 1\n"
	  "dead c\n"
	  "at 50: a fail_open 1, b fail_open 1, c fail_open 1, d serving 1\n" },
	{ "over a restart: enough are up, so the dead leave",
	  "file min=1 a b c\n"
	  "dest a 1\n"
	  "dest b 1\n"
	  "unknown a b c\n"
	  "at 0: a serving 1, b serving 1, c waiting\n"
	  "dead a\n"
	  "at 10: a fail_open 1, b serving 1, c waiting\n"
	  "up b\n"
	  "at 20: a out, b serving 1, c waiting\n" },
	{ "a drain gives way", "file drain=30000 min=1 a\n"
			       "up a\n"
			       "at 0: a serving 1\n"
			       "file drain=30000 a\n"
			       "says_no a\n"
			       "active a 1\n"
			       "at 10: a draining down 0 until 30010 active 1; due 1010\n"
			       "file drain=30000 min=1 a\n"
			       "at 20: a fail_open 1\n" },
};

static const struct tale starts[] = {
	{ "a backend that comes back grows in ten steps",
	  "file slow=9000 a b\n"
	  "up a\n"
	  "dead b\n"
	  "at 0: a serving 10, b out\n"
	  "up b\n"
	  "at 10000: a serving 10, b starting 1 until 19000; due 11000\n"
	  "at 10999: a serving 10, b starting 1 until 19000; due 11000\n"
	  "at 11000: a serving 10, b starting 2 until 19000; due 12000\n"
	  "at 12000: a serving 10, b starting 3 until 19000; due 13000\n"
	  "at 13000: a serving 10, b starting 4 until 19000; due 14000\n"
	  "at 14000: a serving 10, b starting 5 until 19000; due 15000\n"
	  "at 15000: a serving 10, b starting 6 until 19000; due 16000\n"
	  "at 16000: a serving 10, b starting 7 until 19000; due 17000\n"
	  "at 17000: a serving 10, b starting 8 until 19000; due 18000\n"
	  "at 18000: a serving 10, b starting 9 until 19000; due 19000\n"
	  "at 19000: a serving 10, b serving 10\n" },
	{ "so does a new one, and one that has waited; its weights keep their relation",
	  "file slow=9000 a*2\n"
	  "at 0: a serving 10\n"
	  "file slow=9000 a*2 b*6 c*4\n"
	  "unknown c\n"
	  "at 20000: a serving 10, b starting 3 until 29000, c waiting; due 21000\n"
	  "up c\n"
	  "at 20500: a serving 10, b starting 3 until 29000, c starting 2 until 29500; due 21000\n" },
	{ "all that start together have their full weight", "file slow=9000 a b\n"
							    "dead a b\n"
							    "at 0: a out, b out\n"
							    "up a b\n"
							    "at 10: a serving 10, b serving 10\n" },
	{ "a service that comes up one by one: none is warm yet",
	  "file slow=9000 a b c\n"
	  "unknown a b c\n"
	  "at 0: a waiting, b waiting, c waiting\n"
	  "up a\n"
	  "at 10: a serving 10, b waiting, c waiting\n"
	  "up b\n"
	  "at 5000: a serving 10, b serving 10, c waiting\n"
	  "up c\n"
	  "at 9010: a serving 10, b serving 10, c starting 1 until 18010; due 10010\n" },
	{ "not in a start of the daemon", "file slow=9000 a b\n"
					  "up a b\n"
					  "dest a 10\n"
					  "at 0: a serving 10, b serving 10\n" },
	{ "but one that was down over the restart does",
	  "file slow=9000 a b\n"
	  "unknown a b\n"
	  "dest a 10\n"
	  "at 0: a serving 10, b waiting\n"
	  "up a b\n"
	  "at 10: a serving 10, b starting 1 until 9010; due 1010\n" },
	{ "it goes on over a restart",
	  "file slow=9000 a b\n"
	  "dest a 10\n"
	  "up a\n"
	  "dead b\n"
	  "at 0: a serving 10, b out\n"
	  "up b\n"
	  "at 10: a serving 10, b starting 1 until 9010; due 1010\n"
	  "at 3100: a serving 10, b starting 4 until 9010; due 4010\n"
	  "restart\n"
	  "unknown a b\n"
	  "at 3200: a serving 10, b starting 4 until 9200; due 4200\n" },
	{ "new weights, because the file has slow start now, are none",
	  "file slow=9000 a b*5\n"
	  "dest a 1\n"
	  "dest b 5\n"
	  "at 0: a serving 10, b serving 50\n" },
	{ "it dies meanwhile, and begins again",
	  "file slow=9000 a b\n"
	  "dest a 10\n"
	  "up a\n"
	  "dead b\n"
	  "at 0: a serving 10, b out\n"
	  "up b\n"
	  "at 10: a serving 10, b starting 1 until 9010; due 1010\n"
	  "at 5010: a serving 10, b starting 6 until 9010; due 6010\n"
	  "dead b\n"
	  "at 5020: a serving 10, b out\n"
	  "up b\n"
	  "at 6000: a serving 10, b starting 1 until 15000; due 7000\n" },
	{ "the others die: it goes on, and so does the next one",
	  "file slow=9000 a b c\n"
	  "dest a 10\n"
	  "up a\n"
	  "dead b c\n"
	  "at 0: a serving 10, b out, c out\n"
	  "up b\n"
	  "at 1000: a serving 10, b starting 1 until 10000, c out; due 2000\n"
	  "dead a\n"
	  "at 2000: a out, b starting 2 until 10000, c out; due 3000\n"
	  "up c\n"
	  "at 2500: a out, b starting 2 until 10000, c starting 1 until 11500; due 3000\n" },
	{ "shorter in the file, or none any more",
	  "file slow=90000 a b\n"
	  "dest a 10\n"
	  "up a\n"
	  "dead b\n"
	  "at 0: a serving 10, b out\n"
	  "up b\n"
	  "at 10: a serving 10, b starting 1 until 90010; due 10010\n"
	  "file slow=9000 a b\n"
	  "at 20: a serving 10, b starting 1 until 9020; due 1020\n"
	  "file a b\n"
	  "at 30: a serving 1, b serving 1\n" },
	{ "weight 0 has nothing to grow", "file slow=9000 a b*0\n"
					  "up a\n"
					  "dead b\n"
					  "at 0: a serving 10, b out\n"
					  "up b\n"
					  "at 10: a serving 10, b serving 0\n" },
	{ "a fallback serves at once, and so does the first that comes back",
	  "file slow=9000 a b | f\n"
	  "up f\n"
	  "dead a b\n"
	  "at 0: a out, b out, f fallback 10\n"
	  "up a\n"
	  "at 10: a serving 10, b out, f standby\n"
	  "up b\n"
	  "at 9500: a serving 10, b starting 1 until 18500, f standby; due 10500\n" },
	{ "out of fail open they have their weight already",
	  "file slow=9000 min=1 a b\n"
	  "dead a b\n"
	  "at 0: a fail_open 10, b fail_open 10\n"
	  "up a b\n"
	  "at 10: a serving 10, b serving 10\n" },
	{ "large weights are multiplied by less, the largest by nothing",
	  "file slow=9000 a*6000 b*30000\n"
	  "at 0: a serving 6000, b serving 30000\n"
	  "file slow=9000 a*1 b*20000\n"
	  "at 10: a serving 3, b serving 60000\n"
	  "file slow=9000 a*1 b*60000 c*1\n"
	  "at 20000: a serving 1, b serving 60000, c starting 1 until 29000; due 21000\n" },
	{ "once: the full weight", "file slow=9000 a b\n"
				   "dest a 10\n"
				   "dest b 3\n"
				   "single\n"
				   "at 10: a serving 10, b serving 10\n" },
};

static void test_fallbacks(void **state)
{
	(void)state;
	TELL(fallbacks);
}

static void test_fail_opens(void **state)
{
	(void)state;
	TELL(fail_opens);
}

static void test_starts(void **state)
{
	(void)state;
	TELL(starts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fallbacks),
		cmocka_unit_test(test_fail_opens),
		cmocka_unit_test(test_starts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
