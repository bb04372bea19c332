// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses, endpoints, ranges and keys of services: what is read is written as itself. */
#include "fuzz.h"

#include <arpa/inet.h>

#include <ezlb/table.h>

static void check_addr(const char *text)
{
	char buf[EZLB_ADDR_STRLEN];
	struct ezlb_err err = { 0 };
	struct ezlb_addr addr, again;
	unsigned char theirs[16] = { 0 };
	bool known = inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, theirs) == 1;

	if (ezlb_addr_parse(text, &addr, &err) < 0) {
		FUZZ_CHECK(err.code != 0 && err.msg[0]);
		FUZZ_CHECK(!known);
		return;
	}
	FUZZ_CHECK(known && memcmp(theirs, addr.bytes, sizeof(theirs)) == 0);
	FUZZ_CHECK(ezlb_addr_parse(ezlb_addr_format(&addr, buf), &again, NULL) == 0);
	FUZZ_CHECK(ezlb_addr_cmp(&addr, &again) == 0);
	ezlb_addr_is_any(&addr);
	ezlb_addr_is_multicast(&addr);
}

static void check_endpoint(const char *text)
{
	char buf[EZLB_ENDPOINT_STRLEN];
	struct ezlb_endpoint endpoint, again;

	if (ezlb_endpoint_parse(text, &endpoint, NULL) < 0)
		return;
	FUZZ_CHECK(endpoint.port > 0 && endpoint.addr.family != 0);
	FUZZ_CHECK(ezlb_endpoint_parse(ezlb_endpoint_format(&endpoint, buf), &again, NULL) == 0);
	FUZZ_CHECK(ezlb_endpoint_cmp(&endpoint, &again) == 0);
}

static void check_range(const char *text)
{
	char buf[EZLB_RANGE_STRLEN];
	struct ezlb_addr_range range, again;

	if (ezlb_range_parse(text, &range, NULL) < 0)
		return;
	FUZZ_CHECK(range.first.family == range.last.family);
	FUZZ_CHECK(ezlb_addr_cmp(&range.first, &range.last) <= 0 && ezlb_range_size(&range) > 0);
	FUZZ_CHECK(ezlb_range_parse(ezlb_range_format(&range, buf), &again, NULL) == 0);
	FUZZ_CHECK(ezlb_range_cmp(&range, &again) == 0);
}

static void check_key(const char *text)
{
	char buf[EZLB_SERVICE_KEY_STRLEN];
	struct ezlb_service_key key, again;

	if (ezlb_service_key_parse(text, &key) < 0)
		return;
	FUZZ_CHECK(ezlb_service_key_parse(ezlb_service_key_format(&key, buf), &again) == 0);
	FUZZ_CHECK(ezlb_service_key_cmp(&key, &again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	check_addr(text);
	check_endpoint(text);
	check_range(text);
	check_key(text);
	free(text);
	return 0;
}
