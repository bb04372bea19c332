/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard: ends connections whose other side sends so much, and so fast, that a library reads on and
 * on within one call: GnuTLS does so with a handshake message in millions of small records. While a
 * call is guarded, a timer of the thread's CPU time interrupts it every 20 ms; the connections that
 * have received more than EZLB_ANSWER_MAX are then disconnected, so that the next read fails. For
 * one thread. Where the kernel gives no timer, calls are not guarded.
 */
#pragma once

/* Of everything that a backend sends in one connection, read or not. */
#define EZLB_ANSWER_MAX (256 * 1024)

/* Does nothing the second time. The thread that calls it is the one that is guarded. */
void ezlb_guard_open(void);
/* The socket of a connection, while it is open. At most 8,192; others are not guarded. */
void ezlb_guard_add(int fd);
void ezlb_guard_remove(int fd); /* -1 is fine */
/* Around a call. */
void ezlb_guard_begin(void);
void ezlb_guard_end(void);
