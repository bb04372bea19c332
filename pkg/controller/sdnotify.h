/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sdnotify: the protocol of sd_notify(3): one datagram with lines to the socket in $NOTIFY_SOCKET.
 * Without that variable it sends nothing. libsystemd would add ten libraries to the image.
 */
#pragma once

#include <stdint.h>

/* 0 if the manager received it, or -errno; -ENOENT: no manager. Never blocks. */
int sdnotify(const char *lines);

/* Sends RELOADING=1 with the time of CLOCK_MONOTONIC, which systemd 253 and later need. */
int sdnotify_reloading(void);

/*
 * The interval of WATCHDOG=1 in ms: half of $WATCHDOG_USEC. 0: send none; no watchdog, or
 * $WATCHDOG_PID is another process.
 */
uint64_t sdnotify_watchdog_ms(void);
