// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>

#include <ezlb/reconcile.h>

#include "specs.h"
#include "tables.h"

#define SPECS 3

static enum ezlb_role role_of(const char *word)
{
	for (int i = 0; i < EZLB_ROLES; i++)
		if (strcmp(word, ezlb_role_str((enum ezlb_role)i)) == 0)
			return (enum ezlb_role)i;
	fail_msg("no role '%s'", word);
	return EZLB_ROLES;
}

/* "NAME BACKEND ROLE": what a backend does. Its weight is 0 if it drains, else that of the file. */
static void set_role(struct ezlb_roster *roster, const struct ezlb_spec *spec,
		     struct ezlb_service_key key, const char *line)
{
	const struct ezlb_roster_row *found;
	struct ezlb_endpoint backend;
	struct ezlb_roster_row *row;
	char name[64], ep[64], word[16];

	sscanf(line, "%63s %63s %15s", name, ep, word);
	if (strcmp(name, spec->name) != 0)
		return;
	backend.port = 0;
	if (ezlb_addr_parse(ep, &backend.addr, NULL) < 0)
		assert_int_equal(ezlb_endpoint_parse(ep, &backend, NULL), 0);
	backend = ezlb_dest_endpoint(&key, &backend);
	found = ezlb_roster_find(roster, &key, &backend);
	row = found ? &roster->rows.items[found - roster->rows.items] : EZLB_PUSH(&roster->rows);
	row->service = key;
	row->backend = backend;
	row->role = role_of(word);
	if (!found)
		row->index = EZLB_NOT_IN_FILE;
	if (row->role == EZLB_ROLE_DRAINING)
		row->weight = 0;
}

static void add_service_roles(struct ezlb_roster *roster, const struct ezlb_spec *spec,
			      struct ezlb_service_key key, const char *text)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(text ? text : "");
	char *save, *line = strtok_r(copy, "\n", &save);

	for (size_t k = 0; k < spec->n_backends; k++)
		*EZLB_PUSH(&roster->rows) = (struct ezlb_roster_row){
			.service = key,
			.backend = ezlb_dest_endpoint(&key, &spec->backends[k].endpoint),
			.index = k,
			.role = EZLB_ROLE_SERVING,
			.weight = spec->backends[k].weight
		};
	EZLB_SORT(&roster->rows, ezlb_roster_row_cmp);
	for (; line; line = strtok_r(NULL, "\n", &save))
		set_role(roster, spec, key, line);
	EZLB_SORT(&roster->rows, ezlb_roster_row_cmp);
}

/* Every backend serves, except those of which the lines say something else. */
static struct ezlb_roster roster_of(const struct ezlb_desired *desired, const char *text)
{
	struct ezlb_roster roster = { .due_ms = UINT64_MAX };

	for (size_t i = 0; i < desired->len; i++)
		for (size_t k = 0; k < desired->items[i]->n_listeners; k++)
			add_service_roles(&roster, desired->items[i],
					  desired->items[i]->listeners[k].key, text);
	return roster;
}

/* The specs come in any order: the result is sorted. */
static void check_policy(const struct ezlb_policy *policy, const char *const specs[SPECS],
			 const char *roles, const char *actual_text, const char *want)
{
	struct ezlb_table actual = table_of(actual_text), target = { .snat_wanted = false };
	struct ezlb_desired desired = { 0 };
	struct ezlb_spec *made[SPECS];
	struct ezlb_roster roster;
	EZLB_AUTO_FREE char *got = NULL;

	for (int i = 0; i < SPECS; i++) {
		made[i] = spec_of("f", specs[i]);
		if (made[i])
			*EZLB_PUSH(&desired) = made[i];
	}
	roster = roster_of(&desired, roles);
	ezlb_reconcile_target(&desired, &roster, &actual, policy, &target);
	got = text_of(&target);
	assert_string_equal(got, want);
	for (int i = 0; i < SPECS; i++)
		ezlb_spec_free(made[i]);
	EZLB_VEC_CLEAR(&desired);
	ezlb_roster_clear(&roster);
	ezlb_table_clear(&actual);
	ezlb_table_clear(&target);
}

static void check_target(enum ezlb_snat_key_kind snat_key, const char *const specs[SPECS],
			 const char *roles, const char *actual_text, const char *want)
{
	const struct ezlb_policy policy = { .snat_key = snat_key };

	check_policy(&policy, specs, roles, actual_text, want);
}

#define SETTINGS \
	"setting module 1\nsetting conntrack 1\nsetting forward 1\nsetting liberal 1\nwanted\n"
#define UDP_SETTINGS \
	"setting module 1\nsetting conntrack 1\nsetting expire 1\nsetting forward 1\nwanted\n"

static void full_nat_true_makes_the_right_rules(void **state)
{
	(void)state;
	check_target(EZLB_SNAT_KEY_BACKEND,
		     (const char *[SPECS]){ "web tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.2:8080 "
					    "10.1.0.1:8080",
					    "dns udp 10.0.0.1:53 snat=masq 10.1.0.1:53" },
		     NULL, NULL,
		     "service tcp 10.0.0.1:80 wrr\n"
		     "service udp 10.0.0.1:53 wrr\n"
		     "dest tcp 10.0.0.1:80 10.1.0.1:8080 1 full_nat\n"
		     "dest tcp 10.0.0.1:80 10.1.0.2:8080 1 full_nat\n"
		     "dest udp 10.0.0.1:53 10.1.0.1:53 1 full_nat\n"
		     "snat tcp 10.1.0.1:8080 10.9.0.1\n"
		     "snat tcp 10.1.0.2:8080 10.9.0.1\n"
		     "snat udp 10.1.0.1:53 masq\n"
		     "setting module 1\nsetting conntrack 1\nsetting expire 1\n"
		     "setting forward 1\nsetting liberal 1\nwanted\n");
}

static void full_nat_false_makes_none(void **state)
{
	(void)state;
	check_target(EZLB_SNAT_KEY_BACKEND,
		     (const char *[SPECS]){ "web tcp 10.0.0.1:80 10.1.0.1:8080 10.1.0.2:8080" },
		     NULL, NULL,
		     "service tcp 10.0.0.1:80 wrr\n"
		     "dest tcp 10.0.0.1:80 10.1.0.1:8080 1\n"
		     "dest tcp 10.0.0.1:80 10.1.0.2:8080 1\n");
}

static void each_listener_of_a_file_is_a_service(void **state)
{
	static const char *const specs[SPECS] = {
		"dns tcp 10.0.0.1:53 +udp/10.0.0.1:54 snat=masq 10.1.0.1 10.1.0.2 10.1.0.3:5353"
	};

	(void)state;
	check_target(EZLB_SNAT_KEY_BACKEND, specs, "dns 10.1.0.2 out\n", NULL,
		     "service tcp 10.0.0.1:53 wrr\n"
		     "service udp 10.0.0.1:54 wrr\n"
		     "dest tcp 10.0.0.1:53 10.1.0.1:53 1 full_nat\n"
		     "dest tcp 10.0.0.1:53 10.1.0.3:5353 1 full_nat\n"
		     "dest udp 10.0.0.1:54 10.1.0.1:54 1 full_nat\n"
		     "dest udp 10.0.0.1:54 10.1.0.3:5353 1 full_nat\n"
		     "snat tcp 10.1.0.1:53 masq\n"
		     "snat tcp 10.1.0.3:5353 masq\n"
		     "snat udp 10.1.0.1:54 masq\n"
		     "snat udp 10.1.0.3:5353 masq\n"
		     "setting module 1\nsetting conntrack 1\nsetting expire 1\n"
		     "setting forward 1\nsetting liberal 1\nwanted\n");
}

/* No address, no accept, and a dest without a port. */
static void a_mark_is_a_service(void **state)
{
	static const char *const specs[SPECS] = { "m mark 7 snat=10.9.0.1 10.1.0.1 10.1.0.2:80",
						  "web tcp 10.0.0.1:80 +mark/8 10.1.0.1:80" };
	const struct ezlb_policy policy = { .snat_key = EZLB_SNAT_KEY_LISTENER,
					    .firewall = true,
					    .vip_device = "ezlb0" };

	(void)state;
	check_policy(&policy, specs, NULL, "gate input 4\n",
		     "service tcp 10.0.0.1:80 wrr\n"
		     "service fwmark 7 wrr\n"
		     "service fwmark 8 wrr\n"
		     "dest tcp 10.0.0.1:80 10.1.0.1:80 1\n"
		     "dest fwmark 7 10.1.0.1 1 full_nat\n"
		     "dest fwmark 7 10.1.0.2:80 1 full_nat\n"
		     "dest fwmark 8 10.1.0.1:80 1\n"
		     "snat-listener fwmark 7 10.9.0.1\n"
		     "setting conntrack 1\nsetting expire 1\nsetting forward 1\n"
		     "setting arp_ignore 1\nsetting arp_announce 2\nsetting liberal 1\n"
		     "accept input tcp 10.0.0.1:80\n"
		     "link ezlb0\nvip ezlb0 10.0.0.1\nwanted\naccepts-wanted\n");
}

/* A range is a mark that ezlb sets itself. */
static void test_a_range_is_marked(void **state)
{
	const struct ezlb_policy policy = { .snat_key = EZLB_SNAT_KEY_LISTENER,
					    .vip_device = "ezlb0" };
	struct ezlb_spec *spec = spec_of("f", "r mark 9 10.1.0.1");
	const struct ezlb_spec *specs[] = { spec };
	const struct ezlb_desired desired = { specs, 1, 1 };
	const struct ezlb_roster roster = { .due_ms = UINT64_MAX };
	const struct ezlb_table actual = { .snat_wanted = false };
	struct ezlb_table target = { .snat_wanted = false }, kept = { .snat_wanted = false };
	struct ezlb_scope keep = { 0 };
	EZLB_AUTO_FREE char *got = NULL, *again = NULL;

	(void)state;
	spec->listeners[0].listen = key_of("tcp", "10.0.0.1:5000").listen;
	spec->listeners[0].last_port = 5100;
	ezlb_reconcile_target(&desired, &roster, &actual, &policy, &target);
	got = text_of(&target);
	assert_string_equal(got, "service fwmark 9 wrr\n"
				 "setting arp_ignore 1\nsetting arp_announce 2\n"
				 "mark fwmark 9 tcp 10.0.0.1:5000-5100\n"
				 "link ezlb0\nvip ezlb0 10.0.0.1\n");
	/* A service that stays for a refused file keeps all of it. */
	*EZLB_PUSH(&keep) = spec->listeners[0].key;
	ezlb_reconcile_keep(&keep, &target, &policy, &kept);
	again = text_of(&kept);
	assert_string_equal(again, "service fwmark 9 wrr\n"
				   "mark fwmark 9 tcp 10.0.0.1:5000-5100\n"
				   "link ezlb0\nvip ezlb0 10.0.0.1\n");
	ezlb_spec_free(spec);
	EZLB_VEC_CLEAR(&keep);
	ezlb_table_clear(&target);
	ezlb_table_clear(&kept);
}

static const struct {
	const char *name;
	const char *specs[SPECS];
	const char *roles, *actual, *want;
} cases[] = {
	{ "no files want nothing", { NULL }, NULL, "service tcp 10.0.0.1:80 wrr\nsound\n", "" },
	{ "a backend that is out has neither dest nor rule",
	  { "web tcp 10.0.0.1:80 snat=masq 10.1.0.1:80 10.1.0.2:80" },
	  "web 10.1.0.1:80 out\n",
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 1\nsnat tcp 10.1.0.1:80 masq\n",
	  "service tcp 10.0.0.1:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.2:80 1 full_nat\n"
	  "snat tcp 10.1.0.2:80 masq\n" SETTINGS },
	{ "all backends out: the service, its frame and its settings stay",
	  { "web tcp 10.0.0.1:80 snat=masq 10.1.0.1:80" },
	  "web 10.1.0.1:80 out\n",
	  NULL,
	  "service tcp 10.0.0.1:80 wrr\n" SETTINGS },
	{ "every role with a dest has its rule, and none of the others",
	  { "web tcp 10.0.0.1:80 snat=masq 10.1.0.1:80*5 10.1.0.2:80*6 10.1.0.3:80 10.1.0.4:80 "
	    "10.1.0.5:80*7 10.1.0.6:80*8 10.1.0.7:80" },
	  "web 10.1.0.1:80 starting\nweb 10.1.0.2:80 fail_open\nweb 10.1.0.3:80 waiting\n"
	  "web 10.1.0.4:80 standby\nweb 10.1.0.5:80 fallback\nweb 10.1.0.6:80 draining\n"
	  "web 10.1.0.7:80 out\n",
	  NULL,
	  "service tcp 10.0.0.1:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 5 full_nat\n"
	  "dest tcp 10.0.0.1:80 10.1.0.2:80 6 full_nat\n"
	  "dest tcp 10.0.0.1:80 10.1.0.5:80 7 full_nat\n"
	  "dest tcp 10.0.0.1:80 10.1.0.6:80 0 full_nat\n"
	  "snat tcp 10.1.0.1:80 masq\nsnat tcp 10.1.0.2:80 masq\n"
	  "snat tcp 10.1.0.5:80 masq\nsnat tcp 10.1.0.6:80 masq\n" SETTINGS },
	{ "a backend that has left the file and drains keeps the rule that it has",
	  { "web tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80" },
	  "web 10.1.0.8:80 draining\nweb 10.1.0.9:80 draining\n",
	  "snat tcp 10.1.0.9:80 10.9.0.5\nsnat tcp 10.1.0.7:80 10.9.0.5\n",
	  "service tcp 10.0.0.1:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"
	  "dest tcp 10.0.0.1:80 10.1.0.8:80 0 full_nat\n"
	  "dest tcp 10.0.0.1:80 10.1.0.9:80 0 full_nat\n"
	  "snat tcp 10.1.0.1:80 10.9.0.1\nsnat tcp 10.1.0.9:80 10.9.0.5\n" SETTINGS },
	{ "the service that has it in its file has the say",
	  { "web tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80",
	    "api tcp 10.0.0.2:80 snat=10.9.0.2 10.1.0.9:80" },
	  "web 10.1.0.9:80 draining\n",
	  "snat tcp 10.1.0.9:80 10.9.0.1\n",
	  "service tcp 10.0.0.1:80 wrr\nservice tcp 10.0.0.2:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"
	  "dest tcp 10.0.0.1:80 10.1.0.9:80 0 full_nat\n"
	  "dest tcp 10.0.0.2:80 10.1.0.9:80 1 full_nat\n"
	  "snat tcp 10.1.0.1:80 10.9.0.1\nsnat tcp 10.1.0.9:80 10.9.0.2\n" SETTINGS },
	{ "a dest of the kernel that the roster has not is not wanted",
	  { "web tcp 10.0.0.1:80 10.1.0.1:80" },
	  NULL,
	  "dest tcp 10.0.0.1:80 10.1.0.2:80 1\n",
	  "service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 1\n" },
	{ "a role is for one service only",
	  { "web tcp 10.0.0.1:80 10.1.0.1:80", "api tcp 10.0.0.1:81 10.1.0.1:80" },
	  "web 10.1.0.1:80 out\n",
	  NULL,
	  "service tcp 10.0.0.1:80 wrr\nservice tcp 10.0.0.1:81 wrr\n"
	  "dest tcp 10.0.0.1:81 10.1.0.1:80 1\n" },
	{ "weight 0 stays a dest, with its rule",
	  { "web tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80*0" },
	  NULL,
	  NULL,
	  "service tcp 10.0.0.1:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 0 full_nat\n"
	  "snat tcp 10.1.0.1:80 10.9.0.1\n" SETTINGS },
	{ "weight 0 of udp is no dest: flows would never leave it",
	  { "dns udp 10.0.0.1:53 10.1.0.1:53*0 10.1.0.2:53" },
	  NULL,
	  "dest udp 10.0.0.1:53 10.1.0.1:53 1\n",
	  "service udp 10.0.0.1:53 wrr\ndest udp 10.0.0.1:53 10.1.0.2:53 1\nsetting expire 1\n" },
	{ "the same in a range of udp",
	  { "dns udp 10.0.0.1:53-99 10.1.0.1*0 10.1.0.2" },
	  NULL,
	  NULL,
	  "service fwmark 53 wrr\ndest fwmark 53 10.1.0.2 1\nsetting expire 1\n"
	  "mark fwmark 53 udp 10.0.0.1:53-99\n" },
	{ "but not in a range of tcp, or with a mark of the file",
	  { "web tcp 10.0.0.1:80-99 10.1.0.1*0", "any mark 7 10.1.0.1*0" },
	  NULL,
	  NULL,
	  "service fwmark 7 wrr\nservice fwmark 80 wrr\n"
	  "dest fwmark 7 10.1.0.1 0\ndest fwmark 80 10.1.0.1 0\nsetting expire 1\n"
	  "mark fwmark 80 tcp 10.0.0.1:80-99\n" },
	{ "services that share a backend share its rule",
	  { "a tcp 10.0.0.2:80 snat=masq 10.1.0.1:80", "b tcp 10.0.0.1:80 snat=masq 10.1.0.1:80" },
	  NULL,
	  NULL,
	  "service tcp 10.0.0.1:80 wrr\nservice tcp 10.0.0.2:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"
	  "dest tcp 10.0.0.2:80 10.1.0.1:80 1 full_nat\n"
	  "snat tcp 10.1.0.1:80 masq\n" SETTINGS },
	{ "a shared backend keeps its rule while it serves in one service",
	  { "a tcp 10.0.0.2:80 snat=masq 10.1.0.1:80", "b tcp 10.0.0.1:80 snat=masq 10.1.0.1:80" },
	  "a 10.1.0.1:80 out\n",
	  NULL,
	  "service tcp 10.0.0.1:80 wrr\nservice tcp 10.0.0.2:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"
	  "snat tcp 10.1.0.1:80 masq\n" SETTINGS },
	{ "one full_nat service among others wants settings and frame",
	  { "a tcp 10.0.0.1:80 10.1.0.1:80", "b udp 10.0.0.1:80 snat=masq 10.1.0.2:80" },
	  NULL,
	  NULL,
	  "service tcp 10.0.0.1:80 wrr\nservice udp 10.0.0.1:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 1\n"
	  "dest udp 10.0.0.1:80 10.1.0.2:80 1 full_nat\n"
	  "snat udp 10.1.0.2:80 masq\n" UDP_SETTINGS },
	{ "a range of sources",
	  { "a tcp 10.0.0.1:80 snat=10.9.0.1-10.9.0.4 10.1.0.1:80" },
	  NULL,
	  NULL,
	  "service tcp 10.0.0.1:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"
	  "snat tcp 10.1.0.1:80 10.9.0.1-10.9.0.4\n" SETTINGS },
	{ "udp without full_nat wants dead backends' flows to go elsewhere, and no more",
	  { "a udp 10.0.0.1:53 10.1.0.1:53" },
	  NULL,
	  NULL,
	  "service udp 10.0.0.1:53 wrr\ndest udp 10.0.0.1:53 10.1.0.1:53 1\nsetting expire 1\n" },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		print_message("%s\n", cases[i].name);
		check_target(EZLB_SNAT_KEY_BACKEND, cases[i].specs, cases[i].roles, cases[i].actual,
			     cases[i].want);
	}
}

#define NO_MODULE "setting conntrack 1\nsetting forward 1\nsetting liberal 1\nwanted\n"

static const struct {
	const char *name;
	const char *specs[SPECS];
	const char *roles, *want;
} listener_cases[] = {
	{ "one rule for each full_nat service; the module is not wanted",
	  { "web tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80 10.1.0.2:80",
	    "dns udp 10.0.0.1:53 snat=masq 10.1.0.1:53", "api tcp 10.0.0.2:80 10.1.0.3:80" },
	  NULL,
	  "service tcp 10.0.0.1:80 wrr\nservice tcp 10.0.0.2:80 wrr\nservice udp 10.0.0.1:53 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"
	  "dest tcp 10.0.0.1:80 10.1.0.2:80 1 full_nat\n"
	  "dest tcp 10.0.0.2:80 10.1.0.3:80 1\n"
	  "dest udp 10.0.0.1:53 10.1.0.1:53 1 full_nat\n"
	  "snat-listener tcp 10.0.0.1:80 10.9.0.1\n"
	  "snat-listener udp 10.0.0.1:53 masq\n"
	  "setting conntrack 1\nsetting expire 1\nsetting forward 1\nsetting liberal 1\nwanted\n" },
	{ "whatever the roles are",
	  { "web tcp 10.0.0.1:80 snat=masq 10.1.0.1:80 10.1.0.2:80" },
	  "web 10.1.0.1:80 out\nweb 10.1.0.2:80 waiting\n",
	  "service tcp 10.0.0.1:80 wrr\nsnat-listener tcp 10.0.0.1:80 masq\n" NO_MODULE },
	{ "services that share a backend have a rule each",
	  { "a tcp 10.0.0.2:80 snat=10.9.0.1 10.1.0.1:80",
	    "b tcp 10.0.0.1:80 snat=10.9.0.2 10.1.0.1:80" },
	  NULL,
	  "service tcp 10.0.0.1:80 wrr\nservice tcp 10.0.0.2:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"
	  "dest tcp 10.0.0.2:80 10.1.0.1:80 1 full_nat\n"
	  "snat-listener tcp 10.0.0.1:80 10.9.0.2\nsnat-listener tcp 10.0.0.2:80 10.9.0.1\n" NO_MODULE },
	{ "without full_nat there is nothing",
	  { "web tcp 10.0.0.1:80 10.1.0.1:80" },
	  NULL,
	  "service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 1\n" },
};

static void test_rows_for_listeners(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(listener_cases); i++) {
		print_message("%s\n", listener_cases[i].name);
		check_target(EZLB_SNAT_KEY_LISTENER, listener_cases[i].specs,
			     listener_cases[i].roles, NULL, listener_cases[i].want);
	}
}

static void test_rows_carry_what_the_spec_says(void **state)
{
	struct ezlb_spec *v4 = spec_of("f", "a tcp 10.0.0.1:80 10.1.0.1:80*7");
	struct ezlb_spec *v6 = spec_of("f", "b tcp [fd00::1]:80 [fd00::2]:80");
	struct ezlb_table actual = { .snat_wanted = false }, t = actual;
	struct ezlb_desired desired = { 0 };
	const struct ezlb_policy policy = { .firewall = true };
	struct ezlb_roster roster;

	(void)state;
	v4->forward = EZLB_DIRECT;
	ezlb_strcpy(v4->scheduler, sizeof(v4->scheduler), "sh");
	*EZLB_PUSH(&desired) = v4;
	*EZLB_PUSH(&desired) = v6;
	roster = roster_of(&desired, NULL);
	ezlb_reconcile_target(&desired, &roster, &actual, &policy, &t);
	assert_string_equal(t.services.items[0].scheduler, "sh");
	assert_int_equal(t.services.items[0].netmask, ~0u);
	assert_int_equal(t.services.items[1].netmask, 128);
	assert_int_equal(t.services.items[0].flags, 0);
	assert_int_equal(t.services.items[0].timeout, 0);
	assert_int_equal(t.dests.items[0].forward, EZLB_DIRECT);
	assert_int_equal(t.dests.items[0].weight, 7);
	assert_int_equal(t.dests.items[0].upper + t.dests.items[0].lower, 0);
	assert_int_equal(t.dests.items[1].forward, EZLB_MASQ);
	ezlb_roster_clear(&roster);
	ezlb_table_clear(&t);
	EZLB_VEC_CLEAR(&desired);
	ezlb_spec_free(v4);
	ezlb_spec_free(v6);
}

/* The first service row and the first dest row of a spec. */
static void check_attributes(const char *text, void (*edit)(struct ezlb_spec *spec),
			     void (*check)(const struct ezlb_service_row *,
					   const struct ezlb_dest_row *))
{
	struct ezlb_spec *spec = spec_of("f", text);
	struct ezlb_table actual = { .snat_wanted = false }, t = actual;
	struct ezlb_desired desired = { 0 };
	const struct ezlb_policy policy = { .firewall = true };
	struct ezlb_roster roster;

	edit(spec);
	*EZLB_PUSH(&desired) = spec;
	roster = roster_of(&desired, NULL);
	ezlb_reconcile_target(&desired, &roster, &actual, &policy, &t);
	check(&t.services.items[0], &t.dests.items[0]);
	ezlb_roster_clear(&roster);
	ezlb_table_clear(&t);
	EZLB_VEC_CLEAR(&desired);
	ezlb_spec_free(spec);
}

static void sticky(struct ezlb_spec *spec)
{
	spec->flags = IP_VS_SVC_F_SCHED2 | IP_VS_SVC_F_ONEPACKET;
	spec->persistence = (struct ezlb_persistence){ .timeout_s = 300, .engine = "sip" };
	spec->persistence.prefix = spec->listen.addr.family == AF_INET6 ? 64 : 24;
	spec->tunnel.type = EZLB_TUNNEL_GUE; /* masq: of no effect */
}

static void is_sticky(const struct ezlb_service_row *service, const struct ezlb_dest_row *dest)
{
	assert_int_equal(service->flags,
			 IP_VS_SVC_F_SCHED2 | IP_VS_SVC_F_ONEPACKET | IP_VS_SVC_F_PERSISTENT);
	assert_int_equal(service->timeout, 300);
	assert_int_equal(service->netmask,
			 service->key.listen.addr.family == AF_INET6 ? 64 : htonl(0xffffff00));
	assert_string_equal(service->engine, "sip");
	assert_int_equal(dest->tunnel.type, EZLB_TUNNEL_IPIP);
}

/* Without a timeout there is no persistence, and the rest of it has no meaning. */
static void not_sticky(struct ezlb_spec *spec)
{
	sticky(spec);
	spec->flags = 0;
	spec->persistence.timeout_s = 0;
}

static void is_not_sticky(const struct ezlb_service_row *service, const struct ezlb_dest_row *dest)
{
	(void)dest;
	assert_int_equal(service->flags, 0);
	assert_int_equal(service->timeout, 0);
	assert_int_equal(service->netmask, ~0u);
	assert_string_equal(service->engine, "");
}

static void whole_address(struct ezlb_spec *spec)
{
	sticky(spec);
	spec->persistence.prefix = 0;
}

static void is_whole_address(const struct ezlb_service_row *service,
			     const struct ezlb_dest_row *dest)
{
	(void)dest;
	assert_int_equal(service->netmask, service->key.listen.addr.family == AF_INET6 ? 128 : ~0u);
}

static void tunnel(struct ezlb_spec *spec)
{
	spec->forward = EZLB_TUNNEL;
	spec->tunnel = (struct ezlb_tunnel){ EZLB_TUNNEL_GUE, 6080, EZLB_TUNNEL_CSUM };
	spec->backends[0].upper = 100;
	spec->backends[0].lower = 80;
}

static void is_tunnel(const struct ezlb_service_row *service, const struct ezlb_dest_row *dest)
{
	(void)service;
	assert_int_equal(dest->forward, EZLB_TUNNEL);
	assert_int_equal(dest->tunnel.type, EZLB_TUNNEL_GUE);
	assert_int_equal(dest->tunnel.port, 6080);
	assert_int_equal(dest->tunnel.checksum, EZLB_TUNNEL_CSUM);
	assert_int_equal(dest->upper, 100);
	assert_int_equal(dest->lower, 80);
}

static void test_attributes(void **state)
{
	static const char four[] = "a udp 10.0.0.1:53 10.1.0.1:53";
	static const char six[] = "b udp [fd00::1]:53 [fd00::2]:53";

	(void)state;
	check_attributes(four, sticky, is_sticky);
	check_attributes(six, sticky, is_sticky);
	check_attributes(four, not_sticky, is_not_sticky);
	check_attributes(four, whole_address, is_whole_address);
	check_attributes(six, whole_address, is_whole_address);
	check_attributes(four, tunnel, is_tunnel);
}

#define WEB   "web tcp 10.0.0.1:80 snat=masq 10.1.0.1:80"
#define SIX   "six tcp [fd00::1]:80 snat=masq [fd00:1::1]:80"
#define PLAIN "plain tcp 10.0.0.2:80 10.1.0.1:80"
#define WEB_ROWS                        \
	"service tcp 10.0.0.1:80 wrr\n" \
	"dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"
#define SIX_ROWS                         \
	"service tcp [fd00::1]:80 wrr\n" \
	"dest tcp [fd00::1]:80 [fd00:1::1]:80 1 full_nat\n"
#define PLAIN_ROWS   "service tcp 10.0.0.2:80 wrr\ndest tcp 10.0.0.2:80 10.1.0.1:80 1\n"
#define SIX_SNAT     "snat tcp [fd00:1::1]:80 masq\n"
#define SIX_SETTINGS "setting module 1\nsetting module6 1\nsetting conntrack 1\n"
#define GATES	     "gate input 4\ngate forward 4\n"
#define ARP	     "setting arp_ignore 1\nsetting arp_announce 2\n"

static const struct {
	const char *name;
	struct ezlb_policy policy;
	const char *specs[SPECS];
	const char *actual, *want;
} policy_cases[] = {
	/* IPv6. */
	{ "IPv6 forwards already: accept_ra is not touched",
	  { .firewall = true },
	  { SIX },
	  "setting accept_ra:eth0 1\nsetting forward6 1\n",
	  SIX_ROWS SIX_SNAT SIX_SETTINGS "setting forward6 1\nsetting liberal 1\nwanted\n" },
	{ "IPv6 is about to forward: accept_ra first, of each interface that has one",
	  { .firewall = true },
	  { SIX },
	  "setting accept_ra:eth1 1\nsetting accept_ra:eth0 1\nsetting forward6 0\n",
	  SIX_ROWS SIX_SNAT SIX_SETTINGS
	  "setting accept_ra:eth0 2\nsetting accept_ra:eth1 2\nsetting forward6 1\nsetting liberal 1\nwanted\n" },
	{ "by listener neither module is wanted",
	  { .snat_key = EZLB_SNAT_KEY_LISTENER },
	  { SIX },
	  NULL,
	  SIX_ROWS "snat-listener tcp [fd00::1]:80 masq\n"
		   "setting conntrack 1\nsetting forward6 1\nsetting liberal 1\nwanted\n" },
	{ "without host setup only what a service does not work without is wanted",
	  { .snat_key = EZLB_SNAT_KEY_LISTENER, .hands_off = true },
	  { SIX },
	  NULL,
	  SIX_ROWS "snat-listener tcp [fd00::1]:80 masq\n"
		   "setting conntrack 1\nsetting forward6 1\nwanted\n" },
	{ "IPv6 without full_nat wants none of it",
	  { .firewall = true },
	  { "six tcp [fd00::1]:80 [fd00:1::1]:80" },
	  "setting accept_ra:eth1 1\nsetting forward6 0\n",
	  "service tcp [fd00::1]:80 wrr\ndest tcp [fd00::1]:80 [fd00:1::1]:80 1\n" },
	/* Accepts. */
	{ "no filter drops: no accept",
	  { .firewall = true },
	  { WEB },
	  NULL,
	  WEB_ROWS "snat tcp 10.1.0.1:80 masq\n" SETTINGS },
	{ "accepts at both gates; without full_nat no rule can know the answers",
	  { .firewall = true },
	  { WEB, PLAIN },
	  GATES,
	  "service tcp 10.0.0.1:80 wrr\nservice tcp 10.0.0.2:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\ndest tcp 10.0.0.2:80 10.1.0.1:80 1\n"
	  "snat tcp 10.1.0.1:80 masq\n"
	  "setting module 1\nsetting conntrack 1\nsetting forward 1\nsetting liberal 1\n"
	  "accept input tcp 10.0.0.1:80\naccept input tcp 10.0.0.2:80\n"
	  "accept forward tcp 10.0.0.1:80\nwanted\naccepts-wanted\n" },
	{ "one gate only",
	  { .firewall = true },
	  { WEB },
	  "gate forward 4\n",
	  WEB_ROWS "snat tcp 10.1.0.1:80 masq\n"
		   "setting module 1\nsetting conntrack 1\nsetting forward 1\nsetting liberal 1\n"
		   "accept forward tcp 10.0.0.1:80\nwanted\naccepts-wanted\n" },
	{ "a filter of the other family is not in the way",
	  { .firewall = true },
	  { PLAIN, "p6 tcp [fd00::1]:80 [fd00:1::1]:80" },
	  "gate input 6\n",
	  "service tcp 10.0.0.2:80 wrr\nservice tcp [fd00::1]:80 wrr\n"
	  "dest tcp 10.0.0.2:80 10.1.0.1:80 1\ndest tcp [fd00::1]:80 [fd00:1::1]:80 1\n"
	  "accept input tcp [fd00::1]:80\naccepts-wanted\n" },
	{ "the firewall is not to be touched",
	  { .firewall = false },
	  { PLAIN },
	  GATES,
	  PLAIN_ROWS },
	/* Addresses. */
	{ "no device: no address is kept",
	  { .firewall = true },
	  { PLAIN },
	  "link ezlb0\nvip ezlb0 10.0.0.2\n",
	  PLAIN_ROWS },
	{ "each address once, on its link, and ARP kept quiet",
	  { .vip_device = "ezlb0" },
	  { PLAIN, "b tcp 10.0.0.2:81 10.1.0.1:80", "c tcp [fd00::1]:80 [fd00:1::1]:80" },
	  NULL,
	  "service tcp 10.0.0.2:80 wrr\nservice tcp 10.0.0.2:81 wrr\n"
	  "service tcp [fd00::1]:80 wrr\n"
	  "dest tcp 10.0.0.2:80 10.1.0.1:80 1\ndest tcp 10.0.0.2:81 10.1.0.1:80 1\n"
	  "dest tcp [fd00::1]:80 [fd00:1::1]:80 1\n" ARP
	  "link ezlb0\nvip ezlb0 10.0.0.2\nvip ezlb0 fd00::1\n" },
	{ "ARP is no matter of IPv6",
	  { .vip_device = "ezlb0" },
	  { "six tcp [fd00::1]:80 [fd00:1::1]:80" },
	  NULL,
	  "service tcp [fd00::1]:80 wrr\ndest tcp [fd00::1]:80 [fd00:1::1]:80 1\n"
	  "link ezlb0\nvip ezlb0 fd00::1\n" },
	{ "an address that is local elsewhere is left there, and a link for none is not made",
	  { .vip_device = "ezlb0" },
	  { PLAIN },
	  "elsewhere 10.0.0.2\n",
	  PLAIN_ROWS ARP },
	{ "one that is ours already stays, though it has come elsewhere too",
	  { .vip_device = "ezlb0" },
	  { PLAIN },
	  "elsewhere 10.0.0.2\nlink ezlb0\nvip ezlb0 10.0.0.2\n",
	  PLAIN_ROWS ARP "link ezlb0\nvip ezlb0 10.0.0.2\n" },
	{ "what is on another link of ours does not count",
	  { .vip_device = "ezlb0" },
	  { PLAIN },
	  "elsewhere 10.0.0.2\nlink ezlb9\nvip ezlb9 10.0.0.2\n",
	  PLAIN_ROWS ARP },
};

static void test_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(policy_cases); i++) {
		print_message("%s\n", policy_cases[i].name);
		check_policy(&policy_cases[i].policy, policy_cases[i].specs, NULL,
			     policy_cases[i].actual, policy_cases[i].want);
	}
}

static void test_scope_is_what_is_wanted_or_owned(void **state)
{
	struct ezlb_spec *spec = spec_of("f", "a tcp 10.0.0.2:80");
	struct ezlb_desired desired = { 0 };
	struct ezlb_scope owned = { 0 }, scope = { 0 };

	(void)state;
	ezlb_reconcile_scope(&desired, &owned, &scope);
	assert_int_equal(scope.len, 0);
	*EZLB_PUSH(&desired) = spec;
	*EZLB_PUSH(&owned) = key_of("udp", "10.0.0.1:80");
	*EZLB_PUSH(&owned) = key_of("tcp", "10.0.0.2:80"); /* both: once in the result */
	*EZLB_PUSH(&owned) = key_of("tcp", "10.0.0.1:80");
	ezlb_reconcile_scope(&desired, &owned, &scope);
	assert_int_equal(scope.len, 3);
	for (size_t i = 1; i < scope.len; i++)
		assert_true(ezlb_service_key_cmp(&scope.items[i - 1], &scope.items[i]) < 0);
	for (size_t i = 0; i < owned.len; i++)
		assert_true(ezlb_scope_has(&scope, &owned.items[i]));
	EZLB_VEC_CLEAR(&desired);
	EZLB_VEC_CLEAR(&owned);
	EZLB_VEC_CLEAR(&scope);
	ezlb_spec_free(spec);
}

/* Also without a service: a balancer that waits learns connections. */
static void test_syncs(void **state)
{
	const char *const none[SPECS] = { NULL };
	struct ezlb_policy policy = { .sync_device = "eth1", .sync_id = 7 };

	(void)state;
	check_policy(&policy, none, NULL, NULL, "sync master eth1 7\nsync backup eth1 7\n");
	policy.sync_device[0] = '\0';
	check_policy(&policy, none, NULL, NULL, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syncs),
		cmocka_unit_test(full_nat_true_makes_the_right_rules),
		cmocka_unit_test(full_nat_false_makes_none),
		cmocka_unit_test(each_listener_of_a_file_is_a_service),
		cmocka_unit_test(a_mark_is_a_service),
		cmocka_unit_test(test_a_range_is_marked),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_rows_for_listeners),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_rows_carry_what_the_spec_says),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_scope_is_what_is_wanted_or_owned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
