// SPDX-License-Identifier: GPL-2.0-or-later
/* The layer over a fake nf_tables: the filters of iptables-nft, and who is in the way. */
#include "fake_filter.h" /* first: it replaces a call of the C library's */

#include "compat.h"
#include "find.h"
#include "layer.h"

static struct ezlb_nft_signs signs = { "/", "/dev/null", "/dev/null" };
static struct ezlb_layer *layer;
static struct ezlb_err err;

/* A rule of somebody else in FORWARD, which drops as INPUT does. */
static void filter_start(struct fake_filter *filter, uint8_t family)
{
	struct fake_chain *forward = fake_add_chain(filter, "FORWARD", true);
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nftnl_rule *rule = ezlb_fw_compat_jump("DOCKER");
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, NFT_MSG_NEWRULE, family, NLM_F_APPEND);

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, "filter");
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, "FORWARD");
	nftnl_rule_nlmsg_build_payload(msg, rule);
	fake_new_rule(forward, msg);
	nftnl_rule_free(rule);
	fake_add_chain(filter, "DOCKER", false);
}

static int setup(void **state)
{
	struct ezlb_nl_source source = { .socket = fake_socket, .timeout_ms = 1000 };

	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.far = -1;
	fake.gen = 7;
	filter_start(&fake.filter[0], AF_INET);
	filter_start(&fake.filter[1], AF_INET6);
	layer = ezlb_firewall_new("/no/such", "/no/such", &source, &signs);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	layer->close(layer);
	ezlb_close_fd(&fake.far);
	return 0;
}

/* The row at FORWARD of 10.0.0.N, or fd00::N where n is negative. */
static struct ezlb_accept_row row(int n)
{
	struct ezlb_accept_row out = { .gate = EZLB_GATE_FORWARD, .service.proto = EZLB_TCP };
	char text[EZLB_ENDPOINT_STRLEN];

	snprintf(text, sizeof(text), n < 0 ? "[fd00::%d]:80" : "10.0.0.%d:80", n < 0 ? -n : n);
	assert_int_equal(ezlb_endpoint_parse(text, &out.service.listen, NULL), 0);
	return out;
}

/* SETUP, ADD of the row n and of the row m (0: not), or TEARDOWN where n is 0. */
static int rcs[3];
static int apply(int n, int m)
{
	struct ezlb_op all[3] = { { .kind = n ? EZLB_OP_FIREWALL_SETUP
					      : EZLB_OP_FIREWALL_TEARDOWN },
				  { .kind = EZLB_OP_ACCEPT_ADD },
				  { .kind = EZLB_OP_ACCEPT_ADD } };
	struct ezlb_op *ops[3] = { &all[0], &all[1], &all[2] };
	int rc;

	if (n)
		all[1].accept = row(n);
	if (m)
		all[2].accept = row(m);
	err = (struct ezlb_err){ 0 };
	rc = layer->apply(layer, ops, 1 + (n != 0) + (m != 0), &err);
	for (size_t i = 0; i < COUNT_OF(rcs); i++)
		rcs[i] = all[i].rc;
	return rc;
}

/* "J" our jump, "N" a row of ours, "f" a rule of others. */
static const char *text(uint8_t family, const char *name)
{
	static char out[64];
	struct fake_chain *chain = fake_chain(&fake.filter[family == AF_INET6], name);
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; chain && i < chain->n; i++) {
		EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
		struct nftnl_rule *rule = nftnl_rule_alloc();
		struct ezlb_fw_rule seen = { .kind = EZLB_FW_OTHER };
		char one[8] = "f";

		nftnl_rule_nlmsg_parse(fake_rule_msg(&chain->rules[i], &buf), rule);
		ezlb_fw_compat_read(family, rule, &seen);
		if (seen.kind == EZLB_FW_GO && strcmp(seen.to, EZLB_FORWARD_CHAIN) == 0)
			one[0] = seen.plain ? 'J' : 'j';
		if (seen.kind == EZLB_FW_ROW)
			snprintf(one, sizeof(one), "%d",
				 seen.row.service.listen.addr.bytes[family == AF_INET ? 3 : 15]);
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s", i ? " " : "", one);
		free(seen.to);
		nftnl_rule_free(rule);
	}
	return chain ? out : "-";
}

static void assert_text(uint8_t family, const char *forward, const char *ours)
{
	assert_string_equal(text(family, "FORWARD"), forward);
	assert_string_equal(text(family, EZLB_FORWARD_CHAIN), ours);
	assert_string_equal(text(family, EZLB_INPUT_CHAIN), "-");
}

static void assert_says(const char *part)
{
	if (!strstr(err.msg, part))
		fail_msg("'%s' is not in '%s'", part, err.msg);
}

static void test_done(void **state)
{
	struct ezlb_table table = { 0 };
	uint64_t before, after;

	(void)state;
	assert_int_equal(layer->peek(layer, NULL, &before), 0);
	assert_int_equal(apply(1, -2), 0);
	assert_text(AF_INET, "J f", "1");
	assert_text(AF_INET6, "J f", "2");
	assert_int_equal(layer->list(layer, NULL, &table, &err), 0);
	assert_true(table.accepts_present && table.accepts_sound);
	assert_int_equal(table.accepts.len, 2);
	assert_true(table.gates[EZLB_GATE_FORWARD][0] && table.gates[EZLB_GATE_FORWARD][1]);
	assert_false(table.gates[EZLB_GATE_INPUT][0]);
	ezlb_table_clear(&table);
	fake.transactions = 0;
	assert_int_equal(apply(1, -2), 0);
	assert_int_equal(fake.transactions, 0);
	assert_int_equal(layer->peek(layer, NULL, &after), 0);
	assert_int_not_equal(before, after);
	assert_int_equal(apply(0, 0), 0);
	assert_text(AF_INET, "f", "-");
	assert_text(AF_INET6, "f", "-");
}

static void test_restart(void **state)
{
	(void)state;
	fake.filter[1].n = 0;
	fake.restarts = 3;
	assert_int_equal(apply(1, 2), 0);
	assert_int_equal(fake.transactions, 4);
	assert_text(AF_INET, "J f", "1 2");
	fake.restarts = 99;
	fake.transactions = 0;
	assert_int_equal(apply(3, 4), -EAGAIN);
	assert_int_equal(fake.transactions, 4);
	assert_int_equal(rcs[1], -EAGAIN);
	assert_says("another program keeps changing it");
	assert_text(AF_INET, "J f", "1 2");
}

static void test_lost(void **state)
{
	(void)state;
	fake.filter[1].n = 0;
	fake.lost = 1;
	assert_int_equal(apply(1, 0), 0);
	assert_int_equal(fake.transactions, 2);
	assert_text(AF_INET, "J f", "1");
	fake.lost = 99;
	assert_int_equal(apply(2, 0), -EAGAIN);
	assert_says("the table 'ip filter' of nf_tables differs from what was just written");
}

static void test_refused(void **state)
{
	static const struct {
		uint8_t type;
		int rc;
		const char *message;
	} cases[] = {
		{ NFT_MSG_NEWRULE, -ENOENT, "run 'modprobe -a nft_compat xt_conntrack" },
		{ NFT_MSG_NEWRULE, -EPERM, "a change of the table 'ip filter' of nf_tables" },
		{ NFT_MSG_NEWCHAIN, -ENOMEM, "a change of the table 'ip filter' of nf_tables" },
	};

	(void)state;
	fake.filter[1].n = 0;
	fake.fail_family = AF_INET;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		fake.fail_type = cases[i].type;
		fake.fail_rc = cases[i].rc;
		fake.transactions = 0;
		assert_int_equal(apply(1, 0), cases[i].rc);
		assert_says(cases[i].message);
		assert_int_equal(fake.transactions, 1); /* not tried again */
		assert_text(AF_INET, "f", "-");
	}
}

static void test_one_family(void **state)
{
	(void)state;
	fake.fail_family = AF_INET6;
	fake.fail_type = NFT_MSG_NEWRULE;
	fake.fail_rc = -ENOENT;
	assert_int_equal(apply(1, -1), 0);
	assert_int_equal(rcs[0], -ENOENT);
	assert_int_equal(rcs[1], 0);
	assert_int_equal(rcs[2], -ENOENT);
	assert_text(AF_INET, "J f", "1");
	assert_text(AF_INET6, "f", "-");
}

static void test_cannot_read(void **state)
{
	struct ezlb_table table = { 0 };

	(void)state;
	fake.dump_rc = -EPERM;
	assert_int_equal(layer->list(layer, NULL, &table, &err), -EPERM);
	assert_says("CAP_NET_ADMIN");
	assert_int_equal(apply(1, 0), -EPERM);
	assert_int_equal(fake.transactions, 0);
}

/* Of `inet` the fake has what it has of `ip`, but there ezlb makes no way. */
static void test_find(void **state)
{
	struct ezlb_nl_source source = { .socket = fake_socket, .timeout_ms = 1000 };
	struct ezlb_fw_host host = { .tables = { "/no/such", "/no/such" },
				     .presence.signs = &signs,
				     .nl = ezlb_nl_new(&source) };
	struct ezlb_drops drops = { 0 };

	(void)state;
	assert_int_equal(ezlb_fw_find(&host, &drops, &err), 0);
	assert_int_equal(drops.len, 1);
	assert_string_equal(drops.items[0].table, "inet filter");
	assert_string_equal(drops.items[0].chain, "FORWARD");
	assert_int_equal(drops.items[0].hook, EZLB_DROP_FORWARD);
	assert_true(drops.items[0].by_policy);
	fake.dump_rc = -EPERM;
	assert_int_equal(ezlb_fw_find(&host, &drops, &err), -EPERM);
	assert_says("CAP_NET_ADMIN");
	EZLB_VEC_CLEAR(&drops);
	ezlb_nl_free(host.nl);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_done),	   TEST(test_restart),
					    TEST(test_lost),	   TEST(test_refused),
					    TEST(test_one_family), TEST(test_cannot_read),
					    TEST(test_find) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
