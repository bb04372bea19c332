// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of guarded addresses, as the kernel lists it, and what is sent to change it. */
#include "kernel.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <ezlb/mem.h>
#include <ezlb/netfilter.h>

#include "pkg/snat/guard.h"

#define OPS_MAX 4

struct reading {
	struct ezlb_nl *nl;
	struct guard_actual actual;
};

static int read_now(void *arg)
{
	struct reading *reading = arg;

	return guard_read(reading->nl, &reading->actual);
}

static void check_rows(const struct ezlb_guards *rows)
{
	for (size_t i = 0; i < rows->len; i++) {
		uint8_t family = rows->items[i].addr.family;

		FUZZ_CHECK(family == AF_INET || family == AF_INET6);
		FUZZ_CHECK(i == 0 || ezlb_guard_row_cmp(&rows->items[i - 1], &rows->items[i]) < 0);
	}
}

static void check_read(const uint8_t *data, size_t size)
{
	struct fuzz_kernel kernel;
	struct ezlb_nl_source source = fuzz_kernel_open(&kernel, data, size);
	struct reading reading = { .nl = ezlb_nl_new(&source) };
	uint32_t gen;
	int rc = ezlb_nft_read(reading.nl, read_now, &reading, &gen);

	FUZZ_CHECK(rc <= 0);
	if (rc == 0) {
		const struct guard_actual *actual = &reading.actual;

		check_rows(&actual->rows);
		FUZZ_CHECK(actual->exists || (actual->rows.len == 0 && !actual->odd));
		FUZZ_CHECK(!actual->exists || actual->odd || actual->rows.len > 0);
	}
	guard_clear(&reading.actual);
	ezlb_nl_free(reading.nl);
	fuzz_kernel_close(&kernel);
}

/* What transactions have in them. */
struct sent {
	unsigned transactions, deletions, creations, elems;
};

/* Each request is about ezlb's table of guarded addresses. */
static void check_request(const struct nlmsghdr *msg, struct sent *sent)
{
	const struct nlattr *name = mnl_nlmsg_get_payload_offset(msg, sizeof(struct nfgenmsg));
	unsigned type = msg->nlmsg_type & 0xff;

	if (msg->nlmsg_type == NFNL_MSG_BATCH_BEGIN || msg->nlmsg_type == NFNL_MSG_BATCH_END) {
		sent->transactions += msg->nlmsg_type == NFNL_MSG_BATCH_BEGIN;
		return;
	}
	if (type == NFT_MSG_GETGEN)
		return;
	FUZZ_CHECK(mnl_attr_get_type(name) == NFTA_TABLE_NAME);
	FUZZ_CHECK(strcmp(mnl_attr_get_str(name), EZLB_GUARD_TABLE) == 0);
	sent->deletions += type == NFT_MSG_DELTABLE;
	sent->creations += type == NFT_MSG_NEWTABLE;
	sent->elems += type == NFT_MSG_NEWSETELEM;
}

static struct sent check_sent(const struct fuzz_kernel *kernel)
{
	static _Alignas(struct nlmsghdr) char bytes[1 << 17];
	struct sent sent = { 0 };
	ssize_t n;

	if (kernel->far < 0)
		return sent;
	while ((n = recv(kernel->far, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *msg = (const void *)bytes;
		int left = (int)n;

		for (; mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left))
			check_request(msg, &sent);
		FUZZ_CHECK(left == 0);
	}
	return sent;
}

static struct ezlb_op op_of(enum ezlb_op_kind kind, const char *addr)
{
	struct ezlb_op op = { .kind = kind, .rc = 1 };

	if (ezlb_addr_parse(addr, &op.guard.addr, NULL) < 0)
		abort();
	return op;
}

/* Returns what was sent. */
static struct sent apply(const uint8_t *data, size_t size, struct ezlb_op *items, size_t n)
{
	struct fuzz_kernel kernel;
	struct ezlb_nl_source source = fuzz_kernel_open(&kernel, data, size);
	struct ezlb_nl *nl = ezlb_nl_new(&source);
	struct ezlb_op *ops[OPS_MAX];
	struct sent sent;
	int rc;

	for (size_t i = 0; i < n; i++)
		ops[i] = &items[i];
	rc = guard_apply(nl, ops, n);
	FUZZ_CHECK(rc <= 0);
	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(ops[i]->rc == rc);
	sent = check_sent(&kernel);
	ezlb_nl_free(nl);
	fuzz_kernel_close(&kernel);
	return sent;
}

/* Addresses that come and one that goes: each transaction creates the table, with both sets. */
static void check_change(const uint8_t *data, size_t size)
{
	struct ezlb_op ops[] = {
		op_of(EZLB_OP_GUARD_ADD, "10.0.0.9"),
		op_of(EZLB_OP_GUARD_ADD, "fd00::9"),
		op_of(EZLB_OP_GUARD_DEL, "10.0.0.1"),
	};
	struct sent sent = apply(data, size, ops, sizeof(ops) / sizeof(ops[0]));

	FUZZ_CHECK(sent.creations == sent.transactions);
	FUZZ_CHECK(sent.elems == 2 * sent.transactions);
	FUZZ_CHECK(sent.deletions <= sent.transactions);
}

/* The addresses of the seeds go: a table that has no others is deleted. */
static void check_end(const uint8_t *data, size_t size)
{
	struct ezlb_op ops[] = {
		op_of(EZLB_OP_GUARD_DEL, "10.0.0.1"),
		op_of(EZLB_OP_GUARD_DEL, "10.0.0.2"),
		op_of(EZLB_OP_GUARD_DEL, "fd00::1"),
	};
	struct sent sent = apply(data, size, ops, sizeof(ops) / sizeof(ops[0]));

	FUZZ_CHECK(sent.deletions == sent.transactions);
	FUZZ_CHECK(sent.creations <= sent.transactions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_read(data, size);
	check_change(data, size);
	check_end(data, size);
	return 0;
}
