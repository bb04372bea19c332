// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a host cannot load the program: one sentence each, which fits where it is shown. */
#include "cm.h"

#include <errno.h>
#include <string.h>

#include <ezlb/table.h>

#include "obstacle.h"

static const struct ezlb_toa_host good = { .built = true,
					   .rights = true,
					   .btf = true,
					   .conntrack = true,
					   .mounted = true,
					   .release = "6.1.0-37-amd64" };

/* `flaw` spoils a good host. */
static void unbuilt(struct ezlb_toa_host *host)
{
	host->built = false;
}
static void untyped(struct ezlb_toa_host *host)
{
	host->btf = false;
}
static void rightless(struct ezlb_toa_host *host)
{
	host->rights = false;
}
static void unmounted(struct ezlb_toa_host *host)
{
	host->mounted = false;
}
static void read_only(struct ezlb_toa_host *host)
{
	host->read_only = true;
}
static void mounting(struct ezlb_toa_host *host)
{
	host->mounted = false;
	host->mounts = true;
}

static const struct {
	void (*flaw)(struct ezlb_toa_host *host);
	int code;
	const char *msg;
} obstacles[] = {
	{ NULL, 0, "" },
	{ mounting, 0, "" },
	{ unbuilt, EOPNOTSUPP, "this ezlb was built without BPF" },
	{ untyped, EOPNOTSUPP,
	  "the kernel has no BTF (CONFIG_DEBUG_INFO_BTF), so it cannot load the program" },
	{ rightless, EPERM,
	  "no right to load the program (CAP_BPF, CAP_PERFMON): run `ezlb host-setup` with more "
	  "rights first" },
	{ unmounted, EPERM,
	  "no BPF file system is mounted on /sys/fs/bpf, and no right to mount it" },
	{ read_only, EROFS,
	  "the BPF file system on /sys/fs/bpf is read-only here: the program cannot be kept there" },
};

static void test_obstacles(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(obstacles) / sizeof(*obstacles); i++) {
		struct ezlb_toa_host host = good;
		struct ezlb_err err = { 0 };

		if (obstacles[i].flaw)
			obstacles[i].flaw(&host);
		assert_int_equal(ezlb_toa_obstacle(&host, &err), -obstacles[i].code);
		assert_string_equal(err.msg, obstacles[i].msg);
		assert_true(strlen(err.msg) < EZLB_TOA_PROBLEM_STRLEN);
	}
}

#define OLD(release)                                                                    \
	"kernel " release " is too old: looking up conntrack from a BPF program needs " \
	"5.18 or later"

static const struct {
	const char *release;
	bool no_conntrack;
	int rc;
	const char *msg;
} failures[] = {
	{ "5.10.0-33-amd64", false, EINVAL, OLD("5.10.0-33-amd64") },
	{ "5.17.15", false, ENOENT, OLD("5.17.15") },
	{ "4.19.0", false, EPERM, OLD("4.19.0") },
	{ "5.18.0", false, ENOENT,
	  "the conntrack of this kernel has no function for BPF programs (bpf_skb_ct_lookup)" },
	{ "6.1.0", true, ENOENT,
	  "the module nf_conntrack is not loaded, or does not describe its types "
	  "(CONFIG_DEBUG_INFO_BTF_MODULES)" },
	{ "6.1.0", false, EACCES, "the kernel does not allow this process to load the program" },
	{ "what", false, EPERM, "the kernel does not allow this process to load the program" },
	{ "10.0", false, E2BIG, "the kernel rejected the program: Argument list too long" },
};

static void test_failures(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		struct ezlb_toa_host host = good;
		struct ezlb_err err = { 0 };

		host.conntrack = !failures[i].no_conntrack;
		strcpy(host.release, failures[i].release);
		assert_int_equal(ezlb_toa_explain(&host, -failures[i].rc, &err), -failures[i].rc);
		assert_int_equal(err.code, failures[i].rc);
		assert_string_equal(err.msg, failures[i].msg);
		assert_true(strlen(err.msg) < EZLB_TOA_PROBLEM_STRLEN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_obstacles),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
