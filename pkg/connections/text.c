// SPDX-License-Identifier: GPL-2.0-or-later
/* text: rows as a table, and as a line for an event. */
#include <stdio.h>
#include <time.h>

#include "format.h"

enum column { CLIENT, SOURCE, SERVICE, LISTENER, BACKEND, PROTO, STATE, AGE, EXPIRES, IN, OUT };
#define COLUMNS 11

static const char *const heads[COLUMNS] = {
	[CLIENT] = "CLIENT",   [SOURCE] = "SOURCE", [SERVICE] = "SERVICE", [LISTENER] = "LISTENER",
	[BACKEND] = "BACKEND", [PROTO] = "PROTO",   [STATE] = "STATE",	   [AGE] = "AGE",
	[EXPIRES] = "EXPIRES", [IN] = "IN",	    [OUT] = "OUT",
};

/* What was asked for comes first. */
static const enum column of_list[COLUMNS] = { SERVICE, CLIENT, LISTENER, SOURCE, BACKEND, PROTO,
					      STATE,   AGE,    EXPIRES,	 IN,	 OUT };
static const enum column of_who[COLUMNS] = { SOURCE, CLIENT, SERVICE, LISTENER, BACKEND, PROTO,
					     STATE,  AGE,    EXPIRES, IN,	OUT };

struct table {
	const enum column *columns;
	size_t n; /* of the columns */
	size_t width[COLUMNS];
	int64_t now_ms;
};

static const char *cell(const struct ezlb_connections_row *row, enum column column, int64_t now_ms,
			char buf[CELL_STRLEN])
{
	const struct ezlb_connection *c = &row->connection;

	switch (column) {
	case CLIENT:
		return ezlb_endpoint_format(&c->client, buf);
	case SOURCE:
		return ezlb_endpoint_format(&c->source, buf);
	case SERVICE:
		return row->service->name;
	case LISTENER:
		return ezlb_endpoint_format(&c->listen, buf);
	case BACKEND:
		return format_backend(row, buf);
	case PROTO:
		return ezlb_proto_str(c->proto);
	case STATE:
		return c->state[0] ? c->state : "unknown";
	case AGE:
		return format_age(age_of(c, now_ms), buf);
	case EXPIRES:
		return format_age(c->expires_s, buf);
	case IN:
		return c->counted ? format_bytes(c->bytes_in, buf) : "unknown";
	case OUT:
		return c->counted ? format_bytes(c->bytes_out, buf) : "unknown";
	}
	return "";
}

static void measure(struct table *table, const struct ezlb_connections_row *row)
{
	char buf[CELL_STRLEN];

	for (size_t i = 0; i < table->n; i++) {
		size_t len = strlen(cell(row, table->columns[i], table->now_ms, buf));

		if (len > table->width[i])
			table->width[i] = len;
	}
}

static void put_line(const struct table *table, const struct ezlb_connections_row *row,
		     struct ezlb_text *out)
{
	char buf[CELL_STRLEN];

	for (size_t i = 0; i < table->n; i++) {
		enum column column = table->columns[i];
		const char *text = row ? cell(row, column, table->now_ms, buf) : heads[column];

		if (i + 1 < table->n)
			ezlb_text_printf(out, "%-*s  ", (int)table->width[i], text);
		else
			ezlb_text_printf(out, "%s\n", text);
	}
}

static void start(struct table *table, const struct ezlb_connections_rows *rows)
{
	bool counted = false;

	for (size_t i = 0; i < rows->len; i++)
		counted |= rows->items[i].connection.counted;
	table->n = counted ? COLUMNS : COLUMNS - 2; /* a note says why there are no bytes */
	for (size_t i = 0; i < table->n; i++)
		table->width[i] = strlen(heads[table->columns[i]]);
	for (size_t i = 0; i < rows->len; i++)
		measure(table, &rows->items[i]);
}

void ezlb_connections_text(const struct ezlb_connections_view *view,
			   const struct ezlb_connections_top *top, struct ezlb_text *out)
{
	struct table table = { .columns = of_list, .now_ms = view->now_ms };

	if (top->rows.len == 0)
		return;
	start(&table, &top->rows);
	put_line(&table, NULL, out);
	for (size_t i = 0; i < top->rows.len; i++)
		put_line(&table, &top->rows.items[i], out);
}

void ezlb_who_text(const struct ezlb_connections_view *view, const struct ezlb_who *who,
		   struct ezlb_text *out)
{
	struct table table = { .columns = of_who, .now_ms = view->now_ms };

	if (who->rows.len == 0)
		return;
	start(&table, &who->rows);
	put_line(&table, NULL, out);
	for (size_t i = 0; i < who->addresses.len; i++) {
		size_t n;
		const struct ezlb_connections_row *rows =
			ezlb_who_rows(who, &who->addresses.items[i], &n);

		for (size_t k = 0; k < n; k++)
			put_line(&table, &rows[k], out);
	}
}

/* --- events ---------------------------------------------------------------------------------- */

static const char *const events[] = { [EZLB_CONNECTION_OPEN] = "open",
				      [EZLB_CONNECTION_NEW] = "new",
				      [EZLB_CONNECTION_ENDED] = "ended" };

static void put_time(int64_t ms, struct ezlb_text *out)
{
	time_t s = (time_t)(ms / 1000);
	char text[sizeof("2026-11-23T01:02:03")] = "";
	struct tm tm;

	if (gmtime_r(&s, &tm))
		strftime(text, sizeof(text), "%FT%T", &tm);
	ezlb_text_printf(out, "%sZ  ", text);
}

void ezlb_connections_event_text(const struct ezlb_connections_row *row,
				 enum ezlb_connections_event event, int64_t now_ms,
				 struct ezlb_text *out)
{
	const struct ezlb_connection *c = &row->connection;
	char client[CELL_STRLEN], listen[CELL_STRLEN], source[CELL_STRLEN], buf[CELL_STRLEN];

	put_time(now_ms, out);
	ezlb_text_printf(out, "%-5s  %s  %s %s -> %s, %s -> ", events[event], row->service->name,
			 ezlb_proto_str(c->proto), ezlb_endpoint_format(&c->client, client),
			 ezlb_endpoint_format(&c->listen, listen),
			 ezlb_endpoint_format(&c->source, source));
	ezlb_text_puts(out, format_backend(row, buf));
	if (c->started_ms && event == EZLB_CONNECTION_ENDED)
		ezlb_text_printf(out, ", after %s", format_age(age_of(c, now_ms), buf));
	if (c->counted && event != EZLB_CONNECTION_NEW) {
		ezlb_text_printf(out, ", %s in", format_bytes(c->bytes_in, buf));
		ezlb_text_printf(out, ", %s out", format_bytes(c->bytes_out, buf));
	}
	ezlb_text_puts(out, "\n");
}
