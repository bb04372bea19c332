/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record: what two processes of ezlb say to each other, as one message of a SOCK_SEQPACKET socket.
 * channel.h has the same on a loop.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define EZLB_RECORD_MAX	    (60 * 1024) /* bytes of one record */
#define EZLB_RECORD_FDS_MAX 2

enum ezlb_record_kind {
	/* Of the spawner: include/ezlb/worker.h. */
	EZLB_RECORD_SPAWN,  /* to it: replace the worker */
	EZLB_RECORD_WORKER, /* from it: a new worker, with the socket to it */

	/* Probes of type http and https: pkg/health/records.h. */
	EZLB_RECORD_CHECK,	  /* to the worker: a check, by its id, and its CA file */
	EZLB_RECORD_CHECK_FORGET, /* to the worker */
	EZLB_RECORD_PROBE,	  /* to the worker: begin a probe, by its id */
	EZLB_RECORD_PROBE_CANCEL, /* to the worker */
	EZLB_RECORD_PROBE_RESULT, /* from the worker */

	/* The admin server: pkg/api/records.h. */
	EZLB_RECORD_CLIENT,  /* to the worker: a connection that the daemon has accepted */
	EZLB_RECORD_REQUEST, /* from the worker: a whole request, by its id */
	EZLB_RECORD_REPLY,   /* to the worker: its answer; long documents as descriptors */
	EZLB_RECORD_GONE,    /* both ways: a connection is over */

	EZLB_RECORDS
};

struct ezlb_record {
	enum ezlb_record_kind kind;
	const void *data; /* len bytes, aligned for any type; borrowed */
	size_t len;
	int fds[EZLB_RECORD_FDS_MAX]; /* a receiver keeps one by setting it to -1 here */
	size_t n_fds;
};

/* The message: a head, and the bytes of the record. */
struct ezlb_record_head {
	uint16_t kind;
	uint16_t zero;
	uint32_t len; /* of the bytes that follow */
};

/* Room for a record of the greatest length. */
struct ezlb_record_buffer {
	struct ezlb_record_head head;
	_Alignas(16) unsigned char bytes[EZLB_RECORD_MAX];
};

/* Sends it without waiting. Returns 0, -EAGAIN or another -errno. Closes no descriptor. */
int ezlb_record_send(int fd, const struct ezlb_record *record);

/*
 * Returns 1 with a record, 0 at the end, -EAGAIN, -EBADMSG for a message that is no record (its
 * descriptors are closed), -EMFILE if this process has no room for the descriptors of the record,
 * which is lost then, or another -errno. record->data points into the buffer.
 */
int ezlb_record_receive(int fd, struct ezlb_record_buffer *buffer, struct ezlb_record *record);

/* Closes the descriptors that nobody has taken. */
void ezlb_record_close_fds(struct ezlb_record *record);
