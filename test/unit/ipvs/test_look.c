// SPDX-License-Identifier: GPL-2.0-or-later
/* When peek reads the rows, and which changes its print shows. */
#include "cm.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel.h"
#include "look.h"

#define WEB  "TCP  0A000001:0050 rr  \n"
#define B1   "  -> C0A80A0B:0050      Masq    1      0          0         \n"
#define B1_9 "  -> C0A80A0B:0050      Masq    9      0          0         \n"
#define B2   "  -> C0A80A0C:0050      Masq    1      0          0         \n"
#define ALT  "TCP  0A000001:0051 rr  \n"
#define SIX  "TCP  [fd00:0010:0000:0000:0000:0000:0000:0001]:0050 wlc \n"
#define MARK "FWM  00000007 rr \n"

static struct look look;
static struct ezlb_scope scope;
static uint64_t now, cpu, cost; /* ms, ns, ns: of one read */
static int reads;
static char text[65536];
static struct {
	struct ezlb_changes_count count;
	int attach_rc;
} k;

static uint64_t now_ms(void)
{
	return now;
}

/* Called before and after each read. */
static uint64_t cpu_ns(void)
{
	if (++reads % 2 == 0)
		cpu += cost;
	return cpu;
}

static int attach(void *arg, struct ezlb_err *err)
{
	(void)arg;
	return k.attach_rc ? ezlb_err_set(err, -k.attach_rc, "no") : 0;
}

static void detach(void *arg)
{
	(void)arg;
}

static void read_counts(void *arg, struct ezlb_changes_count counts[EZLB_CHANGES_FUNCTIONS])
{
	(void)arg;
	counts[0] = counts[1] = k.count;
}

static void call(void *arg, unsigned function)
{
	(void)arg;
	(void)function;
	k.count.begun++;
	k.count.ended++;
}

static void counted(void)
{
	const struct ezlb_changes_source source = { .functions = 1,
						    .attach = attach,
						    .detach = detach,
						    .read = read_counts,
						    .call = call };

	look.changes = ezlb_changes_new_source(&source);
}

static int setup(void **state)
{
	(void)state;
	look_init(&look, now_ms, cpu_ns);
	now = 1000;
	cpu = cost = 0;
	reads = 0;
	memset(&k, 0, sizeof(k));
	*EZLB_PUSH(&scope) = key(EZLB_TCP, "10.0.0.1:80");
	*EZLB_PUSH(&scope) = key(EZLB_TCP, "10.0.0.1:81");
	EZLB_SORT(&scope, ezlb_service_key_cmp);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	look_clear(&look);
	EZLB_VEC_CLEAR(&scope);
	return 0;
}

/* At the next look: the rows are what `text` has. */
static uint64_t print_of(const char *rows)
{
	int fd = memfd_create("ip_vs", MFD_CLOEXEC);
	char path[32];
	uint64_t print = 0;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, rows, strlen(rows)), (ssize_t)strlen(rows));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	now += 500;
	assert_int_equal(look_print(&look, path, &scope, &print), 0);
	close(fd);
	return print;
}

static int n_reads(void)
{
	int n = reads / 2;

	reads = 0;
	return n;
}

static void changed(const char *listen)
{
	struct ezlb_scope services = { 0 };

	*EZLB_PUSH(&services) = key(EZLB_TCP, listen);
	look_changed(&look, &services);
	EZLB_VEC_CLEAR(&services);
}

/* --- when rows are read -------------------------------------------------------------------- */

static void test_cheap(void **state)
{
	(void)state;
	cost = 2400000; /* 2.4 ms: 0.48 % of half a second */
	for (int i = 0; i < 20; i++)
		print_of(WEB B1);
	assert_int_equal(n_reads(), 20);
}

/* 4 ms may be spent every 800 ms; 100 ms as often as the promise of 2 s demands. */
static void test_budget(void **state)
{
	static const struct {
		uint64_t cost;
		int reads; /* in 60 looks, 30 s */
	} cases[] = { { 2400000, 60 }, { 4000000, 30 }, { 6000000, 20 }, { 100000000, 20 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cost = cases[i].cost;
		now += 2000;
		n_reads();
		for (int n = 0; n < 60; n++)
			print_of(WEB B1);
		assert_in_range(n_reads(), cases[i].reads - 1, cases[i].reads + 1);
	}
}

/* However expensive a read is, a change is seen within 1.5 s. */
static void test_promise(void **state)
{
	uint64_t before, begin;

	(void)state;
	cost = 1000000000;
	before = print_of(WEB B1);
	begin = now;
	while (print_of(WEB B1_9) == before)
		;
	assert_true(now <= begin + 1500);
}

static void test_own_pass(void **state)
{
	uint64_t before;

	(void)state;
	cost = 1000000000;
	before = print_of(WEB B1);
	look_wrote(&look, true);
	assert_int_not_equal(print_of(WEB B1 B2), before);
}

static void test_other_scope(void **state)
{
	(void)state;
	cost = 1000000000;
	print_of(WEB B1);
	scope.len = 1;
	print_of(WEB B1);
	assert_int_equal(n_reads(), 2);
	scope.len = 2;
}

static void test_error(void **state)
{
	uint64_t print = 7, before;

	(void)state;
	cost = 1000000000;
	before = print_of(WEB B1);
	look_wrote(&look, true);
	for (int i = 0; i < 2; i++)
		assert_int_equal(look_print(&look, "/no/such/ip_vs", &scope, &print), -ENOENT);
	assert_int_equal(print, 7);
	assert_int_equal(print_of(WEB B1), before);
}

/* --- with the kernel's counts ---------------------------------------------------------------- */

static void test_counted(void **state)
{
	uint64_t before;

	(void)state;
	counted();
	before = print_of(WEB B1); /* attached: this read may be older */
	for (int i = 0; i < 100; i++)
		assert_int_equal(print_of(WEB B1), before);
	assert_int_equal(n_reads(), 1);
	k.count.begun++;
	k.count.ended++;
	assert_int_not_equal(print_of(WEB B1_9), before);
	assert_int_equal(n_reads(), 1);
	print_of(WEB B1_9);
	assert_int_equal(n_reads(), 0);
}

/* Somebody changes IPVS all the time: the budget holds. */
static void test_counted_budget(void **state)
{
	uint64_t before;

	(void)state;
	counted();
	cost = 6000000;
	before = print_of(WEB B1);
	for (int i = 0; i < 60; i++) {
		k.count.begun++;
		k.count.ended++;
		assert_int_equal(print_of(WEB B1), before);
	}
	assert_in_range(n_reads(), 19, 22);
	/* What came during a pause is not forgotten after it. */
	k.count.begun++;
	k.count.ended++;
	for (int i = 0; i < 3; i++)
		print_of(WEB B1_9);
	assert_int_not_equal(print_of(WEB B1_9), before);
}

/* --- what ezlb itself has changed ------------------------------------------------------------ */

static void test_changed(void **state)
{
	uint64_t before, other;

	(void)state;
	before = print_of(WEB B1 ALT B1);
	changed("10.0.0.1:80");
	assert_int_equal(print_of(WEB B1_9 ALT B1), before);
	assert_int_equal(print_of(WEB B1_9 ALT B1), before);
	changed("10.0.0.1:80");
	changed("10.0.0.1:81");
	changed("10.0.0.1:80");
	assert_int_equal(print_of(WEB B1 B2 ALT B2), before);
	/* Of others: of the same service later, and of another one at the same time. */
	assert_int_not_equal(print_of(WEB B1 ALT B2), before);
	assert_int_equal(print_of(WEB B1 B2 ALT B2), before);
	changed("10.0.0.1:80");
	other = print_of(WEB B2 ALT B1_9);
	assert_int_not_equal(other, before);
	changed("10.0.0.1:81");
	assert_int_equal(print_of(WEB B2 ALT), other);
}

/* Within a pause the change is not read yet, and must be left out when it is. */
static void test_changed_in_pause(void **state)
{
	uint64_t before;

	(void)state;
	cost = 1000000000;
	before = print_of(WEB B1);
	changed("10.0.0.1:80");
	for (int i = 0; i < 10; i++)
		assert_int_equal(print_of(WEB B1_9), before);
}

/* A part pass counts on it: after the write the next peek takes the services as they are then. */
static void test_changed_and_written(void **state)
{
	uint64_t before;

	(void)state;
	cost = 1000000000;
	before = print_of(WEB B1);
	changed("10.0.0.1:80");
	look_wrote(&look, true);
	assert_int_equal(print_of(WEB B1_9), before);
	now += 2000;
	assert_int_not_equal(print_of(WEB B1), before);
}

static void test_changed_foreign(void **state)
{
	uint64_t before;

	(void)state;
	before = print_of(WEB B1);
	changed("10.0.0.9:80"); /* not in scope */
	assert_int_equal(print_of(WEB B1), before);
	changed("10.0.0.9:80");
	assert_int_not_equal(print_of(WEB B2), before);
}

/* The text does not say which of two services with one mark a row is of. */
static void test_changed_mark(void **state)
{
	struct ezlb_service_key four = { .fwmark = 7, .listen.addr.family = AF_INET };
	struct ezlb_service_key six = { .fwmark = 7, .listen.addr.family = AF_INET6 };
	struct ezlb_scope services = { 0 };
	uint64_t before;

	(void)state;
	*EZLB_PUSH(&services) = six;
	*EZLB_PUSH(&scope) = six;
	EZLB_SORT(&scope, ezlb_service_key_cmp);
	before = print_of(MARK B1);
	look_changed(&look, &services);
	assert_int_equal(print_of(MARK B2), before);
	*EZLB_PUSH(&scope) = four;
	EZLB_SORT(&scope, ezlb_service_key_cmp);
	before = print_of(MARK B1);
	look_changed(&look, &services);
	assert_int_not_equal(print_of(MARK B2), before);
	EZLB_VEC_CLEAR(&services);
}

/* --- the same as without a memory of the last read ------------------------------------------- */

static void add_line(const char *line)
{
	ezlb_strcatf(text, sizeof(text), "%s", line);
}

static uint64_t print_afresh(const char *rows)
{
	int fd = memfd_create("ip_vs", MFD_CLOEXEC);
	char path[32];
	uint64_t print = 0;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, rows, strlen(rows)), (ssize_t)strlen(rows));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(ezlb_ipvs_procfs_print(path, &scope, &print), 0);
	close(fd);
	return print;
}

/* Random rows in random order: a look with a memory says the same as one without. */
static void test_same_as_afresh(void **state)
{
	static const char *const services[] = { WEB,
						ALT,
						"UDP  0A000001:0050 wrr \n",
						SIX,
						MARK,
						"TCP  0A000009:0050 rr  \n",
						"TCP  nonsense rr\n",
						"TCP  0A000001:0050 wlc  \n" };
	static const char *const dests[] = { B1, B1_9, B2, "  -> nonsense\n" };

	(void)state;
	srandom(16);
	*EZLB_PUSH(&scope) = (struct ezlb_service_key){ .fwmark = 7,
							.listen.addr.family = AF_INET6 };
	*EZLB_PUSH(&scope) = key(EZLB_TCP, "[fd00:10::1]:80");
	EZLB_SORT(&scope, ezlb_service_key_cmp);
	for (int n = 0; n < 3000; n++) {
		uint64_t with, without;

		text[0] = '\0';
		for (long i = random() % 6; i > 0; i--) {
			add_line(services[(size_t)random() %
					  (sizeof(services) / sizeof(*services))]);
			for (long d = random() % 3; d > 0; d--)
				add_line(
					dests[(size_t)random() % (sizeof(dests) / sizeof(*dests))]);
		}
		with = print_of(text);
		without = print_afresh(text);
		assert_int_equal(with, without);
	}
}

/* --- what was listed ------------------------------------------------------------------------- */

static bool as_listed(void)
{
	return look_as_listed(&look, &scope);
}

static void test_as_listed(void **state)
{
	struct ezlb_scope less = { 0 };

	(void)state;
	/* Nothing tells whether something has changed. */
	look_list(&look, &scope);
	assert_false(as_listed());

	counted();
	look_list(&look, &scope); /* attached: what was before is not known */
	look_list(&look, &scope);
	for (int i = 0; i < 3; i++)
		assert_true(as_listed());
	/* Of other services nothing is known. */
	*EZLB_PUSH(&less) = scope.items[0];
	assert_false(look_as_listed(&look, &less));
	look_list(&look, &less);
	assert_false(as_listed());
	EZLB_VEC_CLEAR(&less);

	/* Somebody changes something, and a look sees it first. */
	look_list(&look, &scope);
	k.count.begun++;
	k.count.ended++;
	print_of(WEB B1);
	assert_false(as_listed());
	/* The list that follows has it; one while a call goes on may not. */
	look_list(&look, &scope);
	assert_true(as_listed());
	k.count.begun++;
	look_list(&look, &scope);
	k.count.ended++;
	assert_false(as_listed());
	assert_false(as_listed());
}

static void test_listed_and_written(void **state)
{
	(void)state;
	counted();
	look_list(&look, &scope);
	look_list(&look, &scope);
	assert_true(as_listed());
	look_wrote(&look, false);
	assert_false(as_listed());
	look_list(&look, &scope);
	assert_true(as_listed());
	look_list_failed(&look);
	assert_false(as_listed());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cheap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_budget, setup, teardown),
		cmocka_unit_test_setup_teardown(test_promise, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_scope, setup, teardown),
		cmocka_unit_test_setup_teardown(test_error, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counted_budget, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed_in_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed_and_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed_mark, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_as_afresh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_as_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listed_and_written, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
