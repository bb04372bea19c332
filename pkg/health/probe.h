/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe: probes one target once, on the loop. Knows no verdicts, intervals or services. The prober
 * has what all probes share: the loop, and curl's multi handle if there are http or https probes.
 */
#pragma once

#include <ezlb/addr.h>
#include <ezlb/err.h>
#include <ezlb/spec.h>

#include "outcome.h"

struct ezlb_ca;
struct ezlb_channel;
struct ezlb_prober;
struct ezlb_remote_check;
struct uv_loop_s;
struct ezlb_probe;

/* What to probe. */
struct ezlb_probe_job {
	struct ezlb_endpoint target;	/* check->port replaces its port */
	const struct ezlb_check *check; /* borrowed until the probe ends */
	uint32_t turn;			/* chooses the source address, see ezlb_probe_source */
	struct ezlb_ca *ca; /* to verify with; NULL: the file of the check's path is opened */
};

/* See ezlb_health_options. */
struct ezlb_remote_options {
	struct ezlb_channel *channel;
	bool (*need_curl)(void *arg); /* may be NULL */
	void *arg;
};

/* Called once, from the loop, after the end of the probe: do not use the probe any more. */
typedef void (*ezlb_probe_fn)(void *arg, const struct ezlb_probe_result *result);

int ezlb_prober_open(struct uv_loop_s *loop, struct ezlb_prober **out, struct ezlb_err *err);
/* The probes of type http and https run at the other end of a channel. Before the first probe. */
void ezlb_prober_use(struct ezlb_prober *prober, const struct ezlb_remote_options *options);
/*
 * The worker process keeps what it knows of the check until it is released: for checks with many
 * probes. NULL if no worker has to do with it; NULL may be released.
 */
struct ezlb_remote_check *ezlb_prober_hold(struct ezlb_prober *prober,
					   const struct ezlb_check *check);
void ezlb_prober_release(struct ezlb_prober *prober, struct ezlb_remote_check *check);
/*
 * Loads what probes of this type need and others do not: libcurl for http and https. Cheap if it is
 * loaded. Without it such a probe ends with LOCAL_ERROR and ELIBACC. -ELIBACC, -ENOMEM.
 */
int ezlb_prober_prepare(struct ezlb_prober *prober, enum ezlb_check_type type,
			struct ezlb_err *err);
/* True if its probes run at the other end of the channel. */
bool ezlb_prober_is_remote(const struct ezlb_prober *prober, enum ezlb_check_type type);
/*
 * The loop time since when the probes that run at the other end can run: UINT64_MAX while nobody is
 * there, or nobody who answers. 0: none runs there.
 */
uint64_t ezlb_prober_ready_since(const struct ezlb_prober *prober);
/* Tries again to load libcurl, here or by another worker. */
void ezlb_prober_retry(struct ezlb_prober *prober);
/* The CAs of an open file, for jobs: as ezlb_trust_take. libcurl must be loaded. */
int ezlb_prober_take_ca(struct ezlb_prober *prober, int fd, struct ezlb_ca **out);
/* Call it after the last probe has ended or was cancelled. Calls `closed` on the loop. */
void ezlb_prober_close(struct ezlb_prober *prober, void (*closed)(void *arg), void *arg);

/*
 * Copies the job. `done` gets the result within check->timeout_ms (up to twice that if the loop was
 * blocked), and never from within this call.
 */
struct ezlb_probe *ezlb_probe_start(struct ezlb_prober *prober, const struct ezlb_probe_job *job,
				    ezlb_probe_fn done, void *arg);
/* Ends the probe without a result. */
void ezlb_probe_cancel(struct ezlb_probe *probe);
