// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of /proc/net/ip_vs: the print of all is that of the services, and dests are sorted. */
#include "fuzz.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pkg/ipvs/procfs.h"

static void add(struct ezlb_scope *scope, const char *text)
{
	struct ezlb_service_key key;

	FUZZ_CHECK(ezlb_service_key_parse(text, &key) == 0);
	*EZLB_PUSH(scope) = key;
}

static void check_dests(const char *path, const struct ezlb_scope *scope)
{
	struct ezlb_traffic rows = { 0 };

	FUZZ_CHECK(ezlb_ipvs_procfs_dests(path, scope, &rows) == 0);
	for (size_t i = 0; i < rows.len; i++) {
		FUZZ_CHECK(ezlb_scope_has(scope, &rows.items[i].service));
		FUZZ_CHECK(i == 0 || ezlb_traffic_row_cmp(&rows.items[i - 1], &rows.items[i]) <= 0);
	}
	EZLB_VEC_CLEAR(&rows);
}

static void check_prints(const char *path, const struct ezlb_scope *scope)
{
	struct ezlb_ipvs_sums sums = { .strange = 0 };
	uint64_t once, again;

	FUZZ_CHECK(ezlb_ipvs_procfs_print(path, scope, &once) == 0);
	/* The second time it knows the order of the first. */
	for (int i = 0; i < 2; i++) {
		FUZZ_CHECK(ezlb_ipvs_procfs_sums(path, scope, &sums) == 0);
		again = ezlb_ipvs_sums_total(&sums);
		FUZZ_CHECK(once == again);
	}
	ezlb_ipvs_sums_clear(&sums);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ezlb_scope scope = { 0 };
	char path[32];
	int fd = memfd_create("ip_vs", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	add(&scope, "tcp 10.0.0.1:80");
	add(&scope, "udp 10.0.0.1:53");
	add(&scope, "sctp 10.0.0.1:80");
	add(&scope, "tcp [fd00:10::1]:443");
	add(&scope, "fwmark 7");
	add(&scope, "fwmark 8 ipv6");
	EZLB_SORT(&scope, ezlb_service_key_cmp);
	check_prints(path, &scope);
	check_dests(path, &scope);
	EZLB_VEC_CLEAR(&scope);
	close(fd);
	return 0;
}
