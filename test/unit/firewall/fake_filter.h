/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_filter: the tables `ip filter` and `ip6 filter` of a fake nf_tables, behind send(): what is
 * sent is carried out at once and the answers are put on the other end of a socket pair. A
 * transaction is worked on in a copy.
 */
#pragma once

/* A system call is replaced here, which glibc's inline checks would get in the way of. */
#undef _FORTIFY_SOURCE
#include "cm.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <ezlb/mem.h>
#include <ezlb/netfilter.h>

/* The payload as it was sent. */
struct fake_rule {
	uint64_t handle;
	size_t len;
	unsigned char bytes[768];
};

struct fake_chain {
	char name[32];
	bool base; /* of that name's hook, and it drops */
	size_t n;
	struct fake_rule rules[8];
};

struct fake_filter {
	size_t n;
	struct fake_chain chains[6];
};

static struct {
	struct fake_filter filter[2], copy[2]; /* ip, ip6 */
	uint32_t gen;
	uint64_t last_handle;
	int far;
	unsigned transactions;
	/* Faults. */
	unsigned restarts; /* so many transactions come too late */
	unsigned lost;	   /* so many are answered and come to nothing */
	int fail_rc;	   /* of each message of this type and family in a transaction */
	uint8_t fail_type, fail_family;
	int dump_rc;
} fake;

static uint8_t fake_type(const struct nlmsghdr *msg)
{
	return msg->nlmsg_type & 0xff;
}

static uint8_t fake_family(const struct nlmsghdr *msg)
{
	return ((const struct nfgenmsg *)mnl_nlmsg_get_payload(msg))->nfgen_family;
}

static struct nlattr *fake_attr(const struct nlmsghdr *msg, uint16_t type)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, msg, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static struct fake_chain *fake_chain(struct fake_filter *filter, const char *name)
{
	for (size_t i = 0; i < filter->n; i++) {
		if (strcmp(filter->chains[i].name, name) == 0)
			return &filter->chains[i];
	}
	return NULL;
}

static struct fake_chain *fake_add_chain(struct fake_filter *filter, const char *name, bool base)
{
	struct fake_chain *chain = &filter->chains[filter->n++];

	*chain = (struct fake_chain){ .base = base };
	ezlb_strcpy(chain->name, sizeof(chain->name), name);
	return chain;
}

/* --- answers --------------------------------------------------------------------------------- */

static void fake_code(uint32_t seq, uint16_t type, int code)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer = { .head = { .nlmsg_type = type, .nlmsg_seq = seq }, .error = { .error = code } };

	answer.head.nlmsg_len = sizeof(answer);
	assert_int_equal(write(fake.far, &answer, sizeof(answer)), sizeof(answer));
}

static void fake_say(struct ezlb_nl_buf *buf, struct nlmsghdr *msg, uint32_t seq)
{
	msg->nlmsg_seq = seq;
	ezlb_nl_msg_end(buf);
	assert_int_equal(write(fake.far, buf->items, buf->len), (ssize_t)buf->len);
	ezlb_nl_buf_clear(buf);
}

static void fake_say_gen(uint32_t seq)
{
	struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, NFT_MSG_NEWGEN, 0, 0);

	mnl_attr_put_u32(msg, NFTA_GEN_ID, htonl(fake.gen));
	fake_say(&buf, msg, seq);
}

static void fake_say_chain(const struct fake_chain *chain, uint8_t family, uint32_t seq)
{
	bool input = strcmp(chain->name, "INPUT") == 0;
	struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, NFT_MSG_NEWCHAIN, family, 0);

	mnl_attr_put_strz(msg, NFTA_CHAIN_TABLE, "filter");
	mnl_attr_put_strz(msg, NFTA_CHAIN_NAME, chain->name);
	if (chain->base) {
		struct nlattr *hook = mnl_attr_nest_start(msg, NFTA_CHAIN_HOOK);

		mnl_attr_put_u32(msg, NFTA_HOOK_HOOKNUM,
				 htonl(input ? NF_INET_LOCAL_IN : NF_INET_FORWARD));
		mnl_attr_put_u32(msg, NFTA_HOOK_PRIORITY, 0);
		mnl_attr_nest_end(msg, hook);
		mnl_attr_put_u32(msg, NFTA_CHAIN_POLICY, htonl(NF_DROP));
		mnl_attr_put_strz(msg, NFTA_CHAIN_TYPE, "filter");
	}
	fake_say(&buf, msg, seq);
}

/* The rule as the kernel tells of it, with its handle. */
static struct nlmsghdr *fake_rule_msg(const struct fake_rule *rule, struct ezlb_nl_buf *buf)
{
	struct nlmsghdr *msg = ezlb_nft_msg_start(buf, NFT_MSG_NEWRULE, 0, 0);

	memcpy(mnl_nlmsg_get_payload(msg), rule->bytes, rule->len);
	msg->nlmsg_len = MNL_NLMSG_HDRLEN + (uint32_t)rule->len;
	mnl_attr_put_u64(msg, NFTA_RULE_HANDLE, htobe64(rule->handle));
	return msg;
}

static void fake_dump(const struct nlmsghdr *question)
{
	const struct fake_filter *filter = &fake.filter[fake_family(question) == AF_INET6];

	for (size_t i = 0; i < filter->n; i++) {
		const struct fake_chain *chain = &filter->chains[i];

		if (fake_type(question) == NFT_MSG_GETCHAIN)
			fake_say_chain(chain, fake_family(question), question->nlmsg_seq);
		for (size_t j = 0; fake_type(question) == NFT_MSG_GETRULE && j < chain->n; j++) {
			struct ezlb_nl_buf buf = { .items = NULL };

			fake_say(&buf, fake_rule_msg(&chain->rules[j], &buf), question->nlmsg_seq);
		}
	}
	fake_code(question->nlmsg_seq, fake.dump_rc ? NLMSG_ERROR : NLMSG_DONE, fake.dump_rc);
}

/* --- transactions ---------------------------------------------------------------------------- */

static int fake_new_rule(struct fake_chain *chain, const struct nlmsghdr *msg)
{
	size_t at = msg->nlmsg_flags & NLM_F_APPEND ? chain->n : 0;
	struct fake_rule *rule = &chain->rules[at];

	memmove(rule + 1, rule, (chain->n++ - at) * sizeof(*rule));
	rule->handle = ++fake.last_handle;
	rule->len = mnl_nlmsg_get_payload_len(msg);
	assert_true(rule->len <= sizeof(rule->bytes) && chain->n <= COUNT_OF(chain->rules));
	memcpy(rule->bytes, mnl_nlmsg_get_payload(msg), rule->len);
	return 0;
}

static int fake_del_rule(struct fake_chain *chain, const struct nlmsghdr *msg)
{
	uint64_t handle = be64toh(mnl_attr_get_u64(fake_attr(msg, NFTA_RULE_HANDLE)));
	struct fake_rule *rule = chain->rules;

	while (rule < chain->rules + chain->n && rule->handle != handle)
		rule++;
	if (rule == chain->rules + chain->n)
		return -ENOENT;
	chain->n--;
	memmove(rule, rule + 1, (size_t)(chain->rules + chain->n - rule) * sizeof(*rule));
	return 0;
}

static int fake_del_chain(struct fake_filter *filter, struct fake_chain *chain)
{
	if (chain->n)
		return -EBUSY;
	filter->n--;
	memmove(chain, chain + 1, (size_t)(filter->chains + filter->n - chain) * sizeof(*chain));
	return 0;
}

static int fake_change(const struct nlmsghdr *msg)
{
	struct fake_filter *filter = &fake.copy[fake_family(msg) == AF_INET6];
	uint8_t type = fake_type(msg);
	bool on_chain = type == NFT_MSG_NEWCHAIN || type == NFT_MSG_DELCHAIN;
	const char *name =
		mnl_attr_get_str(fake_attr(msg, on_chain ? NFTA_CHAIN_NAME : NFTA_RULE_CHAIN));
	struct fake_chain *chain = fake_chain(filter, name);

	if (fake.fail_rc && type == fake.fail_type && fake_family(msg) == fake.fail_family)
		return fake.fail_rc;
	if ((chain != NULL) == (type == NFT_MSG_NEWCHAIN))
		return chain ? -EEXIST : -ENOENT;
	if (type == NFT_MSG_NEWRULE)
		return fake_new_rule(chain, msg);
	if (type == NFT_MSG_DELRULE)
		return fake_del_rule(chain, msg);
	if (type == NFT_MSG_DELCHAIN)
		return fake_del_chain(filter, chain);
	fake_add_chain(filter, name, false);
	return 0;
}

/* Returns what is behind the message. */
static const struct nlmsghdr *fake_next(const struct nlmsghdr *msg)
{
	return (const void *)((const char *)msg + MNL_ALIGN(msg->nlmsg_len));
}

static void fake_transaction(const struct nlmsghdr *msg)
{
	uint32_t gen = ntohl(mnl_attr_get_u32(fake_attr(msg, NFNL_BATCH_GENID)));
	bool failed = false;

	fake.transactions++;
	if (fake.restarts && fake.restarts--)
		fake.gen++;
	if (gen != fake.gen) {
		fake_code(msg->nlmsg_seq, NLMSG_ERROR, -ERESTART);
		return;
	}
	memcpy(fake.copy, fake.filter, sizeof(fake.copy));
	for (msg = fake_next(msg); msg->nlmsg_type != NFNL_MSG_BATCH_END; msg = fake_next(msg)) {
		int rc = fake_change(msg);

		failed |= rc < 0;
		if (rc < 0 || msg->nlmsg_flags & NLM_F_ACK)
			fake_code(msg->nlmsg_seq, NLMSG_ERROR, rc);
	}
	if (failed)
		return;
	fake.gen++;
	if (fake.lost)
		fake.lost--;
	else
		memcpy(fake.filter, fake.copy, sizeof(fake.copy));
}

/* --- the socket ------------------------------------------------------------------------------ */

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	const struct nlmsghdr *msg = bytes;

	(void)fd;
	(void)flags;
	if (msg->nlmsg_type == NFNL_MSG_BATCH_BEGIN) {
		fake_transaction(msg);
	} else if (msg->nlmsg_flags & NLM_F_DUMP) {
		fake_dump(msg);
	} else {
		assert_int_equal(fake_type(msg), NFT_MSG_GETGEN);
		fake_say_gen(msg->nlmsg_seq);
		fake_code(msg->nlmsg_seq, NLMSG_ERROR, 0);
	}
	return (ssize_t)len;
}

static int fake_socket(void *arg)
{
	int fds[2];

	(void)arg;
	ezlb_close_fd(&fake.far);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	fake.far = fds[1];
	return fds[0];
}
