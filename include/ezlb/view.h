/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view: what the daemon remembers for its operator: the conditions of each service, events and
 * counts. The caller reports what happened; the view calls nobody. Times are by ezlb_steady_ms; the
 * caller passes them.
 */
#pragma once

#include <ezlb/answers.h>
#include <ezlb/catalog.h>
#include <ezlb/event.h>
#include <ezlb/local.h>
#include <ezlb/node.h>
#include <ezlb/pass.h>
#include <ezlb/ports.h>
#include <ezlb/probe.h>
#include <ezlb/roster.h>
#include <ezlb/status.h>

/* What a backend does in a service, once for all listeners of the service. */
struct ezlb_view_role {
	uint64_t until_ms;	      /* as in struct ezlb_roster_row; the latest */
	uint32_t weight, full;	      /* as in struct ezlb_roster_row */
	uint32_t active;	      /* DRAINING: the sum */
	struct ezlb_endpoint backend; /* as in the file */
	bool removed;		      /* it is not in the file any more, and drains */
	uint8_t role;		      /* enum ezlb_role */
	uint8_t cause;		      /* DRAINING: enum ezlb_drain_cause */
};
struct ezlb_view_roles EZLB_VEC(struct ezlb_view_role);

/* One file, which is one service. */
struct ezlb_view_service {
	char *path;
	char name[EZLB_NAME_MAX + 1];
	struct ezlb_condition conditions[EZLB_CONDITIONS];
	uint64_t applied_hash;	      /* of the content that the kernel has; 0: none yet */
	uint64_t last_hash;	      /* last_hash of its entry when files were read */
	bool applied;		      /* a version of the file is applied */
	int diag_line;		      /* of the first diagnostic; 0: none, or the whole file */
	uint64_t diags;		      /* a hash of the diagnostics of the file; 0: none */
	bool seen;		      /* in the set of files of the running update */
	bool known;		      /* an earlier update has reported the file */
	bool serves, waits;	      /* as counted for its addresses in ezlb_view_vips */
	uint8_t summed;		      /* what `summary` of the view has of it, as bits */
	struct ezlb_view_roles roles; /* of the last pass that could read IPVS; by backend */
};

/* An address of listeners; only with --vip-device. */
struct ezlb_view_vip {
	struct ezlb_addr addr;
	enum ezlb_vip_state state;
	size_t services;		 /* how many have a listener on it ... */
	char service[EZLB_NAME_MAX + 1]; /* ... and the first of them by name */
	size_t serving; /* listeners on it whose service has a backend that serves */
	size_t waiting; /* listeners on it whose service has a backend without a first verdict */
	bool told;	/* the last event about it is that it was withdrawn */
};

struct ezlb_view {
	struct ezlb_events events; /* with times of the wall clock, as in the log */
	int64_t wall_shift_ms;	   /* ezlb_wall_shift_ms; the caller sets it before each call */
	struct ezlb_view_services EZLB_VEC(struct ezlb_view_service) services; /* sorted by path */
	struct ezlb_status_dirs dirs;
	/* Of the services alone, and borrowed from them; stale: to be made anew. */
	struct ezlb_summary summary;
	bool summary_stale;
	int64_t started_ms;
	struct ezlb_node_drain drain;
	char vip_device[EZLB_DEVICE_STRLEN]; /* --vip-device; "": none, or no pass yet */

	uint64_t reloads;
	bool reload_ok;
	int64_t reload_ms, reload_ok_ms;
	uint64_t revision;   /* ezlb_catalog_revision; valid after the first read */
	int64_t revision_ms; /* when it became the one that is applied */

	uint64_t passes, pass_errors;
	int64_t pass_ms, pass_ok_ms;
	int64_t failing_since_ms;  /* 0: passes do not fail, or only in TOA */
	uint64_t failing_clock_ms; /* the same time by ezlb_now_ms, a monotonic clock */
	char pass_error[EZLB_MESSAGE_STRLEN];
	struct ezlb_histogram pass_duration;
	uint64_t repairs[EZLB_OPS];

	int64_t conntrack_entries, conntrack_max; /* when last read; -1: unknown */
	bool conntrack_full;			  /* as in struct ezlb_status */

	/* After the last pass that could read the links; sorted by address. */
	struct ezlb_view_vips EZLB_VEC(struct ezlb_view_vip) vips;
	struct ezlb_status_sync sync; /* after the last pass */
	struct ezlb_local local;      /* when last read */
	struct ezlb_answers answers;  /* of the virtual services */
	struct ezlb_ports ports;      /* when last read; of the services with full_nat */
};

void ezlb_view_start(struct ezlb_view *view, int64_t now_ms);
void ezlb_view_clear(struct ezlb_view *view);

/* Call it after ezlb_catalog_update. */
void ezlb_view_files(struct ezlb_view *view, const struct ezlb_catalog *catalog,
		     const struct ezlb_snapshot *snapshot, int64_t now_ms);
/* A pass with the services of the catalog; all borrowed. */
struct ezlb_view_pass {
	const struct ezlb_catalog *catalog;
	const struct ezlb_verdicts *verdicts; /* sorted */
	const struct ezlb_pass *pass;
	const struct ezlb_pass_result *result;
	uint64_t clock_ms; /* now, by ezlb_now_ms */
	double seconds;	   /* duration of the pass */
};
/* After a pass over a part the view is as after one over all services. The cost is that of the
 * part.
 */
void ezlb_view_pass(struct ezlb_view *view, const struct ezlb_view_pass *pass, int64_t now_ms);
void ezlb_view_verdict(struct ezlb_view *view, const struct ezlb_health_change *change,
		       int64_t now_ms);
/*
 * Sets the use of the conntrack table; -1: unknown. True if conntrack_full changed:
 * ezlb_view_recheck then tells it to the services.
 */
bool ezlb_view_conntrack(struct ezlb_view *view, int64_t entries, int64_t max, int64_t now_ms);
/* What was read from the kernel apart from a pass; each may be NULL: not read. */
struct ezlb_view_survey {
	struct ezlb_local *local; /* taken over if it differs; the caller clears what is left */
	const struct ezlb_traffic *traffic; /* of services */
	bool still;			    /* no traffic: it is as the last one */
	struct ezlb_ports *ports;	    /* taken over; the caller clears what is left */
	uint64_t clock_ms;		    /* now, by ezlb_now_ms */
};
void ezlb_view_survey(struct ezlb_view *view, const struct ezlb_catalog *catalog,
		      const struct ezlb_view_survey *survey, int64_t now_ms);
/* Sets the conditions that do not depend on a pass again. */
void ezlb_view_recheck(struct ezlb_view *view, const struct ezlb_catalog *catalog, int64_t now_ms);
/* This balancer drains, or serves again. drain->since_ms is of the wall clock. */
void ezlb_view_drain(struct ezlb_view *view, const struct ezlb_node_drain *drain, int64_t now_ms);
/* Adds one event. `object` and `message` may be NULL. */
void ezlb_view_event(struct ezlb_view *view, enum ezlb_event_type type, const char *object,
		     const char *message, int64_t now_ms);

/*
 * False, with the reason, if this balancer drains, no pass has run yet, or passes have been failing
 * for a minute. Refused files, backends that are down and TOA do not matter here: a restart or
 * another daemon would not help. `clock_ms` is by ezlb_now_ms: the wall clock can jump after the
 * start of the host.
 */
bool ezlb_view_ready(const struct ezlb_view *view, uint64_t clock_ms,
		     char why[EZLB_MESSAGE_STRLEN]);

/*
 * The line of ezlb_status_summary, from the view alone: cheap enough for the loop. `clock_ms` is by
 * ezlb_now_ms.
 */
void ezlb_view_summary(const struct ezlb_view *view, uint64_t clock_ms, char *buf, size_t size);

/* --- the status of the view ------------------------------------------------------------------ */

/* What the view does not know itself, as plain data. */
struct ezlb_view_facts {
	const char *dataplane, *snat_backend; /* static */
	int pid;
	char host[64 + 1];
	enum ezlb_watch_mode watch;
	struct ezlb_health_stats probes;
	struct ezlb_verdicts verdicts;	/* sorted; owned by the caller */
	const struct ezlb_dests *dests; /* sorted, after the last pass; NULL: unknown */
	int64_t now_ms;			/* wall clock ... */
	uint64_t clock_ms;		/* ... and the same time by ezlb_now_ms */
};

/*
 * Fills *out with everything but the counters of the kernel (ezlb_status_count). `catalog` is the
 * one that ezlb_view_files got last. The caller clears *out.
 */
void ezlb_view_status(const struct ezlb_view *view, const struct ezlb_catalog *catalog,
		      const struct ezlb_view_facts *facts, struct ezlb_status *out);

/* --- the traffic log ------------------------------------------------------------------------- */

/* One line per interval for each listener of a service with traffic_log: the traffic since the last
 * line. */
struct ezlb_trafficlog {
	struct ezlb_traffic before; /* the rows of the services at the last call; sorted */
	int64_t before_ms;	    /* wall clock; 0: no call yet */
};

/* Logs the lines. The first call has no earlier counters and logs nothing. */
void ezlb_trafficlog_write(struct ezlb_trafficlog *log, const struct ezlb_status *status);
void ezlb_trafficlog_clear(struct ezlb_trafficlog *log);
/* now - before; a counter that went back has restarted at 0. */
uint64_t ezlb_trafficlog_delta(uint64_t before, uint64_t now);
