// SPDX-License-Identifier: GPL-2.0-or-later
/* notes: sentences about what the rows do not say. */
#include <ezlb/connections.h>

#define NAMES_MAX 5

/* What is missing in the rows. */
struct gaps {
	bool age, bytes, backend;
};

static struct gaps gaps_of(const struct ezlb_connections_rows *rows)
{
	struct gaps gaps = { .age = false };

	for (size_t i = 0; i < rows->len; i++) {
		const struct ezlb_connections_row *row = &rows->items[i];

		gaps.age |= row->connection.started_ms == 0;
		gaps.bytes |= !row->connection.counted;
		gaps.backend |= !ezlb_connections_knows_backend(row->service, &row->connection);
	}
	return gaps;
}

/* What the kernel records it does from the beginning of a connection, or not at all. */
static void put_setting(const char *what, const char *setting, int value, struct ezlb_text *out)
{
	if (value > 0)
		ezlb_text_printf(out,
				 "unknown %s: these connections began before net.netfilter.%s was "
				 "1\n",
				 what, setting);
	else if (value == 0)
		ezlb_text_printf(
			out,
			"unknown %s: net.netfilter.%s is 0; with 1 the kernel records them "
			"for connections that begin later\n",
			what, setting);
	else
		ezlb_text_printf(out, "unknown %s: this kernel has no net.netfilter.%s\n", what,
				 setting);
}

static void put_gaps(const struct ezlb_connections_view *view,
		     const struct ezlb_connections_rows *rows, struct ezlb_text *out)
{
	struct gaps gaps = gaps_of(rows);

	if (gaps.age)
		put_setting("ages", "nf_conntrack_timestamp", view->host.timestamp, out);
	if (gaps.bytes)
		put_setting("bytes", "nf_conntrack_acct", view->host.accounting, out);
	if (gaps.backend)
		ezlb_text_puts(out, "the answers of services with forward: direct or tunnel do not "
				    "pass this host, so conntrack knows neither backend nor state; "
				    "`ipvsadm -Lnc` does\n");
}

/* The services that conntrack does not see; `only` NULL: of all. */
static void put_unseen(const struct ezlb_connections_view *view,
		       const struct ezlb_connections_service *only, struct ezlb_text *out)
{
	const struct ezlb_connections_index *index = view->index;
	size_t n = 0;

	if (view->host.ipvs != 0)
		return;
	for (size_t i = 0; i < index->services.len; i++) {
		const struct ezlb_connections_service *service = &index->services.items[i];

		if (service->full_nat || (only && only != service))
			continue;
		if (n == 0)
			ezlb_text_puts(out, "net.ipv4.vs.conntrack is 0, so conntrack does not "
					    "have the connections of services without full_nat "
					    "(`ipvsadm -Lnc` has them): ");
		if (n < NAMES_MAX)
			ezlb_text_printf(out, "%s%s", n ? ", " : "", service->name);
		n++;
	}
	if (n > NAMES_MAX)
		ezlb_text_printf(out, " and %zu more", n - NAMES_MAX);
	if (n > 0)
		ezlb_text_puts(out, "\n");
}

static void put_roles(const struct ezlb_connections_query *query,
		      const struct ezlb_connections_top *top, struct ezlb_text *out)
{
	char text[EZLB_ENDPOINT_STRLEN];
	int roles = (top->clients > 0) + (top->listeners > 0) + (top->backends > 0);

	if (query->at.addr.family && roles > 1)
		ezlb_text_printf(out,
				 "%s is the client of %zu, the listener of %zu and the "
				 "backend of %zu of these connections\n",
				 ezlb_endpoint_format(&query->at, text), top->clients,
				 top->listeners, top->backends);
}

static void put_torn(const struct ezlb_connections_view *view, struct ezlb_text *out)
{
	if (view->torn)
		ezlb_text_printf(out, "%s\n", view->torn);
}

void ezlb_connections_notes(const struct ezlb_connections_view *view,
			    const struct ezlb_connections_query *query,
			    const struct ezlb_connections_top *top, struct ezlb_text *out)
{
	if (top->total > top->rows.len)
		ezlb_text_printf(out, "%zu of %zu connections, by %s; --limit shows more\n",
				 top->rows.len, top->total, ezlb_connections_sort_str(top->sort));
	put_roles(query, top, out);
	put_gaps(view, &top->rows, out);
	put_unseen(view, query->service, out);
	put_torn(view, out);
}

void ezlb_who_notes(const struct ezlb_connections_view *view, const struct ezlb_who *who,
		    struct ezlb_text *out)
{
	if (who->stopped)
		ezlb_text_printf(out, "only the first %d connections that were found\n",
				 EZLB_WHO_MAX);
	put_gaps(view, &who->rows, out);
	/* An address that was not found may be one of these. */
	for (size_t i = 0, n; i < who->addresses.len; i++)
		if (!ezlb_who_rows(who, &who->addresses.items[i], &n)) {
			put_unseen(view, NULL, out);
			break;
		}
	put_torn(view, out);
}
