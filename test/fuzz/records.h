/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * records: the input as records of a channel (include/ezlb/channel.h). Before the bytes of each are
 * its kind, and two bytes with its length and, in the two lowest bits of the second one, how many
 * descriptors it carries.
 */
#pragma once

#include "fuzz.h"

#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <ezlb/channel.h>

#define FUZZ_RECORDS_MAX 32

/* Makes the descriptor for a record of this kind; the caller closes it. */
typedef int (*fuzz_fd_fn)(enum ezlb_record_kind kind);

static inline void fuzz_send_records(int fd, struct fuzz_rest rest, fuzz_fd_fn make)
{
	for (int i = 0; i < FUZZ_RECORDS_MAX && rest.len > 0; i++) {
		struct ezlb_record record = { .kind = fuzz_byte(&rest) % EZLB_RECORDS };
		size_t len = fuzz_byte(&rest), high = fuzz_byte(&rest);
		void *bytes;

		len |= high >> 2 << 8;
		len = len < rest.len ? len : rest.len;
		record.len = len;
		record.data = bytes = fuzz_bytes(rest.at, len);
		for (high &= 3; record.n_fds < high && record.n_fds < EZLB_RECORD_FDS_MAX;)
			record.fds[record.n_fds++] = make(record.kind);
		ezlb_record_send(fd, &record);
		ezlb_record_close_fds(&record);
		free(bytes);
		rest.at += len;
		rest.len -= len;
	}
}

static inline void fuzz_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
}
