// SPDX-License-Identifier: GPL-2.0-or-later
#include "view_words.h"

/* "eth1 7 master: why": what the status says. */
static const char *sync_of(const struct view_rig *rig)
{
	static char text[EZLB_MESSAGE_STRLEN + 64];
	struct ezlb_status status;

	rig_status(rig, &status);
	snprintf(text, sizeof(text), "%s %u%s%s: %s", status.sync.device, status.sync.id,
		 status.sync.running[EZLB_SYNC_MASTER] ? " master" : "",
		 status.sync.running[EZLB_SYNC_BACKUP] ? " backup" : "", status.sync.problem);
	ezlb_status_clear(&status);
	return text;
}

static void open_rig(struct view_rig *rig)
{
	rig_open(rig);
	ezlb_strcpy(rig->pass.policy.sync_device, sizeof(rig->pass.policy.sync_device), "eth1");
	rig->pass.policy.sync_id = 7;
	rig_web(rig, PLAIN("1"));
}

static void test_runs(void **state)
{
	struct view_rig rig;

	(void)state;
	open_rig(&rig);
	assert_string_equal(sync_of(&rig), " 0: ");
	rig_pass(&rig); /* it has started both */
	assert_string_equal(sync_of(&rig), "eth1 7 master backup: ");
	rig_pass(&rig); /* it has found them */
	assert_string_equal(sync_of(&rig), "eth1 7 master backup: ");
	/* The interface is a new one: the pass starts it again. */
	faulty_table(rig.memory)->syncs.items[0].stale = true;
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 1, EPERM);
	rig_pass(&rig);
	assert_has(sync_of(&rig), "eth1 7 backup: master on eth1, id 7: ");
	rig_pass(&rig);
	assert_string_equal(sync_of(&rig), "eth1 7 master backup: ");
	rig_close(&rig);
}

static void test_without(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	rig_pass(&rig);
	assert_string_equal(sync_of(&rig), " 0: ");
	rig_close(&rig);
}

static void test_of_somebody_else(void **state)
{
	struct view_rig rig;
	struct ezlb_sync_row *row;

	(void)state;
	open_rig(&rig);
	row = EZLB_PUSH(&faulty_table(rig.memory)->syncs);
	*row = (struct ezlb_sync_row){ .role = EZLB_SYNC_BACKUP, .device = "eth2", .id = 3 };
	rig_settle(&rig);
	assert_string_equal(sync_of(&rig), "eth1 7 master: another program has started one, which "
					   "stays: backup on eth2, id 3");
	rig_close(&rig);
}

/* What ran is still the best that is known. */
static void test_unreadable(void **state)
{
	struct view_rig rig;

	(void)state;
	open_rig(&rig);
	rig_settle(&rig);
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EPERM);
	rig_pass(&rig);
	assert_string_equal(sync_of(&rig), "eth1 7 master backup: ");
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_runs),
		IN_TOP(test_without),
		IN_TOP(test_of_somebody_else),
		IN_TOP(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
