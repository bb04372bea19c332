/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk: where the operator is told. What happens on the loop is noted in the view; whoever asks the
 * admin server, and the service manager, are shown what is made of it.
 */
#pragma once

#include "admin.h"
#include "manager.h"
#include "sources.h"

struct desk {
	struct ezlb_view view;
	struct sources sources; /* whoever opens these sets them */
	struct admin admin;
	struct manager manager;
};

/* `sources` is set but for `view`; `reload` is called on the loop when somebody asks for it. */
void desk_open(struct desk *desk, uv_loop_t *loop, void (*reload)(void *arg), void *arg);
/* Files were taken in. */
void desk_files(struct desk *desk, const struct ezlb_snapshot *snapshot);
/* Files are read because somebody asked, and not because they changed. */
void desk_reloading(struct desk *desk);
/* Called often: what nobody tells of is looked at. */
void desk_look(struct desk *desk);
void desk_verdict(struct desk *desk, const struct ezlb_health_change *change);
void desk_pass(struct desk *desk, const struct ezlb_verdicts *verdicts,
	       const struct ezlb_pass_result *result, uint64_t ns);
/* Somebody else keeps changing something, as op shows; and has left it alone. */
void desk_fight(struct desk *desk, const struct ezlb_op *op, const char *who);
void desk_calm(struct desk *desk);
/* The rest happens on the loop. One that was never opened is fine. */
void desk_close(struct desk *desk);
void desk_clear(struct desk *desk);
