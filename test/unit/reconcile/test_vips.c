// SPDX-License-Identifier: GPL-2.0-or-later
/* Which addresses target wants on which of the two links. */
#include "cm.h"

#include <sys/socket.h>

#include <ezlb/reconcile.h>

#include "specs.h"
#include "tables.h"

#define ON(device, addr) "link " device "\nvip " device " " addr "\n"

/* Two files: a and c share an address with another port, six has its own. */
static const struct {
	const char *name;
	const char *device;
	bool drained;
	const char *withdrawn[3], *needs[3]; /* "10.0.0.1" */
	const char *actual, *want;	     /* of the links, vips and needs */
} cases[] = {
	{ "both addresses",
	  "ezlb0",
	  false,
	  { NULL },
	  { NULL },
	  NULL,
	  "link ezlb0\nvip ezlb0 10.0.0.1\nvip ezlb0 fd00::1\n" },
	{ "a withdrawn one is on no link",
	  "ezlb0",
	  false,
	  { "10.0.0.1" },
	  { NULL },
	  NULL,
	  "link ezlb0\nvip ezlb0 fd00::1\n" },
	{ "its link stays while it may return",
	  "ezlb0",
	  false,
	  { "10.0.0.1", "fd00::1" },
	  { NULL },
	  ON("ezlb0", "10.0.0.1"),
	  "link ezlb0\n" },
	{ "but not for one that is local elsewhere, and so does not",
	  "ezlb0",
	  false,
	  { "10.0.0.1", "fd00::1" },
	  { NULL },
	  "elsewhere 10.0.0.1\nelsewhere fd00::1\n" ON("ezlb0", "10.0.0.1"),
	  "" },
	{ "those that wait for a dest",
	  "ezlb0",
	  false,
	  { "fd00::1" },
	  { "10.0.0.1" },
	  NULL,
	  "link ezlb0\nvip ezlb0 10.0.0.1\nneed 10.0.0.1 tcp 10.0.0.1:80\n" },
	{ "without a device nothing waits", "", false, { "fd00::1" }, { "10.0.0.1" }, NULL, "" },
	{ "drained: they are on the other link",
	  "ezlb0",
	  true,
	  { NULL },
	  { NULL },
	  ON("ezlb0", "10.0.0.1") "vip ezlb0 fd00::1\n",
	  "link ezlb0\nlink ezlb0-drain\nvip ezlb0-drain 10.0.0.1\nvip ezlb0-drain fd00::1\n" },
	{ "drained: what leaves the link of the flag waits for nothing",
	  "ezlb0",
	  true,
	  { "fd00::1" },
	  { "10.0.0.1" },
	  ON("ezlb0", "10.0.0.1"),
	  "link ezlb0\nlink ezlb0-drain\nvip ezlb0-drain 10.0.0.1\n" },
	{ "drained: what is on no link waits",
	  "ezlb0",
	  true,
	  { "fd00::1" },
	  { "10.0.0.1" },
	  NULL,
	  "link ezlb0\nlink ezlb0-drain\nvip ezlb0-drain 10.0.0.1\n"
	  "need 10.0.0.1 tcp 10.0.0.1:80\n" },
	{ "what comes back waits, because it is announced",
	  "ezlb0",
	  false,
	  { "fd00::1" },
	  { "10.0.0.1" },
	  ON("ezlb0-drain", "10.0.0.1"),
	  "link ezlb0\nvip ezlb0 10.0.0.1\nneed 10.0.0.1 tcp 10.0.0.1:80\n" },
	{ "drained without a device", "", true, { NULL }, { NULL }, NULL, "" },
	{ "drained and withdrawn: on neither",
	  "ezlb0",
	  true,
	  { "10.0.0.1" },
	  { NULL },
	  NULL,
	  "link ezlb0\nlink ezlb0-drain\nvip ezlb0-drain fd00::1\n" },
	{ "drained and all withdrawn: the other link is not made",
	  "ezlb0",
	  true,
	  { "10.0.0.1", "fd00::1" },
	  { NULL },
	  NULL,
	  "link ezlb0\n" },
	{ "drained: what is local elsewhere stays there",
	  "ezlb0",
	  true,
	  { NULL },
	  { NULL },
	  "elsewhere 10.0.0.1\n",
	  "link ezlb0\nlink ezlb0-drain\nvip ezlb0-drain fd00::1\n" },
	{ "but not what is ours already, on the one link",
	  "ezlb0",
	  true,
	  { "fd00::1" },
	  { NULL },
	  "elsewhere 10.0.0.1\n" ON("ezlb0", "10.0.0.1"),
	  "link ezlb0\nlink ezlb0-drain\nvip ezlb0-drain 10.0.0.1\n" },
	{ "or the other, from which it comes back",
	  "ezlb0",
	  false,
	  { "fd00::1" },
	  { NULL },
	  "elsewhere 10.0.0.1\n" ON("ezlb0-drain", "10.0.0.1"),
	  "link ezlb0\nvip ezlb0 10.0.0.1\n" },
	{ "no more: the other link goes",
	  "ezlb0",
	  false,
	  { NULL },
	  { NULL },
	  ON("ezlb0-drain", "10.0.0.1"),
	  "link ezlb0\nvip ezlb0 10.0.0.1\nvip ezlb0 fd00::1\n" },
};

static struct ezlb_policy policy_of(const char *device, bool drained)
{
	struct ezlb_policy policy = { .drained = drained };

	ezlb_strcpy(policy.vip_device, sizeof(policy.vip_device), device);
	return policy;
}

/* Only what this is about. */
static char *text_of_vips(struct ezlb_table *table)
{
	table->services.len = table->dests.len = table->snats.len = table->settings.len = 0;
	return text_of(table);
}

static void fill(size_t n, struct ezlb_roster *roster)
{
	for (size_t i = 0; i < 3 && cases[n].withdrawn[i]; i++)
		assert_int_equal(
			ezlb_addr_parse(cases[n].withdrawn[i], EZLB_PUSH(&roster->withdrawn), NULL),
			0);
	EZLB_SORT(&roster->withdrawn, ezlb_addr_row_cmp);
	for (size_t i = 0; i < 3 && cases[n].needs[i]; i++) {
		struct ezlb_vip_need *need = EZLB_PUSH(&roster->vip_needs);

		assert_int_equal(ezlb_addr_parse(cases[n].needs[i], &need->addr, NULL), 0);
		need->service = key_of("tcp", "10.0.0.1:80");
	}
}

static void test_target(void **state)
{
	struct ezlb_spec *specs[] = { spec_of("a", "a tcp 10.0.0.1:80"),
				      spec_of("c", "c tcp 10.0.0.1:81"),
				      spec_of("six", "six udp [fd00::1]:53") };
	struct ezlb_desired desired = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(specs); i++)
		*EZLB_PUSH(&desired) = specs[i];
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_policy policy = policy_of(cases[i].device, cases[i].drained);
		struct ezlb_table target = { .snat_wanted = false };
		struct ezlb_table actual = table_of(cases[i].actual);
		struct ezlb_roster roster = { .due_ms = UINT64_MAX };
		EZLB_AUTO_FREE char *got = NULL;

		fill(i, &roster);
		ezlb_reconcile_target(&desired, &roster, &actual, &policy, &target);
		got = text_of_vips(&target);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n%s", cases[i].name, got);
		ezlb_roster_clear(&roster);
		ezlb_table_clear(&target);
		ezlb_table_clear(&actual);
	}
	for (size_t i = 0; i < COUNT_OF(specs); i++)
		ezlb_spec_free(specs[i]);
	EZLB_VEC_CLEAR(&desired);
}

/* The service of tcp 10.0.0.1:80 is kept for a file that is refused. */
static const struct {
	const char *name;
	const char *device;
	bool drained;
	const char *target, *actual, *want;
} keeps[] = {
	{ "its address stays", "ezlb0", false, NULL, ON("ezlb0", "10.0.0.1"),
	  ON("ezlb0", "10.0.0.1") },
	{ "also where the services of files on it do not serve", "ezlb0", false, "link ezlb0\n",
	  ON("ezlb0", "10.0.0.1"), ON("ezlb0", "10.0.0.1") },
	{ "it does not wait for the dests of others", "ezlb0", false,
	  ON("ezlb0", "10.0.0.1") "need 10.0.0.1 tcp 10.0.0.1:81\nneed 10.0.0.2 tcp 10.0.0.2:80\n",
	  ON("ezlb0-drain", "10.0.0.1"),
	  ON("ezlb0", "10.0.0.1") "need 10.0.0.2 tcp 10.0.0.2:80\n" },
	{ "drained: it moves", "ezlb0", true, NULL, ON("ezlb0", "10.0.0.1"),
	  "link ezlb0\nlink ezlb0-drain\nvip ezlb0-drain 10.0.0.1\n" },
	{ "drained: it has moved", "ezlb0", true, NULL,
	  "link ezlb0\n" ON("ezlb0-drain", "10.0.0.1"),
	  "link ezlb0\nlink ezlb0-drain\nvip ezlb0-drain 10.0.0.1\n" },
	{ "it moves back", "ezlb0", false, NULL, ON("ezlb0-drain", "10.0.0.1"),
	  ON("ezlb0", "10.0.0.1") },
	{ "on both links it is wanted once", "ezlb0", false, NULL,
	  ON("ezlb0-drain", "10.0.0.1") ON("ezlb0", "10.0.0.1"), ON("ezlb0", "10.0.0.1") },
	{ "on a link of another time it stays", "ezlb0", true, NULL, ON("old", "10.0.0.1"),
	  ON("old", "10.0.0.1") },
	{ "without a device as well", "", true, NULL, ON("ezlb0-drain", "10.0.0.1"),
	  ON("ezlb0-drain", "10.0.0.1") },
};

static void test_keep(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(keeps); i++) {
		struct ezlb_policy policy = policy_of(keeps[i].device, keeps[i].drained);
		struct ezlb_table target = table_of(keeps[i].target);
		struct ezlb_table actual = table_of(keeps[i].actual);
		struct ezlb_scope keep = { 0 };
		EZLB_AUTO_FREE char *got = NULL;

		*EZLB_PUSH(&keep) = key_of("tcp", "10.0.0.1:80");
		ezlb_reconcile_keep(&keep, &actual, &policy, &target);
		got = text_of_vips(&target);
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
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
