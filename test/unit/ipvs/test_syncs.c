// SPDX-License-Identifier: GPL-2.0-or-later
/* The sync daemons of IPVS: their messages, and the layer. */
#include "kernel.h"

#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include <ezlb/ipvs.h>

#include "codec.h"
#include "layer.h"

/* --- messages ------------------------------------------------------------------------------ */

static const struct {
	enum ezlb_op_kind kind;
	int cmd;
	enum ezlb_sync_role role;
	uint32_t state;
	bool whole; /* with its interface and id */
} sync_ops[] = {
	{ EZLB_OP_SYNC_ADD, IPVS_CMD_NEW_DAEMON, EZLB_SYNC_MASTER, IP_VS_STATE_MASTER, true },
	{ EZLB_OP_SYNC_SET, IPVS_CMD_NEW_DAEMON, EZLB_SYNC_BACKUP, IP_VS_STATE_BACKUP, true },
	{ EZLB_OP_SYNC_DEL, IPVS_CMD_DEL_DAEMON, EZLB_SYNC_BACKUP, IP_VS_STATE_BACKUP, false },
};

static void test_sync_ops(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sync_ops); i++) {
		const struct ezlb_op op = { .kind = sync_ops[i].kind,
					    .sync = { sync_ops[i].role, "eth1", 255, false } };
		struct nlattr *top[IPVS_CMD_ATTR_MAX + 1], *nest[IPVS_DAEMON_ATTR_MAX + 1];
		struct ezlb_nl_buf buf = { 0 };
		struct nlmsghdr *nlh;

		ezlb_ipvs_put_op(&buf, FAMILY, &op);
		nlh = (struct nlmsghdr *)(void *)buf.items;
		assert_int_equal(buf.items[NLMSG_HDRLEN], sync_ops[i].cmd);
		assert_int_equal(genlmsg_parse(nlh, 0, top, IPVS_CMD_ATTR_MAX, NULL), 0);
		assert_int_equal(nla_parse_nested(nest, IPVS_DAEMON_ATTR_MAX,
						  top[IPVS_CMD_ATTR_DAEMON], NULL),
				 0);
		assert_int_equal(nla_get_u32(nest[IPVS_DAEMON_ATTR_STATE]), sync_ops[i].state);
		assert_int_equal(nest[IPVS_DAEMON_ATTR_MCAST_IFN] != NULL, sync_ops[i].whole);
		assert_int_equal(nest[IPVS_DAEMON_ATTR_SYNC_ID] != NULL, sync_ops[i].whole);
		if (sync_ops[i].whole) {
			assert_string_equal(nla_get_string(nest[IPVS_DAEMON_ATTR_MCAST_IFN]),
					    "eth1");
			assert_int_equal(nla_get_u32(nest[IPVS_DAEMON_ATTR_SYNC_ID]), 255);
		}
		ezlb_nl_buf_clear(&buf);
	}
}

static const struct {
	const char *name;
	uint32_t state;
	const char *device;
	int64_t id;
	int rc;
	enum ezlb_sync_role role;
} sync_answers[] = {
	{ "master", IP_VS_STATE_MASTER, "eth1", 1, 0, EZLB_SYNC_MASTER },
	{ "backup, and the longest name", IP_VS_STATE_BACKUP, "abcdefghijklmno", 255, 0,
	  EZLB_SYNC_BACKUP },
	{ "no role", 0, "eth1", 1, -EBADMSG, 0 },
	{ "another role", 3, "eth1", 1, -EBADMSG, 0 },
	{ "no interface", IP_VS_STATE_MASTER, NULL, 1, -EBADMSG, 0 },
	{ "an empty name", IP_VS_STATE_MASTER, "", 1, -EBADMSG, 0 },
	{ "too long a name", IP_VS_STATE_MASTER, "abcdefghijklmnop", 1, -EBADMSG, 0 },
	{ "no id", IP_VS_STATE_MASTER, "eth1", -1, -EBADMSG, 0 },
};

static void test_sync_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sync_answers); i++) {
		struct bytes b = { .len = 0 };
		struct ezlb_sync_row row;

		print_message("%s\n", sync_answers[i].name);
		add_sync(&b, 1, sync_answers[i].state, sync_answers[i].device, sync_answers[i].id);
		assert_int_equal(ezlb_ipvs_get_sync(b.data, b.len, &row), sync_answers[i].rc);
		/* Whatever is cut off, it is no row, and nothing behind the end is read. */
		for (size_t len = 0; len < b.len; len++) {
			unsigned char *cut = ezlb_calloc(len + 1, 1);
			struct ezlb_sync_row none;

			memcpy(cut, b.data, len);
			assert_int_equal(ezlb_ipvs_get_sync(cut, len, &none), -EBADMSG);
			free(cut);
		}
		if (sync_answers[i].rc)
			continue;
		assert_int_equal(row.role, sync_answers[i].role);
		assert_string_equal(row.device, sync_answers[i].device);
		assert_int_equal(row.id, sync_answers[i].id);
		assert_false(row.stale);
	}
}

/* --- the layer ----------------------------------------------------------------------------- */

static struct kernel k;
static struct ezlb_layer *layer;
static const struct ezlb_scope nothing = { .len = 0 };
static struct ezlb_table table;
static struct ezlb_err err;

/* The interfaces of this host. */
static struct {
	const char *name;
	unsigned index;
	bool up;
} links[2];

static unsigned index_of(const char *device, bool *up)
{
	for (size_t i = 0; i < COUNT_OF(links); i++)
		if (links[i].name && strcmp(links[i].name, device) == 0) {
			*up = links[i].up;
			return links[i].index;
		}
	return 0;
}

static int setup(void **state)
{
	struct ezlb_ipvs_source source = kernel_source(&k);
	struct bytes question;

	(void)state;
	source.index_of = index_of;
	err = (struct ezlb_err){ 0 };
	links[0].name = "eth1";
	links[0].index = 4;
	links[0].up = true;
	links[1].name = NULL;
	kernel_init(&k);
	assert_int_equal(ezlb_ipvs_open_source(&source, &layer, &err), 0);
	hear(&k, &question);
	ezlb_ipvs_manage_syncs(layer, "eth1");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	layer->close(layer);
	kernel_clear(&k);
	ezlb_table_clear(&table);
	return 0;
}

/* The answer to a dump; `master` and `backup` are interfaces, or NULL. */
static void say_syncs(uint32_t seq, const char *master, const char *backup)
{
	struct bytes b = { .len = 0 };

	if (master)
		add_sync(&b, seq, IP_VS_STATE_MASTER, master, 1);
	if (backup)
		add_sync(&b, seq, IP_VS_STATE_BACKUP, backup, 1);
	add_done(&b, seq, 0, 0);
	say(&k, &b);
}

static void hear_command(int cmd)
{
	struct bytes b;

	hear(&k, &b);
	assert_int_equal(b.data[NLMSG_HDRLEN], cmd);
}

static void list_syncs(uint32_t seq, const char *master, const char *backup)
{
	ezlb_table_clear(&table);
	say_syncs(seq, master, backup);
	assert_int_equal(layer->list(layer, &nothing, &table, &err), 0);
	hear_command(IPVS_CMD_GET_DAEMON);
	assert_true(silent(&k));
}

static uint64_t peek_syncs(uint32_t seq, const char *master, const char *backup)
{
	uint64_t print = 0;

	say_syncs(seq, master, backup);
	assert_int_equal(layer->peek(layer, &nothing, &print), 0);
	hear_command(IPVS_CMD_GET_DAEMON);
	return print;
}

static void test_listed(void **state)
{
	(void)state;
	list_syncs(2, "eth1", "eth1");
	assert_int_equal(table.syncs.len, 2);
	assert_int_equal(table.syncs.items[0].role, EZLB_SYNC_MASTER);
	assert_int_equal(table.syncs.items[1].role, EZLB_SYNC_BACKUP);
	assert_string_equal(table.syncs.items[1].device, "eth1");
	assert_int_equal(table.syncs.items[1].id, 1);
	assert_false(table.syncs.items[0].stale || table.syncs.items[1].stale);
	list_syncs(3, NULL, NULL);
	assert_int_equal(table.syncs.len, 0);
}

/* The kernel goes on showing the name. */
static void test_replaced_interface(void **state)
{
	(void)state;
	list_syncs(2, "eth1", "eth1");
	links[0].index = 9;
	list_syncs(3, "eth1", "eth1");
	assert_true(table.syncs.items[0].stale && table.syncs.items[1].stale);
	list_syncs(4, "eth1", "eth1"); /* until somebody starts them again */
	assert_true(table.syncs.items[0].stale);
	say_error(&k, 5, -EPERM);
	assert_int_equal(layer->list(layer, &nothing, &table, &err), -EPERM);
	hear_command(IPVS_CMD_GET_DAEMON);
	links[0].name = NULL;
	list_syncs(6, "eth1", "eth1");
	assert_true(table.syncs.items[0].stale);
	links[0].name = "eth1";
	list_syncs(7, NULL, "eth1");
	list_syncs(8, "eth1", "eth1"); /* a new master, on the new interface */
	assert_false(table.syncs.items[0].stale);
	assert_true(table.syncs.items[1].stale);
	links[0].index = EZLB_IPVS_NO_INDEX; /* nobody knows */
	list_syncs(9, "eth1", "eth1");
	assert_false(table.syncs.items[1].stale);
}

static void test_unreadable(void **state)
{
	struct bytes b = { .len = 0 };
	uint64_t print = 7;

	(void)state;
	add_sync(&b, 2, IP_VS_STATE_MASTER, "eth1", 1);
	add_sync(&b, 2, IP_VS_STATE_BACKUP, "eth1", -1);
	say(&k, &b);
	assert_int_equal(layer->list(layer, &nothing, &table, &err), -EBADMSG);
	assert_int_equal(table.syncs.len, 0);
	kernel_pair(&k);
	say_error(&k, 3, -EPERM);
	assert_int_equal(layer->peek(layer, &nothing, &print), -EPERM);
}

static void test_peek(void **state)
{
	uint64_t first, other;

	(void)state;
	first = peek_syncs(2, "eth1", "eth1");
	assert_int_equal(peek_syncs(3, "eth1", "eth1"), first);
	assert_int_not_equal(peek_syncs(4, "eth1", NULL), first);
	assert_int_not_equal(peek_syncs(5, "eth1", "eth2"), first);
	links[0].index = 9;
	other = peek_syncs(6, "eth1", "eth1");
	assert_int_not_equal(other, first);
	links[0].up = false;
	assert_int_not_equal(peek_syncs(7, "eth1", "eth1"), other);
	/* One that is awaited comes. */
	first = peek_syncs(8, NULL, NULL);
	links[0].up = true;
	other = peek_syncs(9, NULL, NULL);
	assert_int_not_equal(other, first);
	links[0].name = NULL;
	assert_int_not_equal(peek_syncs(10, NULL, NULL), first);
}

/* Nobody asks for what nobody wants. */
static void test_not_managed(void **state)
{
	struct ezlb_ipvs_source source = kernel_source(&k);
	struct ezlb_layer *other;
	uint64_t print = 0;
	struct bytes b;

	(void)state;
	kernel_pair(&k);
	say_error(&k, 1, 0);
	assert_int_equal(ezlb_ipvs_open_source(&source, &other, &err), 0);
	hear(&k, &b);
	assert_int_equal(other->list(other, &nothing, &table, &err), 0);
	assert_int_equal(other->peek(other, &nothing, &print), 0);
	assert_int_equal(print, 0);
	assert_true(silent(&k));
	other->close(other);
}

static struct ezlb_op sync_op(enum ezlb_op_kind kind)
{
	return (struct ezlb_op){ .kind = kind, .sync = { EZLB_SYNC_MASTER, "eth1", 1, false } };
}

/* What the kernel answers to each request, and what becomes of the op. */
static const struct {
	enum ezlb_op_kind kind;
	int answers[2]; /* 1: none is asked for */
	int rc;
} applied[] = {
	{ EZLB_OP_SYNC_ADD, { 0, 1 }, 0 },
	{ EZLB_OP_SYNC_ADD, { -ENODEV, 1 }, -ENODEV },
	{ EZLB_OP_SYNC_SET, { 0, 0 }, 0 },
	{ EZLB_OP_SYNC_SET, { -ESRCH, 0 }, 0 },
	{ EZLB_OP_SYNC_SET, { -EPERM, 1 }, -EPERM },
	{ EZLB_OP_SYNC_SET, { 0, -ENETUNREACH }, -ENETUNREACH },
	{ EZLB_OP_SYNC_DEL, { 0, 1 }, 0 },
	{ EZLB_OP_SYNC_DEL, { -ESRCH, 1 }, 0 },
	{ EZLB_OP_SYNC_DEL, { -EPERM, 1 }, -EPERM },
};

/* However it ends, services do not care: the layer has not failed. */
static void test_applied(void **state)
{
	uint32_t seq = 2;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(applied); i++) {
		struct ezlb_op op = sync_op(applied[i].kind), *ops[] = { &op };
		bool add = applied[i].kind == EZLB_OP_SYNC_ADD;

		for (size_t n = 0; n < 2 && applied[i].answers[n] != 1; n++)
			say_error(&k, seq++, applied[i].answers[n]);
		assert_int_equal(layer->apply(layer, ops, 1, &err), 0);
		assert_int_equal(op.rc, applied[i].rc);
		hear_command(add ? IPVS_CMD_NEW_DAEMON : IPVS_CMD_DEL_DAEMON);
		if (applied[i].answers[1] != 1)
			hear_command(IPVS_CMD_NEW_DAEMON);
		assert_true(silent(&k));
	}
	assert_int_equal(err.code, 0);
}

static void test_no_answer(void **state)
{
	struct ezlb_op op = sync_op(EZLB_OP_SYNC_ADD), *ops[] = { &op };

	(void)state;
	assert_int_equal(layer->apply(layer, ops, 1, &err), 0);
	assert_int_equal(op.rc, -ETIMEDOUT);
	assert_int_equal(err.code, 0);
}

/* Started again, it is on the interface that there is now. */
static void test_started_again(void **state)
{
	struct ezlb_op op = sync_op(EZLB_OP_SYNC_SET), *ops[] = { &op };
	struct bytes b;

	(void)state;
	list_syncs(2, "eth1", NULL);
	links[0].index = 9;
	list_syncs(3, "eth1", NULL);
	assert_true(table.syncs.items[0].stale);
	say_error(&k, 4, 0);
	say_error(&k, 5, 0);
	assert_int_equal(layer->apply(layer, ops, 1, &err), 0);
	hear(&k, &b);
	hear(&k, &b);
	list_syncs(6, "eth1", NULL);
	assert_false(table.syncs.items[0].stale);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sync_ops),
		cmocka_unit_test(test_sync_answers),
		TEST(test_listed),
		TEST(test_replaced_interface),
		TEST(test_unreadable),
		TEST(test_peek),
		TEST(test_not_managed),
		TEST(test_applied),
		TEST(test_no_answer),
		TEST(test_started_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
