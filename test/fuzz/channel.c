// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a worker process may send to the daemon. Before each datagram are two bytes: its length, and
 * in the two lowest bits of the second one how many descriptors it carries. Each receiver gets
 * whole records of its kind, and no descriptor is left open.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <ezlb/channel.h>

#define DATAGRAMS_MAX 32

struct world {
	struct ezlb_channel *channel;
	unsigned lost;
};

static void on_lost(void *arg, const char *why)
{
	struct world *world = arg;

	FUZZ_CHECK(!why || why[0]);
	world->lost++;
}

static void on_record(void *arg, struct ezlb_record *record)
{
	const enum ezlb_record_kind *kind = arg;
	uint8_t sum = 0;

	FUZZ_CHECK(record->kind == *kind && record->len <= EZLB_RECORD_MAX);
	FUZZ_CHECK(record->n_fds <= EZLB_RECORD_FDS_MAX);
	for (size_t i = 0; i < record->len; i++)
		sum ^= ((const uint8_t *)record->data)[i];
	for (size_t i = 0; i < record->n_fds; i++)
		FUZZ_CHECK(fcntl(record->fds[i], F_GETFD) == FD_CLOEXEC);
	(void)sum;
}

static void send_one(int fd, const uint8_t *bytes, size_t len, size_t n_fds, int carried)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = { { 0 } };
	struct iovec part = { (void *)(uintptr_t)bytes, len };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
	const int fds[] = { carried, carried, carried };
	struct cmsghdr *cmsg;

	if (n_fds > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_all(int fd, struct fuzz_rest rest, int carried)
{
	for (int i = 0; i < DATAGRAMS_MAX && rest.len > 0; i++) {
		size_t len = fuzz_byte(&rest), high = fuzz_byte(&rest);

		len |= high >> 2 << 8;
		len = len < rest.len ? len : rest.len;
		send_one(fd, rest.at, len, high & 3, carried);
		rest.at += len;
		rest.len -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum ezlb_record_kind kinds[EZLB_RECORDS];
	struct world world = { .lost = 0 };
	int pair[2], carried[2];
	struct pollfd ended;
	uv_loop_t loop;
	char byte;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
	    pipe2(carried, O_CLOEXEC | O_NONBLOCK) < 0 || uv_loop_init(&loop) < 0)
		abort();
	ezlb_channel_open(&loop, on_lost, &world, &world.channel);
	for (int i = 0; i < EZLB_RECORDS; i++) {
		kinds[i] = (enum ezlb_record_kind)i;
		ezlb_channel_on(world.channel, kinds[i], on_record, &kinds[i]);
	}
	FUZZ_CHECK(ezlb_channel_attach(world.channel, pair[0], NULL) == 0);
	send_all(pair[1], (struct fuzz_rest){ data, size }, carried[1]);
	close(pair[1]);
	while (world.lost == 0)
		uv_run(&loop, UV_RUN_ONCE);
	FUZZ_CHECK(world.lost == 1 && !ezlb_channel_is_up(world.channel));
	ezlb_channel_close(world.channel);
	uv_run(&loop, UV_RUN_DEFAULT);
	FUZZ_CHECK(uv_loop_close(&loop) == 0);
	close(carried[1]);
	ended = (struct pollfd){ .fd = carried[0], .events = POLLIN };
	/* Nobody has the other end any more, as soon as the kernel has freed what was in the
	 * socket. */
	FUZZ_CHECK(poll(&ended, 1, 20000) == 1 && read(carried[0], &byte, 1) == 0);
	close(carried[0]);
	return 0;
}
