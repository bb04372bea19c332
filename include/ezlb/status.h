/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status: one value with everything that an operator may ask, and its renderers. Pure: no clock, no
 * socket, no log; the caller passes the time. The value borrows nothing, so one thread may build it
 * and another one render it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/diag.h>
#include <ezlb/event.h>
#include <ezlb/histogram.h>
#include <ezlb/node.h>
#include <ezlb/plan.h>
#include <ezlb/ports.h>
#include <ezlb/roster.h>
#include <ezlb/spec.h>
#include <ezlb/sync.h>
#include <ezlb/text.h>
#include <ezlb/traffic.h>
#include <ezlb/verdict.h>

/* --- conditions ---------------------------------------------------------------------------- */

/* The conditions of a service, as in the API conventions of Kubernetes. */
enum ezlb_condition_type {
	EZLB_ACCEPTED,	     /* the current version of the file is applied */
	EZLB_PROGRAMMED,     /* the kernel has what the applied version says */
	EZLB_BACKENDS_READY, /* at least one backend takes new connections */
	EZLB_CONFLICT,	     /* its name, listener or SNAT is taken */
	EZLB_DELIVERABLE, /* nothing known keeps packets from backends, or answers from clients */
	EZLB_CLIENT_ADDRESS, /* backends get the client's address if the file asks for that */
	EZLB_CONDITIONS
};

enum ezlb_truth { EZLB_FALSE, EZLB_TRUE, EZLB_DONT_KNOW };

enum ezlb_reason {
	EZLB_REASON_VALID,	    /* Accepted: True */
	EZLB_REASON_REFUSED,	    /* Accepted: False, no version is applied */
	EZLB_REASON_LAST_GOOD_KEPT, /* Accepted: False, the last good version is applied */
	EZLB_REASON_PROGRAMMED,	    /* Programmed: True */
	EZLB_REASON_PENDING, /* Programmed, BackendsReady, ClientAddress: Unknown, no pass yet, or
				no verdict */
	EZLB_REASON_NOT_APPLIED, /* Programmed, BackendsReady, Deliverable, ClientAddress: False */
	EZLB_REASON_FAILED,	 /* Programmed, ClientAddress: False, the kernel rejected it */
	EZLB_REASON_HELD,	 /* Programmed, ClientAddress: False, waits for an op that failed */
	EZLB_REASON_UNREADABLE,	 /* Programmed, ClientAddress: Unknown, the kernel cannot be read */
	EZLB_REASON_FIGHT,	 /* Programmed: False, another program keeps undoing it */
	EZLB_REASON_ALL_UP,	 /* BackendsReady: True */
	EZLB_REASON_SOME_DOWN,	 /* BackendsReady: True */
	EZLB_REASON_SOME_UNKNOWN,    /* BackendsReady: True, others have no verdict yet */
	EZLB_REASON_FAIL_OPEN,	     /* BackendsReady: True, those that are down serve as well */
	EZLB_REASON_FALLBACK_SERVES, /* BackendsReady: True, no other backend is up */
	EZLB_REASON_NONE_UP,	     /* BackendsReady: False */
	EZLB_REASON_NONE_SERVING,    /* BackendsReady: False, those that are up have weight 0 */
	EZLB_REASON_NO_CONFLICT,     /* Conflict: False */
	EZLB_REASON_NAME_TAKEN,	     /* Conflict: True, another file has the name */
	EZLB_REASON_LISTENER_TAKEN,  /* Conflict: True, another file has the listener */
	EZLB_REASON_SNAT_CONFLICT,   /* Conflict: True, another file SNATs a backend differently */
	EZLB_REASON_FOREIGN,	   /* Conflict: True, a foreign virtual service has the listener */
	EZLB_REASON_NO_OBSTACLE,   /* Deliverable: True */
	EZLB_REASON_LOCAL_BACKEND, /* Deliverable: True, but a backend here gets no source NAT */
	EZLB_REASON_NO_REAL_BACKEND, /* Deliverable: False, all backends are listeners of ezlb */
	EZLB_REASON_BACKEND_IS_LISTENER, /* Deliverable: False, some backends are */
	EZLB_REASON_NO_ANSWERS,		 /* Deliverable: False, packets go in and none come out */
	EZLB_REASON_CONNTRACK_FULL,   /* Deliverable: False, the conntrack table is nearly full */
	EZLB_REASON_SOURCE_NOT_LOCAL, /* Deliverable: False, an address of snat_ip is missing */
	EZLB_REASON_SOURCE_PORTS_LOW, /* Deliverable: True, but few source ports are left */
	EZLB_REASON_NOT_ASKED,	      /* ClientAddress: True, the file does not ask for it */
	EZLB_REASON_ADDED,	      /* ClientAddress: True, by the TCP option */
	EZLB_REASON_UNSUPPORTED,      /* ClientAddress: False, this host cannot do it */
	EZLB_REASONS
};

#define EZLB_MESSAGE_STRLEN 256

struct ezlb_condition {
	int64_t since_ms; /* wall clock of the last change of status or reason; 0: never set */
	char *message;	  /* see ezlb_condition_message; NULL: none, as most have; owned */
	enum ezlb_truth status;
	enum ezlb_reason reason;
};

const char *ezlb_condition_type_str(enum ezlb_condition_type type); /* "BackendsReady" */
const char *ezlb_truth_str(enum ezlb_truth truth);		    /* "True", "Unknown" */
const char *ezlb_reason_str(enum ezlb_reason reason);		    /* "LastGoodKept" */
/* The status that belongs to the reason; Unknown if the condition cannot have that reason. */
enum ezlb_truth ezlb_reason_truth(enum ezlb_reason reason, enum ezlb_condition_type type);

/*
 * Sets reason, message and the status that belongs to the reason. Returns true and sets since_ms if
 * the status or the reason changed, and on the first call. `message` may be NULL, and is cut to
 * EZLB_MESSAGE_STRLEN.
 */
bool ezlb_condition_set(struct ezlb_condition *condition, enum ezlb_condition_type type,
			enum ezlb_reason reason, const char *message, int64_t now_ms);
/* One line for the operator; may be "". Valid until the condition is set again. */
const char *ezlb_condition_message(const struct ezlb_condition *condition);
/* `to` is overwritten without a look at it. */
void ezlb_conditions_copy(struct ezlb_condition to[static EZLB_CONDITIONS],
			  const struct ezlb_condition from[static EZLB_CONDITIONS]);
void ezlb_conditions_clear(struct ezlb_condition conditions[static EZLB_CONDITIONS]);

/* The state of a service in one word, in order of urgency, the worst first. */
enum ezlb_state {
	EZLB_STATE_DOWN,     /* no backend takes new connections, or none can */
	EZLB_STATE_FAILED,   /* the kernel differs from the applied version, or cannot be read */
	EZLB_STATE_CONFLICT, /* a name, listener or SNAT is taken; no version is applied */
	EZLB_STATE_REFUSED,  /* its file has an error, and no version is applied */
	EZLB_STATE_STALE,    /* its file has an error or a conflict; an older version is applied */
	EZLB_STATE_DEGRADED, /* some backends are down, a fallback serves, Deliverable is False, or
				few source ports are left */
	EZLB_STATE_PENDING,  /* no verdict, or no pass yet */
	EZLB_STATE_OK,
	EZLB_STATES
};
const char *ezlb_state_str(enum ezlb_state state); /* "degraded" */
enum ezlb_state ezlb_state_of(const struct ezlb_condition conditions[static EZLB_CONDITIONS]);

/* --- the value ----------------------------------------------------------------------------- */

struct ezlb_status_backend {
	struct ezlb_endpoint address;
	int line;      /* 0: removed */
	bool removed;  /* it is not in the file any more, and drains */
	bool fallback; /* it serves only while no other backend is healthy */
	bool placed;   /* the members down to dest_full are valid: a pass has given it a role */
	enum ezlb_role role;
	enum ezlb_drain_cause cause; /* DRAINING */
	/* Wall clock. DRAINING: when it is removed at the latest. STARTING: when it has its full
	 * weight. Else 0. */
	int64_t until_ms;
	uint32_t open;			 /* DRAINING: its connections at the last pass */
	uint32_t dest_weight, dest_full; /* `weight` and `full` of struct ezlb_roster_row */
	bool checked;			 /* false: no health check, counts as up */
	enum ezlb_verdict verdict;
	bool probed; /* the next three members are valid: those of the last probe */
	enum ezlb_outcome outcome;
	int code; /* the HTTP status that belongs to the outcome; 0: none */
	uint32_t latency_us;
	int64_t since_ms;      /* wall clock: last change of the verdict; 0: unknown */
	uint32_t weight;       /* in the file */
	int64_t kernel_weight; /* the lowest of the listeners; -1: one of them has no such dest.
				* DRAINING: the highest */
	bool counted;	       /* the members below are valid: sums over the listeners */
	uint32_t active, inactive;
	struct ezlb_counters counters;
};

/* Where an address of a listener is. A routing daemon announces those on the link of --vip-device.
 */
enum ezlb_vip_state {
	EZLB_VIP_UNKNOWN,   /* there is no --vip-device, or the links were not read yet */
	EZLB_VIP_ANNOUNCED, /* on the link */
	EZLB_VIP_WITHDRAWN, /* on no link: no backend of a service on it serves (vip: serving) */
	EZLB_VIP_HELD,	    /* on no link: a backend serves again, but not yet for --vip-hold */
	EZLB_VIP_DRAINED,   /* on the other link of ezlb, because this balancer drains */
	EZLB_VIP_ELSEWHERE, /* on a link of somebody else: ezlb does not add it */
	EZLB_VIP_MISSING    /* it should be on the link */
};
const char *ezlb_vip_state_str(enum ezlb_vip_state state); /* "withdrawn"; NULL: UNKNOWN */

/* One listener of a service, which is one virtual service. */
struct ezlb_status_listener {
	struct ezlb_listener of;
	enum ezlb_vip_state vip;   /* of its address */
	bool counted;		   /* the members below are valid: from the kernel */
	uint32_t active, inactive; /* connections, sums over its dests */
	struct ezlb_counters counters;
};

struct ezlb_status_service {
	char name[EZLB_NAME_MAX + 1]; /* without a name in the file: from the file's name */
	char *file;		      /* path; owned */
	int line;		      /* of listen; 1: unknown */
	bool applied; /* the members down to ports are valid: of the applied version */
	size_t first_listener, n_listeners; /* in status->listeners */
	char scheduler[EZLB_SCHED_MAX + 1];
	enum ezlb_forward forward;
	bool full_nat;
	struct ezlb_addr_range snat_ip;
	struct ezlb_check check;
	bool traffic_log;
	enum ezlb_client_address client_address;
	bool connection_log;
	bool ports_known; /* the next member is valid: full_nat, and the kernel was read */
	struct ezlb_ports_row ports;
	uint64_t observed_hash;	  /* of the file's current bytes; 0: unreadable */
	uint64_t applied_hash;	  /* of the bytes whose version the kernel has; 0: none yet */
	size_t first, n_backends; /* in status->backends */
	size_t n_serving;	  /* backends that take new connections */
	size_t n_wanted;	  /* backends of the file, without fallbacks that are not needed */
	struct ezlb_condition conditions[EZLB_CONDITIONS];
	enum ezlb_state state;
	bool counted;		   /* the next three members are valid: from the kernel */
	uint32_t active, inactive; /* connections, sums over its listeners */
	struct ezlb_counters counters;
	int64_t snat_connections; /* -1: unknown, or no source NAT */
};

enum ezlb_file_state { EZLB_FILE_OK, EZLB_FILE_REFUSED, EZLB_FILE_UNREADABLE, EZLB_FILE_STATES };
const char *ezlb_file_state_str(enum ezlb_file_state state); /* "refused" */

struct ezlb_status_file {
	char *path; /* owned */
	enum ezlb_file_state state;
	bool applied;	       /* the current or an older version is applied */
	size_t first, n_diags; /* in status->diags: all, or the first of very many; see fold */
};

struct ezlb_status_dir {
	char *path; /* owned */
	bool configmap;
	char *problem; /* why it is frozen; NULL: not frozen; owned */
};

struct ezlb_status_count {
	const char *what; /* static */
	uint64_t n;
};
struct ezlb_status_counts EZLB_VEC(struct ezlb_status_count);

/* The connection log, since the start. */
struct ezlb_status_connlog {
	bool on; /* a service has connection_log */
	uint64_t lines, lost;
	char problem[EZLB_MESSAGE_STRLEN]; /* why no lines come now; "": they come */
};

/* The sync daemon of IPVS. */
struct ezlb_status_sync {
	char device[EZLB_DEVICE_STRLEN]; /* "": none is wanted, or no pass yet */
	uint8_t id;
	bool running[EZLB_SYNC_ROLES];	   /* as --sync-interface and --sync-id say */
	char problem[EZLB_MESSAGE_STRLEN]; /* why one does not run; "" */
};

/* How the files are watched. */
enum ezlb_watch_mode { EZLB_WATCH_INOTIFY, EZLB_WATCH_POLL };
const char *ezlb_watch_mode_str(enum ezlb_watch_mode mode); /* "inotify" */

struct ezlb_status {
	/* The process. All times are ms of the wall clock, 0: never. */
	const char *version;		      /* static */
	const char *dataplane, *snat_backend; /* static: "kernel", "nftables" */
	char host[64 + 1];
	int pid;
	int64_t now_ms, started_ms;

	bool ready;
	char not_ready[EZLB_MESSAGE_STRLEN]; /* why; "" if ready */
	struct ezlb_node_drain drain;
	char vip_device[EZLB_DEVICE_STRLEN]; /* --vip-device; "": none, or not known yet */

	/* files */
	enum ezlb_watch_mode watch;
	uint64_t reloads;    /* how often changed files were read */
	bool last_reload_ok; /* no file was refused, no directory frozen */
	int64_t last_reload_ms, last_reload_ok_ms;
	uint64_t revision;   /* ezlb_catalog_revision: the same on all hosts that agree */
	int64_t revision_ms; /* when it became the one that is applied here; 0: no file was read */

	/* reconciler */
	uint64_t passes, pass_errors; /* errors: passes that did not apply everything */
	int64_t last_pass_ms, last_ok_ms, failing_since_ms;
	char pass_error[EZLB_MESSAGE_STRLEN]; /* of the last pass; "" */
	struct ezlb_histogram pass_duration;
	uint64_t repairs[EZLB_OPS]; /* by the drift that was repaired (DEST_DEL: somebody removed a
				       dest) */

	/* probes */
	struct ezlb_histogram probe_duration;
	uint64_t probes[EZLB_OUTCOMES]; /* by outcome */
	size_t targets, overdue;
	size_t blocked;		 /* targets that this host cannot probe */
	const char *blocked_why; /* static; NULL: none */
	uint64_t overdue_total;	 /* since the start */

	uint64_t events[EZLB_EVENTS]; /* since the start, by type */

	/* read from the kernel */
	char traffic_error[EZLB_MESSAGE_STRLEN]; /* why the counters are missing; "" */
	char persist_error[EZLB_MESSAGE_STRLEN]; /* why last good versions will not survive a
						    reboot; "" */
	uint64_t worker_ends; /* since the start; not those that were on purpose */
	uint64_t log_lost;    /* lines of the log, since the start, that nobody has read in time */
	const char *sandbox;  /* static: "on", "partial", "off"; NULL: unknown */
	char sandbox_error[EZLB_MESSAGE_STRLEN];  /* what of it could not be had; "" */
	int64_t conntrack_entries, conntrack_max; /* -1: unknown */
	bool conntrack_full;			  /* set at 95 %, cleared below 90 % */
	struct ezlb_status_connlog connlog;
	struct ezlb_status_sync sync;
	struct ezlb_status_counts toa; /* packets, by what the TOA program did; empty: not loaded */

	/* Sorted by name, then file. */
	struct ezlb_status_services EZLB_VEC(struct ezlb_status_service) services;
	struct ezlb_status_listeners EZLB_VEC(struct ezlb_status_listener) listeners;
	struct ezlb_status_backends EZLB_VEC(struct ezlb_status_backend) backends;
	struct ezlb_status_files EZLB_VEC(struct ezlb_status_file) files; /* sorted by path */
	struct ezlb_diags diags;					  /* grouped by file */
	struct ezlb_status_dirs EZLB_VEC(struct ezlb_status_dir) dirs;
};

/* Adds ms to all times except 0 (never): for when somebody has set the wall clock. */
void ezlb_status_shift(struct ezlb_status *status, int64_t ms);
void ezlb_status_clear(struct ezlb_status *status);

/*
 * Adds the kernel's counters to a status. Rows are sorted. Services and backends without a row keep
 * `counted` false.
 */
void ezlb_status_count(struct ezlb_status *status, const struct ezlb_traffic *traffic);
/*
 * Adds the connections of the SNAT rows, which are sorted. A row of kind EZLB_SNAT_KEY_BACKEND
 * counts for each service with that backend.
 */
void ezlb_status_count_snat(struct ezlb_status *status, const struct ezlb_snats *snats);

/* --- renderers ----------------------------------------------------------------------------- */

/*
 * "12 services, 1 file refused (web.yaml:7), 2 down (api and 1 more), 1 failing open (web)": for
 * sd_notify and the heads of tables. Before it, if true: why ezlb is not ready, and that the
 * conntrack table is full. One line of UTF-8, cut if buf is too short.
 */
void ezlb_status_summary(const struct ezlb_status *status, char *buf, size_t size);
/* Some services, and the name of the first one by name. */
struct ezlb_summary_some {
	size_t n;
	const char *name;
};
/* The facts of a summary, for callers without a status; borrowed. */
struct ezlb_summary {
	const char *not_ready; /* why; NULL: ready */
	size_t services;       /* with an applied version */
	size_t refused;
	const char *refused_file; /* the first by path */
	int refused_line;	  /* 0: the error has no line */
	struct ezlb_summary_some down, fail_open, fallback;
	struct ezlb_summary_some ports; /* few source ports are left */
	bool conntrack_full;		/* this and the next two: see struct ezlb_status */
	int64_t conntrack_entries, conntrack_max;
};
/* Counts one service. */
void ezlb_summary_add(struct ezlb_summary *summary, const char *name, enum ezlb_state state,
		      const struct ezlb_condition conditions[static EZLB_CONDITIONS]);
void ezlb_summary_text(const struct ezlb_summary *summary, char *buf, size_t size);
/* The document of /api/v1/status; docs/admin.md describes it. Ends in a newline. */
void ezlb_status_json(const struct ezlb_status *status, struct ezlb_text *out);
/* The document of /metrics: Prometheus' text format 0.0.4. */
void ezlb_status_metrics(const struct ezlb_status *status, struct ezlb_text *out);
/* The document of /health. */
void ezlb_status_health(const struct ezlb_status *status, struct ezlb_text *out);
/* The document of /api/v1/events: the kept events from seq `since` on. Ends in a newline. */
void ezlb_events_json(const struct ezlb_events *events, uint64_t since, struct ezlb_text *out);
