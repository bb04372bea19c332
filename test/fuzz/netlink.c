// SPDX-License-Identifier: GPL-2.0-or-later
/* The conversation with the kernel: what it answers, and attributes. It always comes to an end. */
#include "kernel.h"

#define REQUESTS 3

static size_t seen;

static void check_attrs(const struct ezlb_nl_attrs *attrs, int depth)
{
	struct ezlb_nl_attrs nested;

	for (int i = 0; i < EZLB_NL_ATTRS; i++) {
		if (!attrs->at[i])
			continue;
		FUZZ_CHECK(strlen(ezlb_nl_attrs_str(attrs, i)) < UINT16_MAX);
		if (depth < 3 && ezlb_nl_attrs_nested(attrs->at[i], &nested) == 0)
			check_attrs(&nested, depth + 1);
	}
}

static int on_msg(void *arg, const struct nlmsghdr *msg)
{
	struct ezlb_nl_attrs attrs;

	(void)arg;
	seen++;
	FUZZ_CHECK(seen <= FUZZ_MESSAGES_MAX * 64 * 1024 / sizeof(*msg));
	if (ezlb_nl_attrs_read(msg, 4, &attrs) == 0)
		check_attrs(&attrs, 0);
	return 0;
}

static int on_part(void *arg, size_t i, const struct nlmsghdr *msg)
{
	FUZZ_CHECK(i < REQUESTS);
	return on_msg(arg, msg);
}

static bool on_answer(void *arg, size_t i, int code)
{
	(void)arg;
	FUZZ_CHECK(i < REQUESTS && code <= 0);
	return false;
}

static void put_requests(struct ezlb_nl_buf *buf, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ezlb_nl_msg_start(buf, 18, i + 1 == n ? NLM_F_ACK : 0);
		ezlb_nl_msg_end(buf);
	}
}

static int talk(struct ezlb_nl *nl, struct ezlb_nl_buf *buf, unsigned way)
{
	switch (way) {
	case 0:
		put_requests(buf, 1);
		return ezlb_nl_ask(nl, buf, on_msg, NULL);
	case 1:
		put_requests(buf, REQUESTS);
		return ezlb_nl_ask_many(nl, buf, on_part, NULL);
	case 2:
		put_requests(buf, REQUESTS);
		return ezlb_nl_tell(nl, buf, on_answer, NULL);
	default:
		put_requests(buf, REQUESTS);
		return ezlb_nl_ask_each(nl, buf, on_msg, on_answer, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned way = 0; way < 4; way++) {
		EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
		struct fuzz_kernel kernel;
		struct ezlb_nl_source source = fuzz_kernel_open(&kernel, data, size);
		struct ezlb_nl *nl = ezlb_nl_new(&source);
		struct ezlb_err err = { 0 };
		int rc;

		seen = 0;
		rc = talk(nl, &buf, way);
		FUZZ_CHECK(rc <= 0);
		FUZZ_CHECK(rc == 0 || (ezlb_nl_explain(&err, rc, "IPVS") == rc && err.msg[0]));
		ezlb_nl_free(nl);
		fuzz_kernel_close(&kernel);
	}
	return 0;
}
