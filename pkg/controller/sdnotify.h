/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sdnotify: word to the service manager, by the protocol of sd_notify(3): one datagram of lines to
 * the socket in $NOTIFY_SOCKET. Without that variable nothing is sent. libsystemd would bring ten
 * libraries into the image for this.
 */
#pragma once

#include <stdint.h>

/* Where the manager listens; or -errno, -ENOENT where there is none. Never waits, never blocks. */
int sdnotify(const char *lines);

/* "RELOADING=1" has to come with the time, CLOCK_MONOTONIC (systemd 253 and later want it). */
int sdnotify_reloading(void);

/*
 * How often WATCHDOG=1 has to be sent, in ms: half of what $WATCHDOG_USEC allows; 0: never. What is
 * meant for another process ($WATCHDOG_PID) does not count.
 */
uint64_t sdnotify_watchdog_ms(void);
