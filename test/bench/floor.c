// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * floor: the least that a program needs to put virtual services into IPVS. No library, no checks,
 * no table of its own: requests in the form that the kernel reads, packed, sent in one go. What
 * others need is compared with it.
 *
 *   floor create SERVICES DESTS [read|parse DIR]
 *       Before it creates them it reads all files of DIR, or reads and parses them (files.h).
 *   floor set SERVICE DEST WEIGHT
 *       One dest gets another weight. Prints the microseconds of the request.
 *   floor flush       IPVS is empty then.
 *   floor nothing     what the start of a program costs
 *
 * The services are those of test/bench/objects.h. 256 requests are in one sendmsg, and only the
 * last one asks for an acknowledgement. The kernel reports an error of the others all the same.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "files.h"
#include "objects.h"

#define PACKED	      256
#define REQUEST_BYTES 192 /* no request is larger */
#define SECONDS	      300 /* an answer that takes longer does not come */

struct kernel {
	int fd;
	uint16_t family;
	uint32_t seq;
	char buf[PACKED * REQUEST_BYTES];
	size_t len;
	size_t n;
	struct nlmsghdr *last;
};

static struct nlmsghdr *begin(struct kernel *k, uint16_t type, uint8_t cmd, uint8_t version)
{
	struct nlmsghdr *msg = (struct nlmsghdr *)(void *)(k->buf + k->len);
	struct genlmsghdr *genl = NLMSG_DATA(msg);

	memset(msg, 0, REQUEST_BYTES);
	msg->nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_REQUEST;
	msg->nlmsg_seq = ++k->seq;
	genl->cmd = cmd;
	genl->version = version;
	return msg;
}

static struct nlattr *put(struct nlmsghdr *msg, uint16_t type, const void *data, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(void *)((char *)msg + msg->nlmsg_len);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + len);
	if (len > 0)
		memcpy((char *)attr + NLA_HDRLEN, data, len);
	msg->nlmsg_len += NLA_ALIGN(attr->nla_len);
	return attr;
}

static void put_u16(struct nlmsghdr *msg, uint16_t type, uint16_t value)
{
	put(msg, type, &value, sizeof(value));
}

static void put_u32(struct nlmsghdr *msg, uint16_t type, uint32_t value)
{
	put(msg, type, &value, sizeof(value));
}

static void put_addr(struct nlmsghdr *msg, uint16_t type, uint32_t addr)
{
	char bytes[16] = "";

	memcpy(bytes, &addr, sizeof(addr));
	put(msg, type, bytes, sizeof(bytes));
}

static struct nlattr *nest(struct nlmsghdr *msg, uint16_t type)
{
	return put(msg, type | NLA_F_NESTED, NULL, 0);
}

static void nest_end(struct nlmsghdr *msg, struct nlattr *attr)
{
	attr->nla_len = (uint16_t)((char *)msg + msg->nlmsg_len - (char *)attr);
}

static void send_all(struct kernel *k)
{
	ssize_t sent = send(k->fd, k->buf, k->len, 0);

	must(sent == (ssize_t)k->len, "send");
	k->len = 0;
	k->n = 0;
}

/* Reads until the answer to the last request. Any error of any request ends the program. */
static void finish(struct kernel *k)
{
	static char answers[65536];

	for (;;) {
		ssize_t len = recv(k->fd, answers, sizeof(answers), 0);
		struct nlmsghdr *msg = (struct nlmsghdr *)(void *)answers;

		must(len > 0, "recv");
		for (; NLMSG_OK(msg, (size_t)len); msg = NLMSG_NEXT(msg, len)) {
			const struct nlmsgerr *err = NLMSG_DATA(msg);

			if (msg->nlmsg_type != NLMSG_ERROR)
				continue;
			errno = -err->error;
			must(err->error == 0, "IPVS");
			if (msg->nlmsg_seq == k->seq)
				return;
		}
	}
}

static void flush_requests(struct kernel *k)
{
	if (k->n == 0)
		return;
	k->last->nlmsg_flags |= NLM_F_ACK;
	send_all(k);
	finish(k);
}

static void end(struct kernel *k, struct nlmsghdr *msg)
{
	must(msg->nlmsg_len <= REQUEST_BYTES, "a request is too large");
	k->len += NLMSG_ALIGN(msg->nlmsg_len);
	k->last = msg;
	if (++k->n == PACKED)
		flush_requests(k);
}

/* The number of the family "IPVS", from the controller of generic netlink. */
static uint16_t find_family(struct kernel *k)
{
	static char answer[4096];
	struct nlmsghdr *msg = begin(k, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	const struct nlattr *attr;
	ssize_t len;

	put(msg, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME, sizeof(IPVS_GENL_NAME));
	k->len = msg->nlmsg_len;
	send_all(k);
	len = recv(k->fd, answer, sizeof(answer), 0);
	msg = (struct nlmsghdr *)(void *)answer;
	must(len > 0 && NLMSG_OK(msg, (size_t)len) && msg->nlmsg_type == GENL_ID_CTRL,
	     "no IPVS in this kernel");
	for (size_t at = NLMSG_LENGTH(GENL_HDRLEN); at < msg->nlmsg_len;
	     at += NLA_ALIGN(attr->nla_len)) {
		attr = (const struct nlattr *)(const void *)(answer + at);
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(const uint16_t *)(const void *)((const char *)attr + NLA_HDRLEN);
	}
	must(0, "the family has no number");
	return 0;
}

static void open_kernel(struct kernel *k)
{
	const struct timeval limit = { .tv_sec = SECONDS };
	const int bytes = 4 << 20;
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };

	k->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	must(k->fd >= 0, "socket");
	must(bind(k->fd, (const struct sockaddr *)&self, sizeof(self)) == 0, "bind");
	setsockopt(k->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	must(setsockopt(k->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0, "SO_RCVTIMEO");
	k->family = find_family(k);
}

static void put_service_key(struct nlmsghdr *msg, int i)
{
	struct nlattr *attr = nest(msg, IPVS_CMD_ATTR_SERVICE);

	put_u16(msg, IPVS_SVC_ATTR_AF, AF_INET);
	put_u16(msg, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	put_addr(msg, IPVS_SVC_ATTR_ADDR, service_address(i));
	put_u16(msg, IPVS_SVC_ATTR_PORT, htons(OBJECT_PORT));
	nest_end(msg, attr);
}

static void add_service(struct kernel *k, int i)
{
	const struct ip_vs_flags flags = { .mask = ~0u };
	struct nlmsghdr *msg = begin(k, k->family, IPVS_CMD_NEW_SERVICE, IPVS_GENL_VERSION);
	struct nlattr *attr = nest(msg, IPVS_CMD_ATTR_SERVICE);

	put_u16(msg, IPVS_SVC_ATTR_AF, AF_INET);
	put_u16(msg, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	put_addr(msg, IPVS_SVC_ATTR_ADDR, service_address(i));
	put_u16(msg, IPVS_SVC_ATTR_PORT, htons(OBJECT_PORT));
	put(msg, IPVS_SVC_ATTR_SCHED_NAME, "wrr", sizeof("wrr"));
	put(msg, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	put_u32(msg, IPVS_SVC_ATTR_TIMEOUT, 0);
	put_u32(msg, IPVS_SVC_ATTR_NETMASK, ~0u);
	nest_end(msg, attr);
	end(k, msg);
}

static void put_dest(struct kernel *k, uint8_t cmd, int i, int dest, uint32_t weight)
{
	struct nlmsghdr *msg = begin(k, k->family, cmd, IPVS_GENL_VERSION);
	struct nlattr *attr;

	put_service_key(msg, i);
	attr = nest(msg, IPVS_CMD_ATTR_DEST);
	put_u16(msg, IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
	put_addr(msg, IPVS_DEST_ATTR_ADDR, dest_address(i, dest));
	put_u16(msg, IPVS_DEST_ATTR_PORT, htons(OBJECT_PORT));
	put_u32(msg, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
	put_u32(msg, IPVS_DEST_ATTR_WEIGHT, weight);
	put_u32(msg, IPVS_DEST_ATTR_U_THRESH, 0);
	put_u32(msg, IPVS_DEST_ATTR_L_THRESH, 0);
	nest_end(msg, attr);
	end(k, msg);
}

static void create(struct kernel *k, int services, int dests)
{
	open_kernel(k);
	for (int i = 0; i < services; i++) {
		add_service(k, i);
		for (int dest = 0; dest < dests; dest++)
			put_dest(k, IPVS_CMD_NEW_DEST, i, dest, 1);
	}
	flush_requests(k);
}

static void set(struct kernel *k, int service, int dest, uint32_t weight)
{
	double start;

	open_kernel(k);
	start = now_ms();
	put_dest(k, IPVS_CMD_SET_DEST, service, dest, weight);
	flush_requests(k);
	printf("%.0f\n", (now_ms() - start) * 1000);
}

static void flush(struct kernel *k)
{
	struct nlmsghdr *msg;

	open_kernel(k);
	msg = begin(k, k->family, IPVS_CMD_FLUSH, IPVS_GENL_VERSION);
	end(k, msg);
	flush_requests(k);
}

int main(int argc, char **argv)
{
	static struct kernel kernel;
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(what, "nothing") == 0)
		return 0;
	if (argc == 2 && strcmp(what, "flush") == 0) {
		flush(&kernel);
		return 0;
	}
	if (argc == 5 && strcmp(what, "set") == 0) {
		set(&kernel, atoi(argv[2]), atoi(argv[3]), (uint32_t)atoi(argv[4]));
		return 0;
	}
	if ((argc == 4 || argc == 6) && strcmp(what, "create") == 0) {
		if (argc == 6)
			read_files(argv[5], strcmp(argv[4], "parse") == 0);
		create(&kernel, atoi(argv[2]), atoi(argv[3]));
		return 0;
	}
	fprintf(stderr,
		"usage: floor create SERVICES DESTS [read|parse DIR] | floor set SERVICE DEST WEIGHT | floor flush | "
		"floor nothing\n");
	return 2;
}
