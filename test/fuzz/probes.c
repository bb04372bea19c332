// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What daemon and worker tell each other about probes: the first byte chooses the record, the rest
 * are its bytes. What is read is in its range, and, written again, has the same bytes.
 */
#include "fuzz.h"

#include <errno.h>
#include <sys/socket.h>

#include <ezlb/mem.h>

#include "pkg/health/records.h"

static void same(struct ezlb_buffer *written, const void *bytes, size_t len)
{
	FUZZ_CHECK(written->len == len && (len == 0 || memcmp(written->items, bytes, len) == 0));
	EZLB_VEC_CLEAR(written);
}

static void is_text(const char *text)
{
	FUZZ_CHECK(!text || strlen(text) <= EZLB_CHECK_RECORD_MAX);
}

static void check(const void *bytes, size_t len)
{
	struct ezlb_buffer written = { 0 };
	struct ezlb_check_record record;
	int rc = ezlb_check_record_get(bytes, len, &record);

	FUZZ_CHECK(rc == 0 || (rc == -EBADMSG && !record.request));
	if (rc < 0)
		return;
	FUZZ_CHECK(record.type == EZLB_CHECK_HTTP || record.type == EZLB_CHECK_HTTPS);
	FUZZ_CHECK(record.request->path);
	is_text(record.request->method);
	is_text(record.request->path);
	is_text(record.request->host);
	is_text(record.request->server_name);
	is_text(record.request->body);
	for (size_t i = 0; i < record.request->headers.len; i++)
		FUZZ_CHECK(record.request->headers.items[i]);
	ezlb_check_record_put(&record, &written);
	ezlb_request_unref(record.request);
	same(&written, bytes, len);
}

static bool is_family(uint8_t family)
{
	return family == AF_INET || family == AF_INET6;
}

static void probe(const void *bytes, size_t len)
{
	struct ezlb_buffer written = { 0 };
	struct ezlb_probe_record record;

	if (ezlb_probe_record_get(bytes, len, &record) < 0)
		return;
	FUZZ_CHECK(is_family(record.target.addr.family));
	FUZZ_CHECK(record.source.family == 0 || is_family(record.source.family));
	ezlb_probe_record_put(&record, &written);
	same(&written, bytes, len);
}

static void result(const void *bytes, size_t len)
{
	struct ezlb_buffer written = { 0 };
	struct ezlb_result_record record;

	if (ezlb_result_record_get(bytes, len, &record) < 0)
		return;
	FUZZ_CHECK(record.result.outcome < EZLB_OUTCOMES && record.result.code >= 0);
	FUZZ_CHECK(record.result.outcome != EZLB_PROBE_LOCAL_ERROR || record.result.code > 0);
	ezlb_result_record_put(&record, &written);
	same(&written, bytes, len);
}

static void id(const void *bytes, size_t len)
{
	struct ezlb_buffer written = { 0 };
	uint32_t number;

	if (ezlb_id_record_get(bytes, len, &number) < 0)
		return;
	ezlb_id_record_put(number, &written);
	same(&written, bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const reads[])(const void *bytes, size_t len) = { check, probe, result, id };
	struct fuzz_rest rest = { data, size };
	size_t which = fuzz_byte(&rest) % (sizeof(reads) / sizeof(reads[0]));
	void *bytes = fuzz_bytes(rest.at, rest.len);

	reads[which](bytes, rest.len);
	free(bytes);
	return 0;
}
