// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/channel.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <uv.h>

#include <ezlb/mem.h>

#define RECEIVE_MAX 64 /* records in one iteration of the loop */
#define WATCHERS    4
#define WAITING_MAX (16 * 1024 * 1024) /* bytes */

/* A record that the socket did not take yet. */
struct waiting {
	STAILQ_ENTRY(waiting) link;
	struct ezlb_record record;
	unsigned char bytes[];
};

struct ezlb_channel {
	uv_loop_t *loop;
	uv_timer_t soon; /* for what must not happen from within a call */
	uv_poll_t *poll; /* NULL: not up */
	int fd;
	bool unref;	 /* see ezlb_channel_unref */
	const char *why; /* the socket is to be given up, for this reason */
	bool closed;	 /* to be given up because the other side has closed it */
	bool no_reader;	 /* the other side reads no more; it may have sent something before that */

	STAILQ_HEAD(waiting_list, waiting) waiting;
	size_t waiting_bytes;

	struct {
		ezlb_channel_fn fn;
		void *arg;
	} receivers[EZLB_RECORDS];
	struct {
		ezlb_channel_state_fn fn;
		void *arg;
	} watchers[WATCHERS];
	struct {
		void (*fn)(void *arg);
		void *arg;
	} dropped;
	ezlb_channel_lost_fn lost;
	void *arg;

	struct ezlb_record_buffer buffer;
};

static void on_ready(uv_poll_t *poll, int status, int events);

bool ezlb_channel_is_up(const struct ezlb_channel *channel)
{
	return channel->poll != NULL;
}

static void tell(struct ezlb_channel *channel, bool up)
{
	for (size_t i = 0; i < WATCHERS; i++)
		if (channel->watchers[i].fn)
			channel->watchers[i].fn(channel->watchers[i].arg, up);
}

static void drop_first(struct ezlb_channel *channel)
{
	struct waiting *first = STAILQ_FIRST(&channel->waiting);

	STAILQ_REMOVE_HEAD(&channel->waiting, link);
	channel->waiting_bytes -= sizeof(*first) + first->record.len;
	ezlb_record_close_fds(&first->record);
	free(first);
}

static void free_poll(uv_handle_t *handle)
{
	free(handle);
}

static void give_up_socket(struct ezlb_channel *channel)
{
	channel->why = NULL;
	channel->closed = false;
	channel->no_reader = false;
	uv_close((uv_handle_t *)channel->poll, free_poll);
	channel->poll = NULL;
	close(channel->fd);
	while (!STAILQ_EMPTY(&channel->waiting))
		drop_first(channel);
}

static void on_soon(uv_timer_t *timer)
{
	struct ezlb_channel *channel = timer->data;
	const char *why = channel->why;

	if (!channel->poll || (!why && !channel->closed))
		return;
	give_up_socket(channel);
	tell(channel, false);
	channel->lost(channel->arg, why);
}

/* Nothing more is received or sent. */
static void lose_soon(struct ezlb_channel *channel, const char *why)
{
	if (!channel->poll || channel->why || channel->closed)
		return;
	channel->why = why;
	channel->closed = !why;
	uv_poll_stop(channel->poll);
	uv_timer_start(&channel->soon, on_soon, 0, 0);
}

void ezlb_channel_refuse(struct ezlb_channel *channel, const char *why)
{
	lose_soon(channel, why);
}

static bool is_lost(const struct ezlb_channel *channel)
{
	return !channel->poll || channel->why || channel->closed;
}

/* Without a reader it is writable at once, and then it is read to its end. */
static void poll_for(struct ezlb_channel *channel)
{
	bool writable = channel->no_reader || !STAILQ_EMPTY(&channel->waiting);
	int events = UV_READABLE | (writable ? UV_WRITABLE : 0);

	if (uv_poll_start(channel->poll, events, on_ready) < 0)
		lose_soon(channel, "the socket cannot be polled");
}

static bool is_for_later(int rc)
{
	return rc == -EAGAIN || rc == -ENOBUFS || rc == -ENOMEM || rc == -ETOOMANYREFS;
}

/* What the other side has sent before it closed its socket is still to be read. */
static void note_sent(struct ezlb_channel *channel, int rc)
{
	if (rc == -EPIPE || rc == -ECONNRESET) {
		channel->no_reader = true;
		poll_for(channel);
	} else if (rc < 0) {
		lose_soon(channel, "the socket has failed");
	}
}

static void send_waiting(struct ezlb_channel *channel)
{
	struct waiting *first;
	int rc;

	while ((first = STAILQ_FIRST(&channel->waiting)) && !is_lost(channel)) {
		rc = ezlb_record_send(channel->fd, &first->record);
		if (is_for_later(rc))
			return;
		drop_first(channel);
		note_sent(channel, rc);
	}
}

static void dispatch(struct ezlb_channel *channel, struct ezlb_record *record)
{
	if (channel->receivers[record->kind].fn)
		channel->receivers[record->kind].fn(channel->receivers[record->kind].arg, record);
	ezlb_record_close_fds(record);
}

static void note_dropped(struct ezlb_channel *channel)
{
	if (channel->dropped.fn)
		channel->dropped.fn(channel->dropped.arg);
	else
		lose_soon(channel, "there was no free descriptor for one that it has sent");
}

static void receive(struct ezlb_channel *channel)
{
	struct ezlb_record record;
	int rc;

	for (int i = 0; i < RECEIVE_MAX && !is_lost(channel); i++) {
		rc = ezlb_record_receive(channel->fd, &channel->buffer, &record);
		if (rc == -EAGAIN && channel->no_reader)
			lose_soon(channel, "it does not read");
		if (rc == -EAGAIN)
			return;
		if (rc == 1)
			dispatch(channel, &record);
		else if (rc == 0 || rc == -ECONNRESET)
			lose_soon(channel, NULL);
		else if (rc == -EBADMSG)
			lose_soon(channel, "it has sent what is no record");
		else if (rc == -EMFILE)
			note_dropped(channel);
		else if (!is_for_later(rc))
			lose_soon(channel, "the socket has failed");
	}
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct ezlb_channel *channel = poll->data;

	(void)events;
	if (status == 0)
		send_waiting(channel);
	receive(channel); /* after an error, too: what came before it is still there */
	if (is_lost(channel))
		return;
	if (status < 0)
		lose_soon(channel, "the socket has failed");
	else
		poll_for(channel);
}

void ezlb_channel_open(struct uv_loop_s *loop, ezlb_channel_lost_fn lost, void *arg,
		       struct ezlb_channel **out)
{
	struct ezlb_channel *channel = ezlb_calloc(1, sizeof(*channel));

	channel->loop = loop;
	channel->lost = lost;
	channel->arg = arg;
	STAILQ_INIT(&channel->waiting);
	uv_timer_init(loop, &channel->soon);
	channel->soon.data = channel;
	*out = channel;
}

void ezlb_channel_unref(struct ezlb_channel *channel)
{
	channel->unref = true;
	uv_unref((uv_handle_t *)&channel->soon);
	if (channel->poll)
		uv_unref((uv_handle_t *)channel->poll);
}

static void free_channel(uv_handle_t *handle)
{
	free(handle->data);
}

void ezlb_channel_close(struct ezlb_channel *channel)
{
	if (channel->poll)
		give_up_socket(channel);
	uv_close((uv_handle_t *)&channel->soon, free_channel);
}

int ezlb_channel_attach(struct ezlb_channel *channel, int fd, struct ezlb_err *err)
{
	int rc;

	if (channel->poll) {
		give_up_socket(channel);
		tell(channel, false);
	}
	channel->poll = ezlb_calloc(1, sizeof(*channel->poll));
	rc = uv_poll_init(channel->loop, channel->poll, fd);
	if (rc < 0) {
		free(channel->poll);
		channel->poll = NULL;
		close(fd);
		return ezlb_err_sys(err, -rc, "cannot wait for the worker");
	}
	channel->poll->data = channel;
	if (channel->unref)
		uv_unref((uv_handle_t *)channel->poll);
	channel->fd = fd;
	poll_for(channel);
	tell(channel, true);
	return 0;
}

void ezlb_channel_on(struct ezlb_channel *channel, enum ezlb_record_kind kind, ezlb_channel_fn fn,
		     void *arg)
{
	channel->receivers[kind].fn = fn;
	channel->receivers[kind].arg = arg;
}

void ezlb_channel_on_dropped(struct ezlb_channel *channel, void (*fn)(void *arg), void *arg)
{
	channel->dropped.fn = fn;
	channel->dropped.arg = arg;
}

void ezlb_channel_watch(struct ezlb_channel *channel, ezlb_channel_state_fn fn, void *arg)
{
	size_t i = 0;

	while (i < WATCHERS && (!channel->watchers[i].fn || channel->watchers[i].arg != arg))
		i++;
	for (size_t k = 0; k < WATCHERS && i == WATCHERS; k++)
		if (!channel->watchers[k].fn)
			i = k;
	assert(i < WATCHERS);
	channel->watchers[i].fn = fn;
	channel->watchers[i].arg = arg;
}

/* Takes the descriptors. */
static void wait_to_send(struct ezlb_channel *channel, struct ezlb_record *record)
{
	struct waiting *waiting = ezlb_calloc(1, sizeof(*waiting) + record->len);

	waiting->record = *record;
	record->n_fds = 0;
	if (record->len > 0)
		memcpy(waiting->bytes, record->data, record->len);
	waiting->record.data = waiting->bytes;
	STAILQ_INSERT_TAIL(&channel->waiting, waiting, link);
	channel->waiting_bytes += sizeof(*waiting) + record->len;
	if (channel->waiting_bytes > WAITING_MAX)
		lose_soon(channel, "it does not read");
	else
		poll_for(channel);
}

static void send_or_wait(struct ezlb_channel *channel, struct ezlb_record *record)
{
	int rc = -EAGAIN;

	if (STAILQ_EMPTY(&channel->waiting))
		rc = ezlb_record_send(channel->fd, record);
	if (is_for_later(rc))
		wait_to_send(channel, record);
	else
		note_sent(channel, rc);
}

bool ezlb_channel_send(struct ezlb_channel *channel, struct ezlb_record *record)
{
	bool lost = is_lost(channel);

	assert(record->len <= EZLB_RECORD_MAX && record->n_fds <= EZLB_RECORD_FDS_MAX);
	if (!lost)
		send_or_wait(channel, record);
	ezlb_record_close_fds(record);
	return !lost;
}

bool ezlb_channel_say(struct ezlb_channel *channel, enum ezlb_record_kind kind, const void *data,
		      size_t len)
{
	struct ezlb_record record = { .kind = kind, .data = data, .len = len };

	return ezlb_channel_send(channel, &record);
}
