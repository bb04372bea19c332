// SPDX-License-Identifier: GPL-2.0-or-later
/* What is kept for a file that cannot be understood. */
#include "cm.h"

#include <errno.h>

#include <ezlb/reconcile.h>

#include "tables.h"

#define BACKEND	 EZLB_SNAT_KEY_BACKEND
#define LISTENER EZLB_SNAT_KEY_LISTENER

#define ACTUAL                                                                     \
	"service tcp 10.0.0.1:80 rr\nservice tcp 10.0.0.2:80 rr\n"                 \
	"dest tcp 10.0.0.1:80 10.1.0.1:80 3\ndest tcp 10.0.0.2:80 10.1.0.2:80 4\n" \
	"snat tcp 10.1.0.1:80 10.9.0.1\nsnat tcp 10.1.0.2:80 10.9.0.2\nsound\n"

#define BY_LISTENER                                                                    \
	"service tcp 10.0.0.1:80 rr\nservice tcp 10.0.0.2:80 rr\n"                     \
	"dest tcp 10.0.0.1:80 10.1.0.1:80 3\nsnat-listener tcp 10.0.0.1:80 10.9.0.1\n" \
	"snat-listener tcp 10.0.0.2:80 10.9.0.2\nsnat-listener tcp 10.1.0.1:80 10.9.0.3\nsound\n"

#define ACCEPTS                                                          \
	"accept input tcp 10.0.0.1:80\naccept forward tcp 10.0.0.1:80\n" \
	"accept input tcp 10.0.0.2:80\naccepts-sound\n"

static const struct {
	const char *name;
	enum ezlb_snat_key_kind snat_key;
	const char *target, *actual, *want;
	bool no_firewall;
} keeps[] = {
	{ "the service stays with its dests and rules as they are, others do not", BACKEND, NULL,
	  ACTUAL,
	  "service tcp 10.0.0.1:80 rr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 3\n"
	  "snat tcp 10.1.0.1:80 10.9.0.1\nwanted\n",
	  false },
	{ "what is not in the kernel is not wanted", BACKEND, NULL, "service tcp 10.0.0.2:80 rr\n",
	  "", false },
	{ "without a rule it wants no frame", BACKEND, NULL,
	  "service tcp 10.0.0.1:80 rr\ndest tcp 10.0.0.1:80 10.1.0.1:80 3\n",
	  "service tcp 10.0.0.1:80 rr\ndest tcp 10.0.0.1:80 10.1.0.1:80 3\n", false },
	{ "by listener: the service's own rule", LISTENER, NULL, BY_LISTENER,
	  "service tcp 10.0.0.1:80 rr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 3\n"
	  "snat-listener tcp 10.0.0.1:80 10.9.0.1\nwanted\n",
	  false },
	{ "by listener: a service without dests keeps its rule, and target keeps its own", LISTENER,
	  "service tcp 10.0.0.3:80 wrr\nsnat-listener tcp 10.0.0.3:80 masq\nwanted\n",
	  "service tcp 10.0.0.1:80 rr\nsnat-listener tcp 10.0.0.1:80 10.9.0.1\nsound\n",
	  "service tcp 10.0.0.1:80 rr\nservice tcp 10.0.0.3:80 wrr\n"
	  "snat-listener tcp 10.0.0.1:80 10.9.0.1\nsnat-listener tcp 10.0.0.3:80 masq\nwanted\n",
	  false },
	{ "a rule that target has already is target's", BACKEND,
	  "service tcp 10.0.0.3:80 wrr\ndest tcp 10.0.0.3:80 10.1.0.1:80 1 full_nat\n"
	  "snat tcp 10.1.0.1:80 masq\nwanted\n",
	  ACTUAL,
	  "service tcp 10.0.0.1:80 rr\nservice tcp 10.0.0.3:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 3\ndest tcp 10.0.0.3:80 10.1.0.1:80 1 full_nat\n"
	  "snat tcp 10.1.0.1:80 masq\nwanted\n",
	  false },
	{ "its accepts stay, others do not", BACKEND, NULL, ACCEPTS,
	  "accept input tcp 10.0.0.1:80\naccept forward tcp 10.0.0.1:80\naccepts-wanted\n", false },
	{ "but not where the firewall is not to be touched", BACKEND, NULL, ACCEPTS, "", true },
	{ "without an accept of its own it wants no frame", BACKEND, NULL,
	  "accept input tcp 10.0.0.2:80\naccepts-sound\n", "", false },
	{ "its address stays with the link that it is on", BACKEND, NULL,
	  "link a0\nlink b0\nvip a0 10.0.0.1\nvip b0 10.0.0.2\nvip c0 10.0.0.1\n",
	  "link a0\nvip a0 10.0.0.1\nvip c0 10.0.0.1\n", false },
	{ "what target has of these is there once", BACKEND,
	  "link a0\nvip a0 10.0.0.1\naccept input tcp 10.0.0.3:80\naccepts-wanted\n",
	  "link a0\nlink b0\nvip a0 10.0.0.1\nvip b0 10.0.0.1\n"
	  "accept input tcp 10.0.0.1:80\naccepts-sound\n",
	  "accept input tcp 10.0.0.1:80\naccept input tcp 10.0.0.3:80\n"
	  "link a0\nlink b0\nvip a0 10.0.0.1\nvip b0 10.0.0.1\naccepts-wanted\n",
	  false },
	{ "a range stays a range", BACKEND, NULL,
	  "service tcp 10.0.0.1:80 rr\ndest tcp 10.0.0.1:80 10.1.0.1:80 3\n"
	  "snat tcp 10.1.0.1:80 10.9.0.1-10.9.0.4\nsound\n",
	  "service tcp 10.0.0.1:80 rr\ndest tcp 10.0.0.1:80 10.1.0.1:80 3\n"
	  "snat tcp 10.1.0.1:80 10.9.0.1-10.9.0.4\nwanted\n",
	  false },
};

static void test_keep(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(keeps); i++) {
		struct ezlb_table target = table_of(keeps[i].target);
		struct ezlb_table actual = table_of(keeps[i].actual);
		const struct ezlb_policy policy = { .snat_key = keeps[i].snat_key,
						    .firewall = !keeps[i].no_firewall };
		struct ezlb_scope keep = { 0 };
		EZLB_AUTO_FREE char *got = NULL;

		*EZLB_PUSH(&keep) = key_of("tcp", "10.0.0.1:80");
		ezlb_reconcile_keep(&keep, &actual, &policy, &target);
		got = text_of(&target);
		if (strcmp(got, keeps[i].want) != 0)
			fail_msg("%s:\n%s", keeps[i].name, got);
		EZLB_VEC_CLEAR(&keep);
		ezlb_table_clear(&target);
		ezlb_table_clear(&actual);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
