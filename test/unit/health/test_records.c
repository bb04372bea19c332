// SPDX-License-Identifier: GPL-2.0-or-later
/* The records about probes as bytes: each comes back as it was, and nothing else comes back at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include <ezlb/mem.h>

#include "records.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct ezlb_request *a_request(void)
{
	struct ezlb_request *request = ezlb_request_new();

	request->path = ezlb_strdup("/healthz?a=b");
	request->method = ezlb_strdup("POST");
	request->server_name = ezlb_strdup("");
	request->body = ezlb_strdup("up: y\xc3\xa4s");
	*EZLB_PUSH(&request->statuses) = (struct ezlb_code_range){ 200, 299 };
	*EZLB_PUSH(&request->statuses) = (struct ezlb_code_range){ 404, 404 };
	*EZLB_PUSH(&request->headers) = ezlb_strdup("X-One: 1");
	*EZLB_PUSH(&request->headers) = ezlb_strdup("X-Two:");
	request->verify = true;
	return request;
}

static struct ezlb_buffer a_check(void)
{
	struct ezlb_check_record record = {
		.id = 7, .type = EZLB_CHECK_HTTPS, .has_ca = true, .request = a_request()
	};
	struct ezlb_buffer bytes = { 0 };

	ezlb_check_record_put(&record, &bytes);
	ezlb_request_unref(record.request);
	return bytes;
}

/* In memory of exactly this length, so that a sanitizer sees a read behind its end. */
static int get_check(const struct ezlb_buffer *bytes, size_t len, struct ezlb_check_record *out)
{
	unsigned char *copy = ezlb_calloc(len + 1, 1);
	unsigned char *exact = ezlb_realloc(copy, len ? len : 1, 1);
	int rc;

	if (len > 0)
		memcpy(exact, bytes->items, len);
	rc = ezlb_check_record_get(exact, len, out);
	free(exact);
	return rc;
}

static void test_check(void **state)
{
	struct ezlb_buffer bytes = a_check();
	struct ezlb_request *want = a_request();
	struct ezlb_check_record got;

	(void)state;
	assert_int_equal(get_check(&bytes, bytes.len, &got), 0);
	assert_int_equal(got.id, 7);
	assert_int_equal(got.type, EZLB_CHECK_HTTPS);
	assert_true(got.has_ca);
	assert_null(got.request->host);
	assert_true(ezlb_request_same(got.request, want));
	ezlb_request_unref(got.request);
	ezlb_request_unref(want);
	EZLB_VEC_CLEAR(&bytes);
}

static void test_check_cut_short(void **state)
{
	struct ezlb_buffer bytes = a_check();
	struct ezlb_check_record got;

	(void)state;
	for (size_t len = 0; len < bytes.len; len++) {
		assert_int_equal(get_check(&bytes, len, &got), -EBADMSG);
		assert_null(got.request);
	}
	*EZLB_PUSH(&bytes) = 0;
	assert_int_equal(get_check(&bytes, bytes.len, &got), -EBADMSG);
	EZLB_VEC_CLEAR(&bytes);
}

/* Whatever a byte is, there is no crash and no leak; and what comes back is written the same way.
 */
static void test_check_with_a_wrong_byte(void **state)
{
	struct ezlb_buffer bytes = a_check(), again = { 0 };
	struct ezlb_check_record got;

	(void)state;
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char was = bytes.items[i];

		for (int value = 0; value < 256; value++) {
			bytes.items[i] = (unsigned char)value;
			if (get_check(&bytes, bytes.len, &got) < 0)
				continue;
			ezlb_check_record_put(&got, &again);
			assert_int_equal(again.len, bytes.len);
			assert_memory_equal(again.items, bytes.items, bytes.len);
			ezlb_request_unref(got.request);
		}
		bytes.items[i] = was;
	}
	EZLB_VEC_CLEAR(&bytes);
	EZLB_VEC_CLEAR(&again);
}

/* The places in the bytes of a_check(). */
#define AT_TYPE	  4
#define AT_HAS_CA 5
#define AT_VERIFY 6
#define AT_METHOD 7 /* its length; the text is behind */

static void test_check_refused(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		unsigned char value;
	} cases[] = {
		{ "type none", AT_TYPE, EZLB_CHECK_NONE },
		{ "type tcp", AT_TYPE, EZLB_CHECK_TCP },
		{ "type dns", AT_TYPE, EZLB_CHECK_DNS },
		{ "no type", AT_TYPE, EZLB_CHECK_TYPES },
		{ "CAs without https", AT_TYPE, EZLB_CHECK_HTTP },
		{ "no CAs to verify with", AT_HAS_CA, 0 },
		{ "CAs for nothing", AT_VERIFY, 0 },
		{ "no boolean", AT_VERIFY, 2 },
		{ "a NUL in a text", AT_METHOD + 4, 0 },
		{ "a text of 4 GB", AT_METHOD + 3, 0x7f },
	};
	struct ezlb_buffer bytes = a_check();
	struct ezlb_check_record got;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned char was = bytes.items[cases[i].at];

		bytes.items[cases[i].at] = cases[i].value;
		if (get_check(&bytes, bytes.len, &got) != -EBADMSG)
			fail_msg("%s", cases[i].name);
		bytes.items[cases[i].at] = was;
	}
	EZLB_VEC_CLEAR(&bytes);
}

static struct ezlb_endpoint endpoint(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static void test_probe(void **state)
{
	static const char *const targets[] = { "10.1.2.3:80", "[2001:db8::1]:65535" };
	static const char *const sources[] = { "0.0.0.0:1", "[2001:db8::2]:1" };
	struct ezlb_buffer bytes = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(targets); i++) {
		struct ezlb_probe_record record = { .id = UINT32_MAX,
						    .check = 3,
						    .timeout_ms = 300000,
						    .target = endpoint(targets[i]) };
		struct ezlb_probe_record got;

		if (i > 0)
			record.source = endpoint(sources[i]).addr;
		ezlb_probe_record_put(&record, &bytes);
		assert_int_equal(ezlb_probe_record_get(bytes.items, bytes.len, &got), 0);
		assert_int_equal(got.id, UINT32_MAX);
		assert_int_equal(got.check, 3);
		assert_int_equal(got.timeout_ms, 300000);
		assert_int_equal(ezlb_endpoint_cmp(&got.target, &record.target), 0);
		assert_int_equal(ezlb_addr_cmp(&got.source, &record.source), 0);
		for (size_t len = 0; len < bytes.len; len++)
			assert_int_equal(ezlb_probe_record_get(bytes.items, len, &got), -EBADMSG);
		*EZLB_PUSH(&bytes) = 0;
		assert_int_equal(ezlb_probe_record_get(bytes.items, bytes.len, &got), -EBADMSG);
	}
	EZLB_VEC_CLEAR(&bytes);
}

static void test_probe_families(void **state)
{
	struct ezlb_probe_record record = { .id = 1, .target = endpoint("10.1.2.3:80") }, got;
	struct ezlb_buffer bytes = { 0 };

	(void)state;
	record.target.addr.family = 0;
	ezlb_probe_record_put(&record, &bytes);
	assert_int_equal(ezlb_probe_record_get(bytes.items, bytes.len, &got), -EBADMSG);
	record.target.addr.family = AF_UNIX;
	ezlb_probe_record_put(&record, &bytes);
	assert_int_equal(ezlb_probe_record_get(bytes.items, bytes.len, &got), -EBADMSG);
	record.target.addr.family = AF_INET;
	record.source.family = AF_PACKET;
	ezlb_probe_record_put(&record, &bytes);
	assert_int_equal(ezlb_probe_record_get(bytes.items, bytes.len, &got), -EBADMSG);
	EZLB_VEC_CLEAR(&bytes);
}

/* What a worker may say of a backend, and what it may not. */
static void test_result(void **state)
{
	static const struct {
		const char *name;
		enum ezlb_outcome outcome;
		int code;
		int want;
	} cases[] = {
		{ "well", EZLB_PROBE_OK, 0, 0 },
		{ "well, with a code", EZLB_PROBE_OK, 1, -EBADMSG },
		{ "a status", EZLB_PROBE_HTTP_STATUS, 999, 0 },
		{ "no status", EZLB_PROBE_HTTP_STATUS, 1000, -EBADMSG },
		{ "a negative status", EZLB_PROBE_HTTP_STATUS, -1, -EBADMSG },
		{ "of a firewall", EZLB_PROBE_PERMISSION, 0, 0 },
		{ "a certificate", EZLB_PROBE_TLS_CERTIFICATE, 0, 0 },
		{ "of udp", EZLB_PROBE_UDP_ANSWER, 0, -EBADMSG },
		{ "of dns", EZLB_PROBE_DNS_RCODE, 2, -EBADMSG },
		{ "an errno", EZLB_PROBE_LOCAL_ERROR, EMFILE, 0 },
		{ "no errno", EZLB_PROBE_LOCAL_ERROR, 0, -EBADMSG },
		{ "a large errno", EZLB_PROBE_LOCAL_ERROR, 4096, -EBADMSG },
		{ "no outcome", EZLB_OUTCOMES, 0, -EBADMSG },
		{ "an outcome of 127", (enum ezlb_outcome)127, 0, -EBADMSG },
	};
	struct ezlb_buffer bytes = { 0 };
	struct ezlb_result_record got;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ezlb_result_record record = { 5, { cases[i].outcome, cases[i].code } };

		ezlb_result_record_put(&record, &bytes);
		if (ezlb_result_record_get(bytes.items, bytes.len, &got) != cases[i].want)
			fail_msg("%s", cases[i].name);
		if (cases[i].want < 0)
			continue;
		assert_int_equal(got.id, 5);
		assert_int_equal(got.result.outcome, cases[i].outcome);
		assert_int_equal(got.result.code, cases[i].code);
		for (size_t len = 0; len < bytes.len; len++)
			assert_int_equal(ezlb_result_record_get(bytes.items, len, &got), -EBADMSG);
	}
	EZLB_VEC_CLEAR(&bytes);
}

static void test_id(void **state)
{
	struct ezlb_buffer bytes = { 0 };
	uint32_t id = 0;

	(void)state;
	ezlb_id_record_put(0x12345678, &bytes);
	assert_int_equal(ezlb_id_record_get(bytes.items, bytes.len, &id), 0);
	assert_int_equal(id, 0x12345678);
	assert_int_equal(ezlb_id_record_get(bytes.items, 3, &id), -EBADMSG);
	assert_int_equal(ezlb_id_record_get(NULL, 0, &id), -EBADMSG);
	*EZLB_PUSH(&bytes) = 0;
	assert_int_equal(ezlb_id_record_get(bytes.items, bytes.len, &id), -EBADMSG);
	EZLB_VEC_CLEAR(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_cut_short),
		cmocka_unit_test(test_check_with_a_wrong_byte),
		cmocka_unit_test(test_check_refused),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_probe_families),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
