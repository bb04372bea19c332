/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel: records between the daemon and its worker, over a pair of SOCK_SEQPACKET sockets, on the
 * loop of each. A record has a kind, bytes and perhaps descriptors. It arrives whole and in order,
 * or not at all.
 *
 * The worker reads what strangers send, so the daemon trusts no record: the channel refuses what
 * has a wrong form, and each receiver checks the lengths, ids and ranges of what it gets.
 *
 * A worker that ends is replaced (include/ezlb/worker.h), and the next one has a new pair of
 * sockets. So nothing that was sent to one worker reaches the next one. The channel is *up* while
 * it has a socket; whoever uses it watches that, and says everything again to a new worker.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/err.h>
#include <ezlb/record.h>

struct uv_loop_s;
struct ezlb_channel;

/* Called on the loop for each record of one kind. */
typedef void (*ezlb_channel_fn)(void *arg, struct ezlb_record *record);
/* Called on the loop when the channel comes up or goes down. */
typedef void (*ezlb_channel_state_fn)(void *arg, bool up);
/*
 * Called on the loop when the channel has lost its socket, after the watchers. `why` is NULL if the
 * other side has closed it. Otherwise it has sent what is no valid record, does not read (16 MB
 * wait for it, or it has shut down that direction), or the socket has failed.
 */
typedef void (*ezlb_channel_lost_fn)(void *arg, const char *why);

/* Not up yet. */
void ezlb_channel_open(struct uv_loop_s *loop, ezlb_channel_lost_fn lost, void *arg,
		       struct ezlb_channel **out);
/* From now on it does not keep the loop from ending. */
void ezlb_channel_unref(struct ezlb_channel *channel);
/* Closes the socket without a call of anybody; frees the channel later, from the loop. */
void ezlb_channel_close(struct ezlb_channel *channel);

/*
 * The channel is up with this socket, which it owns from now on. If it was up with another one, it
 * gives that up and tells the watchers first, but does not call `lost`.
 */
int ezlb_channel_attach(struct ezlb_channel *channel, int fd, struct ezlb_err *err);
bool ezlb_channel_is_up(const struct ezlb_channel *channel);

/* One receiver for each kind; without one the records are ignored. NULL removes it. */
void ezlb_channel_on(struct ezlb_channel *channel, enum ezlb_record_kind kind, ezlb_channel_fn fn,
		     void *arg);
/*
 * Called for a record that is lost because this process had no free descriptor for those that came
 * with it. Without it, or with NULL, the channel loses its socket then.
 */
void ezlb_channel_on_dropped(struct ezlb_channel *channel, void (*fn)(void *arg), void *arg);
/* At most four watchers, told apart by arg. NULL removes the watcher. Does not call fn now. */
void ezlb_channel_watch(struct ezlb_channel *channel, ezlb_channel_state_fn fn, void *arg);

/*
 * Sends a copy of the record, now or when the other side has read what waits. Closes the
 * descriptors in any case. Returns false if the record was dropped because the channel is not up;
 * it never calls a receiver or a watcher from within.
 */
bool ezlb_channel_send(struct ezlb_channel *channel, struct ezlb_record *record);
/* The same without descriptors. */
bool ezlb_channel_say(struct ezlb_channel *channel, enum ezlb_record_kind kind, const void *data,
		      size_t len);

/* For a receiver that has found a record wrong: the channel loses its socket soon, for `why`. */
void ezlb_channel_refuse(struct ezlb_channel *channel, const char *why);
