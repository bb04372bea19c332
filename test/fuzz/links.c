// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links, addresses and routes, as rtnetlink lists them to the layer of the host, to the doctor, and
 * for the local routing table.
 */
#include "kernel.h"

#include "pkg/doctor/route.h"
#include "pkg/host/local.h"
#include "pkg/host/vip.h"

static void check_error(int rc, const struct ezlb_err *err)
{
	FUZZ_CHECK(rc <= 0 && (rc == 0 || (err->code == -rc && err->msg[0])));
}

static void check_vips(const struct ezlb_nl_source *source)
{
	struct vip vip = { .kind = "dummy", .nl = ezlb_nl_new(source) };
	struct ezlb_link_row rows[] = { { .device = "ezlb0" }, { .device = "ezlb1" } };
	const struct ezlb_links managed = { .items = rows, .len = 2, .cap = 2 };
	struct ezlb_table table = { 0 };
	struct ezlb_err err = { 0 };
	int rc = vip_list(&vip, &managed, &table, &err);

	check_error(rc, &err);
	FUZZ_CHECK(table.links.len <= 2);
	for (size_t i = 0; i < table.vips.len; i++)
		FUZZ_CHECK(table.vips.items[i].addr.family == AF_INET ||
			   table.vips.items[i].addr.family == AF_INET6);
	for (size_t i = 0; i < table.elsewhere.len; i++)
		FUZZ_CHECK(table.elsewhere.items[i].family == AF_INET ||
			   table.elsewhere.items[i].family == AF_INET6);
	ezlb_table_clear(&table);
	vip_close(&vip);
}

/* An address is added or removed: several answers, of which some are routes. */
static void check_change(const struct ezlb_nl_source *source, bool add)
{
	struct ezlb_vip_row row = { .device = "ezlb0", .addr.family = AF_INET6 };
	struct vip vip = { .kind = "dummy", .nl = ezlb_nl_new(source), .late = true };

	row.addr.bytes[0] = 0xfd;
	*EZLB_PUSH(&vip.known) = row;
	*EZLB_PUSH(&vip.known) = row;
	ezlb_strcpy(vip.known.items[1].device, EZLB_DEVICE_STRLEN, "ezlb1");
	FUZZ_CHECK((add ? vip_add(&vip, &row) : vip_del(&vip, &row)) <= 0);
	FUZZ_CHECK(vip_link_del(&vip, "ezlb1") <= 0);
	vip_close(&vip);
}

static void check_doctor(const struct ezlb_nl_source *source)
{
	const struct ezlb_addr to = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } };
	struct net_facts facts = { .route = NULL };
	struct route_fact fact;
	struct ezlb_err err = { 0 };
	struct route route;

	route_open(&route, source);
	check_error(route_read(&route, "/nonexistent", &facts, &err), &err);
	for (size_t i = 0; i < facts.links.len; i++)
		FUZZ_CHECK(memchr(facts.links.items[i].name, 0, EZLB_DEVICE_STRLEN));
	FUZZ_CHECK(route_lookup(&route, &to, NULL, &fact) <= 0);
	net_facts_clear(&facts);
	route_close(&route);
}

static void check_local(const struct ezlb_nl_source *source)
{
	struct ezlb_local local = { .known = false };
	struct ezlb_err err = { 0 };
	int rc = host_local_from(source, &local, &err);

	check_error(rc, &err);
	FUZZ_CHECK(local.known == (rc == 0));
	ezlb_local_clear(&local);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rest rest = { data, size };
	uint8_t way = fuzz_byte(&rest) % 5;
	struct fuzz_kernel kernel;
	struct ezlb_nl_source source = fuzz_kernel_open(&kernel, rest.at, rest.len);

	if (way == 0)
		check_vips(&source);
	else if (way == 1)
		check_doctor(&source);
	else if (way == 2)
		check_local(&source);
	else
		check_change(&source, way == 3);
	fuzz_kernel_close(&kernel);
	return 0;
}
