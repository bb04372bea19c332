// SPDX-License-Identifier: GPL-2.0-or-later
#include "ending.h"

#include <linux/netfilter/nf_conntrack_sctp.h>
#include <linux/netfilter/nf_conntrack_tcp.h>

#define SECOND_NS INT64_C(1000000000)

const char *how_str(enum how how)
{
	static const char *const words[] = {
		[HOW_CLOSED] = "closed",       [HOW_RESET] = "reset",
		[HOW_REFUSED] = "refused",     [HOW_HALF_CLOSED] = "half_closed",
		[HOW_TIMEOUT] = "timeout",     [HOW_TIMEOUT_OR_RESET] = "timeout_or_reset",
		[HOW_HALF_OPEN] = "half_open", [HOW_NO_ANSWER] = "no_answer",
		[HOW_REMOVED] = "removed",     [HOW_UNKNOWN] = "unknown",
	};

	return words[how];
}

/* --- when ---------------------------------------------------------------------------------- */

/* The timeout that conntrack uses in this state; TIMEOUTS: none of those that are known here. */
static enum timeout timeout_of(const struct event *event)
{
	static const enum timeout tcp[] = {
		[TCP_CONNTRACK_NONE] = TIMEOUTS,
		[TCP_CONNTRACK_SYN_SENT] = TIMEOUT_SYN_SENT,
		[TCP_CONNTRACK_SYN_RECV] = TIMEOUT_SYN_RECV,
		[TCP_CONNTRACK_ESTABLISHED] = TIMEOUT_ESTABLISHED,
		[TCP_CONNTRACK_FIN_WAIT] = TIMEOUT_FIN_WAIT,
		[TCP_CONNTRACK_CLOSE_WAIT] = TIMEOUT_CLOSE_WAIT,
		[TCP_CONNTRACK_LAST_ACK] = TIMEOUT_LAST_ACK,
		[TCP_CONNTRACK_TIME_WAIT] = TIMEOUT_TIME_WAIT,
		[TCP_CONNTRACK_CLOSE] = TIMEOUT_CLOSE,
		[TCP_CONNTRACK_SYN_SENT2] = TIMEOUT_SYN_SENT,
	};

	switch (event->connection.proto) {
	case EZLB_TCP:
		return event->state >= 0 && (size_t)event->state < sizeof(tcp) / sizeof(*tcp)
			       ? tcp[event->state]
			       : TIMEOUTS;
	case EZLB_UDP:
		return event->assured ? TIMEOUT_UDP_STREAM : TIMEOUT_UDP;
	case EZLB_SCTP:
		break;
	}
	return TIMEOUTS;
}

/*
 * The timeouts that can have been that of the entry when its last packet came. Conntrack gives a
 * TCP entry a shorter one than that of its state while data is not acknowledged, after data was
 * sent again three times, and after a reset that may be forged, which leaves an open connection
 * open (nf_conntrack_proto_tcp.c). The event does not tell which.
 */
struct possible {
	int64_t seconds[4];
	size_t n;
	bool reset; /* TIMEOUT_CLOSE is one of them although the connection counts as open */
};

static bool add(struct possible *possible, const struct event *event, int64_t stop_ns,
		int64_t seconds)
{
	int64_t latest_ns = stop_ns + (event->left_s + 1 - seconds) * SECOND_NS;

	/* Not known; or the last packet would be after the removal, or before the start. */
	if (seconds == 0 || event->left_s > seconds ||
	    (event->start_ns && latest_ns < event->start_ns))
		return false;
	for (size_t i = 0; i < possible->n; i++)
		if (possible->seconds[i] == seconds)
			return true;
	possible->seconds[possible->n++] = seconds;
	return true;
}

static void find_possible(const struct event *event, const struct timeouts *timeouts,
			  int64_t stop_ns, struct possible *out)
{
	static const enum timeout shorter[] = { TIMEOUT_RETRANS, TIMEOUT_UNACK };
	enum timeout timeout = timeout_of(event);
	int64_t state_s = timeout == TIMEOUTS ? 0 : timeouts->of[timeout];

	*out = (struct possible){ .n = 0 };
	add(out, event, stop_ns, state_s);
	if (event->connection.proto != EZLB_TCP)
		return;
	for (size_t i = 0; i < sizeof(shorter) / sizeof(*shorter); i++)
		if (timeouts->of[shorter[i]] < state_s)
			add(out, event, stop_ns, timeouts->of[shorter[i]]);
	if (event->state == TCP_CONNTRACK_ESTABLISHED)
		out->reset = add(out, event, stop_ns, timeouts->of[TIMEOUT_CLOSE]);
}

static void find_time(const struct event *event, const struct timeouts *timeouts,
		      const struct possible *possible, int64_t stop_ns, struct ending *out)
{
	enum timeout timeout = timeout_of(event);

	/* A packet changed the state and removed the entry at once, with the old state's time left.
	 */
	if (timeout != TIMEOUTS && timeouts->of[timeout] && event->left_s > timeouts->of[timeout]) {
		out->first_ns = out->last_ns = stop_ns;
		return;
	}
	/* An entry may have expired long before conntrack noticed. */
	if (possible->n != 1 || (!event->stop_ns && event->left_s == 0))
		return;
	out->first_ns = out->last_ns = stop_ns + (event->left_s - possible->seconds[0]) * SECOND_NS;
	/* The kernel rounds seconds down. */
	if (event->left_s > 0)
		out->last_ns += SECOND_NS;
	if (out->last_ns > stop_ns)
		out->last_ns = stop_ns;
	if (event->start_ns && out->first_ns < event->start_ns)
		out->first_ns = event->start_ns;
	if (out->last_ns < out->first_ns)
		out->last_ns = out->first_ns;
}

/* --- how ----------------------------------------------------------------------------------- */

/* IPVS removes the entry, too, when it forgets the connection; its time is often the shorter one.
 */
static enum how how_open(const struct event *event, const struct timeouts *timeouts,
			 const struct possible *possible)
{
	int64_t full = timeouts->of[TIMEOUT_ESTABLISHED];

	if (possible->reset)
		return possible->n == 1 ? HOW_RESET : HOW_TIMEOUT_OR_RESET;
	if (event->left_s == 0)
		return HOW_TIMEOUT;
	if (full == 0 || timeouts->ipvs_tcp == 0)
		return HOW_UNKNOWN;
	return full - event->left_s >= timeouts->ipvs_tcp ? HOW_TIMEOUT : HOW_REMOVED;
}

static enum how how_tcp(const struct event *event, const struct timeouts *timeouts,
			const struct possible *possible)
{
	switch (event->state) {
	case TCP_CONNTRACK_SYN_SENT:
	case TCP_CONNTRACK_SYN_SENT2:
		return HOW_NO_ANSWER;
	case TCP_CONNTRACK_SYN_RECV:
		return HOW_HALF_OPEN;
	case TCP_CONNTRACK_ESTABLISHED:
		return how_open(event, timeouts, possible);
	case TCP_CONNTRACK_FIN_WAIT:
	case TCP_CONNTRACK_CLOSE_WAIT:
		return HOW_HALF_CLOSED;
	case TCP_CONNTRACK_LAST_ACK:
	case TCP_CONNTRACK_TIME_WAIT:
		return HOW_CLOSED;
	case TCP_CONNTRACK_CLOSE:
		return event->assured ? HOW_RESET : HOW_REFUSED;
	default:
		return HOW_UNKNOWN;
	}
}

static enum how how_udp(const struct event *event)
{
	if (!event->replied)
		return HOW_NO_ANSWER;
	return event->left_s > 0 ? HOW_REMOVED : HOW_TIMEOUT;
}

/* An association that was aborted is in the same state as one that was shut down. */
static enum how how_sctp(const struct event *event)
{
	switch (event->state) {
	case SCTP_CONNTRACK_CLOSED:
	case SCTP_CONNTRACK_SHUTDOWN_ACK_SENT:
		return HOW_CLOSED;
	case SCTP_CONNTRACK_COOKIE_WAIT:
		return HOW_NO_ANSWER;
	case SCTP_CONNTRACK_COOKIE_ECHOED:
		return HOW_HALF_OPEN;
	case SCTP_CONNTRACK_SHUTDOWN_SENT:
	case SCTP_CONNTRACK_SHUTDOWN_RECD:
		return HOW_HALF_CLOSED;
	case SCTP_CONNTRACK_ESTABLISHED:
		return event->left_s == 0 ? HOW_TIMEOUT : HOW_REMOVED;
	default:
		return HOW_UNKNOWN;
	}
}

struct ending ending_of(const struct event *event, const struct timeouts *timeouts, int64_t now_ns)
{
	int64_t stop_ns = event->stop_ns ? event->stop_ns : now_ns;
	struct ending ending = { .how = HOW_UNKNOWN };
	struct possible possible;

	find_possible(event, timeouts, stop_ns, &possible);
	switch (event->connection.proto) {
	case EZLB_TCP:
		ending.how = how_tcp(event, timeouts, &possible);
		break;
	case EZLB_UDP:
		ending.how = how_udp(event);
		break;
	case EZLB_SCTP:
		ending.how = how_sctp(event);
		break;
	}
	find_time(event, timeouts, &possible, stop_ns, &ending);
	return ending;
}
