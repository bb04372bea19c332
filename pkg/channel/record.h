/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record: one record as one message of the socket. Pure but for the two system calls. */
#pragma once

#include <ezlb/channel.h>

struct record_head {
	uint16_t kind;
	uint16_t zero;
	uint32_t len; /* of the bytes that follow */
};

/* One message, with room for a record of the greatest length. */
struct record_buffer {
	struct record_head head;
	_Alignas(16) unsigned char bytes[EZLB_RECORD_MAX];
};

/* Returns 0, -EAGAIN or another -errno. Closes no descriptor. */
int record_send(int fd, const struct record_head *head, const void *data, const int *fds,
		size_t n_fds);

/*
 * Returns 1 with a record, 0 at the end, -EAGAIN, -EBADMSG for a message that is no record (its
 * descriptors are closed), or another -errno. record->data points into the buffer.
 */
int record_receive(int fd, struct record_buffer *buffer, struct ezlb_record *record);

/* Closes the descriptors that nobody has taken. */
void record_close_fds(struct ezlb_record *record);
