// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ledger with lines for what ezlb has not made, because somebody has edited it or copied it from
 * another host. Nothing of others is changed, the lines go, and passes come to an end.
 */
#include "pass_rig.h"

#define MINUTE	60000
#define SETTING "setting net.ipv6.conf.eth7.accept_ra 1\n"

static void set_device(char *device, const char *name)
{
	assert_true(ezlb_strcpy(device, EZLB_DEVICE_STRLEN, name));
}

/* Objects of somebody else: on links that are ezlb's by name, and elsewhere. */
static void add_foreign_host(const struct rig *rig)
{
	static const char *const links[] = { "busy", "other" };
	struct ezlb_table *table = faulty_table(rig->memory);

	for (size_t i = 0; i < COUNT_OF(links); i++) {
		struct ezlb_vip_row *vip = EZLB_PUSH(&table->vips);

		set_device(EZLB_PUSH(&table->links)->device, links[i]);
		set_device(vip->device, links[i]);
		vip->addr = key_of("tcp 192.0.2.1:80").listen.addr;
	}
	set_device(EZLB_PUSH(faulty_clsacts(rig->memory))->device, "other");
	ezlb_table_sort(table);
	add_foreign(rig, "tcp 10.9.0.1:80", "10.9.1.1:80");
}

/* Adds the lines to the ledger of a process that has ended. */
static void forge(const char *lines)
{
	EZLB_AUTO_FREE char *file = slurp("ledger");
	char *end = strstr(file, "\nend\n");
	EZLB_AUTO_FREE char *forged = NULL;

	assert_non_null(end);
	end[1] = '\0';
	forged = ezlb_asprintf("%s%send\n", file, lines);
	put("ledger", forged);
}

/* Passes as the daemon makes them, for 10 minutes; their number. */
static unsigned passes(struct rig *rig)
{
	uint64_t end = rig->now + 10 * MINUTE;
	unsigned n = 0;

	rig->pass.paced = true;
	while (rig->now < end) {
		uint64_t due;

		pass(rig, WEB, false);
		n++;
		due = ezlb_pass_due(&rig->pass);
		if (rig->result.outcome.again)
			rig->now += 10;
		else if (due == EZLB_PASS_NEVER)
			break;
		else
			rig->now = due > rig->now ? due : rig->now;
	}
	return n;
}

/* The rows of others, and the number of all. */
static void assert_untouched(const struct rig *rig, size_t n_services)
{
	const struct ezlb_table *table = faulty_table(rig->memory);

	assert_int_equal(table->links.len, 2);
	assert_int_equal(table->vips.len, 2);
	assert_int_equal(faulty_clsacts(rig->memory)->len, 1);
	assert_int_equal(table->services.len, n_services);
}

static void test_each_line(void **state)
{
	static const struct {
		const char *lines;
		const char *stays; /* NULL: nothing of them */
		unsigned passes_max;
	} rows[] = {
		{ "link no-such-link\n", NULL, 3 },
		{ "vip no-such-link 192.0.2.9\n", NULL, 3 },
		{ "vip other 192.0.2.9\n", NULL, 3 },
		{ "clsact no-such-link\n", NULL, 3 },
		{ "sync master eth7 7\n", NULL, 3 },
		/* A value from before ezlb is kept until cleanup, which finds nothing to reset. */
		{ SETTING, SETTING, 3 },
		{ "service tcp 192.0.2.8:80\n", NULL, 3 },
		{ "drain 1 removed 192.0.2.7:80 tcp 192.0.2.8:80\n", NULL, 3 },
		{ "drain 1 down 10.1.0.1:80 tcp 10.9.0.1:80\n", NULL, 3 },
		/* Somebody else's address keeps a link: tried again for ever, but seldom. */
		{ "link busy\n", "link busy\n", 70 },
		{ "link busy\nlink no-such-link\nvip no-such-link 192.0.2.9\n"
		  "clsact no-such-link\nsync master eth7 7\n"
		  "service tcp 192.0.2.8:80\n"
		  "drain 1 removed 192.0.2.7:80 tcp 192.0.2.8:80\n",
		  "link busy\n", 70 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct rig rig = rig_open();
		char *file, *before;
		unsigned n;

		add_foreign_host(&rig);
		assert_true(pass(&rig, WEB, false));
		stop(&rig);
		before = slurp("ledger");
		forge(rows[i].lines);
		rig = (struct rig){ .memory = rig.memory, .now = MINUTE };
		start(&rig);
		n = passes(&rig);
		if (n > rows[i].passes_max)
			fail_msg("%s: %u passes", rows[i].lines, n);
		assert_untouched(&rig, 2);
		file = slurp("ledger");
		if (!rows[i].stays)
			assert_string_equal(file, before);
		else
			assert_has(file, rows[i].stays);
		if (strstr(file, "192.0.2.") || strstr(file, "no-such"))
			fail_msg("%s: still in the ledger: %s", rows[i].lines, file);
		free(file);
		free(before);
		rig_close(&rig);
		assert_int_equal(unlink(at("ledger").s), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_TOP(test_each_line) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
