// SPDX-License-Identifier: GPL-2.0-or-later
#include "view_words.h"

/* What a pass has found on the links, and done; web listens on 10.0.0.1, and whoever else. */
struct links {
	const char *on;	       /* what ezlb0 has */
	const char *drain;     /* what ezlb0-drain has */
	const char *elsewhere; /* what a link of somebody else has */
	const char *withdrawn;
	bool unreadable;
};

static struct ezlb_addr addr(const char *text)
{
	struct ezlb_addr out;

	assert_int_equal(ezlb_addr_parse(text, &out, NULL), 0);
	return out;
}

static void place(struct ezlb_vips *to, const char *device, const char *address)
{
	struct ezlb_vip_row row = { .addr = { 0 } };

	if (!address)
		return;
	row.addr = addr(address);
	ezlb_strcpy(row.device, sizeof(row.device), device);
	*EZLB_PUSH(to) = row;
	EZLB_SORT(to, ezlb_vip_row_cmp);
}

/* A pass as reconcile would leave it; `op` NULL: it did nothing. */
static void pass_with(struct view_rig *rig, const struct links *links, const struct ezlb_op *op)
{
	struct ezlb_pass_result result;
	struct ezlb_view_pass pass = { .catalog = &rig->catalog,
				       .verdicts = &rig->verdicts,
				       .pass = &rig->pass,
				       .result = &result,
				       .clock_ms = rig_clock(rig) };
	uint64_t clock = rig_clock(rig);

	ezlb_pass_plan(&rig->pass, &rig->catalog.desired, &rig->verdicts, false, clock, &result);
	result.plan.ops.len = result.found.actual.vips.len = result.found.actual.elsewhere.len = 0;
	result.plan.roster.withdrawn.len = 0;
	place(&result.found.actual.vips, "ezlb0", links->on);
	place(&result.found.actual.vips, "ezlb0-drain", links->drain);
	if (links->elsewhere)
		*EZLB_PUSH(&result.found.actual.elsewhere) = addr(links->elsewhere);
	if (links->withdrawn)
		*EZLB_PUSH(&result.plan.roster.withdrawn) = addr(links->withdrawn);
	if (links->unreadable)
		result.found.errs.layer[EZLB_LAYER_HOST].code = -EPERM;
	if (op)
		*EZLB_PUSH(&result.plan.ops) = *op;
	ezlb_view_pass(&rig->view, &pass, rig->now);
	ezlb_pass_result_clear(&result);
}

/* "announced withdrawn": of the listeners of the first service. */
static const char *vips_of(struct view_rig *rig)
{
	static char text[256];
	struct ezlb_status status;

	text[0] = '\0';
	rig_status(rig, &status);
	for (size_t i = 0; i < status.services.items[0].n_listeners; i++) {
		const char *word = ezlb_vip_state_str(status.listeners.items[i].vip);

		ezlb_strcatf(text, sizeof(text), "%s%s", i ? " " : "", word ? word : "-");
	}
	ezlb_status_clear(&status);
	return text;
}

static const char *after(struct view_rig *rig, struct links links)
{
	pass_with(rig, &links, NULL);
	return vips_of(rig);
}

static void open_rig(struct view_rig *rig, const char *file)
{
	rig_open(rig);
	ezlb_strcpy(rig->pass.policy.vip_device, sizeof(rig->pass.policy.vip_device), "ezlb0");
	rig_web(rig, file);
	rig_events(rig);
}

static void both(struct view_rig *rig, enum ezlb_verdict verdict)
{
	rig_verdict(rig, "web", "10.1.0.1:80", verdict);
	rig_verdict(rig, "web", "10.1.0.2:80", verdict);
}

#define ONE "10.0.0.1"

static void test_where_it_is(void **state)
{
	struct view_rig rig;

	(void)state;
	open_rig(&rig, PLAIN("1"));
	assert_string_equal(vips_of(&rig), "-");
	assert_string_equal(after(&rig, (struct links){ .on = ONE }), "announced");
	assert_string_equal(after(&rig, (struct links){ .on = "10.0.0.2" }), "missing");
	assert_string_equal(after(&rig, (struct links){ .drain = ONE }), "drained");
	/* The move is half done. */
	assert_string_equal(after(&rig, (struct links){ .on = ONE, .drain = ONE }), "announced");
	assert_string_equal(after(&rig, (struct links){ .elsewhere = ONE }), "elsewhere");
	assert_string_equal(after(&rig, (struct links){ .withdrawn = ONE }), "held");
	/* Nobody knows anything new. */
	assert_string_equal(after(&rig, (struct links){ .unreadable = true }), "held");
	/* A new address; and the files are newer than the pass. */
	rig_web(&rig, PLAIN("2"));
	assert_string_equal(vips_of(&rig), "-");
	rig_close(&rig);
}

static void test_without_a_link(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	assert_string_equal(after(&rig, (struct links){ .elsewhere = ONE }), "-");
	rig_close(&rig);
}

/* What the pass has just done counts, and not what it has tried. */
static void test_ops_of_the_pass(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_VIP_ADD, .vip = { .device = "ezlb0" } };
	struct links on = { .on = ONE }, none = { 0 };
	struct view_rig rig;

	(void)state;
	open_rig(&rig, PLAIN("1"));
	op.vip.addr = addr(ONE);
	pass_with(&rig, &none, &op);
	assert_string_equal(vips_of(&rig), "announced");
	op.rc = -EPERM;
	pass_with(&rig, &none, &op);
	assert_string_equal(vips_of(&rig), "missing");
	op.kind = EZLB_OP_VIP_DEL;
	pass_with(&rig, &on, &op);
	assert_string_equal(vips_of(&rig), "announced");
	op.rc = 0;
	pass_with(&rig, &on, &op);
	assert_string_equal(vips_of(&rig), "missing");
	rig_close(&rig);
}

static void test_each_listener(void **state)
{
	struct view_rig rig;

	(void)state;
	open_rig(&rig, "listen: [10.0.0.1:80, 10.0.0.2:80, 10.0.0.1:81]\n" NO_CHECK BACKENDS);
	assert_string_equal(after(&rig, (struct links){ .on = ONE, .drain = "10.0.0.2" }),
			    "announced drained announced");
	rig_close(&rig);
}

static void test_withdrawn_and_back(void **state)
{
	struct view_rig rig;

	(void)state;
	open_rig(&rig, CHECKED("1"));
	/* The first verdicts are missing: it may come in a moment. */
	both(&rig, EZLB_UNKNOWN);
	assert_string_equal(after(&rig, (struct links){ .withdrawn = ONE }), "withdrawn");
	assert_null(strstr(rig_events(&rig), "Vip"));
	both(&rig, EZLB_DOWN);
	assert_string_equal(after(&rig, (struct links){ .withdrawn = ONE }), "withdrawn");
	assert_has(rig_events(&rig), "-VipWithdrawn web 10.0.0.1 | no backend of web serves\n");
	both(&rig, EZLB_UP);
	assert_string_equal(after(&rig, (struct links){ .withdrawn = ONE }), "held");
	assert_null(strstr(rig_events(&rig), "Vip"));
	assert_string_equal(after(&rig, (struct links){ .on = ONE }), "announced");
	assert_has(rig_events(&rig), "+VipAnnounced web 10.0.0.1 | a backend of web serves\n");
	assert_string_equal(after(&rig, (struct links){ .on = ONE }), "announced");
	assert_null(strstr(rig_events(&rig), "Vip"));
	/* A drain has an event of its own. */
	assert_string_equal(after(&rig, (struct links){ .drain = ONE }), "drained");
	assert_string_equal(after(&rig, (struct links){ .on = ONE }), "announced");
	assert_null(strstr(rig_events(&rig), "Vip"));
	rig_close(&rig);
}

/* It was up before anybody had an event of it. */
static void test_up_from_the_start(void **state)
{
	struct view_rig rig;

	(void)state;
	open_rig(&rig, CHECKED("1"));
	both(&rig, EZLB_UNKNOWN);
	assert_string_equal(after(&rig, (struct links){ .withdrawn = ONE }), "withdrawn");
	both(&rig, EZLB_UP);
	assert_string_equal(after(&rig, (struct links){ .on = ONE }), "announced");
	assert_null(strstr(rig_events(&rig), "Vip"));
	rig_close(&rig);
}

/* Two services on one address: one that serves is enough. */
static void test_shared(void **state)
{
	struct view_rig rig;

	(void)state;
	open_rig(&rig, CHECKED("1"));
	rig_file(&rig, "/d/a.yaml", "name: zeta\nlisten: 10.0.0.1:81\n" NO_CHECK BACKENDS);
	rig_web(&rig, CHECKED("1"));
	both(&rig, EZLB_DOWN);
	assert_string_equal(after(&rig, (struct links){ .withdrawn = ONE }), "held");
	rig_file(&rig, "/d/a.yaml", "name: zeta\nlisten: 10.0.0.1:81\n" BACKENDS);
	rig_web(&rig, CHECKED("1"));
	rig_verdict(&rig, "zeta", "10.1.0.1:80", EZLB_DOWN);
	rig_verdict(&rig, "zeta", "10.1.0.2:80", EZLB_UNKNOWN);
	after(&rig, (struct links){ .withdrawn = ONE });
	assert_null(strstr(rig_events(&rig), "Vip")); /* 10.1.0.2 is not known yet */
	rig_verdict(&rig, "zeta", "10.1.0.2:80", EZLB_DOWN);
	assert_string_equal(after(&rig, (struct links){ .withdrawn = ONE }), "withdrawn");
	assert_has(rig_events(&rig),
		   "-VipWithdrawn web 10.0.0.1 | no backend of the 2 services on it serves\n");
	rig_close(&rig);
}

/* Of seven addresses that share their fate there is one event. */
static void test_many(void **state)
{
	struct ezlb_pass_result result;
	struct view_rig rig;

	(void)state;
	open_rig(&rig, "listen: [10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80, 10.0.0.4:80, 10.0.0.5:80, "
		       "10.0.0.6:80, 10.0.0.7:80]\n" BACKENDS);
	both(&rig, EZLB_DOWN);
	ezlb_pass_plan(&rig.pass, &rig.catalog.desired, &rig.verdicts, false, rig_clock(&rig),
		       &result);
	result.plan.ops.len = result.found.actual.vips.len = 0;
	result.plan.roster.withdrawn.len = 0;
	for (size_t i = 0; i < rig.catalog.desired.items[0]->n_listeners; i++)
		*EZLB_PUSH(&result.plan.roster.withdrawn) =
			rig.catalog.desired.items[0]->listeners[i].listen.addr;
	ezlb_view_pass(&rig.view,
		       &(const struct ezlb_view_pass){ .catalog = &rig.catalog,
						       .verdicts = &rig.verdicts,
						       .pass = &rig.pass,
						       .result = &result,
						       .clock_ms = rig_clock(&rig) },
		       rig.now);
	ezlb_pass_result_clear(&result);
	assert_has(rig_events(&rig), "-VipWithdrawn | 7 addresses, the first: 10.0.0.1\n");
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_where_it_is),
		IN_TOP(test_without_a_link),
		IN_TOP(test_ops_of_the_pass),
		IN_TOP(test_each_listener),
		IN_TOP(test_withdrawn_and_back),
		IN_TOP(test_up_from_the_start),
		IN_TOP(test_shared),
		IN_TOP(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
