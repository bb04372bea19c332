/* SPDX-License-Identifier: GPL-2.0-or-later */
/* receive: what the thread does with the messages: decode, match, format, write, count. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <linux/netlink.h>

#include <ezlb/connections.h>
#include <ezlb/connlog.h>

#include "ending.h"
#include "writer.h"

#define RECEIVE_BATCH 64   /* messages that are taken with one call */
#define RECEIVE_BYTES 2048 /* of one message; the kernel's have about 300 */

#define RECEIVE_SAY_MS 10000 /* between two log lines about missed events */

struct receiver {
	struct ezlb_connections_index *index; /* owned; NULL: none yet */
	bool to_file;
	struct writer writer;
	struct timeouts timeouts;
	uint64_t timeouts_ms; /* when they were read */
	uint64_t lines;	      /* to the log, since the last receiver_finish */
	uint32_t drops;	      /* of the socket, as far as they are counted */
	uint64_t said_ms;     /* the last log line about events that were missed */
	uint64_t unsaid;      /* missed since */
	bool said_problem;
	/* Of the batch: */
	union {
		struct nlmsghdr head;
		unsigned char bytes[RECEIVE_BYTES];
	} * bytes;
	size_t len[RECEIVE_BATCH];
};

void receiver_open(struct receiver *receiver, const char *file, uint32_t ipvs_tcp_s);
void receiver_close(struct receiver *receiver);
/* Takes over the index. */
void receiver_use(struct receiver *receiver, struct ezlb_connections_index *index);
void receiver_reopen(struct receiver *receiver);
/* Takes a batch of messages from the socket, at most RECEIVE_BATCH; returns how many. */
int receiver_fetch(struct receiver *receiver, int fd);
/* Puts the lines of these n messages into the writer. */
void receiver_handle(struct receiver *receiver, int n);
/* Writes the lines and adds to the counts; `drops` is the counter of the socket. */
void receiver_finish(struct receiver *receiver, uint32_t drops);

/* The counts of ezlb_connlog_counts. */
void counts_on(bool on);
void counts_feed_problem(const char *problem);
void counts_file_problem(const char *problem);
void counts_add(uint64_t lines, uint64_t missed, uint64_t unwritten);
