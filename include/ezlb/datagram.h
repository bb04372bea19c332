/* SPDX-License-Identifier: GPL-2.0-or-later */
/* datagram: receives one datagram from a socket, with a deadline. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Receives one datagram into buf. Returns its length, above 0, or -errno: -ETIMEDOUT at `deadline`
 * (by ezlb_now_ms), -EBADMSG if buf is too small for it, -EPIPE at the end of a connected stream.
 * After the deadline it still returns a datagram that has already arrived, because that needs no
 * waiting.
 */
ssize_t ezlb_datagram_receive(int fd, uint64_t deadline, void *buf, size_t size);
