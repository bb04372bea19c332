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
#define END_MS	   200 /* that a new start waits for the thread before; nearly always it has ended */
#define IPVS_TCP_S (15 * 60) /* IP_VS_TCP_S_ESTABLISHED, net/netfilter/ipvs/ip_vs_proto_tcp.c */

struct ezlb_connlog {
	struct ezlb_connlog_options options;
	char *file;
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
	bool ended; /* by the thread: it touches nothing of this any more */
	bool left;  /* nobody waits for the thread, which frees all this when it ends */
};

static void discard(struct ezlb_connections_index *index)
{
	if (index)
		ezlb_connections_index_clear(index);
	free(index);
}

static void destroy(struct ezlb_connlog *log)
{
	receiver_close(&log->receiver);
	ezlb_close_fd(&log->feed);
	ezlb_close_fd(&log->wake);
	discard(log->next);
	pthread_mutex_destroy(&log->lock);
	free(log->file);
	free(log);
}

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

/*
 * Messages go on arriving, so this ends after some time, too. The order to stop may come at its
 * beginning, and then it runs once more.
 */
static void drain(struct ezlb_connlog *log)
{
	uint64_t end = ezlb_now_ms() + EZLB_CONNLOG_CLOSE_MS / 2;
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

/* True: nobody waits for it. */
static bool end(struct ezlb_connlog *log)
{
	bool left;

	pthread_mutex_lock(&log->lock);
	log->ended = true;
	left = log->left;
	pthread_mutex_unlock(&log->lock);
	return left;
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
	if (end(log))
		destroy(log);
	return NULL;
}

/* --- in the loop --------------------------------------------------------------------------- */

static void wake_up(struct ezlb_connlog *log)
{
	const uint64_t one = 1;

	if (log->running && write(log->wake, &one, sizeof(one)) < 0)
		return; /* it is awake */
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

static bool has_ended(struct ezlb_connlog *log)
{
	bool ended;

	pthread_mutex_lock(&log->lock);
	ended = log->ended;
	pthread_mutex_unlock(&log->lock);
	return ended;
}

/*
 * The thread has been told to stop, by now or a while ago. False: it has not ended in this time,
 * because a write to the file takes so long.
 */
static bool join(struct ezlb_connlog *log, uint64_t wait_ms)
{
	uint64_t deadline = ezlb_now_ms() + wait_ms;

	if (!log->running)
		return true;
	while (!has_ended(log)) {
		if (ezlb_now_ms() >= deadline)
			return false;
		poll(NULL, 0, 1);
	}
	pthread_join(log->thread, NULL);
	log->running = log->ended = log->stop = false;
	close_all(log);
	receiver_close(&log->receiver);
	counts_file_problem(""); /* of the file then; the next thread says its own */
	return true;
}

static int start(struct ezlb_connlog *log, const struct ezlb_connections_index *index,
		 struct ezlb_err *err)
{
	int rc;

	if (!join(log, log->failed ? 0 : END_MS))
		return ezlb_err_set(err, EBUSY,
				    "lines from before it was switched off are still being "
				    "written");
	log->feed = feed_open(FEED_BYTES, err);
	if (log->feed < 0)
		return log->feed;
	rc = feed_filter(log->feed, index, err);
	if (rc == 0)
		rc = feed_join(log->feed, err);
	receiver_open(&log->receiver, log->file, log->options.ipvs_tcp_s);
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
	log->file = options->file ? ezlb_strdup(options->file) : NULL;
	if (log->options.ipvs_tcp_s == 0)
		log->options.ipvs_tcp_s = IPVS_TCP_S;
	log->feed = log->wake = -1;
	pthread_mutex_init(&log->lock, NULL);
	return log;
}

/* False: the thread has ended after all. */
static bool leave(struct ezlb_connlog *log)
{
	bool ended;

	/* Before `left`: then the thread may free everything. */
	pthread_mutex_lock(&log->lock);
	ended = log->ended;
	if (!ended)
		pthread_detach(log->thread);
	log->left = !ended;
	pthread_mutex_unlock(&log->lock);
	return !ended;
}

void ezlb_connlog_free(struct ezlb_connlog *log)
{
	if (!log)
		return;
	stop(log);
	if (!join(log, 2 * EZLB_CONNLOG_CLOSE_MS)) {
		ezlb_log(EZLB_WARN, "connlog",
			 EZLB_S("msg", "the last lines of the connection log may be missing: "
				       "writing them takes too long"));
		if (leave(log))
			return;
		join(log, 0);
	}
	destroy(log);
}
