// SPDX-License-Identifier: GPL-2.0-or-later
#include "counted.h"

#include <pthread.h>

#include <ezlb/ipvs.h>

#include "layer.h"

static struct kernel k;
static struct ezlb_scope scope;
static struct ezlb_traffic rows;
static struct ezlb_err err;

static void want(const char *listen)
{
	*EZLB_PUSH(&scope) = key(EZLB_TCP, listen);
	EZLB_SORT(&scope, ezlb_service_key_cmp);
}

static int setup(void **state)
{
	(void)state;
	err = (struct ezlb_err){ 0 };
	kernel_init(&k);
	want("10.0.0.2:80");
	want("10.0.0.1:80");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kernel_clear(&k);
	EZLB_VEC_CLEAR(&scope);
	EZLB_VEC_CLEAR(&rows);
	return 0;
}

static int call(void)
{
	struct ezlb_ipvs_source source = kernel_source(&k);

	return ezlb_ipvs_traffic_source(&source, &scope, &rows, &err);
}

/* Lists end with a NULL; "-" is a service of another protocol. */
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void say_services(uint32_t seq, int flags, const char *const *listens)
{
	struct ezlb_service_row foreign = service("10.0.0.9:1");
	struct bytes b = { .len = 0 };

	for (; *listens; listens++) {
		if (**listens == '-')
			add_service(&b, seq, &foreign, 0, 50);
		else
			add_counted_service(&b, seq, *listens, BOTH);
	}
	add_done(&b, seq, flags, 0);
	say(&k, &b);
}

static void say_dests(uint32_t seq, int flags, const char *const *backends)
{
	struct bytes b = { .len = 0 };

	for (; *backends; backends++)
		add_counted_dest(&b, seq, *backends, BOTH);
	add_done(&b, seq, flags, 0);
	say(&k, &b);
}

/* backend NULL: the service itself. */
static void check_row(size_t i, const char *listen, const char *backend, unsigned active)
{
	const struct ezlb_traffic_row *row = &rows.items[i];
	struct ezlb_traffic_row at = { .service = key(EZLB_TCP, listen) };

	at.of_dest = backend != NULL;
	if (backend)
		at.backend = endpoint(backend);
	assert_true(i < rows.len);
	assert_int_equal(ezlb_traffic_row_cmp(row, &at), 0);
	assert_memory_equal(&row->counters, &large, sizeof(large));
	assert_int_equal(row->active, active);
	assert_int_equal(row->inactive, 10 * active);
	assert_int_equal(row->weight, backend ? 1 : 0);
}

static void test_call(void **state)
{
	struct bytes question;

	(void)state;
	say_services(2, 0, LIST("10.0.0.3:80", "-", "10.0.0.2:80", "10.0.0.1:80", "10.0.0.1:81"));
	say_dests(3, 0, LIST("192.168.10.12:80"));
	say_dests(4, 0, LIST("192.168.10.12:80", "192.168.10.11:80"));
	EZLB_PUSH(&rows)->active = 99; /* of an earlier call */
	assert_int_equal(call(), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(rows.len, 5);
	check_row(0, "10.0.0.1:80", NULL, 14);
	check_row(1, "10.0.0.1:80", "192.168.10.11:80", 7);
	check_row(2, "10.0.0.1:80", "192.168.10.12:80", 7);
	check_row(3, "10.0.0.2:80", NULL, 7);
	check_row(4, "10.0.0.2:80", "192.168.10.12:80", 7);

	/* It may ask, for the services and for the dests of each that is ours, and no more. */
	for (int i = 0; i < 4; i++) {
		static const int cmds[] = { IPVS_CMD_GET_INFO, IPVS_CMD_GET_SERVICE,
					    IPVS_CMD_GET_DEST, IPVS_CMD_GET_DEST };

		hear(&k, &question);
		assert_int_equal(question.data[NLMSG_HDRLEN], cmds[i]);
	}
	assert_int_equal(recv(k.far, question.data, 1, MSG_DONTWAIT), 0); /* it has hung up */
	assert_int_equal(k.loads, 0);
	assert_int_equal(k.opened, 1);
}

/* Without dests it is one dump, however many services there are. */
static void test_services_alone(void **state)
{
	struct ezlb_ipvs_source source = kernel_source(&k);
	struct bytes question;

	(void)state;
	say_services(2, 0, LIST("10.0.0.3:80", "-", "10.0.0.2:80", "10.0.0.1:80", "10.0.0.1:81"));
	EZLB_PUSH(&rows)->active = 99; /* of an earlier call */
	assert_int_equal(ezlb_ipvs_service_traffic_source(&source, &scope, &rows, &err), 0);
	assert_int_equal(rows.len, 2);
	check_row(0, "10.0.0.1:80", NULL, 0);
	check_row(1, "10.0.0.2:80", NULL, 0);
	for (int i = 0; i < 2; i++) {
		static const int cmds[] = { IPVS_CMD_GET_INFO, IPVS_CMD_GET_SERVICE };

		hear(&k, &question);
		assert_int_equal(question.data[NLMSG_HDRLEN], cmds[i]);
	}
	assert_int_equal(recv(k.far, question.data, 1, MSG_DONTWAIT), 0); /* it has hung up */
}

static void test_empty_scope(void **state)
{
	const struct ezlb_scope nothing = { .len = 0 };
	struct ezlb_ipvs_source source = kernel_source(&k);

	(void)state;
	EZLB_PUSH(&rows)->active = 99;
	assert_int_equal(ezlb_ipvs_traffic_source(&source, &nothing, &rows, &err), 0);
	assert_int_equal(rows.len, 0);
	assert_int_equal(k.resolved, 0);
	assert_int_equal(k.opened, 0);
}

/* Nothing in the kernel, and a service without dests, are no errors. */
static void test_nothing_there(void **state)
{
	(void)state;
	say_services(2, 0, LIST(NULL));
	assert_int_equal(call(), 0);
	assert_int_equal(rows.len, 0);

	kernel_pair(&k);
	say_error(&k, 1, 0);
	say_services(2, 0, LIST("10.0.0.1:80"));
	say_dests(3, 0, LIST(NULL));
	assert_int_equal(call(), 0);
	assert_int_equal(rows.len, 1);
	check_row(0, "10.0.0.1:80", NULL, 0);
}

/* What comes twice, because somebody adds rows meanwhile, is not summed up twice. */
static void test_twice(void **state)
{
	(void)state;
	say_services(2, 0, LIST("10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:80"));
	say_dests(3, 0, LIST("192.168.10.11:80", "192.168.10.12:80", "192.168.10.11:80"));
	say_dests(4, 0, LIST(NULL));
	say_dests(5, 0, LIST("192.168.10.11:80", "192.168.10.12:80"));
	assert_int_equal(call(), 0);
	assert_int_equal(rows.len, 4);
	check_row(0, "10.0.0.1:80", NULL, 14);
	check_row(1, "10.0.0.1:80", "192.168.10.11:80", 7);
	check_row(2, "10.0.0.1:80", "192.168.10.12:80", 7);
	check_row(3, "10.0.0.2:80", NULL, 0);
}

/* Before the first of its dests, or in the middle of them. */
static void test_vanished(void **state)
{
	struct bytes b = { .len = 0 };

	(void)state;
	want("10.0.0.3:80");
	say_services(2, 0, LIST("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"));
	say_error(&k, 3, -ESRCH);
	add_counted_dest(&b, 4, "192.168.10.11:80", BOTH);
	add_error(&b, 4, -ESRCH);
	say(&k, &b);
	say_dests(5, 0, LIST("192.168.10.11:80"));
	assert_int_equal(call(), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(rows.len, 2);
	check_row(0, "10.0.0.3:80", NULL, 7);
	check_row(1, "10.0.0.3:80", "192.168.10.11:80", 7);
}

static void test_changes_then_rests(void **state)
{
	(void)state;
	say_services(2, NLM_F_DUMP_INTR, LIST("10.0.0.1:80"));
	say_services(3, 0, LIST("10.0.0.2:80"));
	say_dests(4, NLM_F_DUMP_INTR, LIST("192.168.10.11:80"));
	say_dests(5, 0, LIST("192.168.10.12:80"));
	assert_int_equal(call(), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(rows.len, 2);
	check_row(0, "10.0.0.2:80", NULL, 7);
	check_row(1, "10.0.0.2:80", "192.168.10.12:80", 7);
}

static void check_fails(int rc)
{
	err = (struct ezlb_err){ 0 };
	EZLB_PUSH(&rows)->active = 99;
	assert_int_equal(call(), rc);
	assert_int_equal(err.code, -rc);
	assert_int_equal(rows.len, 0);
}

static void test_never_rests(void **state)
{
	(void)state;
	say_services(2, 0, LIST("10.0.0.1:80", "10.0.0.2:80"));
	say_dests(3, 0, LIST("192.168.10.11:80"));
	for (uint32_t seq = 4; seq < 7; seq++)
		say_dests(seq, NLM_F_DUMP_INTR, LIST("192.168.10.11:80"));
	check_fails(-EAGAIN);
}

static void test_damaged(void **state)
{
	struct bytes b = { .len = 0 };

	(void)state;
	add_counted_service(&b, 2, "10.0.0.1:80", NO_STATS);
	add_done(&b, 2, 0, 0);
	say(&k, &b);
	check_fails(-EBADMSG);

	kernel_pair(&k);
	say_error(&k, 1, 0);
	say_services(2, 0, LIST("10.0.0.1:80"));
	add_counted_dest(&b, 3, "192.168.10.11:80", BOTH);
	add_counted_dest(&b, 3, "192.168.10.12:80", NO_STATS);
	say(&k, &b);
	check_fails(-EBADMSG);
}

/* To look never loads the module. */
static void test_not_loaded(void **state)
{
	(void)state;
	k.resolve_rc = -ENOENT;
	check_fails(-ENOENT);
	assert_non_null(strstr(err.msg, "modprobe ip_vs"));
	assert_int_equal(k.loads, 0);
	assert_int_equal(k.opened, 0);
}

static void test_failures(void **state)
{
	struct ezlb_ipvs_source source;

	(void)state;
	k.socket_rc = -EMFILE;
	check_fails(-EMFILE);
	k.socket_rc = 0;
	say_services(2, 0, LIST("10.0.0.1:80"));
	check_fails(-ETIMEDOUT); /* nobody tells of the dests */

	kernel_pair(&k);
	say_error(&k, 1, -EPERM);
	check_fails(-EPERM);
	assert_non_null(strstr(err.msg, "CAP_NET_ADMIN"));

	kernel_pair(&k);
	say_error(&k, 1, -EPERM);
	source = kernel_source(&k);
	assert_int_equal(ezlb_ipvs_traffic_source(&source, &scope, &rows, NULL), -EPERM);
}

/* --- this machine's own kernel, from several threads --------------------------------------- */

struct asked {
	int rc;
	size_t rows;
};

static void *ask(void *arg)
{
	struct ezlb_traffic out = { .len = 0 };
	struct asked *asked = arg;

	asked->rc = ezlb_ipvs_traffic(&scope, &out, NULL);
	asked->rows = out.len;
	EZLB_VEC_CLEAR(&out);
	return NULL;
}

/* Whether it has ip_vs and we are root, or not. */
static void test_threads(void **state)
{
	pthread_t threads[4];
	struct asked asked[4];
	int mine;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &asked[i]), 0);
	mine = ezlb_ipvs_traffic(&scope, &rows, &err);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(asked[i].rc, mine);
		assert_int_equal(asked[i].rows, rows.len);
	}
	print_message("ezlb_ipvs_traffic: %d %s\n", mine, err.msg);
	assert_true(mine == 0 || mine == -ENOENT || mine == -EPERM);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_call),
		TEST(test_services_alone),
		TEST(test_empty_scope),
		TEST(test_nothing_there),
		TEST(test_twice),
		TEST(test_vanished),
		TEST(test_changes_then_rests),
		TEST(test_never_rests),
		TEST(test_damaged),
		TEST(test_not_loaded),
		TEST(test_failures),
		TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
