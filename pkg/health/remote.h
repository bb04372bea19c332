/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote: the probes of type http and https of a prober that has a channel. They run in the worker
 * process (serve.c), which gets no file and no path: it gets CA files as descriptors. Each result
 * of the worker is checked for its form, and that it belongs to a probe.
 *
 * A probe that ends because of the worker is a LOCAL_ERROR, so verdicts stay:
 *   EOWNERDEAD  the worker has ended during the probe
 *   ETIME       it has not answered
 *   ENOTCONN    there was no worker for the probe
 */
#pragma once

#include <ezlb/channel.h>

#include "probe.h"

struct ezlb_remote;

void ezlb_remote_open(struct ezlb_prober *prober, const struct ezlb_remote_options *options);
void ezlb_remote_close(
	struct ezlb_remote *remote); /* after the last probe and check; NULL is fine */

/* See ezlb_prober_prepare and ezlb_prober_hold. */
void ezlb_remote_prepare(struct ezlb_remote *remote);
void ezlb_remote_retry(struct ezlb_remote *remote);
struct ezlb_remote_check *ezlb_remote_hold(struct ezlb_remote *remote,
					   const struct ezlb_check *check);
void ezlb_remote_release(struct ezlb_remote *remote, struct ezlb_remote_check *check);

/* As the kinds in probe.c. */
void ezlb_remote_start(struct ezlb_probe *probe);
void ezlb_remote_stop(struct ezlb_probe *probe);
struct ezlb_probe_result ezlb_remote_late(const struct ezlb_probe *probe);
/* See ezlb_prober_ready_since. */
uint64_t ezlb_remote_ready_since(const struct ezlb_remote *remote);
