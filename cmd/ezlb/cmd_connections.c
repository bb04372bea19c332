// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include <ezlb/duration.h>

#include "listing.h"

#define WAIT_MS 60000

struct connections {
	const struct flags *flags;
	struct listing listing;
	struct ezlb_connections_query query;
	struct ezlb_connection_selects selects;
	struct ezlb_connections_top top;
	struct ezlb_text text; /* lines of events */
};

/* False: the connection is not asked for. */
static bool make_row(const struct connections *all, const struct ezlb_connection *connection,
		     struct ezlb_connections_row *row, unsigned *roles)
{
	row->connection = *connection;
	row->service = ezlb_connections_match(&all->listing.index, connection);
	return row->service &&
	       ezlb_connections_query_has(&all->query, row->service, connection, roles);
}

/* --- the list -------------------------------------------------------------------------------- */

static void restart(void *arg)
{
	struct connections *all = arg;

	ezlb_connections_top_clear(&all->top);
}

static void on_connection(void *arg, const struct ezlb_connection *connection)
{
	struct connections *all = arg;
	struct ezlb_connections_row row;
	unsigned roles;

	if (make_row(all, connection, &row, &roles))
		ezlb_connections_top_add(&all->top, &row, roles);
}

static int read_all(struct connections *all, struct ezlb_err *err)
{
	int rc = listing_read(&all->listing, on_connection, restart, all, err);

	if (rc == 0)
		ezlb_connections_top_finish(&all->top);
	return rc;
}

static int print_list(struct connections *all)
{
	const struct ezlb_connections_view *view = &all->listing.view;
	struct ezlb_text notes = { 0 };
	int status;

	if (all->flags->json && !all->flags->follow)
		ezlb_connections_json(view, &all->query, &all->top, &all->text);
	else if (all->flags->json)
		for (size_t i = 0; i < all->top.rows.len; i++)
			ezlb_connections_event_json(&all->top.rows.items[i], EZLB_CONNECTION_OPEN,
						    view->now_ms, &all->text);
	else
		ezlb_connections_text(view, &all->top, &all->text);
	status = cmd_print_text(&all->text);
	if (all->flags->json && !all->flags->follow)
		return status;
	if (!all->flags->json && all->top.total == 0)
		fprintf(stderr, "ezlb: no connections\n");
	ezlb_connections_notes(view, &all->query, &all->top, &notes);
	listing_print_notes(&notes);
	return status;
}

/* --- what begins and ends -------------------------------------------------------------------- */

static void on_event(void *arg, const struct ezlb_connection *connection, bool ended)
{
	enum ezlb_connections_event event = ended ? EZLB_CONNECTION_ENDED : EZLB_CONNECTION_NEW;
	struct connections *all = arg;
	struct ezlb_connections_row row;
	unsigned roles;

	if (!make_row(all, connection, &row, &roles))
		return;
	if (all->flags->json)
		ezlb_connections_event_json(&row, event, ezlb_wall_ms(), &all->text);
	else
		ezlb_connections_event_text(&row, event, ezlb_wall_ms(), &all->text);
}

static int follow(struct connections *all, struct ezlb_conntrack_events *events)
{
	for (;;) {
		struct ezlb_err err;
		int rc = ezlb_conntrack_events_next(events, WAIT_MS, on_event, all, &err);

		if (cmd_print_text(&all->text) != 0)
			return 1;
		if (rc == -ENOBUFS)
			fprintf(stderr, "ezlb: connections began or ended faster than ezlb could "
					"read it: some are missing here\n");
		else if (rc < 0)
			return cmd_fail(&err);
	}
}

/* --- the command ----------------------------------------------------------------------------- */

static int prepare(struct connections *all, struct ezlb_err *err)
{
	const struct flags *flags = all->flags;
	int rc = listing_open(&all->listing, flags, err);

	if (rc == 0)
		rc = ezlb_connections_query_parse(&all->listing.index,
						  flags->n_args ? flags->args[0] : NULL,
						  &all->query, err);
	if (rc == 0)
		ezlb_connections_query_selects(&all->listing.index, &all->query, &all->selects);
	return rc;
}

/* It listens before it lists, so that what happens in between is not lost. */
static int run(struct connections *all)
{
	struct ezlb_conntrack_events *events = NULL;
	struct ezlb_err err;
	int rc = prepare(all, &err), status;

	if (rc == 0 && all->flags->follow)
		rc = ezlb_conntrack_events_open(&all->selects, &events, &err);
	if (rc == 0)
		rc = read_all(all, &err);
	status = rc < 0 ? cmd_fail(&err) : print_list(all);
	if (status == 0 && events)
		status = follow(all, events);
	ezlb_conntrack_events_close(events);
	return status;
}

int cmd_connections(const struct flags *flags)
{
	struct connections all = { .flags = flags,
				   .top = { .sort = flags->sort, .limit = flags->limit } };
	int status;

	if (flags->n_args > 1) {
		fprintf(stderr, "ezlb: connections takes at most one argument: the name of a "
				"service, or an address\n");
		return EXIT_USAGE;
	}
	status = run(&all);
	ezlb_connections_top_clear(&all.top);
	EZLB_VEC_CLEAR(&all.text);
	EZLB_VEC_CLEAR(&all.selects);
	listing_close(&all.listing);
	return status;
}
