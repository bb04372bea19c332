// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/desired.h>

#include "specs.h"

#define FILES 4

/*
 * Files are a.yaml, b.yaml and so on. `want` has one letter for each: f the fresh version is
 * chosen, l the last one, - neither. `diags` are the lines of all diagnostics, in file order.
 */
static const struct {
	const char *name;
	struct {
		const char *fresh, *last;
	} files[FILES];
	const char *want, *diags;
} cases[] = {
	{ "no files", { { NULL, NULL } }, "----", "" },
	{ "no conflict",
	  { { "a tcp 10.0.0.1:80", NULL }, { "b tcp 10.0.0.1:81", NULL } },
	  "ff--",
	  "" },
	{ "the same listener in tcp, udp and sctp",
	  { { "a tcp 10.0.0.1:80", NULL },
	    { "b udp 10.0.0.1:80", NULL },
	    { "c sctp 10.0.0.1:80", NULL } },
	  "fff-",
	  "" },
	{ "duplicate name",
	  { { "web tcp 10.0.0.1:80", NULL }, { "web tcp 10.0.0.1:81", NULL } },
	  "f---",
	  "b.yaml:1:7: error[E030]: the name 'web' is already used by a.yaml:1:7\n" },
	{ "one name is the beginning of another",
	  { { "web tcp 10.0.0.1:80", NULL }, { "web2 tcp 10.0.0.1:81", NULL } },
	  "ff--",
	  "" },
	{ "duplicate listener: the later file loses",
	  { { "z tcp 10.0.0.1:80", NULL }, { "a tcp 10.0.0.1:80", NULL } },
	  "f---",
	  "b.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:80 is already used by service 'z' at "
	  "a.yaml:2:9\n" },
	{ "one listener of two is taken",
	  { { "a tcp 10.0.0.1:80 +udp/10.0.0.1:53", NULL },
	    { "b tcp 10.0.0.1:53 +udp/10.0.0.1:53", NULL } },
	  "f---",
	  "b.yaml:2:10: error[E031]: the listener udp 10.0.0.1:53 is already used by service 'a' at "
	  "a.yaml:2:10\n" },
	{ "a second listener in the file that holds the first",
	  { { "a tcp 10.0.0.1:53 +udp/10.0.0.1:53", "a tcp 10.0.0.1:53" },
	    { "b udp 10.0.0.1:53", "b udp 10.0.0.1:53" } },
	  "lf--",
	  "a.yaml:2:10: error[E031]: the listener udp 10.0.0.1:53 is already used by service 'b' at "
	  "b.yaml:2:9\n" },
	{ "listeners in another order are no new claims",
	  { { "a udp 10.0.0.1:53 +tcp/10.0.0.1:53", "a tcp 10.0.0.1:53 +udp/10.0.0.1:53" },
	    { "b udp 10.0.0.1:53", NULL } },
	  "f---",
	  "b.yaml:2:9: error[E031]: the listener udp 10.0.0.1:53 is already used by service 'a' at "
	  "a.yaml:2:9\n" },
	{ "a mark is taken, that of another family is not",
	  { { "a mark 7", NULL },
	    { "b tcp 10.0.0.1:80 +mark/7", NULL },
	    { "c mark 7/ipv6", NULL } },
	  "f-f-",
	  "b.yaml:2:10: error[E031]: the listener fwmark 7 is already used by service 'a' at "
	  "a.yaml:2:9\n" },
	{ "a port in a range of another file",
	  { { "a tcp 10.0.0.1:5000-5100", "a tcp 10.0.0.1:5000-5100" },
	    { "b tcp 10.0.0.1:5100", NULL },
	    { "c tcp 10.0.0.1:4990-5000", NULL },
	    { "d tcp 10.0.0.1:5101 +udp/10.0.0.1:5050 +tcp/10.0.0.2:5050", NULL } },
	  "f--f",
	  "b.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:5100 is already used by service 'a' "
	  "at a.yaml:2:9\n"
	  "c.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:4990-5000 is already used by service "
	  "'a' at a.yaml:2:9\n" },
	{ "a range over a port that another file holds",
	  { { "a tcp 10.0.0.1:5000-5100", "a tcp 10.0.0.1:5000-5010" },
	    { "b tcp 10.0.0.1:5050", "b tcp 10.0.0.1:5050" } },
	  "lf--",
	  "a.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:5000-5100 is already used by service "
	  "'b' at b.yaml:2:9\n" },
	{ "two ranges get the same mark",
	  { { "a tcp 10.9.137.1:1000-2000", NULL }, { "b tcp 10.39.249.1:1000-2000", NULL } },
	  "f---",
	  "b.yaml:2:9: error[E031]: the listener tcp 10.39.249.1:1000-2000 gets the firewall mark "
	  "1000, which tcp 10.9.137.1:1000-2000 of service 'a' at a.yaml:2:9 already has\n" },
	{ "two sources for a backend without a port, by the port of the second listener",
	  { { "a tcp 10.0.0.1:80 +tcp/10.0.0.1:81 snat=masq 10.1.0.1", NULL },
	    { "b tcp 10.0.0.2:80 snat=10.9.0.1 10.1.0.1:81", NULL } },
	  "f---",
	  "b.yaml:11:5: error[E032]: backend 10.1.0.1:81 already has a different "
	  "source NAT, from service 'a' at a.yaml:11:5\n" },
	{ "two spellings of one IPv6 listener",
	  { { "a tcp [fd00::1]:80", NULL }, { "b tcp [FD00:0:0::0:1]:80", NULL } },
	  "f---",
	  "b.yaml:2:9: error[E031]: the listener tcp [fd00::1]:80 is already used by service 'a' at "
	  "a.yaml:2:9\n" },
	{ "three of a kind: each loser names the winner",
	  { { "a tcp 10.0.0.1:80", NULL },
	    { "b tcp 10.0.0.1:80", NULL },
	    { "c tcp 10.0.0.1:80", NULL } },
	  "f---",
	  "b.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:80 is already used by service 'a' at "
	  "a.yaml:2:9\n"
	  "c.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:80 is already used by service 'a' at "
	  "a.yaml:2:9\n" },
	{ "who is in force keeps its listener against a newcomer that sorts first",
	  { { "a tcp 10.0.0.1:80", NULL }, { "b tcp 10.0.0.1:80", "b tcp 10.0.0.1:80" } },
	  "-f--",
	  "a.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:80 is already used by service 'b' at "
	  "b.yaml:2:9\n" },
	{ "who is in force keeps its name against a newcomer that sorts first",
	  { { "web tcp 10.0.0.1:80", NULL }, { "web tcp 10.0.0.1:81", "web tcp 10.0.0.1:81" } },
	  "-f--",
	  "a.yaml:1:7: error[E030]: the name 'web' is already used by b.yaml:1:7\n" },
	{ "a file edited into a conflict keeps its last version",
	  { { "a tcp 10.0.0.1:81", "a tcp 10.0.0.1:80" },
	    { "b tcp 10.0.0.1:81", "b tcp 10.0.0.1:81" } },
	  "lf--",
	  "a.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:81 is already used by service 'b' at "
	  "b.yaml:2:9\n" },
	{ "a file edited without a new claim is taken",
	  { { "a tcp 10.0.0.1:80 10.1.0.9:80", "a tcp 10.0.0.1:80 10.1.0.1:80" } },
	  "f---",
	  "" },
	{ "a file that moves frees its listener for a newcomer",
	  { { "a tcp 10.0.0.1:80", NULL }, { "b tcp 10.0.0.1:81", "b tcp 10.0.0.1:80" } },
	  "ff--",
	  "" },
	{ "two files swap their listeners",
	  { { "a tcp 10.0.0.1:81", "a tcp 10.0.0.1:80" },
	    { "b tcp 10.0.0.1:80", "b tcp 10.0.0.1:81" } },
	  "ff--",
	  "" },
	{ "two files swap their names",
	  { { "b tcp 10.0.0.1:80", "a tcp 10.0.0.1:80" },
	    { "a tcp 10.0.0.1:81", "b tcp 10.0.0.1:81" } },
	  "ff--",
	  "" },
	{ "three files turn round",
	  { { "a tcp 10.0.0.1:82", "a tcp 10.0.0.1:81" },
	    { "b tcp 10.0.0.1:83", "b tcp 10.0.0.1:82" },
	    { "c tcp 10.0.0.1:81", "c tcp 10.0.0.1:83" } },
	  "fff-",
	  "" },
	{ "a takes what b frees, but b cannot move",
	  { { "a tcp 10.0.0.1:81", "a tcp 10.0.0.1:80" },
	    { "b tcp 10.0.0.1:82", "b tcp 10.0.0.1:81" },
	    { "c tcp 10.0.0.1:82", "c tcp 10.0.0.1:82" } },
	  "llf-",
	  "a.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:81 is already used by service 'b' at "
	  "b.yaml:2:9\n"
	  "b.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:82 is already used by service 'c' at "
	  "c.yaml:2:9\n" },
	{ "the winner loses in turn, and who had lost to it gets its claim after all",
	  { { "x tcp 10.0.0.1:81", "a tcp 10.0.0.1:80" },
	    { "b tcp 10.0.0.1:81", NULL },
	    { "x tcp 10.0.0.1:83", "x tcp 10.0.0.1:83" } },
	  "lff-",
	  "a.yaml:1:7: error[E030]: the name 'x' is already used by c.yaml:1:7\n" },
	{ "a winner that loses only in a later round",
	  { { "a tcp 10.0.0.1:81", "a tcp 10.0.0.1:80" },
	    { "b tcp 10.0.0.1:81", NULL },
	    { "a tcp 10.0.0.1:84", "c tcp 10.0.0.1:83" },
	    { "d tcp 10.0.0.1:85", "d tcp 10.0.0.1:84" } },
	  "f-lf",
	  "b.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:81 is already used by service 'a' at "
	  "a.yaml:2:9\n"
	  "c.yaml:1:7: error[E030]: the name 'a' is already used by a.yaml:1:7\n" },
	{ "a file that config refused keeps its last version and its claims",
	  { { "a tcp 10.0.0.1:80", NULL }, { NULL, "b tcp 10.0.0.1:80" } },
	  "-l--",
	  "a.yaml:2:9: error[E031]: the listener tcp 10.0.0.1:80 is already used by service 'b' at "
	  "b.yaml:2:9\n" },
	{ "refused and never in force: nothing",
	  { { NULL, NULL }, { "b tcp 10.0.0.1:80", NULL } },
	  "-f--",
	  "" },
	/* One iptables rule serves a backend, whichever service the connection came through. */
	{ "two sources for one backend",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80", NULL },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.2 10.1.0.2:80 10.1.0.1:80", NULL } },
	  "f---",
	  "b.yaml:12:5: error[E032]: backend 10.1.0.1:80 already has a different "
	  "source NAT, from service 'a' at a.yaml:11:5\n" },
	{ "masquerade and a source for one backend",
	  { { "a tcp 10.0.0.1:80 snat=masq 10.1.0.1:80", NULL },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.2 10.1.0.1:80", NULL } },
	  "f---",
	  "b.yaml:11:5: error[E032]: backend 10.1.0.1:80 already has a different "
	  "source NAT, from service 'a' at a.yaml:11:5\n" },
	{ "one source for one backend of two services",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80", NULL },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.1 10.1.0.1:80", NULL },
	    { "c tcp 10.0.0.1:82 snat=masq 10.1.0.2:80", NULL },
	    { "d tcp 10.0.0.1:83 snat=masq 10.1.0.2:80", NULL } },
	  "ffff",
	  "" },
	{ "tcp and udp of one backend have rules of their own",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80", NULL },
	    { "b udp 10.0.0.1:80 snat=10.9.0.2 10.1.0.1:80", NULL } },
	  "ff--",
	  "" },
	{ "another port of the same host has a rule of its own",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80", NULL },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.2 10.1.0.1:81", NULL } },
	  "ff--",
	  "" },
	{ "a backend may be the listener of another service",
	  { { "a tcp 10.0.0.1:80 snat=masq 10.0.0.2:80", NULL },
	    { "b tcp 10.0.0.2:80 snat=masq 10.1.0.1:80", NULL } },
	  "ff--",
	  "" },
	{ "a service without full_nat claims no source NAT",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80", NULL },
	    { "b tcp 10.0.0.1:81 10.1.0.1:80", NULL } },
	  "ff--",
	  "" },
	{ "a new snat_ip is a new claim: it loses to the other user of the backend",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.2 10.1.0.1:80",
	      "a tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80" },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.1 10.1.0.1:80",
	      "b tcp 10.0.0.1:81 snat=10.9.0.1 10.1.0.1:80" } },
	  "lf--",
	  "a.yaml:11:5: error[E032]: backend 10.1.0.1:80 already has a different "
	  "source NAT, from service 'b' at b.yaml:11:5\n" },
	{ "both users of a backend have the same range",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.1-10.9.0.4 10.1.0.1:80", NULL },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.1-10.9.0.4 10.1.0.1:80", NULL } },
	  "ff--",
	  "" },
	{ "a range is another source than its first address",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80", NULL },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.1-10.9.0.2 10.1.0.1:80", NULL } },
	  "f---",
	  "b.yaml:11:5: error[E032]: backend 10.1.0.1:80 already has a different "
	  "source NAT, from service 'a' at a.yaml:11:5\n" },
	{ "a range that ends elsewhere is a new claim",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.1-10.9.0.3 10.1.0.1:80",
	      "a tcp 10.0.0.1:80 snat=10.9.0.1-10.9.0.2 10.1.0.1:80" },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.1-10.9.0.2 10.1.0.1:80",
	      "b tcp 10.0.0.1:81 snat=10.9.0.1-10.9.0.2 10.1.0.1:80" } },
	  "lf--",
	  "a.yaml:11:5: error[E032]: backend 10.1.0.1:80 already has a different "
	  "source NAT, from service 'b' at b.yaml:11:5\n" },
	{ "IPv6 services that share a backend",
	  { { "a tcp [fd00::1]:80 snat=fd00:9::1-fd00:9::4 [fd00:1::1]:80", NULL },
	    { "b tcp [fd00::1]:81 snat=fd00:9::1-fd00:9::4 [FD00:1:0::1]:80", NULL },
	    { "c tcp [fd00::1]:82 snat=fd00:9::1 [fd00:1::1]:80", NULL } },
	  "ff--",
	  "c.yaml:11:5: error[E032]: backend [fd00:1::1]:80 already has a different "
	  "source NAT, from service 'a' at a.yaml:11:5\n" },
	{ "both users of a backend change snat_ip together",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.2 10.1.0.1:80",
	      "a tcp 10.0.0.1:80 snat=10.9.0.1 10.1.0.1:80" },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.2 10.1.0.1:80",
	      "b tcp 10.0.0.1:81 snat=10.9.0.1 10.1.0.1:80" } },
	  "ff--",
	  "" },
	{ "full_nat switched on is a new claim",
	  { { "a tcp 10.0.0.1:80 snat=masq 10.1.0.1:80", "a tcp 10.0.0.1:80 10.1.0.1:80" },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.1 10.1.0.1:80",
	      "b tcp 10.0.0.1:81 snat=10.9.0.1 10.1.0.1:80" } },
	  "lf--",
	  "a.yaml:11:5: error[E032]: backend 10.1.0.1:80 already has a different "
	  "source NAT, from service 'b' at b.yaml:11:5\n" },
	{ "one more backend is a new claim",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.2 10.1.0.2:80 10.1.0.1:80",
	      "a tcp 10.0.0.1:80 snat=10.9.0.2 10.1.0.2:80" },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.1 10.1.0.1:80",
	      "b tcp 10.0.0.1:81 snat=10.9.0.1 10.1.0.1:80" } },
	  "lf--",
	  "a.yaml:12:5: error[E032]: backend 10.1.0.1:80 already has a different "
	  "source NAT, from service 'b' at b.yaml:11:5\n" },
	{ "a backend given up is free for another source",
	  { { "a tcp 10.0.0.1:80 snat=10.9.0.2 10.1.0.1:80", NULL },
	    { "b tcp 10.0.0.1:81 snat=10.9.0.1 10.1.0.2:80",
	      "b tcp 10.0.0.1:81 snat=10.9.0.1 10.1.0.1:80 10.1.0.2:80" } },
	  "ff--",
	  "" },
};

struct outcome {
	char chosen[FILES + 1];
	char diags[2048];
	struct ezlb_desired desired;
};

static void note_chosen(struct outcome *out, const struct ezlb_candidate *candidates)
{
	for (int i = 0; i < FILES; i++) {
		const struct ezlb_candidate *c = &candidates[i];

		out->chosen[i] = !c->chosen ? '-' : c->chosen == c->fresh ? 'f' : 'l';
		assert_true(!c->chosen || c->chosen == c->fresh || c->chosen == c->last);
	}
}

static void check_desired(const struct ezlb_desired *desired,
			  const struct ezlb_candidate *candidates)
{
	size_t n = 0;

	for (int i = 0; i < FILES; i++)
		for (size_t k = 0; candidates[i].chosen && k < desired->len; k++)
			n += desired->items[k] == candidates[i].chosen;
	assert_int_equal(n, desired->len); /* the chosen ones, each once, and no other */
	for (int i = 0; i < FILES; i++)
		n -= candidates[i].chosen != NULL;
	assert_int_equal(n, 0);
	for (size_t i = 1; i < desired->len; i++) {
		const struct ezlb_spec *a = desired->items[i - 1], *b = desired->items[i];

		const struct ezlb_service_key x = ezlb_spec_key(a), y = ezlb_spec_key(b);

		assert_true(ezlb_service_key_cmp(&x, &y) < 0);
	}
}

/* Where the SNAT layer is by listener, there is no E032: every fresh version is taken then. */
static const char *want_of(size_t n, enum ezlb_snat_key_kind snat_key, const char **diags)
{
	bool moot = snat_key == EZLB_SNAT_KEY_LISTENER && strstr(cases[n].diags, "E032");
	static char all[FILES + 1];

	*diags = moot ? "" : cases[n].diags;
	for (int i = 0; i < FILES; i++)
		all[i] = cases[n].files[i].fresh ? 'f' : '-';
	return moot ? all : cases[n].want;
}

static void run_case(size_t n, enum ezlb_snat_key_kind snat_key)
{
	const char *diags_want, *want = want_of(n, snat_key, &diags_want);
	struct ezlb_candidate candidates[FILES] = { 0 };
	struct ezlb_spec *specs[FILES][2];
	struct ezlb_desired desired = { 0 };
	struct ezlb_diags diags = { 0 };
	struct outcome out = { .chosen = "" };

	for (int i = 0; i < FILES; i++) {
		const char file[] = { (char)('a' + i), '.', 'y', 'a', 'm', 'l', '\0' };

		candidates[i].fresh = specs[i][0] = spec_of(file, cases[n].files[i].fresh);
		candidates[i].last = specs[i][1] = spec_of(file, cases[n].files[i].last);
	}
	ezlb_desired_merge(candidates, FILES, snat_key, &desired, &diags);
	note_chosen(&out, candidates);
	for (size_t i = 0; i < diags.len; i++) {
		EZLB_AUTO_FREE char *line = ezlb_diag_line(&diags.items[i]);

		strcat(strcat(out.diags, line), "\n");
	}
	if (strcmp(out.chosen, want) != 0 || strcmp(out.diags, diags_want) != 0)
		fail_msg("%s: %s\n%s", cases[n].name, out.chosen, out.diags);
	check_desired(&desired, candidates);
	EZLB_VEC_CLEAR(&desired);
	ezlb_diags_clear(&diags);
	for (int i = 0; i < FILES; i++)
		for (int k = 0; k < 2; k++)
			ezlb_spec_free(specs[i][k]);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		run_case(i, EZLB_SNAT_KEY_BACKEND);
}

static void test_rows_for_listeners(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		run_case(i, EZLB_SNAT_KEY_LISTENER);
}

/* Rules for backends cannot tell the connections of a mark from others. */
static void test_a_mark_and_full_nat_need_nftables(void **state)
{
	static const char *const texts[] = { "a tcp 10.0.0.1:80 +mark/7 snat=masq 10.1.0.1:80",
					     "a tcp 10.0.0.1:80 +mark/7 10.1.0.1:80" };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct ezlb_spec *spec = spec_of("a.yaml", texts[i / 2]);
		struct ezlb_candidate candidate = { spec, spec, NULL };
		struct ezlb_desired desired = { 0 };
		struct ezlb_diags diags = { 0 };
		bool works = i > 0;

		ezlb_desired_merge(&candidate, 1, (enum ezlb_snat_key_kind)(i % 2), &desired,
				   &diags);
		assert_int_equal(desired.len, works);
		assert_ptr_equal(candidate.chosen, works ? spec : NULL);
		assert_int_equal(diags.len, !works);
		if (!works) {
			EZLB_AUTO_FREE char *line = ezlb_diag_line(&diags.items[0]);

			assert_string_equal(
				line,
				"a.yaml:2:10: error[E033]: full_nat for fwmark 7 needs --snat-backend "
				"nftables: rules of iptables cannot tell its connections from others");
		}
		EZLB_VEC_CLEAR(&desired);
		ezlb_diags_clear(&diags);
		ezlb_spec_free(spec);
	}
}

static const struct {
	const char *fresh, *last, *help;
} helps[] = {
	{ "a tcp 10.0.0.1:81", NULL,
	  "use another address or port, or write all backends of the listener into one file" },
	{ "b tcp 10.0.0.1:82", NULL, "write another name:, or rename the file" },
	{ "a tcp 10.0.0.1:81", "a tcp 10.0.0.1:80",
	  "the last good version of this file stays applied" },
	{ "a tcp 10.0.0.1:80 snat=masq 10.1.0.1:80", "a tcp 10.0.0.1:80",
	  "give both services the same snat_ip, or this one another backend port, or run ezlb with "
	  "--snat-backend nftables" },
};

static void test_help_names_what_to_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(helps); i++) {
		struct ezlb_spec *fresh = spec_of("a.yaml", helps[i].fresh);
		struct ezlb_spec *last = spec_of("a.yaml", helps[i].last);
		struct ezlb_spec *other = spec_of("b.yaml",
						  "b tcp 10.0.0.1:81 snat=10.9.0.1 10.1.0.1:80");
		struct ezlb_candidate candidates[] = { { fresh, last, NULL },
						       { other, other, NULL } };
		struct ezlb_desired desired = { 0 };
		struct ezlb_diags diags = { 0 };

		ezlb_desired_merge(candidates, 2, false, &desired, &diags);
		assert_int_equal(diags.len, 1);
		assert_string_equal(diags.items[0].help, helps[i].help);
		EZLB_VEC_CLEAR(&desired);
		ezlb_diags_clear(&diags);
		ezlb_spec_free(fresh);
		ezlb_spec_free(last);
		ezlb_spec_free(other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_rows_for_listeners),
		cmocka_unit_test(test_a_mark_and_full_nat_need_nftables),
		cmocka_unit_test(test_help_names_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
