// SPDX-License-Identifier: GPL-2.0-or-later
/* When ezlb may believe that nothing has changed, with counters that the test sets. */
#include "cm.h"

#include <errno.h>
#include <sched.h>

#include <ezlb/changes.h>

enum { SOCKOPT, NETLINK };

static struct {
	struct ezlb_changes_count counts[EZLB_CHANGES_FUNCTIONS];
	int attach_rc, attached, detached, attempts;
	bool dead[EZLB_CHANGES_FUNCTIONS]; /* the probes do not count */
	int calls[EZLB_CHANGES_FUNCTIONS];
} k;
static struct ezlb_changes *changes;
static uint64_t now;

static int attach(void *arg, struct ezlb_err *err)
{
	(void)arg;
	k.attempts++;
	if (k.attach_rc == -EINPROGRESS)
		return k.attach_rc;
	if (k.attach_rc)
		return ezlb_err_set(err, -k.attach_rc, "no probes");
	k.attached++;
	return 0;
}

static void detach(void *arg)
{
	(void)arg;
	k.detached++;
}

static void read_counts(void *arg, struct ezlb_changes_count counts[EZLB_CHANGES_FUNCTIONS])
{
	(void)arg;
	memcpy(counts, k.counts, sizeof(k.counts));
}

static void begin(unsigned function)
{
	if (!k.dead[function])
		k.counts[function].begun++;
}

static void end(unsigned function)
{
	if (!k.dead[function])
		k.counts[function].ended++;
}

static void call(void *arg, unsigned function)
{
	(void)arg;
	k.calls[function]++;
	begin(function);
	end(function);
}

static int setup(void **state)
{
	const struct ezlb_changes_source source = { .functions = 2,
						    .attach = attach,
						    .detach = detach,
						    .read = read_counts,
						    .call = call };

	(void)state;
	memset(&k, 0, sizeof(k));
	k.counts[NETLINK].begun = 7; /* from any value */
	now = 1000;
	changes = ezlb_changes_new_source(&source);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_changes_free(changes);
	assert_int_equal(k.attached, k.detached);
	return 0;
}

/* At the next look, half a second later. */
static bool none(void)
{
	now += 500;
	return ezlb_changes_none(changes, now);
}

/* Until it is attached, what was read before may have changed. */
static void attached(void)
{
	assert_false(none());
	assert_true(ezlb_changes_counts(changes, NULL));
	assert_true(none());
}

static void test_nothing(void **state)
{
	struct ezlb_err err;

	(void)state;
	assert_false(ezlb_changes_none(NULL, now));
	assert_false(ezlb_changes_counts(changes, &err));
	assert_int_equal(err.code, 0);
	attached();
	for (int i = 0; i < 100; i++)
		assert_true(none());
	assert_int_equal(k.attempts, 1);
	/* The second function only once, when it was attached. */
	assert_int_equal(k.calls[NETLINK], 1);
}

static void test_change(void **state)
{
	(void)state;
	attached();
	for (unsigned i = 0; i < 2; i++) {
		begin(i);
		end(i);
		assert_false(none());
		assert_true(none());
	}
}

/* What it does is not visible before its end: whoever reads in between must read again. */
static void test_in_progress(void **state)
{
	(void)state;
	attached();
	for (unsigned i = 0; i < 2; i++) {
		begin(i);
		assert_false(none());
		assert_false(none());
		begin(1 - i); /* another one, complete */
		end(1 - i);
		assert_false(none());
		end(i);
		assert_false(none());
		assert_true(none());
	}
}

/* The kernel has not told of an end: after some time that is not taken for a call any more. */
static void test_lost_end(void **state)
{
	uint64_t begin_ms;

	(void)state;
	attached();
	begin(NETLINK);
	begin_ms = now;
	while (!none())
		assert_true(now < begin_ms + 20000);
	assert_true(now > begin_ms + 9000);
	assert_true(none());
	begin(NETLINK);
	end(NETLINK);
	assert_false(none());
	assert_true(none());
}

/* The module was unloaded, or somebody has switched the probes off: it is attached again. */
static void test_dead(void **state)
{
	(void)state;
	attached();
	k.dead[SOCKOPT] = true;
	assert_false(none());
	assert_false(ezlb_changes_counts(changes, NULL));
	assert_int_equal(k.detached, 1);
	k.dead[SOCKOPT] = false;
	attached();
	assert_int_equal(k.attempts, 2);
	/* The first call after that counts nothing either. */
	k.dead[SOCKOPT] = true;
	assert_false(none());
	assert_false(none());
	assert_false(ezlb_changes_counts(changes, NULL));
}

/* A probe that does not count when it is attached is never believed. */
static void test_not_proven(void **state)
{
	struct ezlb_err err;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		k.dead[i] = true;
		for (int n = 0; n < 10; n++)
			assert_false(none());
		assert_false(ezlb_changes_counts(changes, &err));
		assert_int_equal(err.code, ENODATA);
		k.dead[i] = false;
		now += 60000;
		attached();
		k.dead[0] = true;
		assert_false(none());
		k.dead[0] = false;
	}
}

/* What ezlb itself writes must be counted; else it is not believed again. */
static void test_own_writes(void **state)
{
	(void)state;
	attached();
	begin(NETLINK);
	end(NETLINK);
	ezlb_changes_wrote(changes, NETLINK);
	assert_false(none());
	assert_true(none());
	k.dead[NETLINK] = true;
	ezlb_changes_wrote(changes, NETLINK);
	assert_false(none());
	k.dead[NETLINK] = false;
	now += 1000000;
	assert_false(none());
	assert_false(none());
	assert_int_equal(k.attempts, 1);
	assert_false(ezlb_changes_counts(changes, NULL));
}

/* The call that proves the probes is not what ezlb has written. */
static void test_own_sockopt(void **state)
{
	(void)state;
	attached();
	ezlb_changes_wrote(changes, SOCKOPT);
	assert_false(none());
	assert_false(ezlb_changes_counts(changes, NULL));
}

static void test_retries(void **state)
{
	struct ezlb_err err;

	(void)state;
	k.attach_rc = -ENOENT;	      /* the module is not loaded */
	for (int i = 0; i < 240; i++) /* two minutes */
		assert_false(none());
	assert_false(ezlb_changes_counts(changes, &err));
	assert_string_equal(err.msg, "no probes");
	assert_in_range(k.attempts, 6, 9);
	k.attach_rc = 0;
	now += 60000;
	attached();
}

static void test_no_right(void **state)
{
	static const int errors[] = { EPERM, EACCES, EOPNOTSUPP, ENOSYS };

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		k.attach_rc = -errors[i];
		for (int n = 0; n < 1000; n++)
			assert_false(none());
		assert_int_equal(k.attempts, 1);
		teardown(state);
		setup(state);
	}
}

/* The kernel takes its time: meanwhile anything may have changed, and there is no pause. */
static void test_not_yet(void **state)
{
	struct ezlb_err why;

	(void)state;
	k.attach_rc = -EINPROGRESS;
	for (int i = 1; i < 4; i++) {
		assert_false(ezlb_changes_none(changes, now));
		assert_int_equal(k.attempts, i);
		assert_false(ezlb_changes_counts(changes, &why));
		assert_int_equal(why.code, 0);
	}
	assert_int_equal(k.calls[SOCKOPT] + k.calls[NETLINK], 0);
	k.attach_rc = 0;
	assert_false(ezlb_changes_none(changes, now));
	assert_true(ezlb_changes_counts(changes, &why));
	assert_true(ezlb_changes_none(changes, now));
}

/* The thread of the real source ends without an attach, and after one, whatever the kernel says. */
static void test_prepare(void **state)
{
	struct ezlb_changes *real = ezlb_changes_new(EZLB_CHANGES_IPTABLES, NULL, NULL);
	struct ezlb_err why = { 0 };

	(void)state;
	ezlb_changes_prepare(NULL);
	ezlb_changes_prepare(changes); /* it has nothing to prepare */
	ezlb_changes_prepare(real);
	ezlb_changes_prepare(real);
	ezlb_changes_free(real);
	real = ezlb_changes_new(EZLB_CHANGES_IPTABLES, NULL, NULL);
	ezlb_changes_prepare(real);
	for (now = 0; !ezlb_changes_counts(real, &why) && why.code == 0; sched_yield())
		ezlb_changes_none(real, ++now);
	ezlb_changes_free(real);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_not_yet, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prepare, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_progress, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dead, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_proven, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_sockopt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_right, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
