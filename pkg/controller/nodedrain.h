/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nodedrain: whether this balancer drains, what the operator is told about it, and the file that
 * keeps it over a restart. It changes nothing else: the controller does, when `changed` is called.
 */
#pragma once

#include <ezlb/controller.h>
#include <ezlb/node.h>
#include <ezlb/text.h>

/* So long no connection must be active: see nodedrain_idle. */
#define NODEDRAIN_QUIET_MS 1000

struct nodedrain {
	/* The caller sets these; borrowed. */
	const struct ezlb_options *options;
	void (*changed)(void *arg);
	void *arg;
	/* Its own. */
	struct ezlb_node_drain state;
	uint64_t moved_ms; /* by ezlb_now_ms: when a pass had done what `state` asks; 0: not yet */
};

/*
 * What the last process left: SERVES, or DRAINED. Logs a file that cannot be read. With the
 * in-memory data plane there is no file.
 */
struct ezlb_node_drain nodedrain_read(const struct ezlb_options *options);
/* Begins with this state, which the last process left. Does not call changed(). */
void nodedrain_open(struct nodedrain *drain, const struct ezlb_node_drain *left);

/*
 * Each is a request of the operator. Writes the file first, then calls changed(); appends the
 * answer, one line or more. Returns the HTTP status. `kind`: DRAINED or UNTIL_EXIT.
 */
unsigned nodedrain_begin(struct nodedrain *drain, enum ezlb_node_drain_kind kind,
			 struct ezlb_text *answer);
unsigned nodedrain_end(struct nodedrain *drain, struct ezlb_text *answer);
/* The process ends. Writes nothing: whether the next one drains does not change. */
void nodedrain_exit(struct nodedrain *drain);

/* A pass is over. It has moved the addresses unless that failed. */
void nodedrain_pass(struct nodedrain *drain, const struct ezlb_pass_result *result);
/*
 * True if `active` connections (-1: unknown) are none, and the addresses have been away for long
 * enough that clients whose packets were on the way have connected.
 */
bool nodedrain_idle(const struct nodedrain *drain, int64_t active, uint64_t now_ms);
