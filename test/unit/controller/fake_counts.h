/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_counts: what the kernel says of active connections, in place of pkg/ipvs. Called in a thread
 * of the pool, of which there is one.
 */
#pragma once

#include <stdatomic.h>
#include <unistd.h>

#include <ezlb/ipvs.h>

static struct {
	/* The cheap way to ask: rows, or an error. */
	struct ezlb_traffic quick;
	int quick_rc;
	/* The other one. */
	struct ezlb_traffic exact;
	int exact_rc;
	_Atomic unsigned quick_calls, exact_calls;
	/* The table of connections: so many times each of these, in the reads from the first on. */
	struct ezlb_traffic own;
	unsigned own_none; /* reads that see nothing before */
	int own_rc;
	unsigned own_takes_ms;
	_Atomic unsigned own_calls;
	struct ezlb_scope scope; /* of the last call */
} counts;

static inline int counts_answer(const struct ezlb_scope *scope, const struct ezlb_traffic *rows,
				int rc, struct ezlb_traffic *out, struct ezlb_err *err)
{
	EZLB_VEC_COPY(&counts.scope, scope);
	if (rc < 0)
		return ezlb_err_set(err, -rc, "no such luck");
	EZLB_VEC_APPEND(out, rows);
	return 0;
}

int ezlb_ipvs_connections(const struct ezlb_scope *scope, struct ezlb_traffic *out,
			  struct ezlb_err *err)
{
	counts.quick_calls++;
	return counts_answer(scope, &counts.quick, counts.quick_rc, out, err);
}

int ezlb_ipvs_traffic(const struct ezlb_scope *scope, struct ezlb_traffic *out,
		      struct ezlb_err *err)
{
	counts.exact_calls++;
	return counts_answer(scope, &counts.exact, counts.exact_rc, out, err);
}

int ezlb_ipvs_own_connections(uint32_t most_ms, ezlb_ipvs_own_fn fn, void *arg)
{
	bool none = counts.own_calls++ < counts.own_none;

	(void)most_ms;
	usleep(counts.own_takes_ms * 1000);
	for (size_t i = 0; !none && i < counts.own.len; i++)
		for (uint32_t k = 0; k < counts.own.items[i].active; k++)
			fn(arg, &counts.own.items[i].service);
	return counts.own_rc;
}

static inline void counts_row(struct ezlb_traffic *rows, const char *service, const char *backend,
			      uint32_t active)
{
	struct ezlb_traffic_row *row = EZLB_PUSH(rows);

	assert_int_equal(ezlb_service_key_parse(service, &row->service), 0);
	row->of_dest = backend != NULL;
	row->active = active;
	if (backend)
		assert_int_equal(ezlb_endpoint_parse(backend, &row->backend, NULL), 0);
}

static inline void counts_clear(void)
{
	EZLB_VEC_CLEAR(&counts.quick);
	EZLB_VEC_CLEAR(&counts.exact);
	EZLB_VEC_CLEAR(&counts.own);
	EZLB_VEC_CLEAR(&counts.scope);
	memset(&counts, 0, sizeof(counts));
}
