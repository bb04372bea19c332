/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_ct: a conntrack table behind send(): what is asked is answered at once, on the other end of
 * a socket pair. As kernels before 5.8, it knows no filter and dumps the whole family.
 */
#pragma once

#include "entries.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "delete.h"

struct fake_entry {
	struct ezlb_ct_entry entry;
	bool gone;
};

static struct {
	struct fake_entry entry[16];
	size_t n;
	unsigned dumps, narrow_dumps, gets, deletes, opened, sends;
	int far;
	/* Faults. A count goes down with each use. */
	int socket_rc, dump_rc, narrow_rc, get_rc, delete_rc;
	unsigned interrupted;
	bool mute, endless, strangers, damaged, overrun, positive;
	void (*before_delete)(void); /* somebody who is faster, once */
} fake;

static inline void fake_say(const void *bytes, size_t len)
{
	if (!fake.mute)
		assert_int_equal(write(fake.far, bytes, len), (ssize_t)len);
}

static inline void fake_say_code(uint32_t seq, uint16_t type, uint16_t flags, int code)
{
	struct {
		struct nlmsghdr head;
		int code;
	} answer = { .head = { .nlmsg_len = sizeof(answer),
			       .nlmsg_type = type,
			       .nlmsg_flags = flags,
			       .nlmsg_seq = seq },
		     .code = code };

	if (fake.damaged)
		answer.head.nlmsg_len = sizeof(answer.head);
	fake_say(&answer, answer.head.nlmsg_len);
}

static inline void fake_say_entry(const struct fake_entry *e, uint32_t seq)
{
	union message out;

	entry_message(&out, &e->entry, 0);
	out.msg.nlmsg_seq = seq;
	fake_say(&out, out.msg.nlmsg_len);
}

static inline bool fake_is_narrow(const struct nlmsghdr *msg)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, msg, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == CTA_FILTER)
			return true;
	}
	return false;
}

static inline void fake_dump(const struct nlmsghdr *msg)
{
	uint8_t family = *(const uint8_t *)mnl_nlmsg_get_payload(msg);
	bool narrow = fake_is_narrow(msg);
	int rc = narrow && fake.narrow_rc ? fake.narrow_rc : fake.dump_rc;
	bool cut = fake.interrupted && fake.interrupted--;

	fake.dumps++;
	fake.narrow_dumps += narrow;
	if (rc) {
		fake_say_code(msg->nlmsg_seq, NLMSG_ERROR, 0, rc);
		return;
	}
	if (fake.strangers)
		fake_say_code(msg->nlmsg_seq + 1, NLMSG_ERROR, 0, -EIO);
	fake_say_code(msg->nlmsg_seq, fake.overrun ? NLMSG_OVERRUN : NLMSG_NOOP, 0, 0);
	for (size_t i = 0; i < fake.n; i++)
		if (!fake.entry[i].gone &&
		    (!family || fake.entry[i].entry.listen.addr.family == family))
			fake_say_entry(&fake.entry[i], msg->nlmsg_seq);
	if (!fake.endless)
		fake_say_code(msg->nlmsg_seq, NLMSG_DONE, cut ? NLM_F_DUMP_INTR : 0, fake.positive);
}

static inline bool fake_is_same(const struct nlmsghdr *msg, const struct ezlb_nl_buf *buf)
{
	const struct nlmsghdr *want = (const void *)buf->items;

	return want->nlmsg_len == msg->nlmsg_len &&
	       memcmp(mnl_nlmsg_get_payload(want), mnl_nlmsg_get_payload(msg),
		      mnl_nlmsg_get_payload_len(msg)) == 0;
}

/* Tuple and id must be those of one entry; the zone goes without saying where it is 0. */
static inline bool fake_is_meant(const struct nlmsghdr *msg, const struct ezlb_ct_entry *e)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

	ezlb_ct_put_delete(&buf, e);
	return fake_is_same(msg, &buf);
}

static inline void fake_get(const struct nlmsghdr *msg)
{
	int rc = fake.get_rc ? fake.get_rc : -ENOENT;

	fake.gets++;
	for (size_t i = 0; i < fake.n && !fake.get_rc; i++) {
		const struct ezlb_ct_entry *e = &fake.entry[i].entry;
		EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

		ezlb_ct_put_get(
			&buf, &(struct ezlb_connection_answer){ e->proto, e->backend, e->source });
		if (!fake_is_same(msg, &buf))
			continue;
		fake_say_entry(&fake.entry[i], msg->nlmsg_seq);
		rc = 0;
		break;
	}
	if (rc || (msg->nlmsg_flags & NLM_F_ACK))
		fake_say_code(msg->nlmsg_seq, NLMSG_ERROR, 0, rc);
}

static inline void fake_delete(const struct nlmsghdr *msg)
{
	int rc = -ENOENT;

	fake.deletes++;
	if (fake.before_delete)
		fake.before_delete();
	fake.before_delete = NULL;
	for (size_t i = 0; i < fake.n; i++) {
		if (fake.entry[i].gone || !fake_is_meant(msg, &fake.entry[i].entry))
			continue;
		fake.entry[i].gone = fake.delete_rc == 0;
		rc = fake.delete_rc;
	}
	fake_say_code(msg->nlmsg_seq, NLMSG_ERROR, 0, rc);
}

/* errnos, for the next call of each */
static int fail_send, fail_recvmsg, fail_poll;
static bool short_send;

static inline bool fails(int *fault)
{
	errno = *fault;
	*fault = 0;
	return errno != 0;
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	const struct nlmsghdr *msg = bytes;
	int left = (int)len;

	(void)fd;
	assert_int_equal(flags, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (fails(&fail_send))
		return -1;
	if (short_send)
		return 5;
	fake.sends++;
	for (; mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left)) {
		if ((msg->nlmsg_type & 0xff) != IPCTNL_MSG_CT_GET)
			fake_delete(msg);
		else if (msg->nlmsg_flags & NLM_F_DUMP)
			fake_dump(msg);
		else
			fake_get(msg);
		if (fake.get_rc == -EPERM) /* nfnetlink says so once */
			break;
	}
	return (ssize_t)len;
}

static inline int fake_socket(void *arg)
{
	int fds[2], room = 1 << 20;

	(void)arg;
	if (fake.socket_rc)
		return fake.socket_rc;
	fake.opened++;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	fake.far = fds[1];
	setsockopt(fake.far, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return fds[0];
}

/* The time is short only where it is to pass: a busy machine must not end what answers. */
static inline const struct ezlb_nl_source *fake_source(void)
{
	static struct ezlb_nl_source source = { .socket = fake_socket, .strict = true };

	source.timeout_ms = fake.mute || fake.endless ? 200 : 60000;
	return &source;
}
