/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe: one look at one target, on the loop. Knows nothing of verdicts, intervals or services.
 * The prober owns what probes have in common: the loop and curl's multi handle.
 */
#pragma once

#include <ezlb/addr.h>
#include <ezlb/err.h>
#include <ezlb/spec.h>

#include "outcome.h"

struct uv_loop_s;
struct ezlb_prober;
struct ezlb_probe;

/* Called once, from the loop; the probe is gone by then. */
typedef void (*ezlb_probe_fn)(void *arg, const struct ezlb_probe_result *result);

int ezlb_prober_open(struct uv_loop_s *loop, struct ezlb_prober **out, struct ezlb_err *err);
/* Every probe has ended or was cancelled before; `closed` is called on the loop. */
void ezlb_prober_close(struct ezlb_prober *prober, void (*closed)(void *arg), void *arg);

/*
 * `check` is borrowed until the end. The result comes within check->timeout_ms, whatever the other
 * side does (where the loop was held up, later by as much, at most twice that), and never from
 * within this call.
 */
struct ezlb_probe *ezlb_probe_start(struct ezlb_prober *prober, const struct ezlb_endpoint *target,
				    const struct ezlb_check *check, ezlb_probe_fn done, void *arg);
/* Ends it without a result. */
void ezlb_probe_cancel(struct ezlb_probe *probe);
