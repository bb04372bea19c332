/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * health_serve: the other side of ezlb_health_options.channel, in the worker process: runs the
 * probes of type http and https that the daemon asks for, on the loop, and sends it the results.
 */
#pragma once

#include <ezlb/err.h>

struct ezlb_channel;
struct ezlb_health_server;
struct uv_loop_s;

/*
 * Loads libcurl and lets the libraries for TLS read what they read. Call it while the process may
 * still open files, if the daemon needs it (need_curl). -ELIBACC: it cannot be loaded. The process
 * may go on: without it every probe is a LOCAL_ERROR with ELIBACC, and the daemon soon asks for
 * another worker.
 */
int ezlb_health_serve_prepare(struct ezlb_err *err);

int ezlb_health_serve(struct uv_loop_s *loop, struct ezlb_channel *channel,
		      struct ezlb_health_server **out, struct ezlb_err *err);
/* Cancels all probes. Calls `closed`, which may be NULL, on the loop after the last free. */
void ezlb_health_serve_end(struct ezlb_health_server *server, void (*closed)(void *arg), void *arg);
