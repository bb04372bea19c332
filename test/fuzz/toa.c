// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of rtnetlink about interfaces, qdiscs, filters and routes, one by one and as events. The
 * same bytes are also an entry of the map of services, and a list of CPUs.
 */
#include "kernel.h"

#include "pkg/toa/cpus.h"
#include "pkg/toa/rows.h"
#include "pkg/toa/world.h"

static void check_message(const struct nlmsghdr *msg)
{
	struct ezlb_addr addr = { .family = AF_INET };
	struct tc_link link;
	struct tc_qdisc qdisc;
	struct tc_filter filter;
	struct route_paths paths;
	struct route_prefix prefix;

	if (tc_read_link(msg, &link) == 1)
		FUZZ_CHECK(memchr(link.name, 0, sizeof(link.name)));
	tc_read_qdisc(msg, &qdisc);
	if (tc_read_filter(msg, &filter) == 1 && filter.ours) {
		EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

		FUZZ_CHECK(filter.bpf);
		tc_put_detach(&buf, &filter);
		world_is_hook(&filter);
	}
	if (toa_route_read(msg, &paths) == 0)
		FUZZ_CHECK(paths.len <= ROUTE_PATHS);
	if (toa_route_read_prefix(msg, &prefix) == 0) {
		FUZZ_CHECK(prefix.len <= 128);
		toa_route_prefix_has(&prefix, &addr);
	}
}

/* What is taken for a row is written as the same entry. */
static void check_map(const uint8_t *data, size_t size)
{
	struct ezlb_toa_service_key key, again;
	struct ezlb_toa_service value;
	struct ezlb_toa_row row;

	if (size < sizeof(key) + sizeof(value))
		return;
	memcpy(&key, data, sizeof(key));
	memcpy(&value, data + sizeof(key), sizeof(value));
	if (ezlb_toa_is_odd(&key, &value))
		return;
	ezlb_toa_row_decode(&key, &value, &row);
	FUZZ_CHECK(row.mode == EZLB_TOA_STRIP || row.mode == EZLB_TOA_ADD);
	ezlb_toa_key_encode(&row.service, &again);
	FUZZ_CHECK(memcmp(&key, &again, sizeof(key)) == 0);
}

static void check_cpus(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	FUZZ_CHECK(ezlb_toa_cpus_count(text) >= 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tc_link links[] = { { 1, "lo", 1 },
						{ 2, "eth0", 1 },
						{ 7, "eth1", 1 } };
	struct ezlb_addr backend = { .family = AF_INET, .bytes = { 10, 1, 0, 1 } };
	struct ezlb_addrs addrs = { .items = &backend, .len = 1, .cap = 1 };
	struct fuzz_rest rest = { data, size };
	struct ezlb_hooks hooks = { 0 };
	struct ezlb_routes routes = { 0 };
	struct world world = { 0 };
	struct nlmsghdr *msg;

	check_map(data, size);
	check_cpus(data, size);
	world_set_links(&world, links, 3);
	world_towards(&world, &addrs);
	while ((msg = fuzz_message(&rest))) {
		check_message(msg);
		world_on_event(&world, msg);
		free(msg);
	}
	world_list_hooks(&world, 1, &hooks);
	world_list_routes(&world, &routes);
	EZLB_VEC_CLEAR(&hooks);
	EZLB_VEC_CLEAR(&routes);
	world_clear(&world);
	return 0;
}
