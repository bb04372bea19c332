// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of conntrack: lists of them, events, and which flows they belong to. */
#include "kernel.h"

#include "pkg/conntrack/delete.h"
#include "pkg/conntrack/entry.h"
#include "pkg/conntrack/events.h"
#include "pkg/conntrack/list.h"

static struct ezlb_endpoint endpoint(const char *text)
{
	struct ezlb_endpoint out;

	FUZZ_CHECK(ezlb_endpoint_parse(text, &out, NULL) == 0);
	return out;
}

static void check_connection(const struct ezlb_connection *c)
{
	uint8_t family = c->client.addr.family;

	FUZZ_CHECK(family == AF_INET || family == AF_INET6);
	FUZZ_CHECK(c->listen.addr.family == family && c->backend.addr.family == family);
	FUZZ_CHECK(c->source.addr.family == family && c->state && c->proto <= EZLB_SCTP);
	FUZZ_CHECK(ezlb_connection_cmp(c, c) == 0);
}

static void on_connection(void *arg, const struct ezlb_connection *c)
{
	(void)arg;
	check_connection(c);
}

static void check_message(const struct nlmsghdr *msg)
{
	struct ezlb_connection_select any[] = { { .has_proto = false } };
	const struct ezlb_connection_selects selects = { any, 1, 1 };
	struct ezlb_connection connection;
	struct ezlb_ct_entry entry;
	bool ended;

	if (ezlb_ct_read_connection(msg, &connection))
		check_connection(&connection);
	if (ezlb_ct_read(msg, &entry)) {
		EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

		FUZZ_CHECK(entry.id != 0);
		ezlb_ct_put_delete(&buf, &entry);
		FUZZ_CHECK(buf.len > 0);
	}
	if (ezlb_ct_events_read(msg, &selects, &connection, &ended))
		check_connection(&connection);
}

static void check_conversations(const uint8_t *data, size_t size)
{
	struct ezlb_flow items[] = {
		{ .proto = EZLB_UDP,
		  .listen = endpoint("10.0.0.1:53"),
		  .backend = endpoint("10.1.0.1:53") },
		{ .proto = EZLB_TCP, .listen = endpoint("10.0.0.1:80"), .untranslated = true },
	};
	struct ezlb_flows flows = { .items = items, .len = 2, .cap = 2 };
	struct ezlb_endpoint backend = endpoint("10.1.0.1:53");
	struct ezlb_ports_sources sources = { 0 };
	struct fuzz_kernel kernel;
	struct ezlb_nl_source source = fuzz_kernel_open(&kernel, data, size);
	size_t n[2], all = 0;

	ezlb_ct_list(&source, on_connection, NULL, NULL);
	fuzz_kernel_close(&kernel);
	source = fuzz_kernel_open(&kernel, data, size);
	ezlb_ct_count(&source, &flows, n, NULL);
	fuzz_kernel_close(&kernel);
	source = fuzz_kernel_open(&kernel, data, size);
	ezlb_ct_delete(&source, &flows, &all, NULL);
	fuzz_kernel_close(&kernel);
	source = fuzz_kernel_open(&kernel, data, size);
	ezlb_ct_sources(&source, EZLB_UDP, &backend, &sources, NULL);
	fuzz_kernel_close(&kernel);
	FUZZ_CHECK(all <= FUZZ_MESSAGES_MAX && sources.len <= 4096);
	EZLB_VEC_CLEAR(&sources);
}

static void on_event(void *arg, const struct ezlb_connection *c, bool ended)
{
	(void)arg;
	(void)ended;
	check_connection(c);
}

/* Connections that are looked up one by one, and messages about those that begin and end. */
static void check_some(const uint8_t *data, size_t size)
{
	struct ezlb_connection_answer items[] = {
		{ .proto = EZLB_TCP,
		  .backend = endpoint("10.1.0.1:80"),
		  .source = endpoint("10.0.0.3:1024") },
		{ .proto = EZLB_UDP,
		  .backend = endpoint("[fd00::1]:53"),
		  .source = endpoint("[fd00::3]:1024") },
	};
	const struct ezlb_connection_answers answers = { items, 2, 2 };
	struct ezlb_connection_select tcp[] = { { .has_proto = true, .proto = EZLB_TCP } };
	const struct ezlb_connection_selects selects = { tcp, 1, 1 };
	struct ezlb_conntrack_events *events;
	struct fuzz_kernel kernel;
	struct ezlb_nl_source source = fuzz_kernel_open(&kernel, data, size);

	ezlb_ct_find(&source, &answers, on_connection, NULL, NULL);
	fuzz_kernel_close(&kernel);
	fuzz_kernel_open(&kernel, data, size);
	events = ezlb_ct_events_of(fuzz_kernel_socket(&kernel), &selects);
	FUZZ_CHECK(ezlb_conntrack_events_next(events, 0, on_event, NULL, NULL) <= 0);
	ezlb_conntrack_events_close(events);
	fuzz_kernel_close(&kernel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rest rest = { data, size };
	struct nlmsghdr *msg;

	while ((msg = fuzz_message(&rest))) {
		check_message(msg);
		free(msg);
	}
	check_conversations(data, size);
	check_some(data, size);
	return 0;
}
