/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event: what has happened to the operator's services, the last 1,000 of it. Transitions only: what
 * goes on being so is in status.
 */
#pragma once

#include <stdint.h>

#include <ezlb/spec.h>

enum ezlb_event_type {
	EZLB_EVENT_STARTED,
	EZLB_EVENT_RELOADED,	  /* a set of files was taken in, and something is different */
	EZLB_EVENT_FILE_REFUSED,  /* a file has an error that it did not have */
	EZLB_EVENT_FILE_ACCEPTED, /* it is sound again, or new */
	EZLB_EVENT_FILE_GONE,
	EZLB_EVENT_DIRECTORY_FROZEN, /* it cannot be read: what it had stays */
	EZLB_EVENT_DIRECTORY_BACK,
	EZLB_EVENT_BACKEND_UP,
	EZLB_EVENT_BACKEND_DOWN,
	EZLB_EVENT_CONDITION_CHANGED, /* of a service; the message says which and why */
	EZLB_EVENT_APPLIED,	      /* the kernel was changed to be as it should */
	EZLB_EVENT_RECONCILE_FAILING,
	EZLB_EVENT_RECONCILE_RECOVERED,
	EZLB_EVENT_REPAIRED, /* somebody else had changed what is ezlb's */
	EZLB_EVENT_ADOPTED,  /* a virtual service that was there already was taken over */
	EZLB_EVENT_FIGHT,    /* another program keeps undoing ezlb's changes */
	EZLB_EVENT_FIGHT_OVER,
	EZLB_EVENT_CONNTRACK_FULL, /* or nearly: new connections are dropped, or soon will be */
	EZLB_EVENT_CONNTRACK_RECOVERED,
	EZLB_EVENTS
};
const char *ezlb_event_type_str(enum ezlb_event_type type); /* "BackendDown" */

enum ezlb_event_level { EZLB_EVENT_NORMAL, EZLB_EVENT_WARNING };
/* Of a type; of CONDITION_CHANGED whoever adds it knows better. */
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
	char service[EZLB_NAME_MAX + 1]; /* "" where it is of none */
	char object[EZLB_OBJECT_STRLEN]; /* what it happened to: a backend, a file; "" */
	char message[EZLB_EVENT_STRLEN]; /* one line */
};

/* A ring. The zero value is empty; cleared with ezlb_events_clear. */
struct ezlb_events {
	struct ezlb_event *items; /* EZLB_EVENTS_KEPT of them once there is one */
	uint64_t next;		  /* seq of the next one, minus 1: how many there were ever */
	uint64_t total[EZLB_EVENTS];
};

/*
 * The new event, with the time, type and its level set, the texts empty; the caller fills these in
 * before it adds another.
 */
struct ezlb_event *ezlb_events_add(struct ezlb_events *events, enum ezlb_event_type type,
				   int64_t now_ms);
/* The event with that seq; NULL where it is not kept any more, or not there yet. */
const struct ezlb_event *ezlb_events_get(const struct ezlb_events *events, uint64_t seq);
void ezlb_events_clear(struct ezlb_events *events);
