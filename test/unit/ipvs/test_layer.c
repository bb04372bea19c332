// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel.h"

#include <sys/mman.h>

#include <ezlb/ipvs.h>

#include "genl.h"
#include "layer.h"

static struct kernel k;
static struct ezlb_layer *layer;
static struct ezlb_scope scope;
static struct ezlb_table table;
static struct ezlb_err err;

static void want(const char *listen)
{
	*EZLB_PUSH(&scope) = key(EZLB_TCP, listen);
	EZLB_SORT(&scope, ezlb_service_key_cmp);
}

/* A scope of two services, each of which is asked for by its key. */
static int setup_small(void **state)
{
	struct ezlb_ipvs_source source = kernel_source(&k);
	struct bytes question;

	(void)state;
	err = (struct ezlb_err){ 0 };
	kernel_init(&k);
	assert_int_equal(ezlb_ipvs_open_source(&source, &layer, &err), 0);
	hear(&k, &question);
	want("10.0.0.2:80");
	want("10.0.0.1:80");
	return 0;
}

#define SMALL_SCOPE 32 /* as in pkg/ipvs/layer.c */

/* So many services more, which the kernel does not have. */
static void want_others(int n)
{
	char listen[32];

	for (int i = 1; i <= n; i++) {
		snprintf(listen, sizeof(listen), "10.0.7.%d:80", i);
		want(listen);
	}
}

/* One service too many for that, so all of the kernel's are dumped. */
static int setup(void **state)
{
	int rc = setup_small(state);

	want_others(SMALL_SCOPE - 1);
	return rc;
}

static int teardown(void **state)
{
	(void)state;
	layer->close(layer);
	kernel_clear(&k);
	EZLB_VEC_CLEAR(&scope);
	ezlb_table_clear(&table);
	return 0;
}

/* --- what the kernel says to one dump ------------------------------------------------------ */

/* Ends with a NULL; "-" is a service by firewall mark. */
static void say_services(uint32_t seq, int flags, const char *const *listens)
{
	struct bytes b = { .len = 0 };

	for (; *listens; listens++) {
		struct ezlb_service_row row = service(**listens == '-' ? "10.0.0.9:1" : *listens);

		add_service(&b, seq, &row, **listens == '-', 0);
	}
	add_done(&b, seq, flags, 0);
	say(&k, &b);
}

static void say_dests(uint32_t seq, int flags, const char *const *backends)
{
	struct bytes b = { .len = 0 };

	for (; *backends; backends++) {
		struct ezlb_dest_row row = dest("10.0.0.1:80", *backends);

		add_dest(&b, seq, &row, 0, AF_INET);
	}
	add_done(&b, seq, flags, 0);
	say(&k, &b);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NOTHING	  ((const char *const[]){ NULL })

static void check_service(size_t i, const char *listen)
{
	struct ezlb_service_key of = key(EZLB_TCP, listen);

	assert_int_equal(ezlb_service_key_cmp(&table.services.items[i].key, &of), 0);
	assert_string_equal(table.services.items[i].scheduler, "wrr");
}

static void check_dest(size_t i, const char *listen, const char *backend)
{
	struct ezlb_dest_row row = dest(listen, backend);

	assert_int_equal(ezlb_dest_row_cmp(&table.dests.items[i], &row), 0);
}

static void check_empty(void)
{
	assert_int_equal(table.services.len, 0);
	assert_int_equal(table.dests.len, 0);
}

/* --- list ---------------------------------------------------------------------------------- */

static void test_list(void **state)
{
	struct bytes question;
	struct nlmsghdr head;

	(void)state;
	say_services(2, 0, LIST("10.0.0.3:80", "-", "10.0.0.2:80", "10.0.0.1:80", "10.0.0.1:81"));
	say_dests(3, 0, LIST("192.168.10.12:80"));
	say_dests(4, 0, LIST("192.168.10.12:80", "192.168.10.11:80"));
	assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(table.services.len, 2);
	check_service(0, "10.0.0.1:80");
	check_service(1, "10.0.0.2:80");
	assert_int_equal(table.dests.len, 3);
	check_dest(0, "10.0.0.1:80", "192.168.10.11:80");
	check_dest(1, "10.0.0.1:80", "192.168.10.12:80");
	check_dest(2, "10.0.0.2:80", "192.168.10.12:80");

	/* One question for the services, one for each that is ours, and none that writes. */
	for (int i = 0; i < 3; i++) {
		hear(&k, &question);
		memcpy(&head, question.data, sizeof(head));
		assert_int_equal(head.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
		assert_int_equal(question.data[NLMSG_HDRLEN],
				 i == 0 ? IPVS_CMD_GET_SERVICE : IPVS_CMD_GET_DEST);
	}
	assert_true(silent(&k));
}

/* Nothing that we may look at: not even a question. */
static void test_empty_scope(void **state)
{
	const struct ezlb_scope nothing = { .len = 0 };

	(void)state;
	assert_int_equal(layer->list(layer, &nothing, &table, &err), 0);
	check_empty();
	assert_true(silent(&k));
}

/* Somebody adds rows while we read, so some come twice. */
static void test_twice(void **state)
{
	(void)state;
	say_services(2, 0, LIST("10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:80"));
	say_dests(3, 0, LIST("192.168.10.11:80", "192.168.10.12:80", "192.168.10.11:80"));
	say_dests(4, 0, NOTHING);
	say_dests(5, 0, LIST("192.168.10.11:80", "192.168.10.12:80"));
	assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
	assert_int_equal(table.services.len, 2);
	check_service(0, "10.0.0.1:80");
	check_service(1, "10.0.0.2:80");
	assert_int_equal(table.dests.len, 2);
	check_dest(0, "10.0.0.1:80", "192.168.10.11:80");
	check_dest(1, "10.0.0.1:80", "192.168.10.12:80");
}

static void test_vanished(void **state)
{
	(void)state;
	say_services(2, 0, LIST("10.0.0.1:80", "10.0.0.2:80"));
	say_error(&k, 3, -ESRCH);
	say_dests(4, 0, LIST("192.168.10.11:80"));
	assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(table.services.len, 1);
	check_service(0, "10.0.0.2:80");
	assert_int_equal(table.dests.len, 1);
	check_dest(0, "10.0.0.2:80", "192.168.10.11:80");
}

static void test_changes_then_rests(void **state)
{
	(void)state;
	say_services(2, NLM_F_DUMP_INTR, LIST("10.0.0.1:80", "10.0.0.2:80"));
	say_services(3, NLM_F_DUMP_INTR, LIST("10.0.0.2:80"));
	say_services(4, 0, LIST("10.0.0.1:80", "10.0.0.2:80"));
	say_dests(5, 0, LIST("192.168.10.11:80"));
	say_dests(6, NLM_F_DUMP_INTR, LIST("192.168.10.12:80"));
	say_dests(7, 0, LIST("192.168.10.13:80"));
	assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(table.services.len, 2);
	assert_int_equal(table.dests.len, 2);
	check_dest(0, "10.0.0.1:80", "192.168.10.11:80");
	check_dest(1, "10.0.0.2:80", "192.168.10.13:80");
}

static void test_never_rests(void **state)
{
	(void)state;
	for (uint32_t seq = 2; seq < 5; seq++)
		say_services(seq, NLM_F_DUMP_INTR, LIST("10.0.0.1:80"));
	assert_int_equal(layer->list(layer, &scope, &table, &err), -EAGAIN);
	assert_int_equal(err.code, EAGAIN);
	check_empty();

	say_services(5, 0, LIST("10.0.0.1:80"));
	for (uint32_t seq = 6; seq < 9; seq++)
		say_dests(seq, NLM_F_DUMP_INTR, LIST("192.168.10.11:80"));
	assert_int_equal(layer->list(layer, &scope, &table, NULL), -EAGAIN);
	check_empty();
}

/* A row that cannot be read is not the same as none. */
static void test_damaged_row(void **state)
{
	struct ezlb_service_row row = service("10.0.0.1:80");
	struct bytes b = { .len = 0 };

	(void)state;
	ezlb_strcpy(row.scheduler, sizeof(row.scheduler), "");
	add_service(&b, 2, &row, 0, 0);
	add_done(&b, 2, 0, 0);
	say(&k, &b);
	assert_int_equal(layer->list(layer, &scope, &table, &err), -EBADMSG);
	check_empty();
}

static void test_damaged_dest(void **state)
{
	struct bytes b = { .len = 0 };
	struct genlmsghdr genl = { .cmd = IPVS_CMD_NEW_DEST };
	size_t msg;

	(void)state;
	say_services(2, 0, LIST("10.0.0.1:80", "10.0.0.2:80"));
	say_dests(3, 0, LIST("192.168.10.11:80"));
	msg = start_msg(&b, FAMILY, NLM_F_MULTI, 4);
	add(&b, &genl, sizeof(genl));
	end_msg(&b, msg);
	say(&k, &b);
	assert_int_equal(layer->list(layer, &scope, &table, &err), -EBADMSG);
	check_empty();
}

static void test_unloaded(void **state)
{
	(void)state;
	k.resolve_rc = -ENOENT;
	say_error(&k, 2, -ENOENT);
	assert_int_equal(layer->list(layer, &scope, &table, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "modprobe ip_vs"));
	check_empty();

	/* Still gone; then back under another id, without a restart of ours. */
	assert_int_equal(layer->list(layer, &scope, &table, &err), -ENOENT);
	k.resolve_rc = 0;
	k.family = FAMILY + 1;
	say_services(3, 0, NOTHING);
	assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
	assert_int_equal(k.loads, 1);
}

/* --- list of few services ------------------------------------------------------------------ */

static void say_service(uint32_t seq, const struct ezlb_service_row *row)
{
	struct bytes b = { .len = 0 };

	add_service(&b, seq, row, row->key.fwmark, 0);
	add_error(&b, seq, 0);
	say(&k, &b);
}

/* The next question has this command and these flags. */
static void check_question(uint8_t command, uint16_t flags)
{
	struct bytes question;
	struct nlmsghdr head;

	hear(&k, &question);
	memcpy(&head, question.data, sizeof(head));
	assert_int_equal(question.data[NLMSG_HDRLEN], command);
	assert_int_equal(head.nlmsg_flags, NLM_F_REQUEST | flags);
}

/* Two questions for each, and no dump of all services. */
static void test_few(void **state)
{
	const struct ezlb_service_row rows[] = { service("10.0.0.1:80"), service("10.0.0.2:80") };

	(void)state;
	say_service(2, &rows[0]);
	say_service(3, &rows[1]);
	say_dests(4, 0, LIST("192.168.10.12:80", "192.168.10.11:80"));
	say_dests(5, 0, LIST("192.168.10.12:80"));
	assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(table.services.len, 2);
	check_service(0, "10.0.0.1:80");
	check_service(1, "10.0.0.2:80");
	assert_int_equal(table.dests.len, 3);
	check_dest(0, "10.0.0.1:80", "192.168.10.11:80");
	check_dest(1, "10.0.0.1:80", "192.168.10.12:80");
	check_dest(2, "10.0.0.2:80", "192.168.10.12:80");
	for (int i = 0; i < 2; i++)
		check_question(IPVS_CMD_GET_SERVICE, NLM_F_ACK);
	for (int i = 0; i < 2; i++)
		check_question(IPVS_CMD_GET_DEST, NLM_F_DUMP);
	assert_true(silent(&k));
}

/* A mark of each family, and IPv6: the rows are those that a dump shows. */
static void test_few_of_all_kinds(void **state)
{
	struct ezlb_service_row rows[3] = { service("[fd00::1]:443"), service("10.0.0.9:1"),
					    service("10.0.0.9:1") };

	(void)state;
	rows[0].flags = IP_VS_SVC_F_PERSISTENT;
	rows[0].timeout = 300;
	rows[0].netmask = 64;
	rows[1].key = (struct ezlb_service_key){ .fwmark = 7 };
	rows[1].key.listen.addr.family = AF_INET;
	rows[2].key = rows[1].key;
	rows[2].key.listen.addr.family = AF_INET6;
	scope.len = 0;
	for (size_t i = 0; i < 3; i++)
		*EZLB_PUSH(&scope) = rows[i].key;
	EZLB_SORT(&scope, ezlb_service_key_cmp);
	qsort(rows, 3, sizeof(rows[0]), ezlb_service_row_cmp);
	for (uint32_t i = 0; i < 3; i++)
		say_service(2 + i, &rows[i]);
	for (uint32_t i = 0; i < 3; i++)
		say_dests(5 + i, 0, NOTHING);
	assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
	assert_int_equal(table.services.len, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(ezlb_service_row_cmp(&table.services.items[i], &rows[i]), 0);
		assert_true(ezlb_service_row_same(&table.services.items[i], &rows[i]));
	}
}

/* There is none, or none can be there: no dests are read. */
static void test_few_missing(void **state)
{
	const struct ezlb_service_row row = service("10.0.0.2:80");
	const int missing[] = { -ESRCH, -EAFNOSUPPORT };

	for (size_t i = 0; i < COUNT_OF(missing); i++) {
		say_error(&k, 2, missing[i]);
		say_service(3, &row);
		say_dests(4, 0, LIST("192.168.10.11:80"));
		assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
		assert_int_equal(err.code, 0);
		assert_int_equal(table.services.len, 1);
		check_service(0, "10.0.0.2:80");
		assert_int_equal(table.dests.len, 1);
		check_dest(0, "10.0.0.2:80", "192.168.10.11:80");
		teardown(state);
		setup_small(state);
	}
}

/* Any other failure is not the same as none. */
static void test_few_fail(void **state)
{
	const struct ezlb_service_row row = service("10.0.0.1:80");

	(void)state;
	say_service(2, &row);
	say_error(&k, 3, -EINVAL);
	assert_int_equal(layer->list(layer, &scope, &table, &err), -EINVAL);
	assert_int_equal(err.code, EINVAL);
	check_empty();
	say_error(&k, 4, -EPERM);
	assert_int_equal(layer->list(layer, &scope, &table, &err), -EPERM);
	assert_int_equal(layer->list(layer, &scope, &table, &err), -ETIMEDOUT);
	check_empty();
}

/* ip_vs was loaded again: the family has another id, and the same service is asked for again. */
static void test_few_of_another_family(void **state)
{
	const struct ezlb_service_row row = service("10.0.0.2:80");

	(void)state;
	k.family = FAMILY + 1;
	say_error(&k, 2, -ENOENT);
	say_error(&k, 3, -ESRCH);
	say_service(4, &row);
	say_dests(5, 0, NOTHING);
	assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
	assert_int_equal(table.services.len, 1);
	check_service(0, "10.0.0.2:80");
}

/* The most that are asked for one by one. */
static void test_few_are_limited(void **state)
{
	(void)state;
	want_others(SMALL_SCOPE - 2);
	for (uint32_t i = 0; i < SMALL_SCOPE; i++)
		say_error(&k, 2 + i, -ESRCH);
	assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
	for (int i = 0; i < SMALL_SCOPE; i++)
		check_question(IPVS_CMD_GET_SERVICE, NLM_F_ACK);
	assert_true(silent(&k));
	want("10.0.0.3:80");
	say_services(2 + SMALL_SCOPE, 0, NOTHING);
	assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
	check_question(IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
	assert_true(silent(&k));
}

/* --- peek ---------------------------------------------------------------------------------- */

static uint64_t peek(const char *text)
{
	int fd = memfd_create("ip_vs", MFD_CLOEXEC);
	uint64_t print;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(k.procfs, sizeof(k.procfs), "/proc/self/fd/%d", fd);
	assert_int_equal(layer->peek(layer, &scope, &print), k.resolve_rc);
	close(fd);
	return print;
}

/* With the scope of the call, and without a word on the socket. */
static void test_peek(void **state)
{
	uint64_t print = 7;

	(void)state;
	assert_int_equal(layer->peek(layer, &scope, &print), -ENOENT);
	assert_int_equal(print, 7);
	print = peek("TCP  0A000001:0050 rr  \n");
	assert_int_not_equal(print, 0);
	assert_int_equal(peek("TCP  0A000001:0050 rr  \nTCP  0A000009:0050 rr  \n"), print);
	assert_int_not_equal(peek("TCP  0A000001:0050 wrr  \n"), print);
	assert_int_not_equal(peek(""), print);
	assert_true(silent(&k));
}

/* ip_vs has made its file and registers its family later: that is a change, too. */
static void test_peek_half_loaded(void **state)
{
	const struct ezlb_scope nothing = { .len = 0 };
	uint64_t print;

	(void)state;
	k.resolve_rc = -ENOENT;
	say_error(&k, 2, -ENOENT);
	assert_int_equal(layer->list(layer, &scope, &table, &err), -ENOENT);
	peek("");
	assert_int_equal(layer->peek(layer, &nothing, &print), 0);
	k.resolve_rc = 0;
	peek("");
	assert_int_equal(k.loads, 1);
}

/* --- apply --------------------------------------------------------------------------------- */

static const struct {
	enum ezlb_op_kind kind;
	int answer, want;
} verdicts[] = {
	{ EZLB_OP_SERVICE_ADD, -EEXIST, -EEXIST },
	{ EZLB_OP_SERVICE_ADD, -ENOENT, -ENOENT },
	{ EZLB_OP_SERVICE_SET, -ESRCH, -ESRCH },
	{ EZLB_OP_DEST_ADD, -ESRCH, -ESRCH },
	{ EZLB_OP_DEST_SET, -ENOENT, -ENOENT },
	{ EZLB_OP_DEST_DEL, -ENOENT, 0 },
	{ EZLB_OP_DEST_DEL, -ESRCH, 0 },
	{ EZLB_OP_DEST_DEL, -EINVAL, -EINVAL },
	{ EZLB_OP_SERVICE_DEL, -ESRCH, 0 },
	{ EZLB_OP_SERVICE_DEL, -EPERM, -EPERM },
	{ EZLB_OP_DEST_ADD, 0, 0 },
};
#define N_VERDICTS COUNT_OF(verdicts)

static struct ezlb_op op[N_VERDICTS];
static struct ezlb_op *ops[N_VERDICTS];

static void make_ops(void)
{
	for (size_t i = 0; i < N_VERDICTS; i++) {
		op[i] = (struct ezlb_op){ .kind = verdicts[i].kind };
		if (op[i].kind == EZLB_OP_SERVICE_ADD || op[i].kind == EZLB_OP_SERVICE_SET ||
		    op[i].kind == EZLB_OP_SERVICE_DEL)
			op[i].service = service("10.0.0.1:80");
		else
			op[i].dest = dest("10.0.0.1:80", "192.168.10.11:80");
		ops[i] = &op[i];
	}
}

static void test_verdicts(void **state)
{
	struct bytes b = { .len = 0 };

	(void)state;
	make_ops();
	for (uint32_t i = 0; i < N_VERDICTS; i++) {
		if (verdicts[i].answer || i == N_VERDICTS - 1)
			add_error(&b, i + 2, verdicts[i].answer);
	}
	say(&k, &b);
	assert_int_equal(layer->apply(layer, ops, N_VERDICTS, &err), 0);
	assert_int_equal(err.code, 0);
	for (size_t i = 0; i < N_VERDICTS; i++)
		assert_int_equal(op[i].rc, verdicts[i].want);
}

static void test_apply_fails(void **state)
{
	(void)state;
	make_ops();
	assert_int_equal(layer->apply(layer, ops, N_VERDICTS, &err), -ETIMEDOUT);
	assert_int_equal(err.code, ETIMEDOUT);
	for (size_t i = 0; i < N_VERDICTS; i++)
		assert_int_equal(op[i].rc, -ETIMEDOUT);
	assert_int_equal(layer->apply(layer, ops, 0, NULL), 0);
}

/* Only an answer of IPVS says that something is gone; that there is no IPVS does not. */
static void test_apply_unloaded(void **state)
{
	(void)state;
	make_ops();
	k.resolve_rc = -ENOENT;
	say_error(&k, 2, -ENOENT);
	assert_int_equal(layer->apply(layer, &ops[N_VERDICTS - 2], 1, &err), -ENOENT);
	assert_int_equal(op[N_VERDICTS - 2].rc, -ENOENT);
	assert_int_equal(layer->apply(layer, ops, N_VERDICTS, NULL), -ENOENT);
	for (size_t i = 0; i < N_VERDICTS; i++)
		assert_int_equal(op[i].rc, -ENOENT);
}

/* Some answers came, some did not: each op has its own verdict, and nothing else is said. */
static void test_apply_partly(void **state)
{
	(void)state;
	make_ops();
	say_error(&k, 2, -EEXIST);
	assert_int_equal(layer->apply(layer, ops, 2, &err), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(op[0].rc, -EEXIST);
	assert_int_equal(op[1].rc, -ETIMEDOUT);
}

/* --- tunnels ------------------------------------------------------------------------------- */

static struct ezlb_op gue_op(enum ezlb_op_kind kind, const char *backend)
{
	struct ezlb_op out = { .kind = kind, .dest = dest("10.0.0.1:80", backend) };

	out.dest.forward = EZLB_TUNNEL;
	out.dest.tunnel = (struct ezlb_tunnel){ .type = EZLB_TUNNEL_GUE, .port = 6080 };
	return out;
}

/* One dest, as a kernel says it that knows tunnel types or not. */
static void say_dest(uint32_t seq, bool tunnels)
{
	struct ezlb_dest_row row = dest("10.0.0.1:80", "192.168.10.11:80");
	struct bytes b = { .len = 0 };

	add_tunnel_dest(&b, seq, &row, IP_VS_CONN_F_TUNNEL, AF_INET, tunnels ? 0 : -1);
	add_done(&b, seq, 0, 0);
	say(&k, &b);
}

/* The kernel took the first of these dests for IP in IP: it is deleted again. */
static void test_no_tunnels(void **state)
{
	struct ezlb_op all[] = { gue_op(EZLB_OP_DEST_ADD, "192.168.10.11:80"),
				 { .kind = EZLB_OP_DEST_ADD,
				   .dest = dest("10.0.0.2:80", "192.168.10.12:80") } };
	struct ezlb_op *both[] = { &all[0], &all[1] };
	struct bytes b;

	(void)state;
	say_error(&k, 3, 0); /* the ACK of the last op */
	say_dest(4, false);
	say_error(&k, 5, 0);
	assert_int_equal(layer->apply(layer, both, 2, &err), 0);
	assert_int_equal(all[0].rc, -EPROTONOSUPPORT);
	assert_int_equal(all[1].rc, 0);
	hear(&k, &b);
	hear(&k, &b);
	assert_int_equal(b.data[NLMSG_HDRLEN], IPVS_CMD_GET_DEST);
	hear(&k, &b);
	assert_int_equal(b.data[NLMSG_HDRLEN], IPVS_CMD_DEL_DEST);

	/* From now on it is not even sent. */
	all[0].kind = EZLB_OP_DEST_SET;
	assert_int_equal(layer->apply(layer, both, 1, &err), 0);
	assert_int_equal(all[0].rc, -EPROTONOSUPPORT);
	assert_true(silent(&k));
}

static void test_tunnels(void **state)
{
	struct ezlb_op one = gue_op(EZLB_OP_DEST_ADD, "192.168.10.11:80"), *list[] = { &one };
	struct bytes b;

	(void)state;
	say_error(&k, 2, 0);
	say_dest(3, true);
	assert_int_equal(layer->apply(layer, list, 1, &err), 0);
	assert_int_equal(one.rc, 0);
	hear(&k, &b);
	hear(&k, &b);

	/* Known by now: no question more. */
	say_error(&k, 4, 0);
	assert_int_equal(layer->apply(layer, list, 1, &err), 0);
	assert_int_equal(one.rc, 0);
	hear(&k, &b);
	assert_true(silent(&k));
}

/* What list has read is enough. */
static void test_tunnels_of_list(void **state)
{
	struct ezlb_op one = gue_op(EZLB_OP_DEST_ADD, "192.168.10.12:80"), *list[] = { &one };
	struct bytes b;

	(void)state;
	say_services(2, 0, LIST("10.0.0.1:80"));
	say_dest(3, false);
	assert_int_equal(layer->list(layer, &scope, &table, &err), 0);
	hear(&k, &b);
	hear(&k, &b);
	assert_int_equal(layer->apply(layer, list, 1, &err), 0);
	assert_int_equal(one.rc, -EPROTONOSUPPORT);
	assert_true(silent(&k));
}

/* --- timeouts ------------------------------------------------------------------------------ */

static void say_timeouts(uint32_t seq)
{
	struct bytes b = { .len = 0 };

	add_timeouts(&b, seq, 900, 120, 300);
	add_error(&b, seq, 0);
	say(&k, &b);
}

static void test_timeouts_listed(void **state)
{
	const struct ezlb_scope nothing = { .len = 0 };
	struct bytes b;

	(void)state;
	ezlb_ipvs_manage_timeouts(layer);
	say_timeouts(2);
	assert_int_equal(layer->list(layer, &nothing, &table, &err), 0);
	hear(&k, &b);
	assert_int_equal(b.data[NLMSG_HDRLEN], IPVS_CMD_GET_CONFIG);
	assert_true(silent(&k));
	assert_int_equal(table.timeouts.len, 3);
	assert_int_equal(table.timeouts.items[0].timeout, EZLB_TIMEOUT_TCP);
	assert_int_equal(table.timeouts.items[0].seconds, 900);
	assert_int_equal(table.timeouts.items[1].timeout, EZLB_TIMEOUT_TCPFIN);
	assert_int_equal(table.timeouts.items[1].seconds, 120);
	assert_int_equal(table.timeouts.items[2].seconds, 300);
}

/* No row at all: what cannot be read is not empty. */
static void test_timeouts_unreadable(void **state)
{
	struct bytes b = { .len = 0 };
	struct genlmsghdr genl = { .cmd = IPVS_CMD_SET_CONFIG, .version = 1 };
	size_t msg;

	(void)state;
	ezlb_ipvs_manage_timeouts(layer);
	say_services(2, 0, LIST("10.0.0.1:80"));
	say_dests(3, 0, LIST("192.168.10.11:80"));
	msg = start_msg(&b, FAMILY, 0, 4);
	add(&b, &genl, sizeof(genl));
	add_u32(&b, IPVS_CMD_ATTR_TIMEOUT_TCP, 900);
	end_msg(&b, msg);
	say(&k, &b);
	assert_int_equal(layer->list(layer, &scope, &table, &err), -EBADMSG);
	check_empty();
	assert_int_equal(table.timeouts.len, 0);
}

/* --- this machine's own kernel ------------------------------------------------------------- */

static void test_resolve(void **state)
{
	uint16_t family = 0;

	(void)state;
	/* GENL_ID_CTRL, the one family that has the same id everywhere. */
	assert_int_equal(ezlb_ipvs_genl_resolve("nlctrl", false, 1000, &family, &err), 0);
	assert_int_equal(family, GENL_ID_CTRL);
	family = 0;
	assert_int_equal(ezlb_ipvs_genl_resolve("nlctrl", true, 1000, &family, &err), 0);
	assert_int_equal(family, GENL_ID_CTRL);
	assert_int_equal(ezlb_ipvs_genl_resolve("NO_SUCH", false, 1000, &family, &err), -ENOENT);
	assert_int_equal(ezlb_ipvs_genl_resolve("NO_SUCH", true, 1000, &family, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "NO_SUCH"));
}

/* Whether it has ip_vs and we are root, or not. */
static void test_open(void **state)
{
	struct ezlb_layer *real = NULL;
	int rc = ezlb_ipvs_open(&real, &err);

	(void)state;
	print_message("ezlb_ipvs_open: %d %s\n", rc, err.msg);
	if (rc == 0) {
		assert_int_equal(real->list(real, &scope, &table, &err), 0);
		real->close(real);
		return;
	}
	assert_null(real);
	assert_true(rc == -ENOENT || rc == -EPERM);
	assert_non_null(strstr(err.msg, rc == -ENOENT ? "modprobe ip_vs" : "CAP_NET_ADMIN"));
}

#define TEST(fn)     cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define TEST_FEW(fn) cmocka_unit_test_setup_teardown(fn, setup_small, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_list),
		TEST(test_empty_scope),
		TEST(test_twice),
		TEST(test_vanished),
		TEST(test_changes_then_rests),
		TEST(test_never_rests),
		TEST(test_damaged_row),
		TEST(test_damaged_dest),
		TEST(test_unloaded),
		TEST_FEW(test_few),
		TEST_FEW(test_few_of_all_kinds),
		TEST_FEW(test_few_missing),
		TEST_FEW(test_few_fail),
		TEST_FEW(test_few_of_another_family),
		TEST_FEW(test_few_are_limited),
		TEST(test_peek),
		TEST(test_peek_half_loaded),
		TEST(test_verdicts),
		TEST(test_apply_fails),
		TEST(test_apply_unloaded),
		TEST(test_apply_partly),
		TEST(test_no_tunnels),
		TEST(test_tunnels),
		TEST(test_tunnels_of_list),
		TEST(test_timeouts_listed),
		TEST(test_timeouts_unreadable),
		TEST(test_open),
		cmocka_unit_test(test_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
