/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel: the input as netlink messages, one after the other, that the kernel has sent before it is
 * asked. The first request has the sequence number 1. Each message is a datagram of its own; one
 * with an impossible length gets what is left.
 */
#pragma once

/* poll() is replaced here, which glibc's inline checks would get in the way of. */
#undef _FORTIFY_SOURCE
#include "fuzz.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ezlb/netlink.h>

#define FUZZ_MESSAGES_MAX 64

struct fuzz_kernel {
	struct fuzz_rest rest;
	bool asked; /* there is one socket only */
	int far;
};

/* The next message of the input, at least as long as its header; NULL: there is none. */
static inline struct nlmsghdr *fuzz_message(struct fuzz_rest *rest)
{
	struct nlmsghdr head, *msg;
	size_t len;

	if (rest->len < sizeof(head))
		return NULL;
	memcpy(&head, rest->at, sizeof(head));
	len = head.nlmsg_len;
	if (len < sizeof(head) || len > rest->len)
		len = rest->len;
	msg = fuzz_bytes(rest->at, len);
	msg->nlmsg_len = (uint32_t)len;
	len = NLMSG_ALIGN(len) < rest->len ? NLMSG_ALIGN(len) : rest->len;
	rest->at += len;
	rest->len -= len;
	return msg;
}

static inline int fuzz_kernel_socket(void *arg)
{
	struct fuzz_kernel *kernel = arg;
	struct nlmsghdr *msg;
	int pair[2];

	if (kernel->asked)
		return -EMFILE;
	kernel->asked = true;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	for (int i = 0; i < FUZZ_MESSAGES_MAX && (msg = fuzz_message(&kernel->rest)); i++) {
		ssize_t n = send(pair[1], msg, msg->nlmsg_len, MSG_DONTWAIT | MSG_NOSIGNAL);

		free(msg);
		if (n < 0)
			break;
	}
	kernel->far = pair[1];
	return pair[0];
}

/* What has not arrived by now never will: no waiting. */
static inline struct ezlb_nl_source fuzz_kernel_open(struct fuzz_kernel *kernel,
						     const uint8_t *data, size_t size)
{
	*kernel = (struct fuzz_kernel){ .rest = { data, size }, .far = -1 };
	return (struct ezlb_nl_source){ .socket = fuzz_kernel_socket, .arg = kernel };
}

static inline void fuzz_kernel_close(struct fuzz_kernel *kernel)
{
	if (kernel->far >= 0)
		close(kernel->far);
}

/* The family of the first message, AF_INET or AF_INET6. */
static inline uint8_t fuzz_kernel_family(const uint8_t *data, size_t size)
{
	return size > NLMSG_HDRLEN && data[NLMSG_HDRLEN] == AF_INET6 ? AF_INET6 : AF_INET;
}
