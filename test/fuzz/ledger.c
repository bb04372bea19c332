// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ledger, and the file that says that this balancer drains. An input without the first line of
 * a ledger gets that of one of this boot. What is read is written as itself.
 */
#include "tempdir.h"

#include <errno.h>

#include <ezlb/store.h>

#include "pkg/store/ledger_content.h"

static char head[512]; /* of a ledger of this boot */

/* Writes a ledger with one service, and keeps what is before that. */
static void learn_head(void)
{
	struct ezlb_ledger_content content = { .chain = false };
	struct ezlb_ledger ledger;
	char *end;
	int fd;

	FUZZ_CHECK(ezlb_ledger_open(&ledger, fuzz_top, NULL) == 0);
	FUZZ_CHECK(ezlb_service_key_parse("tcp 10.0.0.1:80", EZLB_PUSH(&content.services)) == 0);
	FUZZ_CHECK(ezlb_ledger_set(&ledger, &content, NULL) == 0);
	ezlb_ledger_close(&ledger);
	ezlb_ledger_content_clear(&content);
	fd = open(fuzz_at("ledger").s, O_RDONLY | O_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && read(fd, head, sizeof(head) - 1) > 0);
	close(fd);
	end = strstr(head, "service ");
	FUZZ_CHECK(end);
	*end = '\0';
	unlink(fuzz_at("ledger").s);
}

/* Writes the content again, and reads it. */
static void check_again(const struct ezlb_ledger_content *content)
{
	struct ezlb_ledger ledger;
	struct ezlb_err err = { 0 };

	unlink(fuzz_at("ledger").s);
	FUZZ_CHECK(ezlb_ledger_open(&ledger, fuzz_top, &err) == 0);
	FUZZ_CHECK(ezlb_ledger_set(&ledger, content, &err) == 0);
	ezlb_ledger_close(&ledger);
	if (ezlb_ledger_open(&ledger, fuzz_top, &err) < 0)
		fprintf(stderr, "%s\n", err.msg);
	FUZZ_CHECK(err.code == 0);
	FUZZ_CHECK(ledger_content_same(&ledger.content, content));
	ezlb_ledger_close(&ledger);
}

static void check_ledger(const uint8_t *data, size_t size)
{
	static const char first[] = "ezlb-ledger";
	struct ezlb_ledger_content content = { .chain = false };
	struct ezlb_ledger ledger;
	struct ezlb_err err = { 0 };
	int rc;

	if (size < sizeof(first) || memcmp(data, first, sizeof(first) - 1) != 0)
		fuzz_put("ledger", head, strlen(head));
	fuzz_put("ledger", data, size);
	rc = ezlb_ledger_open(&ledger, fuzz_top, &err);
	ezlb_ledger_content_copy(&content, &ledger.content);
	ezlb_ledger_close(&ledger);
	if (rc < 0) {
		const struct ezlb_ledger_content none = { .chain = false };

		FUZZ_CHECK(rc == -EBADMSG && err.msg[0]);
		FUZZ_CHECK(ledger_content_same(&content, &none));
	} else {
		check_again(&content);
	}
	ezlb_ledger_content_clear(&content);
	unlink(fuzz_at("ledger").s);
}

static void check_drained(const uint8_t *data, size_t size)
{
	struct ezlb_node_drain drain;
	struct ezlb_err err = { 0 };

	fuzz_put("drained", data, size);
	FUZZ_CHECK(ezlb_drained_read(fuzz_top, &drain, &err) == 0 || err.msg[0]);
	FUZZ_CHECK(drain.kind == EZLB_NODE_DRAINED && drain.since_ms > 0);
	unlink(fuzz_at("drained").s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_make_top();
	if (!head[0])
		learn_head();
	check_ledger(data, size);
	check_drained(data, size);
	return 0;
}
