// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * late: which targets are probed too late, and which are not probed, and why. Only this host, or a
 * timeout that is longer than its interval, makes a probe late. What the worker process holds up is
 * not: that has another cause, and another remedy.
 */
#include <errno.h>

#include "target.h"

#define LATE_MS	      100
#define UNANSWERED_MS 2000 /* after the timeout; a busy worker answers sooner */

static uint64_t now_of(const struct ezlb_target *target)
{
	return uv_now(target->health->loop);
}

static bool is_in_worker(const struct ezlb_target *target)
{
	return target->lane == &target->health->worker;
}

/* There was no worker, or none that answers, for some time after `since`. */
static bool is_held_up(const struct ezlb_target *target, uint64_t since)
{
	return is_in_worker(target) && ezlb_prober_ready_since(target->health->prober) > since;
}

static bool is_past_due(const struct ezlb_target *target)
{
	return now_of(target) > target->due && now_of(target) - target->due > LATE_MS;
}

bool ezlb_target_begins_late(const struct ezlb_target *target)
{
	return is_past_due(target) && !is_held_up(target, target->due);
}

static bool is_unanswered(const struct ezlb_target *target)
{
	return is_in_worker(target) &&
	       now_of(target) - target->started > target->check.timeout_ms + UNANSWERED_MS;
}

/*
 * A probe may take as long as the usual interval: with the defaults, one that waits for its timeout
 * is longer than the fast interval, and nothing is wrong with this host or with the file.
 */
static bool is_past_interval(const struct ezlb_target *target)
{
	return now_of(target) - target->started > target->check.interval_ms;
}

bool ezlb_target_takes_too_long(const struct ezlb_target *target)
{
	return is_past_interval(target) && target->lost == 0 &&
	       !is_held_up(target, target->started);
}

/* ENOENT, EACCES and ENODATA come from CA files, EINVAL from probe_dns.c, others from remote.c. */
const char *ezlb_target_why_local(int code)
{
	switch (code) {
	case ENOENT:
	case EACCES:
	case ENODATA:
		return "the CA file of a health check cannot be used, verdicts are kept; check "
		       "tls_ca_file, or install ca-certificates";
	case ELIBACC:
		return "libcurl is missing, which http and https checks need, verdicts are kept; "
		       "install it, ezlb tries again each minute";
	case EOWNERDEAD:
		return "the worker process has ended during the probe, verdicts are kept";
	case ETIME:
		return "the worker process does not answer, verdicts are kept";
	case ENOTCONN:
		return "there is no worker process at the moment, verdicts are kept";
	default:
		return "local resources are exhausted, verdicts are kept; check the limit of open "
		       "files and the ports in use";
	}
}

/* Due, or being probed for long, and the cause is the worker. */
static bool waits_for_worker(const struct ezlb_target *target)
{
	if (target->queued)
		return is_past_due(target) && is_held_up(target, target->due);
	return target->probe != NULL && is_past_interval(target) &&
	       (is_unanswered(target) || is_held_up(target, target->started));
}

bool ezlb_target_is_overdue(const struct ezlb_target *target)
{
	if (target->queued)
		return ezlb_target_begins_late(target);
	return target->probe != NULL && is_past_interval(target) && !waits_for_worker(target);
}

const char *ezlb_target_why_blocked(const struct ezlb_target *target)
{
	if (ezlb_suspect_is(&target->suspect))
		return "the worker process has ended in each of the last probes of a backend, "
		       "which is probed more seldom, verdicts are kept";
	if (target->local_code != 0)
		return ezlb_target_why_local(target->local_code);
	if (waits_for_worker(target))
		return "they wait for the worker process, which is being started or does not "
		       "answer, verdicts are kept";
	return NULL;
}
