// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets: what fails when one is opened, and conversations with this machine's own kernel. */
#undef _FORTIFY_SOURCE
#include "cm.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ezlb/mem.h>
#include <ezlb/netlink.h>

/* --- system calls that fail ------------------------------------------------------------------ */

static int fail_socket, fail_connect, fail_force; /* errnos, for the next call of each */
static int forced, asked;			  /* sizes of the receive buffer */
static bool cap_ack;

static bool fails(int *fault)
{
	errno = *fault;
	*fault = 0;
	return errno != 0;
}

int socket(int family, int type, int protocol)
{
	if (family == AF_NETLINK)
		assert_true(type & SOCK_CLOEXEC);
	return fails(&fail_socket) ? -1 : (int)syscall(SYS_socket, family, type, protocol);
}

int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	return fails(&fail_connect) ? -1 : (int)syscall(SYS_connect, fd, addr.__sockaddr__, len);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level == SOL_NETLINK && name == NETLINK_CAP_ACK)
		cap_ack = *(const int *)value;
	if (level == SOL_SOCKET && name == SO_RCVBUFFORCE && fails(&fail_force))
		return -1;
	if (level == SOL_SOCKET && name == SO_RCVBUFFORCE)
		forced = *(const int *)value;
	if (level == SOL_SOCKET && name == SO_RCVBUF)
		asked = *(const int *)value;
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

static int setup(void **state)
{
	(void)state;
	fail_socket = fail_connect = fail_force = forced = asked = 0;
	cap_ack = false;
	return 0;
}

static void test_open(void **state)
{
	EZLB_AUTO_CLOSE int fd = ezlb_nl_socket(NETLINK_ROUTE, 0);
	EZLB_AUTO_CLOSE int large = -1, asking = -1;

	(void)state;
	assert_true(fd >= 0);
	assert_true(cap_ack);
	assert_int_equal(forced + asked, 0);
	fail_force = EPERM;
	asking = ezlb_nl_socket(NETLINK_ROUTE, 65536);
	assert_true(asking >= 0);
	assert_int_equal(asked, 65536);
	asked = 0;
	fail_force = 0;
	large = ezlb_nl_socket(NETLINK_ROUTE, 65537);
	assert_true(large >= 0);
	/* Not root: asked for, as above. */
	assert_true(forced == 65537 && (asked == 0 || asked == 65537));
}

static void test_open_fails(void **state)
{
	(void)state;
	fail_socket = EPROTONOSUPPORT;
	assert_int_equal(ezlb_nl_socket(NETLINK_NETFILTER, 0), -EPROTONOSUPPORT);
	fail_connect = EPERM;
	assert_int_equal(ezlb_nl_socket(NETLINK_ROUTE, 0), -EPERM);
	assert_false(cap_ack);
}

/* Nobody but the kernel may answer. */
static void test_forged(void **state)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(name);
	EZLB_AUTO_CLOSE int fd = ezlb_nl_socket(NETLINK_GENERIC, 0);
	EZLB_AUTO_CLOSE int other = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	(void)state;
	assert_true(fd >= 0 && other >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	assert_true(name.nl_pid != 0);
	assert_true(sendto(other, "forged", 6, 0, (struct sockaddr *)&name, sizeof(name)) < 0);
	assert_true(errno == ECONNREFUSED || errno == EPERM);
}

/* --- this machine's own kernel --------------------------------------------------------------- */

static struct ezlb_nl_buf buf;

static void put_getlink(const char *name, uint16_t flags)
{
	struct nlmsghdr *msg = ezlb_nl_msg_start(&buf, RTM_GETLINK, flags);

	mnl_nlmsg_put_extra_header(msg, sizeof(struct ifinfomsg));
	if (name)
		mnl_attr_put_strz(msg, IFLA_IFNAME, name);
	ezlb_nl_msg_end(&buf);
}

static int find_lo(void *arg, const struct nlmsghdr *msg)
{
	struct ezlb_nl_attrs attrs;

	assert_int_equal(msg->nlmsg_type, RTM_NEWLINK);
	assert_int_equal(ezlb_nl_attrs_read(msg, sizeof(struct ifinfomsg), &attrs), 0);
	*(int *)arg += strcmp(ezlb_nl_attrs_str(&attrs, IFLA_IFNAME), "lo") == 0;
	return 0;
}

static const struct ezlb_nl_source route = { .protocol = NETLINK_ROUTE, .timeout_ms = 5000 };

static void test_dump(void **state)
{
	struct ezlb_nl *nl = ezlb_nl_new(&route);
	int found = 0;

	(void)state;
	put_getlink(NULL, NLM_F_DUMP);
	assert_int_equal(ezlb_nl_ask(nl, &buf, find_lo, &found), 0);
	assert_int_equal(found, 1);
	ezlb_nl_buf_clear(&buf);
	ezlb_nl_free(nl);
}

/* Refused with and without an acknowledgement asked for, carried out with one. */
static void test_ask(void **state)
{
	struct ezlb_nl *nl = ezlb_nl_new(&route);
	int found = 0;

	(void)state;
	put_getlink("no-such-link", NLM_F_ACK);
	assert_int_equal(ezlb_nl_ask(nl, &buf, find_lo, &found), -ENODEV);
	buf.len = 0;
	put_getlink("no-such-link", 0);
	assert_int_equal(ezlb_nl_ask(nl, &buf, find_lo, &found), -ENODEV);
	assert_int_equal(found, 0);
	buf.len = 0;
	put_getlink("lo", NLM_F_ACK);
	assert_int_equal(ezlb_nl_ask(nl, &buf, find_lo, &found), 0);
	assert_int_equal(found, 1);
	ezlb_nl_buf_clear(&buf);
	ezlb_nl_free(nl);
}

static bool keep(void *arg, size_t i, int code)
{
	((int *)arg)[i] = code;
	return false;
}

/* Of many requests in one call, those get an answer that are refused, and the last one. */
static void test_tell(void **state)
{
	struct ezlb_nl *nl = ezlb_nl_new(&route);
	int codes[40];

	(void)state;
	for (int i = 0; i < 40; i++) {
		put_getlink(i % 2 ? "no-such-link" : "lo", 0);
		codes[i] = 1;
	}
	ezlb_nl_ack_last(&buf);
	assert_int_equal(ezlb_nl_tell(nl, &buf, keep, codes), 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(codes[i], i % 2 ? -ENODEV : 1);
	ezlb_nl_buf_clear(&buf);
	ezlb_nl_free(nl);
}

static int count_families(void *arg, const struct nlmsghdr *msg)
{
	struct ezlb_nl_attrs attrs;

	assert_int_equal(ezlb_nl_attrs_read(msg, GENL_HDRLEN, &attrs), 0);
	assert_non_null(attrs.at[CTRL_ATTR_FAMILY_NAME]);
	++*(int *)arg;
	return 0;
}

static void test_generic(void **state)
{
	const struct ezlb_nl_source source = { .protocol = NETLINK_GENERIC, .timeout_ms = 5000 };
	struct ezlb_nl *nl = ezlb_nl_new(&source);
	struct genlmsghdr *genl;
	int n = 0;

	(void)state;
	genl = mnl_nlmsg_put_extra_header(ezlb_nl_msg_start(&buf, GENL_ID_CTRL, NLM_F_DUMP),
					  sizeof(*genl));
	*genl = (struct genlmsghdr){ .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	ezlb_nl_msg_end(&buf);
	assert_int_equal(ezlb_nl_ask(nl, &buf, count_families, &n), 0);
	assert_true(n > 0);
	ezlb_nl_buf_clear(&buf);
	ezlb_nl_free(nl);
}

/* So small a buffer holds the answers of a few: the kernel says that some were lost. */
static void test_overrun(void **state)
{
	const struct ezlb_nl_source source = { .protocol = NETLINK_ROUTE,
					       .timeout_ms = 5000,
					       .receive_bytes = 1 };
	struct ezlb_nl *nl = ezlb_nl_new(&source);
	int codes[300] = { 0 };

	(void)state;
	for (int i = 0; i < 300; i++)
		put_getlink("no-such-link", 0);
	ezlb_nl_ack_last(&buf);
	assert_int_equal(ezlb_nl_tell(nl, &buf, keep, codes), -ENOBUFS);
	/* On another socket one alone is answered as ever. */
	buf.len = 0;
	put_getlink("no-such-link", NLM_F_ACK);
	assert_int_equal(ezlb_nl_ask(nl, &buf, NULL, NULL), -ENODEV);
	ezlb_nl_buf_clear(&buf);
	ezlb_nl_free(nl);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open), TEST(test_open_fails), TEST(test_forged),  TEST(test_dump),
		TEST(test_ask),	 TEST(test_tell),	TEST(test_generic), TEST(test_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
