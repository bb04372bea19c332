// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/json.h>

#include "format.h"

static void put_endpoint(json_t *object, const char *key, const struct ezlb_endpoint *endpoint)
{
	char text[EZLB_ENDPOINT_STRLEN];

	ezlb_json_put_text(object, key, ezlb_endpoint_format(endpoint, text));
}

static void put_count(json_t *object, const char *key, bool counted, uint64_t value)
{
	if (counted)
		ezlb_json_put_count(object, key, value);
	else
		ezlb_json_put_text(object, key, NULL);
}

static void put_row(json_t *object, const struct ezlb_connections_row *row, int64_t now_ms)
{
	const struct ezlb_connection *c = &row->connection;

	ezlb_json_put_text(object, "service", row->service->name);
	ezlb_json_put_text(object, "protocol", ezlb_proto_str(c->proto));
	put_endpoint(object, "client", &c->client);
	put_endpoint(object, "listener", &c->listen);
	put_endpoint(object, "source", &c->source);
	if (ezlb_connections_knows_backend(row->service, c))
		put_endpoint(object, "backend", &c->backend);
	else
		ezlb_json_put_text(object, "backend", NULL);
	ezlb_json_put_text(object, "state", c->state[0] ? c->state : NULL);
	ezlb_json_put_time(object, "since", c->started_ms);
	ezlb_json_put_known(object, "age_s", age_of(c, now_ms));
	ezlb_json_put_known(object, "expires_s", c->expires_s);
	put_count(object, "bytes_in", c->counted, c->bytes_in);
	put_count(object, "packets_in", c->counted, c->packets_in);
	put_count(object, "bytes_out", c->counted, c->bytes_out);
	put_count(object, "packets_out", c->counted, c->packets_out);
}

static json_t *rows_json(const struct ezlb_connections_row *rows, size_t n, int64_t now_ms)
{
	json_t *array = ezlb_json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *object = ezlb_json_object();

		put_row(object, &rows[i], now_ms);
		ezlb_json_add(array, object);
	}
	return array;
}

/* The lines of `notes`, which it empties. */
static json_t *notes_json(struct ezlb_text *notes)
{
	EZLB_AUTO_FREE char *lines = ezlb_text_take(notes, NULL);
	json_t *array = ezlb_json_array();
	char *save;

	for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		ezlb_json_add(array, ezlb_json_text(line));
	return array;
}

void ezlb_connections_json(const struct ezlb_connections_view *view,
			   const struct ezlb_connections_query *query,
			   const struct ezlb_connections_top *top, struct ezlb_text *out)
{
	json_t *object = ezlb_json_object();
	struct ezlb_text notes = { 0 };

	ezlb_connections_notes(view, query, top, &notes);
	ezlb_json_put_count(object, "total", top->total);
	ezlb_json_put_count(object, "shown", top->rows.len);
	ezlb_json_put_text(object, "sort", ezlb_connections_sort_str(top->sort));
	ezlb_json_put(object, "connections",
		      rows_json(top->rows.items, top->rows.len, view->now_ms));
	ezlb_json_put(object, "notes", notes_json(&notes));
	ezlb_json_print(object, out);
}

void ezlb_who_json(const struct ezlb_connections_view *view, const struct ezlb_who *who,
		   struct ezlb_text *out)
{
	json_t *object = ezlb_json_object(), *addresses = ezlb_json_array();
	struct ezlb_text notes = { 0 };

	for (size_t i = 0; i < who->addresses.len; i++) {
		const struct ezlb_endpoint *address = &who->addresses.items[i];
		json_t *one = ezlb_json_object();
		size_t n;
		const struct ezlb_connections_row *rows = ezlb_who_rows(who, address, &n);

		put_endpoint(one, "address", address);
		ezlb_json_put(one, "connections", rows_json(rows, n, view->now_ms));
		ezlb_json_add(addresses, one);
	}
	ezlb_who_notes(view, who, &notes);
	ezlb_json_put(object, "addresses", addresses);
	ezlb_json_put(object, "notes", notes_json(&notes));
	ezlb_json_print(object, out);
}

static const char *const events[] = { [EZLB_CONNECTION_OPEN] = "open",
				      [EZLB_CONNECTION_NEW] = "new",
				      [EZLB_CONNECTION_ENDED] = "ended" };

void ezlb_connections_event_json(const struct ezlb_connections_row *row,
				 enum ezlb_connections_event event, int64_t now_ms,
				 struct ezlb_text *out)
{
	json_t *object = ezlb_json_object();

	ezlb_json_put_time(object, "time", now_ms);
	ezlb_json_put_text(object, "event", events[event]);
	put_row(object, row, now_ms);
	ezlb_json_dump(object, false, out);
	ezlb_text_puts(out, "\n");
}
