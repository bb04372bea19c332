/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe_kind: what probe.c, probe_<kind>.c, probe_poll.c and curl_loop.c share. */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <uv.h>

#include "match.h"
#include "probe.h"
#include "trust.h"

struct ezlb_prober {
	uv_loop_t *loop;
	CURLM *multi; /* NULL: no probe has needed libcurl, or it is missing */
	uv_timer_t curl_timer;
	struct ezlb_trust trust;
	struct ezlb_remote *remote; /* NULL: probes of type http and https run here, too */
	int sockets;	/* epoll instance with the sockets of all tcp, udp and dns probes */
	uv_poll_t poll; /* of it */
	size_t refs;	/* open: curl_timer, poll, probes, sockets of curl */
	void (*closed)(void *arg);
	void *arg;
};

/* The socket is ready; `failed`: it has an error. */
typedef void (*ezlb_probe_ready_fn)(struct ezlb_probe *probe, bool failed);

struct ezlb_probe {
	struct ezlb_prober *prober;
	struct ezlb_endpoint target; /* with the port of the check */
	const struct ezlb_check *check;
	uint32_t turn;
	ezlb_probe_fn done;
	void *arg;
	uv_timer_t deadline;
	uint64_t due;			/* loop time of the deadline */
	bool extended;			/* the deadline was extended once, see probe.c */
	struct ezlb_probe_result early; /* of ezlb_probe_end_soon */
	int fd;				/* -1: none yet. For http and https it is curl's */

	/* tcp, udp, dns */
	ezlb_probe_ready_fn on_ready; /* NULL: the socket is not polled */
	uint16_t id;		      /* of the dns query */

	/* http, https */
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	size_t head, body;	 /* bytes received */
	bool answered;		 /* the final head is complete */
	bool wanted;		 /* the expected text was found in the body, or none is expected */
	struct ezlb_match match; /* of that text */
	int local_errno;	 /* why this host could not create a socket */
	struct ezlb_ca *ca;	 /* to verify with */
	int trust;		 /* -EKEYREJECTED: the certificate is not valid */
	bool connected;		 /* what goes wrong from here on is the backend's doing */

	/* http, https in the worker process: remote.c */
	struct ezlb_remote_check *remote_check;
	struct ezlb_remote_entry *entry; /* the worker has it */
	bool waiting;			 /* for a worker */
	struct ezlb_probe *prev, *next;	 /* that wait, too */
};

/* Frees the probe and calls `done`. Every result goes through here. */
void ezlb_probe_end(struct ezlb_probe *probe, struct ezlb_probe_result result);
/* The same, but later from the loop. */
void ezlb_probe_end_soon(struct ezlb_probe *probe, struct ezlb_probe_result result);

/* In place of the timeout of the check, from now on. */
void ezlb_probe_set_deadline(struct ezlb_probe *probe, uint64_t ms);

void ezlb_prober_ref(struct ezlb_prober *prober);
void ezlb_prober_unref(struct ezlb_prober *prober);

/* probe_socket.c */
/* A socket bound to the source address of the probe; -1 and errno. */
int ezlb_probe_socket(const struct ezlb_probe *probe, int type, int protocol);
/* Connects probe->fd and polls it for `events`, of epoll_ctl(2). Returns 0 or an errno. */
int ezlb_probe_connect(struct ezlb_probe *probe, int type, uint32_t events,
		       ezlb_probe_ready_fn on_ready);
void ezlb_probe_disconnect(struct ezlb_probe *probe);
/* The error of a socket that failed. */
int ezlb_probe_error(const struct ezlb_probe *probe);

/* probe_poll.c */
int ezlb_probe_poll_open(struct ezlb_prober *prober, struct ezlb_err *err);
void ezlb_probe_poll_close(struct ezlb_prober *prober); /* after the last probe */
/* Calls `on_ready` whenever the socket is ready, until it is closed. Returns 0 or an errno. */
int ezlb_probe_poll(struct ezlb_probe *probe, uint32_t events, ezlb_probe_ready_fn on_ready);
void ezlb_probe_poll_stop(struct ezlb_probe *probe);

/* probe_tcp.c */
void ezlb_probe_tcp_start(struct ezlb_probe *probe);

/* probe_udp.c */
/* The longest UDP datagram and one byte. */
#define EZLB_PROBE_DATAGRAM_MAX 65536
void ezlb_probe_udp_start(struct ezlb_probe *probe);
/* Sends one datagram to the target; `on_ready` is called when there is an answer or an error. */
void ezlb_probe_udp_ask(struct ezlb_probe *probe, const void *data, size_t len,
			ezlb_probe_ready_fn on_ready);
/*
 * Receives the answer into buf. False if there is none (yet): if that is an error, the probe has
 * ended.
 */
bool ezlb_probe_udp_take(struct ezlb_probe *probe, bool failed, unsigned char *buf, size_t *len);

/* probe_dns.c */
void ezlb_probe_dns_start(struct ezlb_probe *probe);

/* probe_http.c */
void ezlb_probe_http_start(struct ezlb_probe *probe);
void ezlb_probe_http_stop(struct ezlb_probe *probe);
bool ezlb_probe_http_connected(const struct ezlb_probe *probe);

/* http_answer.c */
void ezlb_http_answer_set(CURL *easy, struct ezlb_probe *probe);
void ezlb_probe_http_done(struct ezlb_probe *probe, CURLcode rc);

/* probe_https.c */
/* Returns 0, or the errno for which this host cannot probe: the CA file cannot be used. */
int ezlb_probe_https_set(CURL *easy, struct ezlb_probe *probe);
bool ezlb_probe_https_has_gnutls(void);
/* The errors of TLS. False: the code is none of them. */
bool ezlb_probe_https_error(const struct ezlb_probe *probe, CURLcode rc,
			    struct ezlb_probe_result *out);

/* curl_loop.c */
/* Loads libcurl; does nothing if it is open. -ELIBACC: it is missing, -ENOMEM. */
int ezlb_curl_loop_open(struct ezlb_prober *prober, struct ezlb_err *err);
void ezlb_curl_loop_close(struct ezlb_prober *prober); /* after the last probe */
