// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What somebody asks for: the argument of `ezlb connections`, which also comes by HTTP, and a line
 * of a backend's log for `ezlb who`. What is understood is found again by what it is printed as.
 */
#include "fuzz.h"

#include <errno.h>

#include <ezlb/connections.h>
#include <ezlb/desired.h>

/* Two services; the second one has a range of ports, and a backend of IPv6. */
static void make_index(struct ezlb_connections_index *index)
{
	struct ezlb_connections_place place = { .proto = EZLB_TCP };

	ezlb_strcpy(EZLB_PUSH(&index->services)->name, EZLB_NAME_MAX + 1, "web");
	ezlb_strcpy(EZLB_PUSH(&index->services)->name, EZLB_NAME_MAX + 1, "dns-internal");
	FUZZ_CHECK(ezlb_endpoint_parse("10.0.0.1:80", &place.at, NULL) == 0);
	*EZLB_PUSH(&index->listeners) = place;
	place.service = 1;
	place.last_port = 90;
	*EZLB_PUSH(&index->ranges) = place;
	FUZZ_CHECK(ezlb_endpoint_parse("[fd00::1]:8080", &place.at, NULL) == 0);
	place.last_port = 0;
	*EZLB_PUSH(&index->backends) = place;
}

static void check_query(const struct ezlb_connections_index *index, const char *text)
{
	struct ezlb_connection_selects selects = { 0 };
	struct ezlb_connections_query query, again;
	char buf[EZLB_ENDPOINT_STRLEN];
	struct ezlb_err err = { 0 };
	int rc = ezlb_connections_query_parse(index, text, &query, &err);

	FUZZ_CHECK(rc == 0 || (rc == -ENOENT && err.msg[0]));
	if (rc < 0)
		return;
	FUZZ_CHECK(!query.service == (query.at.addr.family != 0));
	ezlb_connections_query_selects(index, &query, &selects);
	FUZZ_CHECK(selects.len > 0 && selects.len <= EZLB_CONNECTIONS_SELECTS_MAX);
	EZLB_VEC_CLEAR(&selects);
	if (query.service || query.at.port == 0)
		return;
	ezlb_endpoint_format(&query.at, buf);
	FUZZ_CHECK(ezlb_connections_query_parse(index, buf, &again, NULL) == 0);
	FUZZ_CHECK(ezlb_endpoint_cmp(&query.at, &again.at) == 0);
}

static void check_who(const char *line)
{
	struct ezlb_endpoint at, again;
	char buf[EZLB_ENDPOINT_STRLEN];
	struct ezlb_err err = { 0 };
	int rc = ezlb_who_parse(line, &at, &err);

	FUZZ_CHECK(rc == 0 || ((rc == -EINVAL || rc == -ENODATA) && err.msg[0]));
	if (rc < 0)
		return;
	ezlb_endpoint_format(&at, buf);
	FUZZ_CHECK(ezlb_who_parse(buf, &again, NULL) == 0 && ezlb_endpoint_cmp(&at, &again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ezlb_connections_index index = { .listeners = { 0 } };
	char *text = fuzz_string(data, size);
	enum ezlb_connections_sort sort;

	make_index(&index);
	check_query(&index, text);
	check_who(text);
	if (ezlb_connections_sort_parse(text, &sort) == 0)
		FUZZ_CHECK(strcmp(ezlb_connections_sort_str(sort), text) == 0);
	ezlb_connections_index_clear(&index);
	free(text);
	return 0;
}
