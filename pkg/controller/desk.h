/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk: everything that informs the operator: the view, which records what happens on the loop, and
 * the admin server and the service manager, which report it.
 */
#pragma once

#include "admin.h"
#include "manager.h"
#include "sources.h"
#include "survey.h"

struct desk {
	struct ezlb_view view;
	struct sources sources; /* the caller of desk_open() sets it */
	struct admin admin;
	struct manager manager;
	struct survey survey;
	uint64_t conntrack_at; /* when the size of the conntrack table is read next */
};

/* The caller has set `sources`, except `view`. `reload` is called on the loop, on request. */
void desk_open(struct desk *desk, uv_loop_t *loop, void (*reload)(void *arg), void *arg);
/* Files have changed. */
void desk_files(struct desk *desk, const struct ezlb_snapshot *snapshot);
/* Somebody asked to read the files. */
void desk_reloading(struct desk *desk);
/* Called often: checks what sends no notification, the conntrack table. */
void desk_look(struct desk *desk);
/* Was a document made since the last call? It took memory for a moment. */
bool desk_has_told(struct desk *desk);
void desk_verdict(struct desk *desk, const struct ezlb_health_change *change);
void desk_pass(struct desk *desk, const struct ezlb_verdicts *verdicts,
	       const struct ezlb_pass_result *result, uint64_t ns);
/* Another program keeps undoing ezlb's changes, such as op; and it has stopped. */
void desk_fight(struct desk *desk, const struct ezlb_op *op, const char *who);
void desk_calm(struct desk *desk);
/* This balancer drains, or does not any more. */
void desk_drain(struct desk *desk, const struct ezlb_node_drain *drain);
/* Closing finishes on the loop. Allowed if never opened. */
void desk_close(struct desk *desk);
void desk_clear(struct desk *desk);
