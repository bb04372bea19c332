// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's own counter of what did not fit into a receive buffer; a UDP socket has it, too. */
#include "removed.h"

#include <arpa/inet.h>
#include <unistd.h>

#include "feed.h"
#include "receive.h"

static uint64_t missed(void)
{
	struct ezlb_connlog_counts counts;

	ezlb_connlog_counts(&counts);
	return counts.missed;
}

static void test_drops(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int in = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), small = 1, sent = 0, taken = 0;
	int out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(to);
	struct receiver receiver;
	uint64_t before = missed();
	union message buf;

	(void)state;
	assert_int_equal(bind(in, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(getsockname(in, (struct sockaddr *)&to, &len), 0);
	assert_int_equal(setsockopt(in, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	receiver_open(&receiver, "/dev/null", 900);
	assert_int_equal(feed_drops(in), 0);
	removed_message(&closed, &buf);
	for (; sent < 100; sent++)
		sendto(out, buf.bytes, buf.msg.nlmsg_len, 0, (struct sockaddr *)&to, sizeof(to));
	while (recv(in, &buf, sizeof(buf), MSG_DONTWAIT) > 0)
		taken++;
	assert_true(taken > 0 && taken < sent);
	assert_int_equal(feed_drops(in), sent - taken);
	receiver_finish(&receiver, feed_drops(in));
	assert_int_equal(missed(), before + (uint64_t)(sent - taken));
	/* The same number again is nothing new; the counter of the kernel goes on from 0 after
	 * 2^32. */
	receiver_finish(&receiver, feed_drops(in));
	assert_int_equal(missed(), before + (uint64_t)(sent - taken));
	receiver.drops = UINT32_MAX;
	receiver_finish(&receiver, 1);
	assert_int_equal(missed(), before + (uint64_t)(sent - taken) + 2);
	assert_true(receiver.unsaid > 0); /* one log line for a burst */
	receiver_close(&receiver);
	close(in);
	close(out);
}

/* Bytes that are no message, or say that they are longer than they are. */
static void test_bad_messages(void **state)
{
	union message buf;
	struct receiver receiver;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	receiver_open(&receiver, "/dev/null", 900);
	removed_message(&closed, &buf);
	buf.msg.nlmsg_len += 4;
	assert_true(send(pair[0], buf.bytes, buf.msg.nlmsg_len - 4, 0) > 0);
	assert_true(send(pair[0], buf.bytes, 3, 0) > 0);
	buf.msg.nlmsg_len = 2;
	assert_true(send(pair[0], buf.bytes, 300, 0) > 0);
	assert_int_equal(receiver_fetch(&receiver, pair[1]), 3);
	receiver_handle(&receiver, 3);
	assert_int_equal(receiver.writer.n, 0);
	assert_int_equal(receiver_fetch(&receiver, pair[1]), 0);
	receiver_handle(&receiver, 0);
	receiver_close(&receiver);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_bad_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
