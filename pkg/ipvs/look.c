// SPDX-License-Identifier: GPL-2.0-or-later
#include "look.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <ezlb/duration.h>
#include <ezlb/mem.h>

/* Reads take at most 0.5 % of the time of one CPU ... */
#define SHARE 200
/* ... but are not further apart than this: what somebody else changes is repaired within 2 s, and
 * the next look and the pass need some of that. */
#define PAUSE_MS 1400

#define GENETLINK 1 /* the function of changes that ezlb's own commands reach */

static uint64_t thread_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void look_init(struct look *look, uint64_t (*now_ms)(void), uint64_t (*cpu_ns)(void))
{
	*look = (struct look){ .now_ms = now_ms ? now_ms : ezlb_now_ms,
			       .cpu_ns = cpu_ns ? cpu_ns : thread_ns };
}

void look_clear(struct look *look)
{
	ezlb_changes_free(look->changes);
	EZLB_VEC_CLEAR(&look->scope);
	EZLB_VEC_CLEAR(&look->own);
	ezlb_ipvs_sums_clear(&look->sums);
	ezlb_ipvs_sums_clear(&look->next);
}

/* What happened before a listing begins is in what it reads. */
static bool nothing_changed(struct look *look)
{
	bool none = ezlb_changes_none(look->changes, look->now_ms());

	if (!none) {
		look->stale = true;
		look->listed = false;
	}
	return none;
}

/* Byte by byte: if it says "other" of two equal ones, the rows are read once more. */
static bool is_same_scope(const struct ezlb_scope *a, const struct ezlb_scope *b)
{
	return a->len == b->len &&
	       (a->len == 0 || memcmp(a->items, b->items, a->len * sizeof(*a->items)) == 0);
}

static void begin_scope(struct look *look, const struct ezlb_scope *scope)
{
	EZLB_VEC_COPY(&look->scope, scope);
	look->own.len = 0;
	look->adjust = 0;
	look->known = false;
	ezlb_ipvs_sums_clear(&look->sums);
	ezlb_ipvs_sums_clear(&look->next);
}

/* The print goes on from what these services were before. */
static void leave_out_own(struct look *look)
{
	for (size_t i = 0; look->known && i < look->own.len; i++) {
		const struct ezlb_service_key *key = &look->own.items[i];
		size_t at = ezlb_ipvs_sums_index(&look->scope, key);

		if (at == EZLB_IPVS_NO_SUM || (i > 0 && ezlb_service_key_cmp(key - 1, key) == 0))
			continue;
		look->adjust += look->sums.of.items[at] - look->next.of.items[at];
	}
	look->own.len = 0;
}

static int read_rows(struct look *look, const char *procfs)
{
	uint64_t begin = look->cpu_ns(), pause;
	int rc = ezlb_ipvs_procfs_sums(procfs, &look->scope, &look->next);
	struct ezlb_ipvs_sums swap = look->sums;

	pause = (look->cpu_ns() - begin) * SHARE / 1000000;
	look->due = look->now_ms() + (pause < PAUSE_MS ? pause : PAUSE_MS);
	if (rc < 0) {
		look->known = false;
		look->adjust = 0;
		look->own.len = 0;
		return rc;
	}
	leave_out_own(look);
	look->sums = look->next;
	look->next = swap;
	look->print = ezlb_ipvs_sums_total(&look->sums) + look->adjust;
	look->known = true;
	look->stale = look->forced = false;
	return 0;
}

int look_print(struct look *look, const char *procfs, const struct ezlb_scope *scope,
	       uint64_t *print)
{
	uint64_t now = look->now_ms();
	int rc = 0;

	nothing_changed(look);
	if (!is_same_scope(&look->scope, scope))
		begin_scope(look, scope);
	if (!look->known || look->forced || (look->stale && now >= look->due))
		rc = read_rows(look, procfs);
	if (rc == 0)
		*print = look->print;
	return rc;
}

bool look_unchanged(struct look *look)
{
	nothing_changed(look);
	return look->known && !look->stale && !look->forced;
}

static uint64_t hash_of(const struct ezlb_scope *scope)
{
	return ezlb_hash(scope->items, scope->len * sizeof(*scope->items));
}

/* Asked twice: a call before the first time is no reason for doubt, one that goes on is. */
void look_list(struct look *look, const struct ezlb_scope *scope)
{
	bool none = nothing_changed(look);

	look->listed = none || nothing_changed(look);
	look->listed_scope = hash_of(scope);
}

void look_list_failed(struct look *look)
{
	look->listed = false;
}

bool look_as_listed(struct look *look, const struct ezlb_scope *scope)
{
	return nothing_changed(look) && look->listed && look->listed_scope == hash_of(scope);
}

void look_wrote(struct look *look, bool done)
{
	look->stale = look->forced = true;
	look->listed = false;
	if (done)
		ezlb_changes_wrote(look->changes, GENETLINK);
}

/* Two services of one mark look the same in the text: then the change stays in the print. */
static bool is_ambiguous(const struct ezlb_scope *scope, const struct ezlb_service_key *key)
{
	struct ezlb_service_key other = *key;

	if (key->fwmark == 0)
		return false;
	other.listen.addr.family = key->listen.addr.family == AF_INET ? AF_INET6 : AF_INET;
	return ezlb_scope_has(scope, &other);
}

void look_changed(struct look *look, const struct ezlb_scope *services)
{
	for (size_t i = 0; i < services->len; i++)
		if (!is_ambiguous(&look->scope, &services->items[i]))
			*EZLB_PUSH(&look->own) = services->items[i];
	EZLB_SORT(&look->own, ezlb_service_key_cmp);
	look->stale = true;
}
