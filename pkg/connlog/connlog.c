// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * connlog: the thread. Messages wait in the socket for NAP_MS, so that it wakes up twenty times a
 * second at most, and writes many lines at once.
 */
#include <ezlb/connlog.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ezlb/connections.h>
#include <ezlb/duration.h>
#include <ezlb/log.h>
#include <ezlb/netlink.h>

#include "feed.h"
#include "receive.h"

#define NAP_MS	   50
#define IPVS_TCP_S (15 * 60) /* IP_VS_TCP_S_ESTABLISHED, net/netfilter/ipvs/ip_vs_proto_tcp.c */

struct ezlb_connlog {
	struct ezlb_connlog_options options;
	bool on;      /* some service has connection_log; the thread runs, if it could be started */
	bool failed;  /* the last ezlb_connlog_set; logged once */
	bool running; /* the thread has to be joined */
	int feed, wake;
	pthread_t thread;
	struct receiver receiver; /* of the thread */
	/* Shared with the thread, below this lock. */
	pthread_mutex_t lock;
	struct ezlb_connections_index *next; /* to be taken by the thread; NULL: none */
	bool reopen, stop;
};

/* --- in the thread ------------------------------------------------------------------------- */

/* Takes what the loop has left here. True if the thread must end. */
static bool take_orders(struct ezlb_connlog *log)
{
	struct ezlb_connections_index *next;
	bool reopen, stop;

	pthread_mutex_lock(&log->lock);
	next = log->next;
	reopen = log->reopen;
	stop = log->stop;
	log->next = NULL;
	log->reopen = false;
	pthread_mutex_unlock(&log->lock);
	if (next)
		receiver_use(&log->receiver, next);
	if (reopen)
		receiver_reopen(&log->receiver);
	return stop;
}

/* Messages go on arriving, so this ends after some time, too. */
static void drain(struct ezlb_connlog *log)
{
	uint64_t end = ezlb_now_ms() + EZLB_CONNLOG_CLOSE_MS;
	int n = RECEIVE_BATCH;

	while (n == RECEIVE_BATCH && ezlb_now_ms() < end) {
		n = receiver_fetch(&log->receiver, log->feed);
		/* After that: they may be of a service that the loop has just handed over. */
		take_orders(log);
		receiver_handle(&log->receiver, n);
	}
	receiver_finish(&log->receiver, feed_drops(log->feed));
}

static void wait_for(int fd, int other, int ms)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
				 { .fd = other, .events = POLLIN } };
	uint64_t count;

	poll(fds, 2, ms);
	if (fds[0].revents && read(fd, &count, sizeof(count)) < 0)
		return;
}

/* What could not be said yet is said after a while, also if no messages come. */
static int patience(const struct ezlb_connlog *log)
{
	return log->receiver.unsaid > 0 ? RECEIVE_SAY_MS : -1;
}

static void *run(void *arg)
{
	struct ezlb_connlog *log = arg;
	bool stop = false;

	/* A file that cannot be written is told before the first line is lost. */
	receiver_reopen(&log->receiver);
	receiver_finish(&log->receiver, feed_drops(log->feed));
	while (!stop) {
		wait_for(log->wake, log->feed, patience(log));
		stop = take_orders(log);
		if (!stop) {
			wait_for(log->wake, -1, NAP_MS);
			stop = take_orders(log);
		}
		drain(log);
	}
	/* Not when it is joined: until then the kernel would go on filling the socket. */
	ezlb_close_fd(&log->feed);
	return NULL;
}

/* --- in the loop --------------------------------------------------------------------------- */

static void wake_up(struct ezlb_connlog *log)
{
	const uint64_t one = 1;

	if (log->running && write(log->wake, &one, sizeof(one)) < 0)
		return; /* it is awake */
}

static void discard(struct ezlb_connections_index *index)
{
	if (index)
		ezlb_connections_index_clear(index);
	free(index);
}

static void order(struct ezlb_connlog *log, struct ezlb_connections_index *next, bool reopen,
		  bool stop)
{
	struct ezlb_connections_index *unused = NULL;

	pthread_mutex_lock(&log->lock);
	if (next) {
		unused = log->next;
		log->next = next;
	}
	log->reopen |= reopen;
	log->stop |= stop;
	pthread_mutex_unlock(&log->lock);
	discard(unused);
	wake_up(log);
}

/* The thread takes signals away from the loop, so it blocks all of them. */
static int start_thread(struct ezlb_connlog *log, struct ezlb_err *err)
{
	sigset_t all, before;
	int rc;

	log->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (log->wake < 0)
		return ezlb_err_sys(err, errno, "cannot make an eventfd");
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&log->thread, NULL, run, log);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return ezlb_err_sys(err, rc, "cannot start a thread");
	log->running = true;
	return 0;
}

static void close_all(struct ezlb_connlog *log)
{
	ezlb_close_fd(&log->feed);
	ezlb_close_fd(&log->wake);
}

/* The thread has been told to stop, by now or a while ago. */
static void join(struct ezlb_connlog *log)
{
	if (!log->running)
		return;
	pthread_join(log->thread, NULL);
	log->running = false;
	log->stop = false;
	close_all(log);
	receiver_close(&log->receiver);
}

static int start(struct ezlb_connlog *log, const struct ezlb_connections_index *index,
		 struct ezlb_err *err)
{
	int rc;

	join(log);
	log->feed = feed_open(FEED_BYTES, err);
	if (log->feed < 0)
		return log->feed;
	rc = feed_filter(log->feed, index, err);
	if (rc == 0)
		rc = feed_join(log->feed, err);
	receiver_open(&log->receiver, log->options.file, log->options.ipvs_tcp_s);
	if (rc == 0)
		rc = start_thread(log, err);
	if (rc < 0) {
		receiver_close(&log->receiver);
		close_all(log);
	}
	return rc;
}

static bool has_log(const struct ezlb_desired *desired)
{
	for (size_t i = 0; i < desired->len; i++)
		if (desired->items[i]->connection_log)
			return true;
	return false;
}

static void stop(struct ezlb_connlog *log)
{
	if (log->on)
		order(log, NULL, false, true);
	log->on = false;
	counts_on(false);
}

void ezlb_connlog_set(struct ezlb_connlog *log, const struct ezlb_desired *desired)
{
	struct ezlb_connections_index *index;
	struct ezlb_err err = { 0 };
	int rc = 0;

	if (!has_log(desired)) {
		stop(log);
		return;
	}
	index = ezlb_calloc(1, sizeof(*index));
	ezlb_connections_index_make(desired, index);
	counts_on(true);
	if (log->on)
		rc = feed_filter(log->feed, index, &err);
	else
		rc = start(log, index, &err);
	log->on |= rc == 0;
	counts_feed_problem(rc < 0 ? err.msg : "");
	if (rc < 0 && !log->failed)
		ezlb_log(EZLB_ERROR, "connlog", EZLB_S("msg", "the connection log does not work"),
			 EZLB_S("err", err.msg));
	log->failed = rc < 0;
	/* Before the events that the new filter passes are read: they are in the socket until then.
	 */
	order(log, index, false, false);
}

void ezlb_connlog_reopen(struct ezlb_connlog *log)
{
	order(log, NULL, true, false);
}

struct ezlb_connlog *ezlb_connlog_new(const struct ezlb_connlog_options *options)
{
	struct ezlb_connlog *log = ezlb_calloc(1, sizeof(*log));

	log->options = *options;
	if (log->options.ipvs_tcp_s == 0)
		log->options.ipvs_tcp_s = IPVS_TCP_S;
	log->feed = log->wake = -1;
	pthread_mutex_init(&log->lock, NULL);
	return log;
}

void ezlb_connlog_free(struct ezlb_connlog *log)
{
	if (!log)
		return;
	stop(log);
	join(log);
	discard(log->next);
	pthread_mutex_destroy(&log->lock);
	free(log);
}
