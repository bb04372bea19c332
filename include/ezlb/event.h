/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event: the last 1,000 things that happened to the operator's services. Events are changes; what
 * is true now is in status.
 */
#pragma once

#include <stdint.h>

#include <ezlb/spec.h>

enum ezlb_event_type {
	EZLB_EVENT_STARTED,
	EZLB_EVENT_RELOADED,	  /* files were read, and something changed */
	EZLB_EVENT_FILE_REFUSED,  /* a file has a new error */
	EZLB_EVENT_FILE_ACCEPTED, /* a file is new, or valid again */
	EZLB_EVENT_FILE_GONE,
	EZLB_EVENT_DIRECTORY_FROZEN, /* it cannot be read: its services stay */
	EZLB_EVENT_DIRECTORY_BACK,
	EZLB_EVENT_BACKEND_UP,
	EZLB_EVENT_BACKEND_DOWN,
	EZLB_EVENT_DRAIN_STARTED, /* of a backend; or of many of a service, then without object */
	EZLB_EVENT_DRAIN_ENDED,	  /* the same */
	EZLB_EVENT_SLOW_START_STARTED, /* the same */
	EZLB_EVENT_SLOW_START_ENDED,   /* the same */
	EZLB_EVENT_FAIL_OPEN_STARTED,  /* of a service */
	EZLB_EVENT_FAIL_OPEN_ENDED,
	EZLB_EVENT_FALLBACK_STARTED, /* of a service: its fallback serves */
	EZLB_EVENT_FALLBACK_ENDED,
	EZLB_EVENT_CONDITION_CHANGED, /* of a service; the message says which one and why */
	EZLB_EVENT_APPLIED,	      /* ezlb changed the kernel */
	EZLB_EVENT_RECONCILE_FAILING,
	EZLB_EVENT_RECONCILE_RECOVERED,
	EZLB_EVENT_REPAIRED, /* another program had changed what ezlb owns */
	EZLB_EVENT_ADOPTED,  /* ezlb took over an existing virtual service */
	EZLB_EVENT_FIGHT,    /* another program keeps undoing ezlb's changes */
	EZLB_EVENT_FIGHT_OVER,
	EZLB_EVENT_CONNTRACK_FULL, /* or nearly: new connections are dropped, or soon will be */
	EZLB_EVENT_CONNTRACK_RECOVERED,
	EZLB_EVENT_BALANCER_DRAINED, /* this balancer, and not a backend */
	EZLB_EVENT_BALANCER_UNDRAINED,
	EZLB_EVENT_VIP_WITHDRAWN, /* an address of listeners; or of many, then without object */
	EZLB_EVENT_VIP_ANNOUNCED, /* the same: after it was withdrawn */
	EZLB_EVENTS
};
const char *ezlb_event_type_str(enum ezlb_event_type type); /* "BackendDown" */

enum ezlb_event_level { EZLB_EVENT_NORMAL, EZLB_EVENT_WARNING };
/* The usual level of a type; who adds a CONDITION_CHANGED may set another one. */
enum ezlb_event_level ezlb_event_type_level(enum ezlb_event_type type);
const char *ezlb_event_level_str(enum ezlb_event_level level); /* "warning" */

#define EZLB_EVENTS_KEPT   1000
#define EZLB_EVENT_STRLEN  320
#define EZLB_OBJECT_STRLEN 128

struct ezlb_event {
	uint64_t seq;	 /* from 1, without gaps */
	int64_t time_ms; /* wall clock */
	enum ezlb_event_type type;
	enum ezlb_event_level level;
	char service[EZLB_NAME_MAX + 1]; /* "": none */
	char object[EZLB_OBJECT_STRLEN]; /* e.g. the backend or the file; "": none */
	char message[EZLB_EVENT_STRLEN]; /* one line */
};

/* A ring. The zero value is empty; cleared with ezlb_events_clear. */
struct ezlb_events {
	struct ezlb_event *items; /* NULL before the first event, then EZLB_EVENTS_KEPT */
	uint64_t last;		  /* seq of the last event: how many there have been */
	uint64_t total[EZLB_EVENTS];
};

/*
 * Returns the new event with time, type and level set and empty texts. The caller fills in the
 * texts before it adds another event.
 */
struct ezlb_event *ezlb_events_add(struct ezlb_events *events, enum ezlb_event_type type,
				   int64_t now_ms);
/* The event with that seq; NULL if it is not kept any more, or does not exist yet. */
const struct ezlb_event *ezlb_events_get(const struct ezlb_events *events, uint64_t seq);
void ezlb_events_clear(struct ezlb_events *events);
