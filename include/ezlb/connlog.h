/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connlog: the connection log. It writes one line for each ended connection of the services with
 * connection_log, from the events of the kernel's conntrack about entries that it removes. A thread
 * of its own receives the events and writes the lines, so nothing here makes the caller wait,
 * except ezlb_connlog_free.
 *
 * Without such a service there is no socket and no thread. Knows neither IPVS nor the loop.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/spec.h>

struct ezlb_connlog;

struct ezlb_connlog_options {
	const char *file; /* copied; NULL: lines go to the log, as info */
	/*
	 * After this time without packets IPVS forgets an open connection, and removes its entry.
	 * 0: 900, as the kernel has it.
	 */
	uint32_t ipvs_tcp_s;
};
struct ezlb_connlog *ezlb_connlog_new(const struct ezlb_connlog_options *options);

/*
 * The services whose connections are logged from now on are those of `desired` that have
 * connection_log. Copies what it needs. Events that have arrived are matched with the new services.
 * The first call with such a service opens the socket and starts the thread, a call with none ends
 * both. If that fails it is tried again with the next call, and ezlb_connlog_counts has the reason.
 */
void ezlb_connlog_set(struct ezlb_connlog *log, const struct ezlb_desired *desired);

/* The file was renamed (logrotate): closes it after the line that is being written, opens it again.
 */
void ezlb_connlog_reopen(struct ezlb_connlog *log);

/*
 * Writes the lines of the events that have arrived, which takes at most EZLB_CONNLOG_CLOSE_MS
 * unless a write takes longer, and ends the thread. If that has not ended after twice the time, it
 * stays behind with everything that it uses: the file system may never answer. NULL is fine.
 */
#define EZLB_CONNLOG_CLOSE_MS 1000
void ezlb_connlog_free(struct ezlb_connlog *log);

#define EZLB_CONNLOG_PROBLEM_STRLEN 256
struct ezlb_connlog_counts {
	bool on;	    /* a service has connection_log */
	uint64_t lines;	    /* written */
	uint64_t missed;    /* events that the kernel dropped because the receive buffer was full */
	uint64_t unwritten; /* lines that the file did not take */
	/* Why no events or lines come now, with a remedy; "": they come. */
	char problem[EZLB_CONNLOG_PROBLEM_STRLEN];
};
/*
 * Of this process, since it began. ezlb_connection_log_lost_total is missed + unwritten. Any thread
 * may call it.
 */
void ezlb_connlog_counts(struct ezlb_connlog_counts *out);
