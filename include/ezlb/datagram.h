/* SPDX-License-Identifier: GPL-2.0-or-later */
/* datagram: waits for what a socket has to say, with a deadline. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * One datagram into buf. Its length, above 0, or -errno: -ETIMEDOUT at `deadline` (by ezlb_now_ms;
 * past it what is there already is still taken: it costs no waiting), -EBADMSG where buf is too
 * small for it, -EPIPE at the end of a socket that has one.
 */
ssize_t ezlb_datagram_receive(int fd, uint64_t deadline, void *buf, size_t size);
