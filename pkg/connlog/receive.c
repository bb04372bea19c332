// SPDX-License-Identifier: GPL-2.0-or-later
#include "receive.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <time.h>

#include <ezlb/duration.h>
#include <ezlb/log.h>

#include "line.h"

#define SYSCTLS	    "/proc/sys/net"
#define TIMEOUTS_MS 5000 /* between two looks at conntrack's timeouts */
#define DOUBT_MS    500	 /* ... if an ending cannot be explained by those that are known */
#define LINE_BYTES  1024

void receiver_open(struct receiver *receiver, const char *file, uint32_t ipvs_tcp_s)
{
	*receiver = (struct receiver){ .to_file = file != NULL,
				       .timeouts = { .ipvs_tcp = ipvs_tcp_s } };
	writer_init(&receiver->writer, file);
	receiver->bytes = ezlb_calloc(RECEIVE_BATCH, sizeof(*receiver->bytes));
}

void receiver_use(struct receiver *receiver, struct ezlb_connections_index *index)
{
	if (receiver->index)
		ezlb_connections_index_clear(receiver->index);
	free(receiver->index);
	receiver->index = index;
}

void receiver_close(struct receiver *receiver)
{
	receiver_use(receiver, NULL);
	writer_close(&receiver->writer);
	free(receiver->bytes);
	receiver->bytes = NULL;
}

void receiver_reopen(struct receiver *receiver)
{
	if (receiver->to_file)
		writer_reopen(&receiver->writer);
}

static int64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void put_line(struct receiver *receiver, const struct line *line)
{
	char text[LINE_BYTES];

	if (receiver->to_file) {
		writer_put(&receiver->writer, text,
			   ezlb_log_fields(text, sizeof(text), line->fields));
		return;
	}
	ezlb_log_write(EZLB_INFO, "connlog", line->fields);
	if (ezlb_log_enabled(EZLB_INFO))
		receiver->lines++;
	else
		receiver->writer.lost++;
}

/* True if it has read them: they were older than this. */
static bool look_at_timeouts(struct receiver *receiver, uint64_t age_ms)
{
	uint64_t now = ezlb_now_ms();

	if (receiver->timeouts_ms && now < receiver->timeouts_ms + age_ms)
		return false;
	timeouts_read(SYSCTLS, &receiver->timeouts);
	receiver->timeouts_ms = now;
	return true;
}

static void take(struct receiver *receiver, const struct nlmsghdr *msg, int64_t now_ns)
{
	const struct ezlb_connections_service *service;
	struct ending ending;
	struct event event;
	struct line line;

	if (!receiver->index || !event_read(msg, &event))
		return;
	service = ezlb_connections_match(receiver->index, &event.connection);
	if (!service || !service->log)
		return;
	ending = ending_of(&event, &receiver->timeouts, now_ns);
	/* As where somebody has just changed a timeout. */
	if (ending.last_ns == 0 && look_at_timeouts(receiver, DOUBT_MS))
		ending = ending_of(&event, &receiver->timeouts, now_ns);
	line_make(service->name, &event, &ending, &line);
	put_line(receiver, &line);
}

/* The kernel sends each event in a datagram of its own. */
int receiver_fetch(struct receiver *receiver, int fd)
{
	struct mmsghdr messages[RECEIVE_BATCH] = { 0 };
	struct iovec places[RECEIVE_BATCH];
	int n;

	for (size_t i = 0; i < RECEIVE_BATCH; i++) {
		places[i] = (struct iovec){ receiver->bytes[i].bytes, RECEIVE_BYTES };
		messages[i].msg_hdr.msg_iov = &places[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(fd, messages, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		receiver->len[i] = messages[i].msg_len;
	return n > 0 ? n : 0;
}

void receiver_handle(struct receiver *receiver, int n)
{
	int64_t now_ns = wall_ns();

	if (n > 0)
		look_at_timeouts(receiver, TIMEOUTS_MS);
	for (int i = 0; i < n; i++) {
		const struct nlmsghdr *msg = &receiver->bytes[i].head;

		if (receiver->len[i] >= sizeof(*msg) && msg->nlmsg_len >= sizeof(*msg) &&
		    msg->nlmsg_len <= receiver->len[i])
			take(receiver, msg, now_ns);
	}
}

/* One line for each burst, and for each RECEIVE_SAY_MS of a long one. */
static void say_missed(struct receiver *receiver)
{
	uint64_t now = ezlb_now_ms();

	if (receiver->unsaid == 0 ||
	    (receiver->said_ms && now < receiver->said_ms + RECEIVE_SAY_MS))
		return;
	ezlb_log(EZLB_WARN, "connlog",
		 EZLB_S("msg", "connections are missing in the connection log: they ended faster "
			       "than their lines could be written"),
		 EZLB_I("missing", receiver->unsaid));
	receiver->unsaid = 0;
	receiver->said_ms = now;
}

static void say_problem(struct receiver *receiver)
{
	const struct ezlb_err *problem = &receiver->writer.problem;
	bool bad = problem->code != 0;

	if (bad || receiver->said_problem)
		counts_file_problem(bad ? problem->msg : "");
	if (bad == receiver->said_problem)
		return;
	receiver->said_problem = bad;
	if (bad)
		ezlb_log(EZLB_ERROR, "connlog",
			 EZLB_S("msg", "lines of the connection log are lost"),
			 EZLB_S("err", problem->msg));
	else
		ezlb_log(EZLB_INFO, "connlog", EZLB_S("msg", "the connection log works again"));
}

void receiver_finish(struct receiver *receiver, uint32_t drops)
{
	struct writer *writer = &receiver->writer;
	uint32_t missed = drops - receiver->drops;

	if (receiver->to_file)
		writer_flush(writer);
	counts_add(receiver->lines + writer->written, missed, writer->lost);
	receiver->lines = writer->written = writer->lost = 0;
	receiver->drops = drops;
	receiver->unsaid += missed;
	say_missed(receiver);
	say_problem(receiver);
}
