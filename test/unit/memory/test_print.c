// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include "faulty.h"

static struct faulty *memory;
static struct ezlb_table *kernel;
static struct ezlb_dataplane dp;
static struct ezlb_scope scope;

static struct ezlb_endpoint ep(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static struct ezlb_service_key key(const char *listen)
{
	return (struct ezlb_service_key){ EZLB_TCP, ep(listen), 0 };
}

static void add_service(const char *listen)
{
	struct ezlb_service_row *row = EZLB_PUSH(&kernel->services);

	row->key = key(listen);
	strcpy(row->scheduler, "rr");
}

static void add_dest(const char *listen, const char *backend)
{
	*EZLB_PUSH(&kernel->dests) = (struct ezlb_dest_row){ .service = key(listen),
							     .endpoint = ep(backend),
							     .weight = 1 };
}

/* One of each kind. */
static void add_around(void)
{
	struct ezlb_vip_row *vip = EZLB_PUSH(&kernel->vips);

	*EZLB_PUSH(&kernel->accepts) = (struct ezlb_accept_row){ .service = key("10.0.0.1:80") };
	strcpy(EZLB_PUSH(&kernel->links)->device, "a0");
	strcpy(vip->device, "a0");
	vip->addr = ep("10.0.0.1:1").addr;
	*EZLB_PUSH(&kernel->elsewhere) = ep("10.0.0.2:1").addr;
	*EZLB_PUSH(&kernel->syncs) = (struct ezlb_sync_row){ EZLB_SYNC_MASTER, "eth1", 1, false };
}

static void add_toa(void)
{
	struct ezlb_addr to[] = { ep("10.1.0.1:1").addr, ep("10.1.0.2:1").addr };
	const struct ezlb_addrs towards = { to, COUNT_OF(to), COUNT_OF(to) };

	*EZLB_PUSH(&kernel->toas) = (struct ezlb_toa_row){ key("10.0.0.1:80"), EZLB_TOA_ADD, 254 };
	strcpy(EZLB_PUSH(&kernel->hooks)->device, "eth0");
	strcpy(EZLB_PUSH(faulty_clsacts(memory))->device, "eth0");
	kernel->toa_present = true;
	dp.layer[EZLB_LAYER_TOA]->towards(dp.layer[EZLB_LAYER_TOA], &towards);
}

static void route(const char *to, const char *device)
{
	struct ezlb_route_row *row = EZLB_PUSH(&kernel->routes);

	row->to = ep(to).addr;
	strcpy(row->device, device);
}

/*
 * Services 0 and 1 are in scope, 2 is not, and their dests are two each. Two more keys are in
 * scope, so that a row can change its key, stay there, and even keep its place in the order.
 */
static int setup(void **state)
{
	static const char *const listens[] = { "10.0.0.1:80", "[fd00:10::1]:80", "10.0.0.9:80" };

	(void)state;
	memory = faulty_new();
	kernel = faulty_table(memory);
	faulty_dataplane(memory, &dp);
	for (size_t i = 0; i < COUNT_OF(listens); i++) {
		add_service(listens[i]);
		add_dest(listens[i], "10.1.0.1:80");
		add_dest(listens[i], "10.1.0.2:80");
		if (i < 2)
			*EZLB_PUSH(&scope) = key(listens[i]);
	}
	*EZLB_PUSH(&kernel->snats) = (struct ezlb_snat_row){ .key.endpoint = ep("10.1.0.1:80") };
	*EZLB_PUSH(&kernel->snats) = (struct ezlb_snat_row){ .key.endpoint = ep("10.1.0.2:80") };
	assert_int_equal(ezlb_range_parse("10.0.0.3-10.0.0.4", &kernel->snats.items[1].to, NULL),
			 0);
	kernel->settings.len = EZLB_ARP_IGNORE - 1; /* the last two of them */
	add_around();
	add_toa();
	*EZLB_PUSH(&scope) = key("10.0.0.7:80");
	*EZLB_PUSH(&scope) = key("[fd00:10::1]:80");
	scope.items[scope.len - 1].proto = EZLB_UDP;
	EZLB_SORT(&scope, ezlb_service_key_cmp);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	faulty_free(memory);
	EZLB_VEC_CLEAR(&scope);
	return 0;
}

/* --- edits --------------------------------------------------------------------------------- */

#define SERVICE (&kernel->services.items[0])
#define SYNC	(&kernel->syncs.items[0])
#define DEST	(&kernel->dests.items[0])
#define SNAT	(&kernel->snats.items[1])
#define EDIT(name, statement)  \
	static void name(void) \
	{                      \
		statement;     \
	}

EDIT(service_gone, kernel->services.items[0] = kernel->services.items[--kernel->services.len])
EDIT(service_proto, kernel->services.items[1].key.proto = EZLB_UDP)
EDIT(service_mark, SERVICE->key.fwmark = 7)
EDIT(service_listen, SERVICE->key = key("10.0.0.7:80"))
EDIT(service_scheduler, strcpy(SERVICE->scheduler, "wrr"))
EDIT(service_flags, SERVICE->flags = 1)
EDIT(service_timeout, SERVICE->timeout = 1)
EDIT(service_netmask, SERVICE->netmask = 1)
EDIT(service_engine, strcpy(SERVICE->engine, "sip"))
EDIT(dest_gone, kernel->dests.items[0] = kernel->dests.items[--kernel->dests.len])
EDIT(dest_new, add_dest("10.0.0.1:80", "10.1.0.3:80"))
EDIT(dest_moved, kernel->dests.items[1].service = key("10.0.0.7:80"))
EDIT(dest_address, DEST->endpoint.addr.bytes[3] = 7)
EDIT(dest_family, DEST->endpoint.addr.family = 1)
EDIT(dest_port, DEST->endpoint.port = 7)
EDIT(dest_forward, DEST->forward = EZLB_TUNNEL)
EDIT(dest_weight, DEST->weight = 0)
EDIT(dest_upper, DEST->upper = 1)
EDIT(dest_lower, DEST->lower = 1)
EDIT(dest_tunnel, DEST->tunnel.type = EZLB_TUNNEL_GUE)
EDIT(dest_tunnel_port, DEST->tunnel.port = 6080)
EDIT(dest_checksum, DEST->tunnel.checksum = EZLB_TUNNEL_CSUM)
EDIT(snat_gone, kernel->snats.len--)
EDIT(snat_proto, SNAT->key.proto = EZLB_UDP)
EDIT(snat_mark, SNAT->key.fwmark = 7)
EDIT(snat_kind, SNAT->key.kind = EZLB_SNAT_KEY_LISTENER)
EDIT(snat_endpoint, SNAT->key.endpoint.port = 81)
EDIT(snat_first, SNAT->to.first.bytes[3] = 2)
EDIT(snat_last, SNAT->to.last.bytes[3] = 5)
EDIT(snat_family, SNAT->to.first.family = 1)
EDIT(frame_present, kernel->snat_present = true)
EDIT(frame_sound, kernel->snat_sound = true)
EDIT(sync_role, SYNC->role = EZLB_SYNC_BACKUP)
EDIT(sync_device, strcpy(SYNC->device, "eth2"))
EDIT(sync_id, SYNC->id = 2)
EDIT(sync_stale, SYNC->stale = true)
EDIT(timeout, kernel->timeouts.items[EZLB_TIMEOUT_UDP].seconds = 1)
EDIT(setting_value, kernel->settings.items[EZLB_IP_TABLES].value = 1)
EDIT(setting_other, kernel->settings.items[EZLB_VS_CONNTRACK].setting = EZLB_ARP_IGNORE)
EDIT(setting_device, strcpy(kernel->settings.items[EZLB_VS_CONNTRACK].device, "eth0"))
EDIT(mark_new, EZLB_PUSH(&kernel->marks)->last_port = 1)
EDIT(mark_ports, EZLB_PUSH(&kernel->marks)->first.port = 1)
EDIT(guard_new, EZLB_PUSH(&kernel->guards)->addr.family = 2)
EDIT(link_new, strcpy(EZLB_PUSH(&kernel->links)->device, "b0"))
EDIT(link_other, strcpy(kernel->links.items[0].device, "b0"))
EDIT(vip_gone, kernel->vips.len = 0)
EDIT(vip_address, kernel->vips.items[0].addr.bytes[3] = 9)
EDIT(vip_device, strcpy(kernel->vips.items[0].device, "b0"))
EDIT(elsewhere_other, kernel->elsewhere.items[0].bytes[3] = 9)
EDIT(accept_gone, kernel->accepts.len = 0)
EDIT(accept_gate, kernel->accepts.items[0].gate = EZLB_GATE_FORWARD)
EDIT(accept_service, kernel->accepts.items[0].service.listen.port = 81)
EDIT(accepts_present, kernel->accepts_present = true)
EDIT(accepts_sound, kernel->accepts_sound = true)
EDIT(gate_input, kernel->gates[EZLB_GATE_INPUT][0] = true)
EDIT(gate_forward, kernel->gates[EZLB_GATE_FORWARD][1] = true)
EDIT(setting_gone, kernel->settings.items[EZLB_VS_CONNTRACK].value = -1)

EDIT(toa_gone, kernel->toas.len = 0)
EDIT(toa_service, kernel->toas.items[0].service.listen.port = 81)
EDIT(toa_mode, kernel->toas.items[0].mode = EZLB_TOA_STRIP)
EDIT(toa_kind, kernel->toas.items[0].ipv6_kind = 253)
EDIT(hook_gone, kernel->hooks.len = 0)
EDIT(hook_other, strcpy(kernel->hooks.items[0].device, "eth9"))
EDIT(clsact_gone, faulty_clsacts(memory)->len = 0)
EDIT(clsact_elsewhere, strcpy(EZLB_PUSH(faulty_clsacts(memory))->device, "eth9"))
EDIT(route_other, route("10.1.0.1:1", "eth9"))
EDIT(route_gone, route("10.1.0.1:1", ""))
EDIT(route_elsewhere, route("10.1.0.9:1", "eth9"))
EDIT(toa_absent, kernel->toa_present = false)
EDIT(toa_sound, kernel->toa_sound = true)
EDIT(toa_problem, strcpy(kernel->toa_problem, "no"))

EDIT(foreign_service, strcpy(kernel->services.items[2].scheduler, "sh"))
EDIT(foreign_dest, kernel->dests.items[5].weight = 9)
EDIT(foreign_new, add_service("10.0.0.8:80"))
EDIT(full_nat, DEST->full_nat = true)
EDIT(connections, SNAT->connections = 7)

static void order(void)
{
	struct ezlb_service_row service = kernel->services.items[0];
	struct ezlb_dest_row dest = kernel->dests.items[0];
	struct ezlb_snat_row snat = kernel->snats.items[0];
	struct ezlb_setting_row setting = kernel->settings.items[0];

	kernel->services.items[0] = kernel->services.items[1];
	kernel->services.items[1] = service;
	kernel->dests.items[0] = kernel->dests.items[4];
	kernel->dests.items[4] = dest;
	kernel->snats.items[0] = kernel->snats.items[1];
	kernel->snats.items[1] = snat;
	kernel->settings.items[0] = kernel->settings.items[1];
	kernel->settings.items[1] = setting;
}

#define NONE EZLB_LAYERS
#define ROW(fn, layer)         \
	{                      \
#fn, fn, layer \
	}

static const struct {
	const char *name;
	void (*edit)(void);
	int changes; /* the one layer whose print is another afterwards */
} edits[] = {
	ROW(service_gone, EZLB_LAYER_IPVS),
	ROW(service_proto, EZLB_LAYER_IPVS),
	ROW(service_listen, EZLB_LAYER_IPVS),
	ROW(service_mark, EZLB_LAYER_IPVS),
	ROW(service_scheduler, EZLB_LAYER_IPVS),
	ROW(service_flags, EZLB_LAYER_IPVS),
	ROW(service_timeout, EZLB_LAYER_IPVS),
	ROW(service_netmask, EZLB_LAYER_IPVS),
	ROW(service_engine, EZLB_LAYER_IPVS),
	ROW(dest_gone, EZLB_LAYER_IPVS),
	ROW(dest_new, EZLB_LAYER_IPVS),
	ROW(dest_moved, EZLB_LAYER_IPVS),
	ROW(dest_address, EZLB_LAYER_IPVS),
	ROW(dest_family, EZLB_LAYER_IPVS),
	ROW(dest_port, EZLB_LAYER_IPVS),
	ROW(dest_forward, EZLB_LAYER_IPVS),
	ROW(dest_weight, EZLB_LAYER_IPVS),
	ROW(dest_upper, EZLB_LAYER_IPVS),
	ROW(dest_lower, EZLB_LAYER_IPVS),
	ROW(dest_tunnel, EZLB_LAYER_IPVS),
	ROW(dest_tunnel_port, EZLB_LAYER_IPVS),
	ROW(dest_checksum, EZLB_LAYER_IPVS),
	ROW(sync_role, EZLB_LAYER_IPVS),
	ROW(sync_device, EZLB_LAYER_IPVS),
	ROW(sync_id, EZLB_LAYER_IPVS),
	ROW(sync_stale, EZLB_LAYER_IPVS),
	ROW(timeout, EZLB_LAYER_IPVS),
	ROW(snat_gone, EZLB_LAYER_SNAT),
	ROW(snat_proto, EZLB_LAYER_SNAT),
	ROW(snat_kind, EZLB_LAYER_SNAT),
	ROW(snat_mark, EZLB_LAYER_SNAT),
	ROW(snat_endpoint, EZLB_LAYER_SNAT),
	ROW(snat_first, EZLB_LAYER_SNAT),
	ROW(snat_last, EZLB_LAYER_SNAT),
	ROW(snat_family, EZLB_LAYER_SNAT),
	ROW(frame_present, EZLB_LAYER_SNAT),
	ROW(frame_sound, EZLB_LAYER_SNAT),
	ROW(setting_value, EZLB_LAYER_HOST),
	ROW(setting_other, EZLB_LAYER_HOST),
	ROW(setting_gone, EZLB_LAYER_HOST),
	ROW(setting_device, EZLB_LAYER_HOST),
	ROW(mark_new, EZLB_LAYER_MARK),
	ROW(mark_ports, EZLB_LAYER_MARK),
	ROW(guard_new, EZLB_LAYER_MARK),
	ROW(link_new, EZLB_LAYER_HOST),
	ROW(link_other, EZLB_LAYER_HOST),
	ROW(vip_gone, EZLB_LAYER_HOST),
	ROW(vip_address, EZLB_LAYER_HOST),
	ROW(vip_device, EZLB_LAYER_HOST),
	ROW(elsewhere_other, EZLB_LAYER_HOST),
	ROW(accept_gone, EZLB_LAYER_FIREWALL),
	ROW(accept_gate, EZLB_LAYER_FIREWALL),
	ROW(accept_service, EZLB_LAYER_FIREWALL),
	ROW(accepts_present, EZLB_LAYER_FIREWALL),
	ROW(accepts_sound, EZLB_LAYER_FIREWALL),
	ROW(gate_input, EZLB_LAYER_FIREWALL),
	ROW(gate_forward, EZLB_LAYER_FIREWALL),
	ROW(toa_gone, EZLB_LAYER_TOA),
	ROW(toa_service, EZLB_LAYER_TOA),
	ROW(toa_mode, EZLB_LAYER_TOA),
	ROW(toa_kind, EZLB_LAYER_TOA),
	ROW(hook_gone, EZLB_LAYER_TOA),
	ROW(hook_other, EZLB_LAYER_TOA),
	ROW(clsact_gone, EZLB_LAYER_TOA),
	ROW(clsact_elsewhere, NONE),
	ROW(route_other, EZLB_LAYER_TOA),
	ROW(route_gone, EZLB_LAYER_TOA),
	ROW(route_elsewhere, NONE),
	ROW(toa_absent, EZLB_LAYER_TOA),
	ROW(toa_sound, EZLB_LAYER_TOA),
	ROW(toa_problem, EZLB_LAYER_TOA),
	ROW(foreign_service, NONE),
	ROW(foreign_dest, NONE),
	ROW(foreign_new, NONE),
	ROW(full_nat, NONE),
	ROW(connections, NONE),
	ROW(order, NONE),
};

/* --- tests --------------------------------------------------------------------------------- */

struct prints {
	uint64_t layer[EZLB_LAYERS];
};

static struct prints peek(void)
{
	struct prints out;

	for (int i = 0; i < EZLB_LAYERS; i++)
		assert_int_equal(dp.layer[i]->peek(dp.layer[i], &scope, &out.layer[i]), 0);
	return out;
}

static void test_edits(void **state)
{
	int wrong = 0;

	for (size_t i = 0; i < COUNT_OF(edits); i++) {
		struct prints before, after;

		setup(state);
		before = peek();
		edits[i].edit();
		after = peek();
		for (int k = 0; k < EZLB_LAYERS; k++) {
			if ((before.layer[k] != after.layer[k]) == (k == edits[i].changes))
				continue;
			print_error("%s: %s\n", edits[i].name,
				    ezlb_layer_kind_str((enum ezlb_layer_kind)k));
			wrong++;
		}
		teardown(state);
	}
	assert_int_equal(wrong, 0);
}

static void test_looking_is_not_writing(void **state)
{
	struct prints first;
	const struct ezlb_scope nothing = { .len = 0 };
	uint64_t empty;

	setup(state);
	first = peek();
	for (int i = 0; i < EZLB_LAYERS; i++)
		assert_int_equal(first.layer[i], peek().layer[i]);
	assert_int_equal(faulty_writes(memory), 0);
	assert_int_equal(
		dp.layer[EZLB_LAYER_IPVS]->peek(dp.layer[EZLB_LAYER_IPVS], &nothing, &empty), 0);
	assert_int_not_equal(empty, first.layer[EZLB_LAYER_IPVS]);
	teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_looking_is_not_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
