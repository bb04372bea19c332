// SPDX-License-Identifier: GPL-2.0-or-later
/* traffic: reads the counters of services and dests. */
#include <errno.h>

#include <ezlb/ipvs.h>
#include <ezlb/mem.h>

#include "codec.h"
#include "layer.h"

/* The state of one call, with the service whose dests follow. */
struct counting {
	const struct ezlb_scope *scope;
	struct ezlb_traffic services;
	struct ezlb_traffic *rows; /* dests, and services whose dests were read */
	const struct ezlb_service_key *service;
};

static int on_service(void *arg, const struct nlmsghdr *msg)
{
	struct counting *counting = arg;
	struct ezlb_traffic_row row;
	int rc = ezlb_ipvs_get_service_traffic(msg, msg->nlmsg_len, &row);

	if (rc == -EPROTONOSUPPORT)
		return 0;
	if (rc == 0 && ezlb_scope_has(counting->scope, &row.service))
		*EZLB_PUSH(&counting->services) = row;
	return rc;
}

static int on_dest(void *arg, const struct nlmsghdr *msg)
{
	struct counting *counting = arg;
	struct ezlb_traffic_row row;
	int rc = ezlb_ipvs_get_dest_traffic(msg, msg->nlmsg_len, counting->service, &row);

	if (rc == 0)
		*EZLB_PUSH(counting->rows) = row;
	return rc;
}

/* Reads each service in scope with its dests; leaves out one deleted meanwhile (ESRCH). */
static int read_kernel(struct counting *counting, struct ezlb_ipvs_nl *nl, struct ezlb_err *err)
{
	const struct ezlb_ipvs_rows services = { on_service, counting, &counting->services.len };
	const struct ezlb_ipvs_rows dests = { on_dest, counting, &counting->rows->len };
	int rc = ezlb_ipvs_dump(nl, NULL, &services, err);

	for (size_t i = 0; rc == 0 && i < counting->services.len; i++) {
		counting->service = &counting->services.items[i].service;
		rc = ezlb_ipvs_dump(nl, counting->service, &dests, err);
		if (rc == 0)
			*EZLB_PUSH(counting->rows) = counting->services.items[i];
		if (rc == -ESRCH)
			rc = 0;
	}
	return rc;
}

/*
 * Adds the connections of dests to their service. Drops a row that a dump returned twice because
 * rows were added meanwhile.
 */
static void sum_up(struct ezlb_traffic *rows)
{
	struct ezlb_traffic_row *row = rows->items, *service = row;
	size_t kept = 0;

	EZLB_SORT(rows, ezlb_traffic_row_cmp);
	for (size_t i = 0; i < rows->len; i++) {
		if (kept > 0 && ezlb_traffic_row_cmp(&row[kept - 1], &row[i]) == 0)
			continue;
		row[kept] = row[i];
		if (row[kept].of_dest) {
			service->active += row[kept].active;
			service->inactive += row[kept].inactive;
		} else {
			service = &row[kept];
		}
		kept++;
	}
	rows->len = kept;
}

typedef int (*read_fn)(struct counting *counting, struct ezlb_ipvs_nl *nl, struct ezlb_err *err);

static int count(const struct ezlb_ipvs_source *source, struct counting *counting, read_fn read,
		 struct ezlb_err *err)
{
	struct ezlb_ipvs_nl *nl = NULL;
	struct ezlb_err why = { 0 };
	int rc;

	counting->rows->len = 0;
	if (counting->scope->len == 0)
		return 0;
	rc = ezlb_ipvs_nl_open(source, false, &nl, &why);
	if (rc == 0)
		rc = read(counting, nl, &why);
	if (rc == 0) {
		sum_up(counting->rows);
	} else {
		counting->rows->len = 0;
		if (err)
			*err = why;
	}
	ezlb_ipvs_nl_close(nl);
	EZLB_VEC_CLEAR(&counting->services);
	return rc;
}

int ezlb_ipvs_traffic_source(const struct ezlb_ipvs_source *source, const struct ezlb_scope *scope,
			     struct ezlb_traffic *out, struct ezlb_err *err)
{
	struct counting counting = { .scope = scope, .rows = out };

	return count(source, &counting, read_kernel, err);
}

static int read_services(struct counting *counting, struct ezlb_ipvs_nl *nl, struct ezlb_err *err)
{
	const struct ezlb_ipvs_rows services = { on_service, counting, &counting->services.len };
	int rc = ezlb_ipvs_dump(nl, NULL, &services, err);

	if (rc == 0)
		EZLB_VEC_APPEND(counting->rows, &counting->services);
	return rc;
}

int ezlb_ipvs_service_traffic_source(const struct ezlb_ipvs_source *source,
				     const struct ezlb_scope *scope, struct ezlb_traffic *out,
				     struct ezlb_err *err)
{
	struct counting counting = { .scope = scope, .rows = out };

	return count(source, &counting, read_services, err);
}

int ezlb_ipvs_service_traffic(const struct ezlb_scope *scope, struct ezlb_traffic *out,
			      struct ezlb_err *err)
{
	const struct ezlb_ipvs_source kernel = ezlb_ipvs_kernel();

	return ezlb_ipvs_service_traffic_source(&kernel, scope, out, err);
}

int ezlb_ipvs_traffic(const struct ezlb_scope *scope, struct ezlb_traffic *out,
		      struct ezlb_err *err)
{
	const struct ezlb_ipvs_source kernel = ezlb_ipvs_kernel();

	return ezlb_ipvs_traffic_source(&kernel, scope, out, err);
}
