/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status: one value that holds all that an operator may ask, and its renderers. Pure: no clock, no
 * socket, no log; who fills the value in passes the time. It borrows nothing, so it may be rendered
 * in another thread than the one that made it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/diag.h>
#include <ezlb/event.h>
#include <ezlb/histogram.h>
#include <ezlb/plan.h>
#include <ezlb/spec.h>
#include <ezlb/text.h>
#include <ezlb/traffic.h>
#include <ezlb/verdict.h>

/* --- conditions ---------------------------------------------------------------------------- */

/* What can be said of a service, in the manner of Kubernetes' API conventions. */
enum ezlb_condition_type {
	EZLB_ACCEPTED,	     /* what the file says now is in force */
	EZLB_PROGRAMMED,     /* the kernel holds what is in force */
	EZLB_BACKENDS_READY, /* at least one backend takes new connections */
	EZLB_CONFLICT,	     /* somebody else holds its name, its listener or its SNAT */
	EZLB_CONDITIONS
};

enum ezlb_truth { EZLB_FALSE, EZLB_TRUE, EZLB_DONT_KNOW };

enum ezlb_reason {
	EZLB_REASON_VALID,	    /* Accepted: True */
	EZLB_REASON_REFUSED,	    /* Accepted: False, and no version is in force */
	EZLB_REASON_LAST_GOOD_KEPT, /* Accepted: False, an older version is in force */
	EZLB_REASON_PROGRAMMED,	    /* Programmed: True */
	EZLB_REASON_PENDING,	    /* Programmed, BackendsReady: Unknown, not tried yet */
	EZLB_REASON_NOT_IN_FORCE,   /* Programmed, BackendsReady: False, there is nothing to do */
	EZLB_REASON_FAILED,	    /* Programmed: False, the kernel refused */
	EZLB_REASON_HELD,	    /* Programmed: False, it waits for something that failed */
	EZLB_REASON_UNREADABLE,	    /* Programmed: Unknown, the kernel cannot be read */
	EZLB_REASON_FIGHT,	    /* Programmed: False, somebody else keeps changing it */
	EZLB_REASON_ALL_UP,	    /* BackendsReady: True */
	EZLB_REASON_SOME_DOWN,	    /* BackendsReady: True */
	EZLB_REASON_SOME_UNKNOWN,   /* BackendsReady: True, others have no verdict yet */
	EZLB_REASON_NONE_UP,	    /* BackendsReady: False */
	EZLB_REASON_NONE_SERVING,   /* BackendsReady: False, those that are up have weight 0 */
	EZLB_REASON_NO_CONFLICT,    /* Conflict: False */
	EZLB_REASON_NAME_TAKEN,	    /* Conflict: True, another file has the name */
	EZLB_REASON_LISTENER_TAKEN, /* Conflict: True, another file has the listener */
	EZLB_REASON_SNAT_CONFLICT,  /* Conflict: True, another file SNATs a backend otherwise */
	EZLB_REASON_FOREIGN, /* Conflict: True, a virtual service that is not ezlb's has it */
	EZLB_REASONS
};

#define EZLB_MESSAGE_STRLEN 256

struct ezlb_condition {
	enum ezlb_truth status;
	enum ezlb_reason reason;
	char message[EZLB_MESSAGE_STRLEN]; /* one line for a human; "" where the reason says all */
	int64_t since_ms; /* wall clock: the last change of status or reason; 0: never set */
};

const char *ezlb_condition_type_str(enum ezlb_condition_type type); /* "BackendsReady" */
const char *ezlb_truth_str(enum ezlb_truth truth);		    /* "True", "Unknown" */
const char *ezlb_reason_str(enum ezlb_reason reason);		    /* "LastGoodKept" */
/* The status that a reason means; Unknown where it is none of that condition's. */
enum ezlb_truth ezlb_reason_truth(enum ezlb_reason reason, enum ezlb_condition_type type);

/*
 * Takes in what is so now. True where the status or the reason has changed, which sets since_ms;
 * a new message alone is taken and is no transition. The first call always is one.
 */
bool ezlb_condition_set(struct ezlb_condition *condition, enum ezlb_condition_type type,
			enum ezlb_reason reason, const char *message, int64_t now_ms);

/* The one word for a service; the order is that of urgency, the worst first. */
enum ezlb_state {
	EZLB_STATE_DOWN,     /* no backend takes new connections */
	EZLB_STATE_FAILED,   /* the kernel does not hold what it should, or cannot be read */
	EZLB_STATE_CONFLICT, /* somebody else has what it asks for, and it is not in force */
	EZLB_STATE_REFUSED,  /* its file has an error, and it is not in force */
	EZLB_STATE_STALE,    /* its file has an error or a conflict, and an older version serves */
	EZLB_STATE_DEGRADED, /* some of its backends are down */
	EZLB_STATE_PENDING,  /* no verdict, or no pass yet */
	EZLB_STATE_OK,
	EZLB_STATES
};
const char *ezlb_state_str(enum ezlb_state state); /* "degraded" */
enum ezlb_state ezlb_state_of(const struct ezlb_condition conditions[static EZLB_CONDITIONS]);

/* --- the value ----------------------------------------------------------------------------- */

struct ezlb_status_backend {
	struct ezlb_endpoint address;
	int line;
	bool checked; /* false: it has no health check, and counts as up */
	enum ezlb_verdict verdict;
	bool probed; /* the members below it are of the last probe */
	enum ezlb_outcome outcome;
	int code;	       /* as of the outcome: the HTTP status */
	uint32_t latency_us;   /* of the last probe */
	int64_t since_ms;      /* wall clock: when the verdict became this; 0: unknown */
	uint32_t weight;       /* wanted */
	int64_t kernel_weight; /* -1: the kernel does not have it */
	bool counted;	       /* the members below it are the kernel's */
	uint32_t active, inactive;
	struct ezlb_counters counters;
};

struct ezlb_status_service {
	char name[EZLB_NAME_MAX + 1]; /* where the file does not say: from the file's name */
	char *file;		      /* as it is shown to humans; owned */
	int line;		      /* of listen; 1 where unknown */
	bool in_force; /* the members down to traffic_log are of the version in force */
	enum ezlb_proto proto;
	struct ezlb_endpoint listen;
	char scheduler[EZLB_SCHED_MAX + 1];
	enum ezlb_forward forward;
	bool full_nat;
	struct ezlb_addr_range snat_ip;
	struct ezlb_check check;
	bool traffic_log;
	uint64_t observed_hash;	  /* of the file's bytes now; 0: unreadable */
	uint64_t applied_hash;	  /* of those that the kernel holds; 0: none yet */
	size_t first, n_backends; /* in status->backends */
	size_t n_serving; /* of these take new connections: up or not checked, weight above 0 */
	struct ezlb_condition conditions[EZLB_CONDITIONS];
	enum ezlb_state state;
	bool counted;		   /* the members below it are the kernel's */
	uint32_t active, inactive; /* sums over its dests */
	struct ezlb_counters counters;
	int64_t snat_connections; /* -1: unknown, or it does no source NAT */
};

enum ezlb_file_state { EZLB_FILE_OK, EZLB_FILE_REFUSED, EZLB_FILE_UNREADABLE, EZLB_FILE_STATES };
const char *ezlb_file_state_str(enum ezlb_file_state state); /* "refused" */

struct ezlb_status_file {
	char *path; /* owned */
	enum ezlb_file_state state;
	bool in_force;	       /* a version of it is, be it an older one */
	size_t first, n_diags; /* in status->diags */
};

struct ezlb_status_dir {
	char *path; /* owned */
	bool configmap;
	char *problem; /* why it is frozen; NULL: it is not; owned */
};

/* How the files are watched. */
enum ezlb_watch_mode { EZLB_WATCH_INOTIFY, EZLB_WATCH_POLL };
const char *ezlb_watch_mode_str(enum ezlb_watch_mode mode); /* "inotify" */

struct ezlb_status {
	/* the process; all times are ms of the wall clock, 0: never */
	const char *version;		      /* static */
	const char *dataplane, *snat_backend; /* static: "kernel", "nftables" */
	char host[64 + 1];
	int pid;
	int64_t now_ms, started_ms;

	/* may it be relied on */
	bool ready;
	char not_ready[EZLB_MESSAGE_STRLEN]; /* why; "" where it is */

	/* files */
	enum ezlb_watch_mode watch;
	uint64_t reloads;    /* sets of files that were taken in */
	bool last_reload_ok; /* no file was refused, no directory frozen */
	int64_t last_reload_ms, last_reload_ok_ms;

	/* reconciler */
	uint64_t passes, pass_errors; /* passes that did not do all that was to do */
	int64_t last_pass_ms, last_ok_ms, failing_since_ms;
	char pass_error[EZLB_MESSAGE_STRLEN]; /* of the last pass; "" */
	struct ezlb_histogram pass_duration;
	uint64_t repairs[EZLB_OPS]; /* what somebody else had done (DEST_DEL: removed a dest) */

	/* probes */
	struct ezlb_histogram probe_duration;
	uint64_t probes[EZLB_OUTCOMES]; /* by outcome */
	size_t targets, overdue;

	/* events ever, by type */
	uint64_t events[EZLB_EVENTS];

	/* of the sample that goes with it */
	char traffic_error[EZLB_MESSAGE_STRLEN];  /* why nothing is counted; "" */
	int64_t conntrack_entries, conntrack_max; /* -1: unknown */
	bool conntrack_full;			  /* 95 % or more, and not below 90 % since */

	/* Sorted by name, then file. */
	struct ezlb_status_services EZLB_VEC(struct ezlb_status_service) services;
	struct ezlb_status_backends EZLB_VEC(struct ezlb_status_backend) backends;
	struct ezlb_status_files EZLB_VEC(struct ezlb_status_file) files; /* sorted by path */
	struct ezlb_diags diags; /* those of one file are together */
	struct ezlb_status_dirs EZLB_VEC(struct ezlb_status_dir) dirs;
};

/* Adds so many ms to all of its times (but for 0, which is no time): the wall clock has been set.
 */
void ezlb_status_shift(struct ezlb_status *status, int64_t ms);
void ezlb_status_clear(struct ezlb_status *status);

/*
 * What the kernel has counted, into a status that was made without it. Rows are sorted. Services
 * and backends that have no row are left uncounted.
 */
void ezlb_status_count(struct ezlb_status *status, const struct ezlb_traffic *traffic);
/*
 * The connections of the SNAT rows, which are sorted. A row that is for a backend (table.h) counts
 * for each service that uses it.
 */
void ezlb_status_count_snat(struct ezlb_status *status, const struct ezlb_snats *snats);

/* --- renderers ----------------------------------------------------------------------------- */

/*
 * "12 services, 1 file refused (web.yaml:7), 2 down (api and 1 more)": for sd_notify and the heads
 * of tables. Not ready, it begins with why; then comes a conntrack table that is full. One line of
 * UTF-8, cut where buf is short.
 */
void ezlb_status_summary(const struct ezlb_status *status, char *buf, size_t size);
/* What it is made of, for who knows that without a status; borrowed. */
struct ezlb_summary {
	const char *not_ready; /* why; NULL: it is ready */
	size_t services;       /* of which a version is applied */
	size_t refused, down;
	const char *refused_file; /* the first by path */
	int refused_line;	  /* 0: the file as a whole */
	const char *down_name;	  /* the first by name */
	bool conntrack_full;	  /* this and the next two as in struct ezlb_status */
	int64_t conntrack_entries, conntrack_max;
};
void ezlb_summary_text(const struct ezlb_summary *summary, char *buf, size_t size);
/* The document of /api/v1/status; docs/admin.md describes it. Ends in a newline. */
void ezlb_status_json(const struct ezlb_status *status, struct ezlb_text *out);
/* The document of /metrics: Prometheus' text format 0.0.4. */
void ezlb_status_metrics(const struct ezlb_status *status, struct ezlb_text *out);
/* The document of /health. */
void ezlb_status_health(const struct ezlb_status *status, struct ezlb_text *out);
/* The document of /api/v1/events: what is in the ring from `since` on. Ends in a newline. */
void ezlb_events_json(const struct ezlb_events *events, uint64_t since, struct ezlb_text *out);
