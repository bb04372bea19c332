// SPDX-License-Identifier: GPL-2.0-or-later
/* role: what a backend does, in words. */
#include "human.h"
#include "parts.h"

/* The roles that say more than the verdict, for the column of states. */
static const struct {
	const char *role, *word;
} states[] = {
	{ "draining", "draining" },   { "starting", "starting" }, { "fallback", "fallback" },
	{ "fail_open", "fail open" }, { "standby", "standby" },
};

const char *part_state(const json_t *backend)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (doc_is(backend, "role", states[i].role))
			return states[i].word;
	return doc_text(backend, "verdict");
}

static struct human time_left(int64_t until, const struct ezlb_console_look *look)
{
	return human_age(until - look->now_ms);
}

int part_percent(const json_t *backend)
{
	double full = doc_number(json_object_get(backend, "slow_start"), "full_weight");

	return full > 0 ? (int)(100 * doc_number(backend, "dest_weight") / full) : 100;
}

char *part_role_detail(const json_t *backend, const struct ezlb_console_look *look)
{
	const json_t *drain = json_object_get(backend, "drain");
	const json_t *start = json_object_get(backend, "slow_start");

	if (json_is_object(drain))
		return ezlb_asprintf("%s left, %lld open",
				     time_left(doc_time(drain, "until"), look).s,
				     (long long)doc_int(drain, "active"));
	if (json_is_object(start))
		return ezlb_asprintf("%d%%, full in %s", part_percent(backend),
				     time_left(doc_time(start, "until"), look).s);
	return NULL;
}

static const char *why_drains(const json_t *drain)
{
	static const struct {
		const char *cause, *why;
	} causes[] = {
		{ "removed", "it has left the file" },
		{ "down", "it is down" },
		{ "standby", "the fallback is not needed any more" },
	};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (doc_is(drain, "cause", causes[i].cause))
			return causes[i].why;
	return doc_text(drain, "cause");
}

static char *drain_text(const json_t *drain, const struct ezlb_console_look *look)
{
	long long n = (long long)doc_int(drain, "active");

	return ezlb_asprintf("draining: %s; it takes no new connections, and is removed in %s at "
			     "the latest; %lld connection%s open",
			     why_drains(drain), time_left(doc_time(drain, "until"), look).s, n,
			     n == 1 ? " is" : "s are");
}

char *part_role(const json_t *backend, const struct ezlb_console_look *look)
{
	static const struct {
		const char *role, *text;
	} roles[] = {
		{ "waiting", "waiting: it takes no connections before its first health result" },
		{ "out", "out: it takes no connections while it is down" },
		{ "standby", "standby: a fallback that is not needed" },
		{ "serving", "serving" },
		{ "fallback", "fallback: it serves because no other backend is up" },
		{ "fail_open", "fail open: it takes new connections although it is not known to be "
			       "up, because fewer than min_healthy backends are up" },
	};
	const json_t *drain = json_object_get(backend, "drain");
	const json_t *start = json_object_get(backend, "slow_start");

	if (json_is_object(drain))
		return drain_text(drain, look);
	if (json_is_object(start))
		return ezlb_asprintf("starting: it has %d%% of its weight, and all of it in %s",
				     part_percent(backend),
				     time_left(doc_time(start, "until"), look).s);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (doc_is(backend, "role", roles[i].role))
			return ezlb_strdup(roles[i].text);
	return doc_has(backend, "role") ? ezlb_strdup(doc_text(backend, "role")) : NULL;
}
