// SPDX-License-Identifier: GPL-2.0-or-later
/* firewall and find: what goes on without a kernel that has filters. The lab has the rest. */
#include "actuals.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "find.h"
#include "layer.h"

static char dir[64], tables[96], lock_path[96];
static struct ezlb_nft_signs signs;
static struct ezlb_layer *layer;
static struct ezlb_err err;
static int socket_rc;

static int no_socket(void *arg)
{
	(void)arg;
	return socket_rc;
}

/* nf_tables is a module that is not loaded, and no legacy table is there. */
static int setup(void **state)
{
	struct ezlb_nl_source source = { .socket = no_socket, .timeout_ms = 100 };

	(void)state;
	ezlb_strcpy(dir, sizeof(dir), "/tmp/ezlb-firewall-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(tables, sizeof(tables), "%s/tables", dir);
	snprintf(lock_path, sizeof(lock_path), "%s/lock", dir);
	setenv("XTABLES_LOCKFILE", lock_path, 1);
	signs = (struct ezlb_nft_signs){ "/no/such", "/dev/null", "/dev/null" };
	err = (struct ezlb_err){ 0 };
	socket_rc = -EPERM;
	layer = ezlb_firewall_new(tables, "/no/such", &source, &signs);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	layer->close(layer);
	remove(tables);
	remove(lock_path);
	return rmdir(dir);
}

static void load_filter(const char *text)
{
	FILE *file = fopen(tables, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* setup, a row of IPv4, and two that are none. */
static int rcs[4];
static int apply(void)
{
	struct ezlb_op all[4] = { { .kind = EZLB_OP_FIREWALL_SETUP },
				  { .kind = EZLB_OP_ACCEPT_ADD },
				  { .kind = EZLB_OP_ACCEPT_ADD },
				  { .kind = EZLB_OP_ACCEPT_DEL } };
	struct ezlb_op *ops[4];
	int rc;

	all[1].accept = all[2].accept = all[3].accept = row_of("i1");
	all[2].accept.service.listen.port = 0;
	all[3].accept.service.listen.addr.family = AF_UNIX;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		ops[i] = &all[i];
	rc = layer->apply(layer, ops, COUNT_OF(all), &err);
	for (size_t i = 0; i < COUNT_OF(all); i++)
		rcs[i] = all[i].rc;
	return rc;
}

static void test_nothing(void **state)
{
	struct ezlb_table table = { .accepts_present = true };
	uint64_t print;

	(void)state;
	table.gates[EZLB_GATE_INPUT][0] = true;
	assert_int_equal(layer->list(layer, NULL, &table, &err), 0);
	assert_false(table.accepts_present);
	assert_true(table.accepts_sound);
	assert_false(table.gates[EZLB_GATE_INPUT][0]);
	assert_int_equal(layer->peek(layer, NULL, &print), -ENOENT);
	assert_int_equal(apply(), 0);
	assert_int_equal(rcs[0], 0);
	assert_int_equal(rcs[1], 0);
	assert_int_equal(rcs[2], -EINVAL);
	assert_int_equal(rcs[3], -EAFNOSUPPORT);
	assert_int_equal(access(lock_path, F_OK), -1); /* nothing to hold it for */
}

static void test_not_allowed(void **state)
{
	struct ezlb_table table = { 0 };
	uint64_t print;

	(void)state;
	signs.module = "/";
	assert_int_equal(layer->list(layer, NULL, &table, &err), -EPERM);
	assert_non_null(strstr(err.msg, "CAP_NET_ADMIN"));
	assert_int_equal(layer->peek(layer, NULL, &print), -EPERM);
	/* IPv4 and IPv6 both fail, and with them all that there was to do. */
	assert_int_equal(apply(), -EPERM);
	for (size_t i = 0; i < COUNT_OF(rcs); i++)
		assert_int_equal(rcs[i], -EPERM);
}

static void test_kernel_without(void **state)
{
	struct ezlb_table table = { 0 };
	uint64_t print;

	(void)state;
	signs.module = "/";
	socket_rc = -ENOPROTOOPT;
	assert_int_equal(layer->list(layer, NULL, &table, &err), 0);
	assert_int_equal(layer->peek(layer, NULL, &print), -ENOENT);
	assert_int_equal(apply(), 0);
}

static void test_lock(void **state)
{
	(void)state;
	load_filter("nat\nfilter\n");
	assert_int_equal(mkdir(lock_path, 0700), 0);
	assert_int_equal(apply(), -EISDIR);
	assert_int_equal(rcs[1], -EISDIR);
	assert_non_null(strstr(err.msg, lock_path));
}

static const struct {
	const char *name, *actual;
	uint8_t family;
	const char *table, *want;
} found[] = {
	{ "ezlb's own way", "INPUT! o;FORWARD D", AF_INET, "filter", "" },
	{ "at output", "INPUT!;OUTPUT D", AF_INET6, "filter", "ip6 filter OUTPUT 2 rule" },
	{ "another table", "INPUT! o", AF_INET, "mine", "ip mine INPUT 0 policy" },
	{ "another family", "FORWARD >A;A D", NFPROTO_INET, "filter",
	  "inet filter FORWARD 1 rule" },
	{ "lets pass", "FORWARD >A;A o", NFPROTO_INET, "mine", "" },
};

static void test_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(found); i++) {
		EZLB_FW_AUTO_ACTUAL struct ezlb_fw_actual actual = actual_of(found[i].actual);
		struct ezlb_drops drops = { 0 };
		char text[256] = "";

		print_message("%s\n", found[i].name);
		actual.family = found[i].family;
		ezlb_fw_find_in(&actual, found[i].table, "", &drops);
		if (drops.len)
			snprintf(text, sizeof(text), "%s %s %d %s", drops.items[0].table,
				 drops.items[0].chain, (int)drops.items[0].hook,
				 drops.items[0].by_policy ? "policy" : "rule");
		assert_string_equal(text, found[i].want);
		assert_true(drops.len <= 1);
		EZLB_VEC_CLEAR(&drops);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_nothing), TEST(test_not_allowed),
					    TEST(test_kernel_without), TEST(test_lock),
					    cmocka_unit_test(test_find) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
