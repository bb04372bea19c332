/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker_side: a channel on the loop of the test, and at its other end what the worker does. */
#pragma once

#include "on_loop.h"

#include <ezlb/channel.h>
#include <ezlb/health_serve.h>

struct pair {
	uv_loop_t *loop;
	struct ezlb_channel *daemon, *worker; /* worker: NULL after it has ended */
	struct ezlb_health_server *server;    /* NULL: nobody serves at the other end */
	int lost;			      /* how often the daemon has lost its worker */
	const char *why;		      /* the last time */
	bool refused;			      /* the worker refused what it got */
};

static inline void pair_on_lost(void *arg, const char *why)
{
	struct pair *pair = arg;

	pair->lost++;
	pair->why = why;
}

static inline void pair_on_refused(void *arg, const char *why)
{
	((struct pair *)arg)->refused = why != NULL;
}

/* A worker begins; without `serves` the test speaks for it. */
static inline void pair_up(struct pair *pair, bool serves)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	ezlb_channel_open(pair->loop, pair_on_refused, pair, &pair->worker);
	assert_int_equal(ezlb_channel_attach(pair->worker, fds[1], NULL), 0);
	if (serves)
		assert_int_equal(ezlb_health_serve(pair->loop, pair->worker, &pair->server, NULL),
				 0);
	assert_int_equal(ezlb_channel_attach(pair->daemon, fds[0], NULL), 0);
}

/* The worker ends; the daemon does not know it yet. */
static inline void pair_down(struct pair *pair)
{
	if (pair->server != NULL)
		ezlb_health_serve_end(pair->server, NULL, NULL);
	pair->server = NULL;
	if (pair->worker != NULL)
		ezlb_channel_close(pair->worker);
	pair->worker = NULL;
}

static inline void pair_open(struct pair *pair, uv_loop_t *loop)
{
	*pair = (struct pair){ .loop = loop };
	ezlb_channel_open(loop, pair_on_lost, pair, &pair->daemon);
}

/* After everything that uses the channel. */
static inline void pair_close(struct pair *pair)
{
	pair_down(pair);
	ezlb_channel_close(pair->daemon);
}

static inline void pair_run_to_lost(struct pair *pair, int times)
{
	for (int ms = 0; ms < DEADLINE_MS && pair->lost < times; ms++)
		run_for(pair->loop, 1);
	assert_int_equal(pair->lost, times);
}
