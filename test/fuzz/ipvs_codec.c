// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of the kernel about IPVS. A row that is read is written as itself. */
#include "kernel.h"

#include "pkg/ipvs/codec.h"

#define FAMILY 30

static void check_service(const struct ezlb_service_row *row)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	const struct ezlb_op op = { .kind = EZLB_OP_SERVICE_ADD, .service = *row };
	struct ezlb_service_row again;

	FUZZ_CHECK(row->key.listen.addr.family == AF_INET ||
		   row->key.listen.addr.family == AF_INET6);
	FUZZ_CHECK(memchr(row->scheduler, 0, sizeof(row->scheduler)));
	FUZZ_CHECK(memchr(row->engine, 0, sizeof(row->engine)));
	ezlb_ipvs_put_op(&buf, FAMILY, &op);
	FUZZ_CHECK(buf.len <= 256);
	FUZZ_CHECK(ezlb_ipvs_get_service(buf.items, buf.len, &again) == 0);
	FUZZ_CHECK(ezlb_service_key_cmp(&row->key, &again.key) == 0);
}

static void check_dest(const struct ezlb_dest_row *row)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	const struct ezlb_op op = { .kind = EZLB_OP_DEST_ADD, .dest = *row };

	FUZZ_CHECK(row->endpoint.addr.family == AF_INET || row->endpoint.addr.family == AF_INET6);
	FUZZ_CHECK(row->forward <= EZLB_TUNNEL);
	ezlb_ipvs_put_op(&buf, FAMILY, &op);
	FUZZ_CHECK(buf.len <= 256);
}

static void check_message(const struct nlmsghdr *msg, size_t len)
{
	const struct ezlb_service_key service = { .proto = EZLB_TCP,
						  .listen.addr.family = AF_INET,
						  .listen.port = 80 };
	struct ezlb_service_row service_row;
	struct ezlb_dest_row dest_row;
	struct ezlb_traffic_row traffic;
	struct ezlb_sync_row sync;
	uint32_t timeouts[EZLB_TIMEOUTS];

	if (ezlb_ipvs_get_service(msg, len, &service_row) == 0)
		check_service(&service_row);
	if (ezlb_ipvs_get_dest(msg, len, &service, &dest_row) == 0)
		check_dest(&dest_row);
	if (ezlb_ipvs_get_sync(msg, len, &sync) == 0)
		FUZZ_CHECK(memchr(sync.device, 0, sizeof(sync.device)));
	ezlb_ipvs_get_timeouts(msg, len, timeouts);
	ezlb_ipvs_has_tunnels(msg, len);
	if (ezlb_ipvs_get_service_traffic(msg, len, &traffic) == 0)
		FUZZ_CHECK(!traffic.of_dest);
	if (ezlb_ipvs_get_dest_traffic(msg, len, &service, &traffic) == 0)
		FUZZ_CHECK(traffic.of_dest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rest rest = { data, size };
	struct nlmsghdr *msg = fuzz_bytes(data, size);

	/* As it came, whatever its header says. */
	check_message(msg, size);
	free(msg);
	while ((msg = fuzz_message(&rest))) {
		check_message(msg, msg->nlmsg_len);
		free(msg);
	}
	return 0;
}
