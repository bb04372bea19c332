// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vip: addresses on a link of the real kernel, in network namespaces of our own. Where the kernel
 * has no dummy links these are links of another kind, which only test_vip.c makes up for. Skipped
 * where a user namespace cannot be had.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "vip.h"

static bool have_ns;
static struct ezlb_vip *vip;
static struct ezlb_err err;

/* --- the world ------------------------------------------------------------------------------- */

static bool write_file(const char *path, const char *text)
{
	EZLB_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool enter_user_ns(void)
{
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
	       write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/uid_map", uids) && write_file("/proc/self/gid_map", gids);
}

static struct ezlb_addr address(const char *text)
{
	struct ezlb_addr addr;

	assert_int_equal(ezlb_addr_parse(text, &addr, NULL), 0);
	return addr;
}

/* By the old ioctls, so that it is not libnl that says whether libnl did right. */
static short link_flags(const char *name, short set, short clear)
{
	EZLB_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_flags = 0 };

	ezlb_strcpy(request.ifr_name, IFNAMSIZ, name);
	if (ioctl(fd, SIOCGIFFLAGS, &request))
		return 0;
	if (set || clear) {
		request.ifr_flags = (short)((request.ifr_flags | set) & ~clear);
		assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	}
	return request.ifr_flags;
}

/* An IPv4 address with a prefix of its own, as an admin has one: one on each interface name. */
static void admin_adds(const char *name, const char *text, const char *mask)
{
	EZLB_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct ezlb_addr addr = address(text), bits = address(mask);
	struct ifreq request = { .ifr_flags = 0 };

	ezlb_strcpy(request.ifr_name, IFNAMSIZ, name);
	memcpy(&sin.sin_addr, addr.bytes, 4);
	memcpy(&request.ifr_addr, &sin, sizeof(sin));
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &request), 0);
	memcpy(&sin.sin_addr, bits.bytes, 4);
	memcpy(&request.ifr_netmask, &sin, sizeof(sin));
	assert_int_equal(ioctl(fd, SIOCSIFNETMASK, &request), 0);
}

static const char *names(const struct ezlb_vips *vips, char *buf, size_t size)
{
	char text[EZLB_ADDR_STRLEN];
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < vips->len; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? " " : "",
					ezlb_addr_format(&vips->items[i], text));
	return buf;
}

/* Link-local ones of the kernel's are left out: they are at random. */
static void check_list(const char *on_device, const char *elsewhere)
{
	struct ezlb_vips ours = { 0 }, others = { 0 };
	char text[1024];

	*EZLB_PUSH(&ours) = address("9.9.9.9"); /* goes */
	assert_int_equal(ezlb_vip_list(vip, &ours, &others, &err), 0);
	assert_string_equal(names(&ours, text, sizeof(text)), on_device);
	while (others.len > 0 && others.items[others.len - 1].bytes[0] == 0xfe)
		others.len--;
	assert_string_equal(names(&others, text, sizeof(text)), elsewhere);
	EZLB_VEC_CLEAR(&ours);
	EZLB_VEC_CLEAR(&others);
}

static void check_add(const char *text, bool device, bool addr)
{
	struct ezlb_vip_added added = { .device = !device, .addr = !addr };
	struct ezlb_addr wanted = address(text);

	assert_int_equal(ezlb_vip_add(vip, &wanted, &added, &err), 0);
	assert_int_equal(added.device, device);
	assert_int_equal(added.addr, addr);
}

static int del(const char *text)
{
	struct ezlb_addr addr = address(text);

	return ezlb_vip_del(vip, &addr, &err);
}

/* The first kind there is; dummy comes first. */
static void choose_kind(void)
{
	static const char *const kinds[] = { "dummy", "ifb", "bridge" };
	struct ezlb_addr addr = address("192.0.2.99");
	int rc = -1;

	for (size_t i = 0; rc != 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		vip->kind = kinds[i];
		rc = ezlb_vip_add(vip, &addr, NULL, &err);
	}
	assert_int_equal(rc, 0);
	assert_int_equal(del("192.0.2.99"), 0);
	assert_int_equal(ezlb_vip_remove_device(vip, &err), 0);
}

static int setup(void **state)
{
	(void)state;
	if (!have_ns)
		return 0;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(ezlb_vip_open("vip0", &vip, &err), 0);
	choose_kind();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_vip_close(vip);
	vip = NULL;
	return 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

static void test_life(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	check_list("", "");
	assert_int_equal(del("192.0.2.1"), 0);
	assert_int_equal(link_flags("vip0", 0, 0), 0);
	check_add("192.0.2.2", true, true);
	check_add("192.0.2.1", false, true);
	check_add("2001:db8::1", false, true);
	check_add("192.0.2.1", false, false);
	check_add("2001:db8::1", false, false);
	assert_int_equal(link_flags("vip0", 0, 0) & (IFF_UP | IFF_NOARP), IFF_UP | IFF_NOARP);
	check_list("192.0.2.1 192.0.2.2 2001:db8::1", "");
	assert_int_equal(del("192.0.2.2"), 0);
	assert_int_equal(del("2001:db8::1"), 0);
	check_list("192.0.2.1", "");
	assert_int_equal(del("192.0.2.2"), 0);
	assert_int_equal(del("2001:db8::1"), 0);
	assert_int_equal(ezlb_vip_remove_device(vip, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "vip0 stays, for it has the address 192.0.2.1/32"));
	assert_int_equal(del("192.0.2.1"), 0);
	assert_int_equal(ezlb_vip_remove_device(vip, &err), 0);
	assert_int_equal(link_flags("vip0", 0, 0), 0);
	assert_int_equal(ezlb_vip_remove_device(vip, &err), 0);
}

/* A flag in /proc/net/if_inet6: no address of ours waits for an answer that cannot come. */
static void test_no_duplicate_detection(void **state)
{
	FILE *file;
	char line[128];
	bool found = false;

	(void)state;
	if (!have_ns)
		skip();
	check_add("2001:db8::1", true, true);
	file = fopen("/proc/thread-self/net/if_inet6", "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		unsigned index, prefix, scope, flags;

		if (strncmp(line, "20010db8", 8) != 0)
			continue;
		assert_int_equal(sscanf(line, "%*s %x %x %x %x", &index, &prefix, &scope, &flags),
				 4);
		assert_int_equal(prefix, 128);
		assert_int_equal(flags, 0x82); /* permanent, nodad; not tentative */
		found = true;
	}
	fclose(file);
	assert_true(found);
}

static void test_set_up_again(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	check_add("192.0.2.1", true, true);
	link_flags("vip0", 0, IFF_UP | IFF_NOARP);
	assert_int_equal(link_flags("vip0", 0, 0) & (IFF_UP | IFF_NOARP), 0);
	check_add("192.0.2.1", false, false);
	assert_int_equal(link_flags("vip0", 0, 0) & (IFF_UP | IFF_NOARP), IFF_UP | IFF_NOARP);
}

/* The same address twice on one link, and only the /32 is ours. */
static void test_other_prefix(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	check_add("192.0.2.1", true, true);
	admin_adds("vip0:a", "192.0.2.7", "255.255.255.0");
	check_list("192.0.2.1", "192.0.2.7");
	assert_int_equal(del("192.0.2.7"), 0);
	check_list("192.0.2.1", "192.0.2.7");
	check_add("192.0.2.7", false, true);
	check_list("192.0.2.1 192.0.2.7", "192.0.2.7");
	assert_int_equal(del("192.0.2.7"), 0);
	assert_int_equal(del("192.0.2.1"), 0);
	check_list("", "192.0.2.7");
	assert_int_equal(ezlb_vip_remove_device(vip, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "192.0.2.7/24"));
}

static void test_elsewhere(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	link_flags("lo", IFF_UP, 0);
	admin_adds("lo:1", "192.0.2.8", "255.255.255.255");
	check_list("", "127.0.0.1 192.0.2.8 ::1");
	check_add("192.0.2.8", true, true);
	check_list("192.0.2.8", "127.0.0.1 192.0.2.8 ::1");
	assert_int_equal(del("192.0.2.8"), 0);
	check_list("", "127.0.0.1 192.0.2.8 ::1");
}

static void test_foreign_device(void **state)
{
	struct ezlb_vips ours = { 0 }, others = { 0 };
	struct ezlb_addr addr = address("127.0.0.1");

	(void)state;
	if (!have_ns)
		skip();
	link_flags("lo", IFF_UP, 0);
	ezlb_strcpy(vip->device, sizeof(vip->device), "lo");
	assert_int_equal(ezlb_vip_add(vip, &addr, NULL, &err), -EEXIST);
	assert_non_null(strstr(err.msg, "lo exists and is not a"));
	assert_non_null(strstr(err.msg, "but a physical or loopback device: choose another name"));
	assert_int_equal(ezlb_vip_del(vip, &addr, &err), -EEXIST);
	assert_int_equal(ezlb_vip_list(vip, &ours, &others, &err), -EEXIST);
	assert_int_equal(ezlb_vip_remove_device(vip, &err), -EEXIST);
	assert_int_equal(ours.len + others.len, 0);

	ezlb_strcpy(vip->device, sizeof(vip->device), "vip0");
	check_add("192.0.2.1", true, true);
	vip->kind = "other";
	assert_int_equal(ezlb_vip_remove_device(vip, &err), -EEXIST);
	assert_non_null(strstr(err.msg, "vip0 exists and is not a other link but "));
}

static void test_no_such_kind(void **state)
{
	struct ezlb_vip_added added;
	struct ezlb_addr addr = address("192.0.2.1");

	(void)state;
	if (!have_ns)
		skip();
	vip->kind = "nosuch";
	assert_int_equal(ezlb_vip_add(vip, &addr, &added, &err), -EOPNOTSUPP);
	assert_string_equal(err.msg, "cannot make the device vip0: the kernel has no nosuch links; "
				     "load the module on the host: modprobe nosuch");
	assert_false(added.device || added.addr);
}

static void test_ipv6_disabled(void **state)
{
	struct ezlb_vip_added added;
	struct ezlb_addr addr = address("2001:db8::1");

	(void)state;
	if (!have_ns)
		skip();
	assert_true(write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"));
	assert_int_equal(ezlb_vip_add(vip, &addr, &added, &err), -EAFNOSUPPORT);
	assert_non_null(strstr(err.msg, "cannot add 2001:db8::1/128 to vip0: IPv6 is disabled"));
	assert_non_null(strstr(err.msg, "net.ipv6.conf.vip0.disable_ipv6=0"));
	assert_true(added.device && !added.addr);
	check_add("192.0.2.1", false, true); /* the next call works */
}

static void test_many(void **state)
{
	struct ezlb_vips ours = { 0 }, others = { 0 };
	struct ezlb_addr addr = address("198.18.0.0");

	(void)state;
	if (!have_ns)
		skip();
	for (int i = 0; i < 2000; i++) {
		addr.bytes[2] = (uint8_t)(i >> 8);
		addr.bytes[3] = (uint8_t)i;
		assert_int_equal(ezlb_vip_add(vip, &addr, NULL, &err), 0);
	}
	assert_int_equal(ezlb_vip_list(vip, &ours, &others, &err), 0);
	assert_int_equal(ours.len, 2000);

	EZLB_VEC_CLEAR(&ours);
	EZLB_VEC_CLEAR(&others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_duplicate_detection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set_up_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_prefix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_such_kind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ipv6_disabled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	have_ns = enter_user_ns();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
