// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/record.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the descriptors, aligned as cmsg(3) asks. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(EZLB_RECORD_FDS_MAX * sizeof(int))];
};

int ezlb_record_send(int fd, const struct ezlb_record *record)
{
	struct ezlb_record_head head = { .kind = (uint16_t)record->kind,
					 .len = (uint32_t)record->len };
	union control control = { 0 };
	/* sendmsg(2) does not write to the bytes. */
	struct iovec parts[] = { { &head, sizeof(head) },
				 { (void *)(uintptr_t)record->data, record->len } };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = record->len > 0 ? 2 : 1 };
	size_t size = record->n_fds * sizeof(int);
	struct cmsghdr *cmsg;
	ssize_t n;

	if (size > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(size);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(cmsg), record->fds, size);
	}
	do
		n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

void ezlb_record_close_fds(struct ezlb_record *record)
{
	for (size_t i = 0; i < record->n_fds; i++)
		if (record->fds[i] >= 0)
			close(record->fds[i]);
	record->n_fds = 0;
}

/* Takes the descriptors that fit, and closes the others. */
static void take_fds(struct msghdr *msg, struct ezlb_record *record)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (record->n_fds < EZLB_RECORD_FDS_MAX)
				record->fds[record->n_fds++] = fd;
			else
				close(fd);
		}
	}
}

static bool is_record(const struct ezlb_record_buffer *buffer, size_t n, int flags)
{
	const struct ezlb_record_head *head = &buffer->head;

	return n >= sizeof(*head) && (flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 &&
	       head->kind < EZLB_RECORDS && head->zero == 0 && head->len == n - sizeof(*head);
}

int ezlb_record_receive(int fd, struct ezlb_record_buffer *buffer, struct ezlb_record *record)
{
	union control control;
	struct iovec parts[] = { { &buffer->head, sizeof(buffer->head) },
				 { buffer->bytes, sizeof(buffer->bytes) } };
	struct msghdr msg = { .msg_iov = parts,
			      .msg_iovlen = 2,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	ssize_t n;

	do
		n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*record = (struct ezlb_record){ .fds = { -1, -1 } };
	take_fds(&msg, record);
	if (n == 0 && record->n_fds == 0)
		return 0;
	/* The kernel has no other sign for it: more than fit are another case. */
	if ((msg.msg_flags & MSG_CTRUNC) && record->n_fds < EZLB_RECORD_FDS_MAX) {
		ezlb_record_close_fds(record);
		return -EMFILE;
	}
	if (!is_record(buffer, (size_t)n, msg.msg_flags)) {
		ezlb_record_close_fds(record);
		return -EBADMSG;
	}
	record->kind = (enum ezlb_record_kind)buffer->head.kind;
	record->data = buffer->bytes;
	record->len = buffer->head.len;
	return 1;
}
