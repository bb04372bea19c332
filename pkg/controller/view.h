/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view: what the daemon remembers for its operator: the conditions of each service, what has
 * happened, and how often. It is told and tells nobody; fold.h makes a status of it. Times are ms
 * of the wall clock and are passed in.
 */
#pragma once

#include <ezlb/catalog.h>
#include <ezlb/event.h>
#include <ezlb/health.h>
#include <ezlb/pass.h>
#include <ezlb/status.h>

/* Of one file, which is one service. */
struct view_service {
	char *path;
	char name[EZLB_NAME_MAX + 1];
	struct ezlb_condition conditions[EZLB_CONDITIONS];
	uint64_t applied_hash; /* of the content that the kernel holds; 0: none yet */
	uint64_t diags;	       /* a print of what is wrong with the file; 0: nothing */
	bool seen;	       /* in the set of files that is being taken in */
	bool told;	       /* its file is no news any more */
};

struct view {
	struct ezlb_events events;
	struct view_services EZLB_VEC(struct view_service) services; /* sorted by path */
	struct ezlb_status_dirs dirs;
	int64_t started_ms;

	uint64_t reloads;
	bool reload_ok;
	int64_t reload_ms, reload_ok_ms;

	uint64_t passes, pass_errors;
	int64_t pass_ms, pass_ok_ms;
	int64_t failing_since_ms;  /* 0: it does not fail */
	uint64_t failing_clock_ms; /* the same moment by ezlb_now_ms, which nobody sets */
	char pass_error[EZLB_MESSAGE_STRLEN];
	struct ezlb_histogram pass_duration;
	uint64_t repairs[EZLB_OPS];
};

int64_t view_now(void);
void view_start(struct view *view, int64_t now_ms);
void view_clear(struct view *view);

/* Files were taken in: ezlb_catalog_update has been called. */
void view_files(struct view *view, const struct ezlb_catalog *catalog,
		const struct ezlb_snapshot *snapshot, int64_t now_ms);
/* A pass over what is in the catalog; all borrowed. */
struct view_pass {
	const struct ezlb_catalog *catalog;
	const struct ezlb_verdicts *verdicts; /* sorted */
	const struct ezlb_pass *pass;
	const struct ezlb_pass_result *result;
	uint64_t clock_ms; /* now, by ezlb_now_ms */
	double seconds;	   /* that it took */
};
void view_pass(struct view *view, const struct view_pass *pass, int64_t now_ms);
void view_verdict(struct view *view, const struct ezlb_health_change *change, int64_t now_ms);
/* One event without more to it. `object` and `message` may be NULL. */
void view_event(struct view *view, enum ezlb_event_type type, const char *object,
		const char *message, int64_t now_ms);

/*
 * False where the daemon is not to be relied on, with the reason: no pass has been made yet, or
 * passes have been failing for a minute. Files that are refused and backends that are down are
 * nothing that another daemon could do better. `clock_ms` is by ezlb_now_ms: the wall clock jumps
 * when a host that has just started is told the time.
 */
bool view_ready(const struct view *view, uint64_t clock_ms, char why[EZLB_MESSAGE_STRLEN]);
