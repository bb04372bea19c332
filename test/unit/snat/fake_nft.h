/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_nft: as much of nf_tables as the layer asks for, behind send(): what is sent is carried out
 * at once and the answers are put on the other end of a socket pair. A transaction is worked on in
 * a copy. Sequence numbers, who is answered and in which order are as in nfnetlink_rcv_batch().
 */
#pragma once

#include "nft_rows.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <linux/netfilter/nfnetlink.h>

#include <ezlb/netfilter.h>

#define FAKE_ELEMS 3000

/* The payload of a message, or an element, as it was sent. */
struct fake_bytes {
	size_t len;
	unsigned char bytes[512];
};
struct fake_elem {
	uint16_t len;
	unsigned char bytes[126];
};

#define FAKE_RULES (2 * EZLB_NFT_SETS) /* a frame that is sent twice */

struct fake_table {
	bool exists;
	uint32_t flags, more; /* things in it that nobody of ours made */
	struct fake_bytes chain, set[EZLB_NFT_SETS], rule[FAKE_RULES];
	size_t n_rules, n_elems[EZLB_NFT_SETS];
	struct fake_elem elem[EZLB_NFT_SETS][FAKE_ELEMS];
};

static struct {
	struct fake_table table[2], copy[2];
	uint32_t gen;
	int near, far; /* near is -1 when the layer has taken it */
	unsigned opened, transactions, messages;
	int last_fd;
	/* Faults. A count goes down with each use. */
	int socket_rc, gen_rc, get_rc, begin_rc;
	unsigned begin_faults, gen_jumps, interrupted, twice;
	uint8_t get_family;		/* get_rc is for this one alone; 0: for both */
	uint8_t fail_family, fail_type; /* the message in a transaction that gets fail_rc */
	int fail_rc;
	bool mute;
	void (*before_commit)(void); /* somebody who is faster, once */
} fake;

/* --- answers ------------------------------------------------------------------------------- */

static inline void fake_say(const struct ezlb_nl_buf *buf)
{
	if (!fake.mute)
		assert_int_equal(write(fake.far, buf->items, buf->len), (ssize_t)buf->len);
}

static inline void fake_say_code(uint32_t seq, uint16_t type, uint16_t flags, int code)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer = { .head = { .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = seq },
		     .error = { .error = code } };

	answer.head.nlmsg_len = sizeof(answer);
	if (!fake.mute)
		assert_int_equal(write(fake.far, &answer, sizeof(answer)), sizeof(answer));
}

static inline void fake_say_bytes(const struct nlmsghdr *question, uint16_t type,
				  const struct fake_bytes *payload)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, type, 0, 0);

	memcpy(mnl_nlmsg_get_payload(msg), payload->bytes, payload->len);
	msg->nlmsg_len = MNL_NLMSG_HDRLEN + (uint32_t)payload->len;
	msg->nlmsg_seq = question->nlmsg_seq;
	ezlb_nl_msg_end(&buf);
	fake_say(&buf);
}

/* --- questions ----------------------------------------------------------------------------- */

static inline const char *fake_str(const struct nlmsghdr *msg, uint16_t type)
{
	struct nlattr *attr;

	mnl_attr_for_each(attr, msg, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == type)
			return mnl_attr_get_str(attr);
	}
	fail_msg("no attribute %u", type);
	return "";
}

static inline enum ezlb_nft_set fake_set_of(const struct nlmsghdr *msg)
{
	const char *name = fake_str(msg, NFTA_SET_ELEM_LIST_SET);

	_Static_assert((int)NFTA_SET_ELEM_LIST_SET == (int)NFTA_SET_NAME, "one for both");
	for (int i = 0; i < EZLB_NFT_SETS; i++)
		if (strcmp(name, ezlb_nft_set_str((enum ezlb_nft_set)i)) == 0)
			return (enum ezlb_nft_set)i;
	fail_msg("no set %s", name);
	return EZLB_NFT_SETS;
}

static inline uint8_t fake_family(const struct nlmsghdr *msg)
{
	return ((const struct nfgenmsg *)mnl_nlmsg_get_payload(msg))->nfgen_family;
}

static inline struct fake_table *fake_table_of(struct fake_table table[2],
					       const struct nlmsghdr *msg)
{
	return &table[fake_family(msg) == AF_INET6];
}

static inline int fake_get_table(const struct nlmsghdr *question, const struct fake_table *table)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, NFT_MSG_NEWTABLE, 0, 0);
	uint32_t use = table->more + (table->chain.len > 0);

	if (!table->exists)
		return -ENOENT;
	for (size_t i = 0; i < EZLB_NFT_SETS; i++)
		use += table->set[i].len > 0;
	msg->nlmsg_seq = question->nlmsg_seq;
	mnl_attr_put_u32(msg, NFTA_TABLE_FLAGS, htonl(table->flags));
	mnl_attr_put_u32(msg, NFTA_TABLE_USE, htonl(use));
	ezlb_nl_msg_end(&buf);
	fake_say(&buf);
	return 0;
}

static inline int fake_get(const struct nlmsghdr *question)
{
	const struct fake_table *table = fake_table_of(fake.table, question);
	const struct fake_bytes *bytes = &table->chain;

	if (fake.get_rc && (!fake.get_family || fake.get_family == fake_family(question)))
		return fake.get_rc;
	if (nft_type(question) == NFT_MSG_GETTABLE)
		return fake_get_table(question, table);
	if (nft_type(question) == NFT_MSG_GETSET)
		bytes = &table->set[fake_set_of(question)];
	if (!table->exists || !bytes->len)
		return -ENOENT;
	fake_say_bytes(question, nft_type(question) - 1, bytes); /* GETX is behind NEWX */
	return 0;
}

static inline int fake_get_gen(const struct nlmsghdr *question)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, NFT_MSG_NEWGEN, 0, 0);

	if (fake.gen_rc)
		return fake.gen_rc;
	if (fake.gen_jumps && fake.gen_jumps--)
		fake.gen++;
	msg->nlmsg_seq = question->nlmsg_seq;
	mnl_attr_put_u32(msg, NFTA_GEN_ID, htonl(fake.gen));
	ezlb_nl_msg_end(&buf);
	fake_say(&buf);
	return 0;
}

/* 200 to a message, as the kernel cuts a dump, too. */
static inline int fake_dump_elems(const struct nlmsghdr *question, const struct fake_table *table)
{
	enum ezlb_nft_set set = fake_set_of(question);
	size_t n = table->n_elems[set];
	bool twice = fake.twice && n > 1 && fake.twice--;

	if (!table->exists || !table->set[set].len)
		return -ENOENT;
	for (size_t i = 0; i < n;) {
		EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
		struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, NFT_MSG_NEWSETELEM, 0, 0);
		struct nlattr *list = mnl_attr_nest_start(msg, NFTA_SET_ELEM_LIST_ELEMENTS);

		for (size_t end = i + 200; i < n && i < end; i++) {
			const struct fake_elem *elem = &table->elem[set][twice && i ? i - 1 : i];

			mnl_attr_put(msg, NFTA_LIST_ELEM | NLA_F_NESTED, elem->len, elem->bytes);
		}
		mnl_attr_nest_end(msg, list);
		msg->nlmsg_seq = question->nlmsg_seq;
		ezlb_nl_msg_end(&buf);
		fake_say(&buf);
	}
	return 0;
}

static inline int fake_dump(const struct nlmsghdr *question)
{
	const struct fake_table *table = fake_table_of(fake.table, question);

	if (nft_type(question) == NFT_MSG_GETSETELEM)
		return fake_dump_elems(question, table);
	for (size_t i = 0; table->exists && i < table->n_rules; i++)
		fake_say_bytes(question, NFT_MSG_NEWRULE, &table->rule[i]);
	return 0;
}

static inline void fake_answer(const struct nlmsghdr *msg)
{
	if (msg->nlmsg_flags & NLM_F_DUMP) {
		int rc = fake_dump(msg);
		bool cut = fake.interrupted && fake.interrupted--;

		fake_say_code(msg->nlmsg_seq, rc ? NLMSG_ERROR : NLMSG_DONE,
			      cut ? NLM_F_DUMP_INTR : 0, rc);
	} else {
		int rc = nft_type(msg) == NFT_MSG_GETGEN ? fake_get_gen(msg) : fake_get(msg);

		fake_say_code(msg->nlmsg_seq, NLMSG_ERROR, 0, rc);
	}
}

/* --- transactions -------------------------------------------------------------------------- */

static inline void fake_keep(struct fake_bytes *out, const struct nlmsghdr *msg)
{
	out->len = mnl_nlmsg_get_payload_len(msg);
	assert_true(out->len <= sizeof(out->bytes));
	memcpy(out->bytes, mnl_nlmsg_get_payload(msg), out->len);
}

/* Elements are the same where their key is: their first attribute, with its own length. */
static inline size_t fake_find(const struct fake_table *table, enum ezlb_nft_set set,
			       const unsigned char *bytes)
{
	size_t i = 0;
	uint16_t len;

	memcpy(&len, bytes, sizeof(len));
	while (i < table->n_elems[set] && memcmp(table->elem[set][i].bytes, bytes, len) != 0)
		i++;
	return i;
}

static inline int fake_change_elem(struct fake_table *table, enum ezlb_nft_set set, bool add,
				   const struct nlattr *attr)
{
	const unsigned char *bytes = mnl_attr_get_payload(attr);
	size_t i = fake_find(table, set, bytes), n = table->n_elems[set];

	if (add != (i == n))
		return add ? -EEXIST : -ENOENT;
	if (!add) {
		table->elem[set][i] = table->elem[set][--table->n_elems[set]];
		return 0;
	}
	assert_true(n < FAKE_ELEMS);
	table->elem[set][n].len = mnl_attr_get_payload_len(attr);
	assert_true(table->elem[set][n].len <= sizeof(table->elem[set][n].bytes));
	memcpy(table->elem[set][n].bytes, bytes, table->elem[set][n].len);
	table->n_elems[set]++;
	return 0;
}

static inline int fake_change_elems(struct fake_table *table, const struct nlmsghdr *msg)
{
	struct nlattr *attr, *elem;
	int rc = 0;

	mnl_attr_for_each(attr, msg, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(elem, attr)
		{
			if (rc == 0)
				rc = fake_change_elem(table, fake_set_of(msg),
						      nft_type(msg) == NFT_MSG_NEWSETELEM, elem);
		}
	}
	return rc;
}

static inline int fake_change(struct fake_table *table, const struct nlmsghdr *msg)
{
	bool makes = nft_type(msg) == NFT_MSG_NEWTABLE;

	if (fake.fail_rc && nft_type(msg) == fake.fail_type && fake_family(msg) == fake.fail_family)
		return fake.fail_rc;
	if (table->exists == makes)
		return makes ? -EEXIST : -ENOENT;
	switch (nft_type(msg)) {
	case NFT_MSG_NEWTABLE:
	case NFT_MSG_DELTABLE:
		memset(table, 0, sizeof(*table));
		table->exists = makes;
		return 0;
	case NFT_MSG_NEWSET:
		fake_keep(&table->set[fake_set_of(msg)], msg);
		return 0;
	case NFT_MSG_NEWCHAIN:
		fake_keep(&table->chain, msg);
		return 0;
	case NFT_MSG_NEWRULE:
		assert_true(table->n_rules < FAKE_RULES);
		fake_keep(&table->rule[table->n_rules++], msg);
		return 0;
	default:
		return fake_change_elems(table, msg);
	}
}

/* Answers to what failed and to what asked for it are delivered behind the commit. */
static inline void fake_transaction(struct ezlb_nl_buf *sent)
{
	struct nlmsghdr *msg = nft_next(sent, NULL);
	const struct nlattr *gen = mnl_nlmsg_get_payload_offset(msg, sizeof(struct nfgenmsg));
	struct {
		uint32_t seq;
		int rc;
	} answer[64];
	size_t n = 0;
	bool failed = false;

	fake.transactions++;
	if (fake.before_commit)
		fake.before_commit();
	fake.before_commit = NULL;
	if (fake.begin_faults || ntohl(mnl_attr_get_u32(gen)) != fake.gen) {
		int rc = fake.begin_faults ? fake.begin_rc : -ERESTART;

		fake.begin_faults -= fake.begin_faults > 0;
		fake_say_code(msg->nlmsg_seq, NLMSG_ERROR, 0, rc);
		return;
	}
	memcpy(fake.copy, fake.table, sizeof(fake.copy));
	while ((msg = nft_next(sent, msg)) && msg->nlmsg_type != NFNL_MSG_BATCH_END) {
		int rc = fake_change(fake_table_of(fake.copy, msg), msg);

		fake.messages++;
		failed |= rc < 0;
		if (rc < 0 || msg->nlmsg_flags & NLM_F_ACK) {
			answer[n].seq = msg->nlmsg_seq;
			answer[n++].rc = rc;
		}
	}
	assert_non_null(msg);
	if (!failed) {
		memcpy(fake.table, fake.copy, sizeof(fake.table));
		fake.gen++;
	}
	for (size_t i = 0; i < n; i++)
		fake_say_code(answer[i].seq, NLMSG_ERROR, 0, answer[i].rc);
}

/* --- the socket ---------------------------------------------------------------------------- */

static int fail_send, fail_recvmsg, fail_poll; /* errnos, for the next call of each */
static bool short_send;

static inline bool fails(int *fault)
{
	errno = *fault;
	*fault = 0;
	return errno != 0;
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	struct ezlb_nl_buf sent = { .len = len };

	(void)fd;
	assert_int_equal(flags, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (fails(&fail_send))
		return -1;
	if (short_send)
		return 5;
	sent.items = ezlb_calloc(1, len);
	memcpy(sent.items, bytes, len);
	if (nft_next(&sent, NULL)->nlmsg_type == NFNL_MSG_BATCH_BEGIN)
		fake_transaction(&sent);
	else
		fake_answer(nft_next(&sent, NULL));
	ezlb_nl_buf_clear(&sent);
	return (ssize_t)len;
}

static inline int fake_socket(void *arg)
{
	int fds[2], room = 1 << 20;

	(void)arg;
	if (fake.socket_rc)
		return fake.socket_rc;
	fake.opened++;
	ezlb_close_fd(&fake.far);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	fake.far = fds[1];
	setsockopt(fake.far, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	fake.last_fd = fds[0];
	return fds[0];
}

static inline struct ezlb_nl_source fake_source(void)
{
	return (struct ezlb_nl_source){ .socket = fake_socket, .timeout_ms = 200 };
}

static inline void fake_init(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.far = -1;
	fake.gen = 7;
	fail_send = fail_recvmsg = fail_poll = 0;
	short_send = false;
}
