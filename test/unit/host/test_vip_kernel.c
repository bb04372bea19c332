// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vip: addresses on a link of the real kernel, in network namespaces of our own. Where the kernel
 * has no dummy links these are links of another kind, which only test_vip.c makes up for. Skipped
 * where no namespace can be had.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <ezlb/host.h>

#include "vip.h"

static bool have_ns;
static struct vip vip;
static struct ezlb_err err;

/* --- the world ------------------------------------------------------------------------------- */

static bool write_file(const char *path, const char *text)
{
	EZLB_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool enter_ns(void)
{
	char uids[64], gids[64];

	if (unshare(CLONE_NEWNET) == 0)
		return true;
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

static struct ezlb_links links(const char *device)
{
	struct ezlb_links out = { 0 };

	ezlb_strcpy(EZLB_PUSH(&out)->device, EZLB_DEVICE_STRLEN, device);
	return out;
}

static void append(char *buf, size_t size, const struct ezlb_addr *addr)
{
	char text[EZLB_ADDR_STRLEN];
	size_t len = strlen(buf);

	/* The kernel's own are at random. */
	if (addr->family == AF_INET6 && addr->bytes[0] == 0xfe)
		return;
	snprintf(buf + len, size - len, "%s%s", len ? " " : "", ezlb_addr_format(addr, text));
}

static void check_list(const char *device, size_t nlinks, const char *vips, const char *elsewhere)
{
	struct ezlb_table table = { .snat_wanted = false };
	struct ezlb_links managed = links(device);
	char ours[1024] = "", others[1024] = "";

	assert_int_equal(vip_list(&vip, &managed, &table, &err), 0);
	ezlb_table_sort(&table);
	assert_int_equal(table.links.len, nlinks);
	for (size_t i = 0; i < table.vips.len; i++) {
		assert_string_equal(table.vips.items[i].device, device);
		append(ours, sizeof(ours), &table.vips.items[i].addr);
	}
	for (size_t i = 0; i < table.elsewhere.len; i++)
		append(others, sizeof(others), &table.elsewhere.items[i]);
	assert_string_equal(ours, vips);
	assert_string_equal(others, elsewhere);
	ezlb_table_clear(&table);
	EZLB_VEC_CLEAR(&managed);
}

static struct ezlb_vip_row row_of(const char *device, const char *text)
{
	struct ezlb_vip_row row = { .addr = address(text) };

	ezlb_strcpy(row.device, sizeof(row.device), device);
	return row;
}

static int add(const char *text)
{
	struct ezlb_vip_row row = row_of("vip0", text);

	return vip_add(&vip, &row);
}

static int del(const char *text)
{
	struct ezlb_vip_row row = row_of("vip0", text);

	return vip_del(&vip, &row);
}

/* The first kind there is; dummy comes first. */
static void choose_kind(void)
{
	static const char *const kinds[] = { "dummy", "ifb", "bridge" };
	int rc = -1;

	for (size_t i = 0; rc != 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		vip.kind = kinds[i];
		rc = vip_link_add(&vip, "vip0");
	}
	assert_int_equal(rc, 0);
	assert_int_equal(vip_link_del(&vip, "vip0"), 0);
}

static int setup(void **state)
{
	(void)state;
	if (!have_ns)
		return 0;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	choose_kind();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vip_close(&vip);
	return 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

#define UP (IFF_UP | IFF_NOARP)

static void test_life(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	check_list("vip0", 0, "", "");
	assert_int_equal(del("192.0.2.1"), 0);
	assert_int_equal(add("192.0.2.2"), -ENODEV);
	assert_int_equal(link_flags("vip0", 0, 0), 0);
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_int_equal(link_flags("vip0", 0, 0) & UP, UP);
	check_list("vip0", 1, "", "");
	assert_int_equal(add("192.0.2.2"), 0);
	assert_int_equal(add("192.0.2.1"), 0);
	assert_int_equal(add("2001:db8::1"), 0);
	assert_int_equal(add("192.0.2.1"), -EEXIST);
	assert_int_equal(add("2001:db8::1"), -EEXIST);
	check_list("vip0", 1, "192.0.2.1 192.0.2.2 2001:db8::1", "");
	assert_int_equal(del("192.0.2.2"), 0);
	assert_int_equal(del("2001:db8::1"), 0);
	check_list("vip0", 1, "192.0.2.1", "");
	assert_int_equal(del("192.0.2.2"), 0);
	assert_int_equal(del("2001:db8::1"), 0);
	assert_int_equal(vip_link_del(&vip, "vip0"), -EBUSY);
	assert_int_equal(del("192.0.2.1"), 0);
	assert_int_equal(vip_link_del(&vip, "vip0"), 0);
	assert_int_equal(link_flags("vip0", 0, 0), 0);
	assert_int_equal(vip_link_del(&vip, "vip0"), 0);
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
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_int_equal(add("2001:db8::1"), 0);
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

/* A link that is down has no row, so that the next pass sets it up again. */
static void test_set_up_again(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_int_equal(add("192.0.2.1"), 0);
	link_flags("vip0", 0, UP);
	assert_int_equal(link_flags("vip0", 0, 0) & UP, 0);
	check_list("vip0", 0, "192.0.2.1", "");
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_int_equal(link_flags("vip0", 0, 0) & UP, UP);
	check_list("vip0", 1, "192.0.2.1", "");
}

/* The same address twice on one link, and only the /32 is ours. */
static void test_other_prefix(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_int_equal(add("192.0.2.1"), 0);
	admin_adds("vip0:a", "192.0.2.7", "255.255.255.0");
	check_list("vip0", 1, "192.0.2.1", "192.0.2.7");
	assert_int_equal(del("192.0.2.7"), 0);
	check_list("vip0", 1, "192.0.2.1", "192.0.2.7");
	assert_int_equal(add("192.0.2.7"), 0);
	check_list("vip0", 1, "192.0.2.1 192.0.2.7", "192.0.2.7");
	assert_int_equal(del("192.0.2.7"), 0);
	assert_int_equal(del("192.0.2.1"), 0);
	check_list("vip0", 1, "", "192.0.2.7");
	assert_int_equal(vip_link_del(&vip, "vip0"), -EBUSY);
}

static void test_elsewhere(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	link_flags("lo", IFF_UP, 0);
	admin_adds("lo:1", "192.0.2.8", "255.255.255.255");
	check_list("vip0", 0, "", "127.0.0.1 192.0.2.8 ::1");
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_int_equal(add("192.0.2.8"), 0);
	check_list("vip0", 1, "192.0.2.8", "127.0.0.1 192.0.2.8 ::1");
	assert_int_equal(del("192.0.2.8"), 0);
	check_list("vip0", 1, "", "127.0.0.1 192.0.2.8 ::1");
}

static void test_foreign_device(void **state)
{
	struct ezlb_vip_row row = row_of("lo", "127.0.0.1");

	(void)state;
	if (!have_ns)
		skip();
	link_flags("lo", IFF_UP, 0);
	check_list("lo", 0, "", "127.0.0.1 ::1");
	assert_int_equal(vip_link_add(&vip, "lo"), -EEXIST);
	assert_int_equal(vip_add(&vip, &row), -ENODEV);
	assert_int_equal(vip_del(&vip, &row), 0);
	assert_int_equal(vip_link_del(&vip, "lo"), 0);
	check_list("lo", 0, "", "127.0.0.1 ::1");

	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	vip.kind = "other";
	assert_int_equal(vip_link_del(&vip, "vip0"), 0);
	assert_int_equal(link_flags("vip0", 0, 0) & UP, UP);
	assert_int_equal(vip_link_add(&vip, "vip0"), -EEXIST);
}

static void test_no_such_kind(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	vip.kind = "nosuch";
	assert_int_equal(vip_link_add(&vip, "vip0"), -EOPNOTSUPP);
}

static void test_ipv6_disabled(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	assert_true(write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"));
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_int_equal(add("2001:db8::1"), -EAFNOSUPPORT);
	assert_int_equal(add("192.0.2.1"), 0); /* the next call works */
}

/* Two devices, and more addresses than one message of a dump holds. */
static void test_many(void **state)
{
	struct ezlb_table table = { .snat_wanted = false };
	struct ezlb_links managed = links("vip0");
	struct ezlb_vip_row row = row_of("vip0", "198.18.0.0");

	(void)state;
	if (!have_ns)
		skip();
	ezlb_strcpy(EZLB_PUSH(&managed)->device, EZLB_DEVICE_STRLEN, "vip1");
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_int_equal(vip_link_add(&vip, "vip1"), 0);
	for (int i = 0; i < 2000; i++) {
		row.device[3] = (char)('0' + i % 2);
		row.addr.bytes[2] = (uint8_t)(i >> 8);
		row.addr.bytes[3] = (uint8_t)i;
		assert_int_equal(vip_add(&vip, &row), 0);
	}
	assert_int_equal(vip_list(&vip, &managed, &table, &err), 0);
	ezlb_table_sort(&table);
	assert_int_equal(table.links.len, 2);
	assert_int_equal(table.vips.len, 2000);
	assert_string_equal(table.vips.items[999].device, "vip0");
	assert_string_equal(table.vips.items[1000].device, "vip1");
	assert_int_equal(table.vips.items[999].addr.bytes[3], 1998 & 0xff);
	ezlb_table_clear(&table);
	EZLB_VEC_CLEAR(&managed);
}

/* Moved to another link: it stays, and nothing else does. Both families are announced again. */
static void test_moved(void **state)
{
	struct ezlb_vip_row away4 = row_of("vip1", "192.0.2.1"), away6 = row_of("vip1", "fd00::1");
	char line[256];
	FILE *file;

	(void)state;
	if (!have_ns)
		skip();
	assert_int_equal(vip_link_add(&vip, "vip0"), 0);
	assert_int_equal(vip_link_add(&vip, "vip1"), 0);
	assert_int_equal(add("192.0.2.1"), 0);
	assert_int_equal(add("fd00::1"), 0);
	assert_int_equal(vip_add(&vip, &away4), 0);
	assert_int_equal(vip_add(&vip, &away6), 0);
	assert_int_equal(del("192.0.2.1"), 0);
	assert_int_equal(del("fd00::1"), 0);
	check_list("vip0", 1, "", "192.0.2.1 fd00::1");
	check_list("vip1", 1, "192.0.2.1 fd00::1", "");
	file = fopen("/proc/thread-self/net/ipv6_route", "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) /* the sixth column is the metric */
		assert_null(strstr(line, " 00001000 "));
	fclose(file);
}

/* peek, over the real addresses: a print for each state of them, and the same one for the same. */
static void test_peek(void **state)
{
	const struct ezlb_host_options options = { .root = "/nonexistent" };
	struct ezlb_layer *layer = NULL;
	uint64_t prints[5];

	(void)state;
	if (!have_ns)
		skip();
	assert_int_equal(ezlb_host_open(&options, &layer, NULL), 0);
	ezlb_host_manage(layer, "vip0");
	assert_int_equal(layer->peek(layer, NULL, &prints[0]), 0);
	assert_int_equal(layer->peek(layer, NULL, &prints[1]), 0);
	assert_int_equal(prints[0], prints[1]);
	link_flags("lo", IFF_UP, 0);
	assert_int_equal(layer->peek(layer, NULL, &prints[1]), 0);
	admin_adds("lo:1", "192.0.2.8", "255.255.255.255");
	assert_int_equal(layer->peek(layer, NULL, &prints[2]), 0);
	admin_adds("lo:1", "192.0.2.9", "255.255.255.255");
	assert_int_equal(layer->peek(layer, NULL, &prints[3]), 0);
	admin_adds("lo:1", "192.0.2.8", "255.255.255.255");
	assert_int_equal(layer->peek(layer, NULL, &prints[4]), 0);
	assert_int_not_equal(prints[0], prints[1]);
	assert_int_not_equal(prints[1], prints[2]);
	assert_int_not_equal(prints[2], prints[3]);
	assert_int_equal(prints[2], prints[4]);
	layer->close(layer);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_life),	 TEST(test_no_duplicate_detection),
		TEST(test_set_up_again), TEST(test_other_prefix),
		TEST(test_elsewhere),	 TEST(test_foreign_device),
		TEST(test_no_such_kind), TEST(test_ipv6_disabled),
		TEST(test_many),	 TEST(test_moved),
		TEST(test_peek),
	};

	have_ns = enter_ns();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
