/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe_kind: the structs and functions that probe.c, probe_<kind>.c and curl_loop.c share. */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <uv.h>

#include "probe.h"

struct ezlb_prober {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t curl_timer;
	struct curl_slist *headers; /* of every request */
	size_t refs;		    /* open: curl_timer, probes, sockets of curl */
	void (*closed)(void *arg);
	void *arg;
};

struct ezlb_probe {
	struct ezlb_prober *prober;
	struct ezlb_endpoint target;
	const struct ezlb_check *check;
	ezlb_probe_fn done;
	void *arg;
	uv_timer_t deadline;
	uint64_t due;			/* loop time of the deadline */
	bool extended;			/* the deadline was extended once, see probe.c */
	struct ezlb_probe_result early; /* of ezlb_probe_end_soon */
	unsigned handles;		/* not closed yet: deadline, tcp */

	/* tcp */
	uv_tcp_t tcp;
	uv_connect_t connect;

	/* http, https */
	CURL *easy;
	int fd;		   /* of curl; -1: none yet */
	size_t head, body; /* bytes received */
	int local_errno;   /* why this host could not create or poll a socket */
};

/* Frees the probe and calls `done`. Every result goes through here. */
void ezlb_probe_end(struct ezlb_probe *probe, struct ezlb_probe_result result);
/* The same, but later from the loop. */
void ezlb_probe_end_soon(struct ezlb_probe *probe, struct ezlb_probe_result result);
/* The close callback of every handle in a probe. */
void ezlb_probe_handle_closed(uv_handle_t *handle);

void ezlb_prober_ref(struct ezlb_prober *prober);
void ezlb_prober_unref(struct ezlb_prober *prober);

/* probe_tcp.c */
void ezlb_probe_tcp_start(struct ezlb_probe *probe);
void ezlb_probe_tcp_stop(struct ezlb_probe *probe);

/* probe_http.c */
void ezlb_probe_http_start(struct ezlb_probe *probe);
void ezlb_probe_http_stop(struct ezlb_probe *probe);
bool ezlb_probe_http_connected(const struct ezlb_probe *probe);
void ezlb_probe_http_done(struct ezlb_probe *probe, CURLcode rc);

/* curl_loop.c */
int ezlb_curl_loop_open(struct ezlb_prober *prober, struct ezlb_err *err);
void ezlb_curl_loop_close(struct ezlb_prober *prober); /* after the last probe */
