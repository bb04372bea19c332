/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_kernel: what opens the kernel's layers hands out those of a kernel made of arrays instead.
 * Whoever includes this has no other way to the kernel.
 */
#pragma once

#include "tmpdir.h"

#include <errno.h>
#include <sys/resource.h>

#include <ezlb/firewall.h>
#include <ezlb/host.h>
#include <ezlb/ipvs.h>
#include <ezlb/snat.h>
#include <ezlb/store.h>
#include <ezlb/toa.h>

#include "faulty.h"

static struct {
	struct faulty *memory; /* the test frees it */
	struct text managed;   /* devices, a blank behind each */
	struct text loaded;    /* modules that were asked for, likewise */
	const char *missing;   /* there is no such module */
	bool hands_off;
	bool timeouts;			       /* list reads them */
	char syncs[EZLB_DEVICE_STRLEN + 1];    /* list reads them, "+" and the device */
	bool leaves_no_files;		       /* once IPVS is open, no other file can be */
	int ipvs_rc, iptables_rc, nftables_rc; /* of their open */
	int netns_rc;			       /* of the lock on the network namespace */
	int toa_rc;			       /* of loading the program */
	unsigned toa_loads, toa_unloads;
} fake;

static inline void fake_kernel_open(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.memory = faulty_new();
}

static inline void fake_note(struct text *out, const char *word)
{
	size_t len = strlen(out->s);

	snprintf(out->s + len, sizeof(out->s) - len, "%s ", word);
}

static inline int fake_open(enum ezlb_layer_kind kind, int rc, struct ezlb_layer **out,
			    struct ezlb_err *err)
{
	struct ezlb_dataplane dp;

	faulty_dataplane(fake.memory, &dp);
	*out = rc ? NULL : dp.layer[kind];
	return rc ? ezlb_err_set(err, -rc, "no such luck") : 0;
}

int ezlb_host_open(const struct ezlb_host_options *options, struct ezlb_layer **out,
		   struct ezlb_err *err)
{
	assert_string_equal(options->root, "/proc");
	fake.hands_off = options->hands_off;
	return fake_open(EZLB_LAYER_HOST, 0, out, err);
}

void ezlb_host_manage(struct ezlb_layer *host, const char *device)
{
	struct ezlb_dataplane dp;

	faulty_dataplane(fake.memory, &dp);
	assert_ptr_equal(host, dp.layer[EZLB_LAYER_HOST]);
	fake_note(&fake.managed, device);
}

int ezlb_host_module_load(const char *name, struct ezlb_err *err)
{
	fake_note(&fake.loaded, name);
	if (fake.missing && strcmp(name, fake.missing) == 0)
		return ezlb_err_set(err, ENOENT, "there is no module %s", name);
	return 0;
}

int ezlb_firewall_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	return fake_open(EZLB_LAYER_FIREWALL, 0, out, err);
}

int ezlb_mark_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	return fake_open(EZLB_LAYER_MARK, 0, out, err);
}

int ezlb_toa_load(struct ezlb_err *err)
{
	fake.toa_loads++;
	return fake.toa_rc ? ezlb_err_set(err, -fake.toa_rc, "this kernel is too old") : 0;
}

int ezlb_toa_unload(struct ezlb_err *err)
{
	fake.toa_unloads++;
	return fake.toa_rc ? ezlb_err_set(err, -fake.toa_rc, "this kernel is too old") : 0;
}

int ezlb_toa_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	return fake_open(EZLB_LAYER_TOA, 0, out, err);
}

int ezlb_snat_iptables_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	return fake_open(EZLB_LAYER_SNAT, fake.iptables_rc, out, err);
}

int ezlb_snat_nftables_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	return fake_open(EZLB_LAYER_SNAT, fake.nftables_rc, out, err);
}

/* The real one is one for all tests that run on this host. */
int ezlb_netns_lock(const char *name, struct ezlb_err *err)
{
	assert_string_equal(name, "ezlb");
	if (fake.netns_rc)
		return ezlb_err_set(err, -fake.netns_rc, "the namespace is taken");
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void ezlb_netns_answer(int fd)
{
	(void)fd;
}

int ezlb_ipvs_open(struct ezlb_layer **out, struct ezlb_err *err)
{
	struct rlimit limit;

	if (fake.leaves_no_files && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = 0;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	}
	return fake_open(EZLB_LAYER_IPVS, fake.ipvs_rc, out, err);
}

void ezlb_ipvs_manage_timeouts(struct ezlb_layer *layer)
{
	struct ezlb_dataplane dp;

	faulty_dataplane(fake.memory, &dp);
	assert_ptr_equal(layer, dp.layer[EZLB_LAYER_IPVS]);
	fake.timeouts = true;
}

void ezlb_ipvs_manage_syncs(struct ezlb_layer *layer, const char *device)
{
	struct ezlb_dataplane dp;

	faulty_dataplane(fake.memory, &dp);
	assert_ptr_equal(layer, dp.layer[EZLB_LAYER_IPVS]);
	snprintf(fake.syncs, sizeof(fake.syncs), "+%s", device);
}
