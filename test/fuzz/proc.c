// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of /proc, /sys and depmod, which look different from one kernel or container to the next.
 * The first byte says which file has the rest of the input.
 */
#include "tempdir.h"

#include <errno.h>
#include <limits.h>
#include <sys/utsname.h>

#include <ezlb/host.h>
#include <ezlb/snat.h>
#include <ezlb/xtables.h>

#include "pkg/connlog/ending.h"
#include "pkg/controller/sample.h"
#include "pkg/doctor/facts.h"
#include "pkg/host/setting.h"

/* Makes the directories above it, too. */
static void put_at(const char *path, const uint8_t *data, size_t size)
{
	char dir[256];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(dir, sizeof(dir), "%s/%.*s", fuzz_top, (int)(slash - path), path);
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			abort();
	}
	snprintf(dir, sizeof(dir), "%s/%s", fuzz_top, path);
	unlink(dir);
	fuzz_put(path, data, size);
}

static void check_rows(int rc, struct ezlb_setting_rows *rows, const struct ezlb_err *err)
{
	FUZZ_CHECK(rc == 0 || (rc < 0 && err->msg[0]));
	for (size_t i = 0; i < rows->len; i++)
		FUZZ_CHECK(rows->items[i].value >= -1);
	EZLB_VEC_CLEAR(rows);
}

/* A sysctl: read at once, and through a file that stays open. */
static void check_setting(const uint8_t *data, size_t size)
{
	const struct settings settings = { .root = fuzz_top };
	struct settings_kept kept = { 0 };
	struct ezlb_setting_rows rows = { 0 };
	struct ezlb_err err = { 0 };

	put_at("sys/net/ipv4/ip_forward", data, size);
	put_at("sys/net/ipv6/conf/eth0/accept_ra", data, size);
	check_rows(settings_list(&settings, &rows, &err), &rows, &err);
	check_rows(settings_look(&settings, &kept, &rows, &err), &rows, &err);
	check_rows(settings_list_ra(&settings, &rows, &err), &rows, &err);
	settings_kept_close(&kept);
}

static void check_numbers(const uint8_t *data, size_t size)
{
	struct timeouts timeouts;
	int64_t entries, max;

	put_at("sys/net/netfilter/nf_conntrack_count", data, size);
	put_at("netfilter/nf_conntrack_udp_timeout", data, size);
	sample_conntrack(fuzz_top, &entries, &max);
	FUZZ_CHECK(max == -1);
	timeouts_read(fuzz_top, &timeouts);
}

/* The interfaces, and the names of processes. */
static void check_suspect(const uint8_t *data, size_t size)
{
	static const enum ezlb_layer_kind layers[] = { EZLB_LAYER_IPVS, EZLB_LAYER_SNAT,
						       EZLB_LAYER_HOST };
	const struct ezlb_addr listen = { .family = AF_INET6 };
	char text[EZLB_SUSPECT_STRLEN];

	put_at("net/dev", data, size);
	put_at("7/comm", data, size);
	for (int i = 0; i < 3; i++)
		if (ezlb_host_suspect(fuzz_top, layers[i], &listen, text))
			FUZZ_CHECK(text[0] && strlen(text) < sizeof(text));
}

static void put_modules(const uint8_t *data, size_t size)
{
	struct utsname host;
	char path[200];

	uname(&host);
	snprintf(path, sizeof(path), "lib/modules/%.65s/modules.dep", host.release);
	put_at(path, data, size);
	put_at("proc/net/ip_tables_names", data, size);
}

static void check_modules(const uint8_t *data, size_t size)
{
	struct ezlb_snat_host host;
	const char *why = NULL;
	bool loaded;

	put_modules(data, size);
	ezlb_snat_look(fuzz_top, &host);
	ezlb_snat_choose(&host, &why);
	FUZZ_CHECK(why && why[0]);
	FUZZ_CHECK(facts_module(fuzz_top, "ip_vs") != MODULE_UNKNOWN);
	FUZZ_CHECK(ezlb_xt_is_loaded(fuzz_at("proc/net/ip_tables_names").s, "nat", &loaded, NULL) ==
		   0);
	FUZZ_CHECK(!loaded || host.legacy_nat);
}

static void check_doctor(const uint8_t *data, size_t size)
{
	struct host_facts facts;

	put_at("proc/self/status", data, size);
	put_at("proc/sys/net/ipv4/vs/conntrack", data, size);
	put_at("proc/sys/net/ipv4/conf/all/rp_filter", data, size);
	put_at("proc/net/ip6_tables_names", data, size);
	put_at("run/lock", data, 0);
	facts_read(fuzz_top, &facts);
	FUZZ_CHECK(memchr(facts.legacy[1], 0, sizeof(facts.legacy[1])));
	FUZZ_CHECK(facts.ip_forward == NUMBER_NONE);
	facts_rp_filter(fuzz_top, "eth0");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const files[])(const uint8_t *data,
				     size_t size) = { check_setting, check_numbers, check_suspect,
						      check_modules, check_doctor };
	struct fuzz_rest rest = { data, size };
	size_t which = fuzz_byte(&rest) % (sizeof(files) / sizeof(files[0]));

	fuzz_make_top();
	if (setenv("XTABLES_LOCKFILE", "/run/lock", 1) < 0)
		abort();
	files[which](rest.at, rest.len);
	fuzz_empty();
	return 0;
}
