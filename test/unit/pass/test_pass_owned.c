// SPDX-License-Identifier: GPL-2.0-or-later
/* Passes and the ledger: what is ours, what may be, and what is left of it in the end. */
#include "pass_rig.h"

/* The ledger has the settings as they were before ezlb came, whatever they became later. */
static void test_ledger_has_settings_and_chain(void **state)
{
	struct rig rig = rig_open();
	struct ezlb_table *table = faulty_table(rig.memory);
	char *file;

	(void)state;
	for (size_t i = 0; i < table->settings.len; i++)
		table->settings.items[i].value = table->settings.items[i].setting ==
						 EZLB_IP_FORWARD;
	assert_true(pass(&rig, DNS, false));
	file = slurp("ledger");
	assert_has(file, "\nsetting net.ipv4.vs.expire_nodest_conn 0\n");
	assert_int_equal(count(file, "\nsetting ") + count(file, "\nchain "), 1);
	free(file);
	assert_true(pass(&rig, WEB ";" DNS, false));
	file = slurp("ledger");
	assert_has(file, "\nchain nat EZLB-SNAT\n");
	assert_has(file, "\nsetting net.ipv4.vs.conntrack 0\n");
	assert_has(file, "\nsetting net.netfilter.nf_conntrack_tcp_be_liberal 0\n");
	assert_int_equal(count(file, "\nsetting "), 3);
	free(file);
	restart(&rig);
	assert_true(pass(&rig, DNS, false));
	file = slurp("ledger");
	assert_int_equal(count(file, "\nchain "), 0);
	assert_has(file, "\nsetting net.ipv4.vs.conntrack 0\n");
	free(file);
	rig_close(&rig);
}

static void test_lost_ledger_is_written_again(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	assert_int_equal(unlink(at("ledger").s), 0);
	assert_true(ezlb_ledger_lost(&rig.pass.ledger));
	assert_true(pass(&rig, WEB, false));
	assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80");
	rig_close(&rig);
}

static void test_ledger_cannot_be_written(void **state)
{
	struct rig rig = rig_open();
	unsigned long writes;

	(void)state;
	assert_true(pass(&rig, WEB, false));
	writes = faulty_writes(rig.memory);
	make_dir("ledger.new");
	assert_false(pass(&rig, API, false));
	assert_int_equal(rig.result.outcome.ledger_err.code, EISDIR);
	assert_int_equal(faulty_writes(rig.memory), writes);
	assert_string_equal(kernel(&rig).s, WEB_ROWS ", snat 10.1.0.1:80");
	for (size_t i = 0; i < rig.result.plan.ops.len; i++)
		assert_int_equal(rig.result.plan.ops.items[i].rc, EZLB_HELD);
	assert_int_equal(rmdir(at("ledger.new").s), 0);
	assert_true(pass(&rig, API, false));
	assert_string_equal(kernel(&rig).s, API_ROWS ", snat 10.1.0.2:80");
	rig_close(&rig);
}

/* A new file on a full disk keeps no dead backend of another service in the kernel. */
static void test_others_go_on_without_a_ledger(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" DNS, false));
	make_dir("ledger.new");
	assert_false(pass(&rig, "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.9:80;" API, false));
	assert_int_equal(rig.result.outcome.ledger_err.code, EISDIR);
	assert_string_equal(kernel(&rig).s, "tcp 10.0.0.1:80 -> 10.1.0.9:80, udp 10.0.0.1:53 -> "
					    "10.1.0.1:53, snat 10.1.0.9:80");
	/* Somebody else's deletion is repaired, after a restart, too. */
	faulty_table(rig.memory)->dests.len = 0;
	restart(&rig);
	assert_false(pass(&rig, WEB ";" DNS ";" API, false));
	assert_string_equal(kernel(&rig).s, WEB_ROWS ", udp 10.0.0.1:53 -> 10.1.0.1:53, "
						     "snat 10.1.0.1:80");
	assert_int_equal(rmdir(at("ledger.new").s), 0);
	assert_true(pass(&rig, WEB ";" API, false));
	assert_string_equal(kernel(&rig).s, WEB_ROWS ", " API_ROWS ", snat 10.1.0.1:80, "
						     "snat 10.1.0.2:80");
	rig_close(&rig);
}

/* Nothing is known to be owned, so nothing may be changed. */
static void test_empty_ledger_cannot_be_written(void **state)
{
	struct rig rig = rig_open();
	unsigned long writes;

	(void)state;
	add_foreign(&rig, "tcp 10.0.0.1:80", "10.1.0.9:80");
	make_dir("ledger.new");
	writes = faulty_writes(rig.memory);
	assert_false(pass(&rig, WEB ";" DNS, false));
	assert_int_equal(faulty_writes(rig.memory), writes);
	assert_string_equal(kernel(&rig).s, "tcp 10.0.0.1:80 -> 10.1.0.9:80");
	rig_close(&rig);
}

/* The kernel is right then, but the next process would take what is another's by that time. */
static void test_ledger_cannot_shrink(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	make_dir("ledger.new");
	assert_false(pass(&rig, "", false));
	assert_string_equal(kernel(&rig).s, "");
	assert_int_equal(rig.result.outcome.ledger_err.code, EISDIR);
	assert_int_equal(rmdir(at("ledger.new").s), 0);
	assert_true(pass(&rig, "", false));
	assert_string_equal(ledger_file().s, "");
	rig_close(&rig);
}

/* What may still be in the kernel stays in the ledger. */
static void test_failed_removal_is_not_forgotten(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" DNS, false));
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 2, EBUSY); /* behind the dest */
	assert_false(pass(&rig, DNS, false));
	assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80, udp 10.0.0.1:53");
	restart(&rig);
	assert_true(pass(&rig, DNS, false));
	assert_string_equal(kernel(&rig).s, "udp 10.0.0.1:53 -> 10.1.0.1:53");
	assert_string_equal(ledger_file().s, "udp 10.0.0.1:53");
	rig_close(&rig);
}

static void test_cannot_read_the_kernel(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	for (int layer = 0; layer < EZLB_LAYERS; layer++) {
		faulty_list_fault(rig.memory, (enum ezlb_layer_kind)layer, EIO);
		assert_false(pass(&rig, WEB, false));
		assert_int_equal(rig.result.outcome.errs.layer[layer].code, EIO);
		assert_string_equal(kernel(&rig).s, WEB_ROWS ", snat 10.1.0.1:80");
		assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80");
		faulty_list_fault(rig.memory, (enum ezlb_layer_kind)layer, 0);
	}
	assert_true(pass(&rig, WEB, false));
	assert_int_equal(rig.result.plan.ops.len, 0);
	rig_close(&rig);
}

/* After a restart beside a file that cannot be understood: what may be its service stays. */
static void test_unclaimed_is_kept(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	restart(&rig);
	assert_true(pass(&rig, API, true));
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_string_equal(kernel(&rig).s,
			    WEB_ROWS ", " API_ROWS ", snat 10.1.0.1:80, snat 10.1.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80, tcp 10.0.0.2:80");
	rig_close(&rig);
}

static void test_unclaimed_goes_when_all_files_are_sound(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	restart(&rig);
	assert_true(pass(&rig, API, true));
	assert_true(pass(&rig, API, false));
	assert_string_equal(kernel(&rig).s, API_ROWS ", snat 10.1.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");
	rig_close(&rig);
}

/* Once its file has spoken, another file that is refused is no reason to keep it. */
static void test_claimed_is_like_any_other(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	restart(&rig);
	assert_true(pass(&rig, WEB ";" API, true));
	assert_true(pass(&rig, API, true));
	assert_string_equal(kernel(&rig).s, API_ROWS ", snat 10.1.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");
	rig_close(&rig);
}

/* What was ours and is gone may be made by somebody else, in this process's life and the next. */
static void test_removed_is_not_ours_any_more(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	restart(&rig);
	assert_true(pass(&rig, API, false));
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");
	add_foreign(&rig, "tcp 10.0.0.1:80", "10.1.0.9:80");
	assert_true(pass(&rig, API, false));
	assert_string_equal(kernel(&rig).s,
			    "tcp 10.0.0.1:80 -> 10.1.0.9:80, " API_ROWS ", snat 10.1.0.2:80");
	rig_close(&rig);
}

/* --- what the kernel does not list --------------------------------------------------------- */

static int (*list_all)(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		       struct ezlb_table *out, struct ezlb_err *err);

/* As IPVS while another network namespace changes it: web is left out. */
static int list_without_web(struct ezlb_layer *layer, const struct ezlb_scope *scope,
			    struct ezlb_table *out, struct ezlb_err *err)
{
	const struct ezlb_service_key web = key_of("tcp 10.0.0.1:80");
	struct ezlb_scope seen = { 0 };
	int rc;

	for (size_t i = 0; i < scope->len; i++)
		if (ezlb_service_key_cmp(&scope->items[i], &web) != 0)
			*EZLB_PUSH(&seen) = scope->items[i];
	rc = list_all(layer, &seen, out, err);
	EZLB_VEC_CLEAR(&seen);
	return rc;
}

static void hide_web(struct rig *rig)
{
	struct ezlb_layer *ipvs = rig->pass.dp.layer[EZLB_LAYER_IPVS];

	list_all = ipvs->list;
	ipvs->list = list_without_web;
}

/* It is removed unseen. Only what the ledger names is: the foreign one is not listed either. */
static void test_hidden_is_removed(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	add_foreign(&rig, "tcp 10.9.0.1:80", "10.9.1.1:80");
	assert_true(pass(&rig, WEB ";" API, false));
	hide_web(&rig);
	assert_true(pass(&rig, API, false));
	assert_string_equal(kernel(&rig).s, API_ROWS ", " FOREIGN ", snat 10.1.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");
	assert_true(pass(&rig, API, false));
	assert_int_equal(rig.result.plan.ops.len, 0);
	rig_close(&rig);
}

/* What is gone is another's to make, even where the pass has not done all. */
static void test_hidden_is_forgotten_at_once(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	hide_web(&rig);
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 1, ENOENT);
	assert_false(pass(&rig, DNS, false));
	assert_string_equal(kernel(&rig).s, "");
	assert_string_equal(ledger_file().s, "udp 10.0.0.1:53");
	rig_close(&rig);
}

static void test_hidden_is_kept_for_a_refused_file(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	restart(&rig);
	hide_web(&rig);
	assert_true(pass(&rig, API, true));
	assert_has(kernel(&rig).s, WEB_ROWS);
	assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80, tcp 10.0.0.2:80");
	assert_true(pass(&rig, API, false)); /* now all files are sound */
	assert_string_equal(kernel(&rig).s, API_ROWS ", snat 10.1.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");
	rig_close(&rig);
}

/* A link that is down has no row; its addresses have. */
static int list_without_links(struct ezlb_layer *layer, const struct ezlb_scope *scope,
			      struct ezlb_table *out, struct ezlb_err *err)
{
	int rc = list_all(layer, scope, out, err);

	out->links.len = 0;
	return rc;
}

static void test_a_link_that_is_down_is_removed(void **state)
{
	struct rig rig = rig_open();
	struct ezlb_layer *host = rig.pass.dp.layer[EZLB_LAYER_HOST];

	(void)state;
	strcpy(rig.pass.policy.vip_device, "ezlb0");
	assert_true(pass(&rig, WEB, false));
	assert_int_equal(faulty_table(rig.memory)->links.len, 1);
	list_all = host->list;
	host->list = list_without_links;
	assert_true(pass(&rig, "", false));
	assert_int_equal(faulty_table(rig.memory)->links.len, 0);
	assert_int_equal(faulty_table(rig.memory)->vips.len, 0);
	assert_int_equal(rig.pass.ledger.content.links.len, 0);
	assert_true(pass(&rig, "", false));
	assert_int_equal(rig.result.plan.ops.len, 0);
	rig_close(&rig);
}

/* --- cleanup ------------------------------------------------------------------------------- */

static void test_cleanup(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	add_foreign(&rig, "tcp 10.9.0.1:80", "10.9.1.1:80");
	assert_true(pass(&rig, WEB ";" API ";" DNS, false));
	restart(&rig);
	assert_true(pass(&rig, DNS, true)); /* WEB and API are unclaimed */
	assert_true(cleanup(&rig));
	assert_string_equal(kernel(&rig).s, FOREIGN);
	assert_false(faulty_table(rig.memory)->snat_present);
	assert_string_equal(ledger_file().s, "");
	assert_true(cleanup(&rig));
	assert_int_equal(rig.result.plan.ops.len, 0);
	rig_close(&rig);
}

static void test_cleanup_tries_again(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	restart(&rig);
	faulty_on_step(rig.memory, NULL, NULL); /* the ledger shrinks between two tries */
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 1, EBUSY);
	assert_true(cleanup(&rig));
	assert_string_equal(kernel(&rig).s, "");
	assert_string_equal(ledger_file().s, "");
	rig_close(&rig);
}

static void test_cleanup_gives_up(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EPERM);
	assert_false(cleanup(&rig));
	assert_int_equal(rig.result.outcome.errs.layer[EZLB_LAYER_IPVS].code, EPERM);
	assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80");
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_ledger_has_settings_and_chain),
		IN_TOP(test_lost_ledger_is_written_again),
		IN_TOP(test_ledger_cannot_be_written),
		IN_TOP(test_others_go_on_without_a_ledger),
		IN_TOP(test_empty_ledger_cannot_be_written),
		IN_TOP(test_ledger_cannot_shrink),
		IN_TOP(test_failed_removal_is_not_forgotten),
		IN_TOP(test_cannot_read_the_kernel),
		IN_TOP(test_unclaimed_is_kept),
		IN_TOP(test_unclaimed_goes_when_all_files_are_sound),
		IN_TOP(test_claimed_is_like_any_other),
		IN_TOP(test_removed_is_not_ours_any_more),
		IN_TOP(test_hidden_is_removed),
		IN_TOP(test_hidden_is_forgotten_at_once),
		IN_TOP(test_hidden_is_kept_for_a_refused_file),
		IN_TOP(test_a_link_that_is_down_is_removed),
		IN_TOP(test_cleanup),
		IN_TOP(test_cleanup_tries_again),
		IN_TOP(test_cleanup_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
