/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view: what the daemon remembers for its operator: the conditions of each service, what has
 * happened, and how often. It is told and tells nobody; fold.h makes a status of it. Times are by
 * ezlb_steady_ms and are passed in.
 */
#pragma once

#include <ezlb/catalog.h>
#include <ezlb/event.h>
#include <ezlb/pass.h>
#include <ezlb/probe.h>
#include <ezlb/status.h>

/* Of one file, which is one service. */
struct ezlb_view_service {
	char *path;
	char name[EZLB_NAME_MAX + 1];
	struct ezlb_condition conditions[EZLB_CONDITIONS];
	uint64_t applied_hash; /* of the content that the kernel holds; 0: none yet */
	bool applied;	       /* a version of the file is */
	int diag_line;	       /* of the first thing that is wrong; 0: none, or the whole file */
	uint64_t diags;	       /* a print of what is wrong with the file; 0: nothing */
	bool seen;	       /* in the set of files that is being taken in */
	bool told;	       /* its file is no news any more */
};

struct ezlb_view {
	struct ezlb_events events; /* these have the wall clock's times, as the log has */
	int64_t wall_shift_ms;	   /* by ezlb_wall_shift_ms; the caller's, before each call */
	struct ezlb_view_services EZLB_VEC(struct ezlb_view_service) services; /* sorted by path */
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

	int64_t conntrack_entries, conntrack_max; /* at the last look; -1: unknown */
	bool conntrack_full;			  /* as in struct ezlb_status */
};

void ezlb_view_start(struct ezlb_view *view, int64_t now_ms);
void ezlb_view_clear(struct ezlb_view *view);

/* Files were taken in: ezlb_catalog_update has been called. */
void ezlb_view_files(struct ezlb_view *view, const struct ezlb_catalog *catalog,
		     const struct ezlb_snapshot *snapshot, int64_t now_ms);
/* A pass over what is in the catalog; all borrowed. */
struct ezlb_view_pass {
	const struct ezlb_catalog *catalog;
	const struct ezlb_verdicts *verdicts; /* sorted */
	const struct ezlb_pass *pass;
	const struct ezlb_pass_result *result;
	uint64_t clock_ms; /* now, by ezlb_now_ms */
	double seconds;	   /* that it took */
};
void ezlb_view_pass(struct ezlb_view *view, const struct ezlb_view_pass *pass, int64_t now_ms);
void ezlb_view_verdict(struct ezlb_view *view, const struct ezlb_health_change *change,
		       int64_t now_ms);
/* How full the conntrack table is; -1: unknown. True where it has become full, or is no longer. */
bool ezlb_view_conntrack(struct ezlb_view *view, int64_t entries, int64_t max, int64_t now_ms);
/* One event without more to it. `object` and `message` may be NULL. */
void ezlb_view_event(struct ezlb_view *view, enum ezlb_event_type type, const char *object,
		     const char *message, int64_t now_ms);

/*
 * False where the daemon is not to be relied on, with the reason: no pass has been made yet, or
 * passes have been failing for a minute. Files that are refused and backends that are down are
 * nothing that another daemon could do better. `clock_ms` is by ezlb_now_ms: the wall clock jumps
 * when a host that has just started is told the time.
 */
bool ezlb_view_ready(const struct ezlb_view *view, uint64_t clock_ms,
		     char why[EZLB_MESSAGE_STRLEN]);

/*
 * The line of ezlb_status_summary, of the view alone: what it costs does not hold the loop.
 * `clock_ms` is by ezlb_now_ms.
 */
void ezlb_view_summary(const struct ezlb_view *view, uint64_t clock_ms, char *buf, size_t size);

/* --- one status of it --------------------------------------------------------------------------
 */

/* What the view does not know by itself, as plain data. */
struct ezlb_view_facts {
	const char *dataplane, *snat_backend; /* static */
	int pid;
	char host[64 + 1];
	enum ezlb_watch_mode watch;
	struct ezlb_health_stats probes;
	struct ezlb_verdicts verdicts;	/* sorted; the caller's */
	const struct ezlb_dests *dests; /* sorted, as the last pass left them; NULL: not known */
	int64_t now_ms;			/* of the wall clock ... */
	uint64_t clock_ms;		/* ... and the same moment by ezlb_now_ms */
};

/*
 * Everything that is known, without what the kernel counts (ezlb_status_count). `catalog` is the
 * one that ezlb_view_files got last. The caller clears *out.
 */
void ezlb_view_status(const struct ezlb_view *view, const struct ezlb_catalog *catalog,
		      const struct ezlb_view_facts *facts, struct ezlb_status *out);

/* --- the log of traffic ------------------------------------------------------------------------
 */

/* One line an interval for each service with traffic_log, with what has passed since the line
 * before.
 */
struct ezlb_trafficlog {
	struct ezlb_traffic before; /* the services' rows of the last time; sorted */
	int64_t before_ms;	    /* wall clock; 0: there was none */
};

/* Logs. The first time there is nothing to compare with, and so no line. */
void ezlb_trafficlog_write(struct ezlb_trafficlog *log, const struct ezlb_status *status);
void ezlb_trafficlog_clear(struct ezlb_trafficlog *log);
/* What has been counted since. A number that went back has begun again at 0. */
uint64_t ezlb_trafficlog_delta(uint64_t before, uint64_t now);
