// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/changes.h>

#include <errno.h>

#include <ezlb/mem.h>

#include "kernel.h"

#define RETRY_MS     1000 /* after a failed attach; doubles ... */
#define RETRY_MAX_MS 60000
/* A call that has begun and not ended for so long has ended, and the kernel has not told: it tells
 * of a limited number of returns at a time. */
#define LOST_MS 10000

struct ezlb_changes {
	struct ezlb_changes_source source;
	bool attached;
	bool given_up;
	bool wrote[EZLB_CHANGES_FUNCTIONS];
	struct ezlb_changes_count last[EZLB_CHANGES_FUNCTIONS];
	uint64_t open[EZLB_CHANGES_FUNCTIONS]; /* begun - ended when no call is in progress */
	uint64_t open_since;		       /* 0: no call is in progress */
	uint64_t retry_at, retry_ms;
	struct ezlb_err why;
};

struct ezlb_changes *ezlb_changes_new_source(const struct ezlb_changes_source *source)
{
	struct ezlb_changes *c = ezlb_calloc(1, sizeof(*c));

	c->source = *source;
	c->retry_ms = RETRY_MS;
	return c;
}

struct ezlb_changes *ezlb_changes_new(enum ezlb_changes_table table, void (*netlink)(void *arg),
				      void *arg)
{
	const struct ezlb_changes_source source = changes_kernel(table, netlink, arg);

	return ezlb_changes_new_source(&source);
}

void ezlb_changes_prepare(struct ezlb_changes *c)
{
	if (c && c->source.prepare)
		c->source.prepare(c->source.arg);
}

static void detach(struct ezlb_changes *c)
{
	if (c->attached)
		c->source.detach(c->source.arg);
	c->attached = false;
}

void ezlb_changes_free(struct ezlb_changes *c)
{
	if (!c)
		return;
	detach(c);
	if (c->source.close)
		c->source.close(c->source.arg);
	free(c);
}

/* Without the right there is none later. What is missing now may be loaded later. */
static bool is_final(int rc)
{
	return rc == -EPERM || rc == -EACCES || rc == -EOPNOTSUPP || rc == -ENOSYS;
}

/* Each function must count a call of ours, at its begin and at its end. */
static bool prove_all(struct ezlb_changes *c)
{
	struct ezlb_changes_count before[EZLB_CHANGES_FUNCTIONS], after[EZLB_CHANGES_FUNCTIONS];

	c->source.read(c->source.arg, before);
	for (unsigned i = 0; i < c->source.functions; i++)
		c->source.call(c->source.arg, i);
	c->source.read(c->source.arg, after);
	for (unsigned i = 0; i < c->source.functions; i++) {
		if (after[i].begun == before[i].begun || after[i].ended == before[i].ended)
			return false;
		c->last[i] = after[i];
		c->open[i] = after[i].begun - after[i].ended;
		c->wrote[i] = false;
	}
	c->open_since = 0;
	return true;
}

static void attach(struct ezlb_changes *c, uint64_t now_ms)
{
	int rc;

	if (c->given_up || now_ms < c->retry_at)
		return;
	rc = c->source.attach(c->source.arg, &c->why);
	if (rc == -EINPROGRESS)
		return;
	c->attached = rc == 0;
	if (rc == 0 && prove_all(c)) {
		c->why = (struct ezlb_err){ 0 };
		c->retry_ms = RETRY_MS;
		return;
	}
	if (rc == 0)
		rc = ezlb_err_set(&c->why, ENODATA, "a call of ezlb was not counted");
	detach(c);
	c->given_up = is_final(rc);
	c->retry_at = now_ms + c->retry_ms;
	c->retry_ms = c->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : c->retry_ms * 2;
}

/* False if a probe is dead: then it has not counted our call, or nothing of what we wrote. */
static bool is_alive(struct ezlb_changes *c, const struct ezlb_changes_count *now)
{
	if (now[0].begun == c->last[0].begun || now[0].ended == c->last[0].ended) {
		ezlb_err_set(&c->why, ENODATA, "the probes no longer count");
		return false;
	}
	for (unsigned i = 0; i < c->source.functions; i++) {
		/* Function 0 has a call of ours besides. */
		if (!c->wrote[i] || (now[i].begun - c->last[i].begun > (i == 0) &&
				     now[i].ended - c->last[i].ended > (i == 0)))
			continue;
		ezlb_err_set(&c->why, ENODATA, "a change by ezlb itself was not counted");
		c->given_up = true;
		return false;
	}
	return true;
}

/* Whether a call has begun and not ended. */
static bool in_progress(struct ezlb_changes *c, const struct ezlb_changes_count *now,
			uint64_t now_ms)
{
	bool open = false;

	for (unsigned i = 0; i < c->source.functions; i++)
		open |= now[i].begun - now[i].ended != c->open[i];
	if (!open) {
		c->open_since = 0;
		return false;
	}
	if (c->open_since == 0)
		c->open_since = now_ms;
	if (now_ms - c->open_since < LOST_MS)
		return true;
	for (unsigned i = 0; i < c->source.functions; i++)
		c->open[i] = now[i].begun - now[i].ended;
	c->open_since = 0;
	return true; /* once more */
}

static bool is_same(const struct ezlb_changes *c, const struct ezlb_changes_count *now)
{
	for (unsigned i = 0; i < c->source.functions; i++)
		if (now[i].begun - c->last[i].begun != (i == 0) ||
		    now[i].ended - c->last[i].ended != (i == 0))
			return false;
	return true;
}

bool ezlb_changes_none(struct ezlb_changes *c, uint64_t now_ms)
{
	struct ezlb_changes_count now[EZLB_CHANGES_FUNCTIONS] = { { 0 } };
	bool none;

	if (!c)
		return false;
	if (!c->attached) {
		attach(c, now_ms);
		return false; /* what was read before it counted may have changed */
	}
	/* First our call, then the counts: all that has changed before is in these. */
	c->source.call(c->source.arg, 0);
	c->source.read(c->source.arg, now);
	if (!is_alive(c, now)) {
		detach(c);
		c->retry_at = now_ms;
		return false;
	}
	none = is_same(c, now);
	none &= !in_progress(c, now, now_ms);
	for (unsigned i = 0; i < c->source.functions; i++) {
		c->last[i] = now[i];
		c->wrote[i] = false;
	}
	return none;
}

void ezlb_changes_wrote(struct ezlb_changes *c, unsigned function)
{
	if (c && c->attached)
		c->wrote[function] = true;
}

bool ezlb_changes_counts(const struct ezlb_changes *c, struct ezlb_err *why)
{
	if (why)
		*why = c ? c->why : (struct ezlb_err){ 0 };
	return c && c->attached;
}
