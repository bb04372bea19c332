// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "blocked.h"
#include "specs.h"

#define NAT   "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80 10.1.0.2:80"
#define NAT6  "six tcp [fd00::1]:80 snat=masq [fd00::11]:80"
#define PLAIN "web tcp 10.0.0.1:80 10.1.0.1:80"
#define DNS   "dns udp 10.0.0.1:53 10.1.0.1:53"

/* `where` is the key of its row, or the name of a setting. */
static void fill(struct ezlb_op *op, const char *where, bool listener)
{
	struct ezlb_service_key key = { 0 };

	if (op->kind == EZLB_OP_HOST_SET || op->kind == EZLB_OP_HOST_RESET) {
		assert_int_equal(ezlb_setting_parse(where, &op->setting), 0);
		return;
	}
	if (where)
		key = key_of(where);
	if (op->kind == EZLB_OP_GUARD_ADD) {
		op->guard.addr = key.listen.addr;
	} else if (op->kind == EZLB_OP_VIP_ADD || op->kind == EZLB_OP_VIP_DEL) {
		op->vip.addr = key.listen.addr;
	} else if (op->kind == EZLB_OP_SERVICE_ADD || op->kind == EZLB_OP_SERVICE_SET ||
		   op->kind == EZLB_OP_SERVICE_DEL) {
		op->service.key = key;
	} else if (op->kind >= EZLB_OP_DEST_ADD && op->kind <= EZLB_OP_DEST_DEL) {
		op->dest.service = key;
	} else if (op->kind == EZLB_OP_TOA_ADD) {
		op->toa.service = key;
	} else if (op->kind == EZLB_OP_ACCEPT_ADD || op->kind == EZLB_OP_ACCEPT_DEL) {
		op->accept.service = key;
	} else if (where) {
		op->snat.key = (struct ezlb_snat_key){ listener ? EZLB_SNAT_KEY_LISTENER
								: EZLB_SNAT_KEY_BACKEND,
						       key.proto, key.listen, key.fwmark };
	}
}

#define NOBODY 9

static const struct {
	const char *name;
	struct {
		enum ezlb_op_kind kind;
		const char *where;
		int rc;
	} ops[4];
	const char *spec;
	bool listener; /* the key of a SNAT row is one */
	int want;      /* the index of the op; NOBODY: none */
} rows[] = {
	{ "an empty plan", { { 0 } }, PLAIN, false, NOBODY },
	{ "what is done", { { EZLB_OP_SERVICE_ADD, "tcp 10.0.0.1:80", 0 } }, PLAIN, false, NOBODY },
	{ "its service", { { EZLB_OP_SERVICE_ADD, "tcp 10.0.0.1:80", -EIO } }, PLAIN, false, 0 },
	{ "of another port",
	  { { EZLB_OP_SERVICE_ADD, "tcp 10.0.0.1:81", -EIO } },
	  PLAIN,
	  false,
	  NOBODY },
	{ "of another protocol",
	  { { EZLB_OP_SERVICE_SET, "udp 10.0.0.1:80", -EIO } },
	  PLAIN,
	  false,
	  NOBODY },
	{ "its service is set", { { EZLB_OP_SERVICE_SET, "tcp 10.0.0.1:80", -EIO } }, PLAIN, 0, 0 },
	{ "a dest waits", { { EZLB_OP_DEST_ADD, "tcp 10.0.0.1:80", EZLB_HELD } }, PLAIN, 0, 0 },
	{ "a dest is not tried",
	  { { EZLB_OP_DEST_SET, "tcp 10.0.0.1:80", EZLB_PENDING } },
	  PLAIN,
	  false,
	  0 },
	{ "a dest stays", { { EZLB_OP_DEST_DEL, "tcp 10.0.0.1:80", -EIO } }, PLAIN, false, 0 },
	{ "its address is not guarded",
	  { { EZLB_OP_GUARD_ADD, "tcp 10.0.0.1:80", -EIO } },
	  PLAIN,
	  false,
	  NOBODY },
	{ "an accept", { { EZLB_OP_ACCEPT_ADD, "tcp 10.0.0.1:80", -EIO } }, PLAIN, false, 0 },
	{ "a failure tells more than what waits for it",
	  { { EZLB_OP_SERVICE_SET, "tcp 10.0.0.1:80", EZLB_HELD },
	    { EZLB_OP_DEST_ADD, "tcp 10.0.0.1:80", EZLB_HELD },
	    { EZLB_OP_DEST_SET, "tcp 10.0.0.1:80", -EIO },
	    { EZLB_OP_SERVICE_ADD, "tcp 10.0.0.2:80", -EIO } },
	  PLAIN,
	  false,
	  2 },
	{ "wherever it is among them",
	  { { EZLB_OP_SERVICE_SET, "tcp 10.0.0.1:80", -EIO },
	    { EZLB_OP_DEST_ADD, "tcp 10.0.0.1:80", EZLB_HELD },
	    { EZLB_OP_DEST_SET, "tcp 10.0.0.1:80", EZLB_HELD },
	    { EZLB_OP_SERVICE_ADD, "tcp 10.0.0.2:80", -EIO } },
	  PLAIN,
	  false,
	  0 },
	{ "among those of others",
	  { { EZLB_OP_SERVICE_ADD, "tcp 10.0.0.0:80", -EIO },
	    { EZLB_OP_SERVICE_ADD, "tcp 10.0.0.2:80", -EIO },
	    { EZLB_OP_DEST_ADD, "tcp 10.0.0.1:80", EZLB_HELD } },
	  PLAIN,
	  false,
	  2 },
	{ "the source NAT of a backend",
	  { { EZLB_OP_SNAT_ADD, "tcp 10.1.0.2:80", -EIO } },
	  NAT,
	  false,
	  0 },
	{ "it is set", { { EZLB_OP_SNAT_SET, "tcp 10.1.0.1:80", -EIO } }, NAT, false, 0 },
	{ "of another backend", { { EZLB_OP_SNAT_ADD, "tcp 10.1.0.3:80", -EIO } }, NAT, 0, NOBODY },
	{ "of a service that has none",
	  { { EZLB_OP_SNAT_ADD, "tcp 10.1.0.1:80", -EIO } },
	  PLAIN,
	  false,
	  NOBODY },
	{ "TOA blocks nobody",
	  { { EZLB_OP_TOA_SETUP, NULL, -EIO },
	    { EZLB_OP_TOA_ADD, "tcp 10.0.0.1:80", -EIO },
	    { EZLB_OP_HOOK_ADD, NULL, EZLB_HELD } },
	  NAT,
	  false,
	  NOBODY },
	{ "the source NAT of a listener",
	  { { EZLB_OP_SNAT_ADD, "tcp 10.0.0.1:80", -EIO } },
	  NAT,
	  true,
	  0 },
	{ "a listener that is a backend elsewhere",
	  { { EZLB_OP_SNAT_ADD, "tcp 10.1.0.1:80", -EIO } },
	  NAT,
	  true,
	  NOBODY },
	{ "its address", { { EZLB_OP_VIP_ADD, "udp 10.0.0.1:1", -EIO } }, DNS, false, 0 },
	{ "another address", { { EZLB_OP_VIP_ADD, "tcp 10.0.0.2:1", -EIO } }, PLAIN, 0, NOBODY },
	{ "the link of the addresses", { { EZLB_OP_LINK_ADD, NULL, -EIO } }, PLAIN, false, 0 },
	{ "the frame of the firewall", { { EZLB_OP_FIREWALL_SETUP, NULL, -EIO } }, PLAIN, 0, 0 },
	{ "the frame of source NAT", { { EZLB_OP_SNAT_SETUP, NULL, -EIO } }, NAT, false, 0 },
	{ "it is of no concern", { { EZLB_OP_SNAT_SETUP, NULL, -EIO } }, PLAIN, false, NOBODY },
	{ "a setting for source NAT",
	  { { EZLB_OP_HOST_SET, "net.ipv4.vs.conntrack", -EIO } },
	  NAT,
	  false,
	  0 },
	{ "without source NAT",
	  { { EZLB_OP_HOST_SET, "net.ipv4.vs.conntrack", -EIO } },
	  PLAIN,
	  false,
	  NOBODY },
	{ "both families want conntrack",
	  { { EZLB_OP_HOST_SET, "net.ipv4.vs.conntrack", -EIO } },
	  NAT6,
	  false,
	  0 },
	{ "forwarding of IPv4", { { EZLB_OP_HOST_SET, "net.ipv4.ip_forward", -EIO } }, NAT, 0, 0 },
	{ "it is nothing to IPv6",
	  { { EZLB_OP_HOST_SET, "net.ipv4.ip_forward", -EIO } },
	  NAT6,
	  false,
	  NOBODY },
	{ "the module of IPv4", { { EZLB_OP_HOST_SET, "module ip_tables", -EIO } }, NAT, 0, 0 },
	{ "the module of IPv6",
	  { { EZLB_OP_HOST_SET, "module ip6_tables", -EIO } },
	  NAT,
	  false,
	  NOBODY },
	{ "forwarding of IPv6",
	  { { EZLB_OP_HOST_SET, "net.ipv6.conf.all.forwarding", EZLB_HELD },
	    { EZLB_OP_HOST_SET, "net.ipv6.conf.eth0.accept_ra", -EIO } },
	  NAT6,
	  false,
	  1 },
	{ "it is nothing to IPv4",
	  { { EZLB_OP_HOST_SET, "net.ipv6.conf.all.forwarding", -EIO },
	    { EZLB_OP_HOST_SET, "net.ipv6.conf.eth0.accept_ra", -EIO } },
	  NAT,
	  false,
	  NOBODY },
	{ "a setting for UDP",
	  { { EZLB_OP_HOST_SET, "net.ipv4.vs.expire_nodest_conn", -EIO } },
	  DNS,
	  false,
	  0 },
	{ "it is nothing to TCP",
	  { { EZLB_OP_HOST_SET, "net.ipv4.vs.expire_nodest_conn", -EIO } },
	  NAT,
	  false,
	  NOBODY },
	{ "settings of ARP",
	  { { EZLB_OP_HOST_SET, "net.ipv4.conf.all.arp_ignore", EZLB_HELD },
	    { EZLB_OP_HOST_SET, "net.ipv4.conf.all.arp_announce", -EIO } },
	  PLAIN,
	  false,
	  1 },
	{ "they are nothing to IPv6",
	  { { EZLB_OP_HOST_SET, "net.ipv4.conf.all.arp_ignore", -EIO } },
	  NAT6,
	  false,
	  NOBODY },
	{ "the second listener",
	  { { EZLB_OP_SERVICE_ADD, "udp 10.0.0.2:53", -EIO } },
	  "web tcp 10.0.0.1:80 +udp/10.0.0.2:53 10.1.0.1:80",
	  false,
	  0 },
	{ "the address of the second listener",
	  { { EZLB_OP_VIP_ADD, "udp 10.0.0.2:53", -EIO } },
	  "web tcp 10.0.0.1:80 +udp/10.0.0.2:53 10.1.0.1:80",
	  false,
	  0 },
	{ "a failure of everybody's and one's own",
	  { { EZLB_OP_LINK_ADD, NULL, EZLB_HELD }, { EZLB_OP_DEST_ADD, "tcp 10.0.0.1:80", -EIO } },
	  PLAIN,
	  false,
	  1 },
};

static void test_who_is_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_spec *spec = spec_of("x.yaml", rows[i].spec);
		struct ezlb_plan plan = { 0 };
		const struct ezlb_op *found;
		struct blocked blocked;
		size_t k;

		for (k = 0; k < COUNT_OF(rows[i].ops); k++) {
			if (!rows[i].ops[k].where && rows[i].ops[k].rc == 0)
				continue;
			fill(ezlb_plan_add(&plan, rows[i].ops[k].kind), rows[i].ops[k].where,
			     rows[i].listener);
			plan.items[plan.len - 1].rc = rows[i].ops[k].rc;
		}
		blocked_find(&blocked, &plan);
		found = blocked_by(&blocked, spec);
		if ((found ? found - plan.items : NOBODY) != rows[i].want)
			fail_msg("%s: op %td, not %d", rows[i].name,
				 found ? found - plan.items : NOBODY, rows[i].want);
		blocked_clear(&blocked);
		ezlb_plan_clear(&plan);
		ezlb_spec_free(spec);
	}
}

/* Services work with other timeouts, too. */
static void test_timeouts_keep_nobody(void **state)
{
	struct ezlb_spec *spec = spec_of("x.yaml", NAT);
	struct ezlb_plan plan = { 0 };
	struct blocked blocked;

	(void)state;
	ezlb_plan_add(&plan, EZLB_OP_TIMEOUT_SET)->rc = -EPERM;
	blocked_find(&blocked, &plan);
	assert_null(blocked_by(&blocked, spec));
	blocked_clear(&blocked);
	ezlb_plan_clear(&plan);
	ezlb_spec_free(spec);
}

/* What is to be removed of others, and is not, is nobody's failure. */
static void test_left_overs_keep_nobody(void **state)
{
	static const enum ezlb_op_kind kinds[] = {
		EZLB_OP_SERVICE_DEL, EZLB_OP_SNAT_DEL,		EZLB_OP_SNAT_TEARDOWN,
		EZLB_OP_ACCEPT_DEL,  EZLB_OP_FIREWALL_TEARDOWN, EZLB_OP_VIP_DEL,
		EZLB_OP_LINK_DEL,    EZLB_OP_HOST_RESET,
	};
	struct ezlb_spec *spec = spec_of("x.yaml", NAT);

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(kinds); i++) {
		struct ezlb_plan plan = { 0 };
		struct blocked blocked;

		fill(ezlb_plan_add(&plan, kinds[i / 2]),
		     kinds[i / 2] == EZLB_OP_HOST_RESET ? "net.ipv4.vs.conntrack"
							: "tcp 10.0.0.1:80",
		     i % 2);
		plan.items[0].rc = -EIO;
		blocked_find(&blocked, &plan);
		assert_null(blocked_by(&blocked, spec));
		blocked_clear(&blocked);
		ezlb_plan_clear(&plan);
	}
	ezlb_spec_free(spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_kept),
		cmocka_unit_test(test_left_overs_keep_nobody),
		cmocka_unit_test(test_timeouts_keep_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
