// SPDX-License-Identifier: GPL-2.0-or-later
#include "obstacle.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ezlb/mem.h>

#include "pins.h"

#define BTF "/sys/kernel/btf/"

/* The effective capabilities; without an answer none. */
static uint64_t capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static bool has(uint64_t all, int capability)
{
	return all >> capability & 1;
}

void ezlb_toa_host_read(struct ezlb_toa_host *out)
{
	uint64_t caps = capabilities();
	bool admin = has(caps, CAP_SYS_ADMIN); /* includes the other two */
	struct utsname name;

	*out = (struct ezlb_toa_host){
#ifdef EZLB_HAVE_BPF
		.built = true,
#endif
		.rights = has(caps, CAP_NET_ADMIN) && (admin || has(caps, CAP_BPF)) &&
			  (admin || has(caps, CAP_PERFMON)),
		.btf = access(BTF "vmlinux", F_OK) == 0,
		/* Where it is no module, the kernel's own description has it. */
		.conntrack = access(BTF "nf_conntrack", F_OK) == 0 ||
			     (access("/proc/sys/net/netfilter/nf_conntrack_max", F_OK) == 0 &&
			      access("/sys/module/nf_conntrack/initstate", F_OK) != 0),
		.mounted = ezlb_toa_pins_mounted(),
		.read_only = ezlb_toa_pins_read_only(),
		.mounts = admin,
	};
	if (uname(&name) == 0)
		ezlb_strcpy(out->release, sizeof(out->release), name.release);
}

int ezlb_toa_obstacle(const struct ezlb_toa_host *host, struct ezlb_err *err)
{
	if (!host->built)
		return ezlb_err_set(err, EOPNOTSUPP, "this ezlb was built without BPF");
	if (!host->btf)
		return ezlb_err_set(err, EOPNOTSUPP,
				    "the kernel has no BTF (CONFIG_DEBUG_INFO_BTF), so it cannot "
				    "load the program");
	if (!host->rights)
		return ezlb_err_set(err, EPERM,
				    "no right to load the program (CAP_BPF, CAP_PERFMON): run "
				    "`ezlb host-setup` with more rights first");
	if (!host->mounted && !host->mounts)
		return ezlb_err_set(err, EPERM,
				    "no BPF file system is mounted on /sys/fs/bpf, and no right "
				    "to mount it");
	if (host->read_only)
		return ezlb_err_set(err, EROFS,
				    "the BPF file system on /sys/fs/bpf is read-only here: the "
				    "program cannot be kept there");
	return 0;
}

/* False also for a release that cannot be read. */
static bool is_older(const char *release, int major, int minor)
{
	int found[2];

	return sscanf(release, "%d.%d", &found[0], &found[1]) == 2 &&
	       (found[0] < major || (found[0] == major && found[1] < minor));
}

int ezlb_toa_explain(const struct ezlb_toa_host *host, int rc, struct ezlb_err *err)
{
	/* Kernels of distributions have newer functions, too: so the number alone decides nothing.
	 */
	if (is_older(host->release, 5, 18))
		return ezlb_err_set(err, -rc,
				    "kernel %s is too old: looking up conntrack from a BPF "
				    "program needs 5.18 or later",
				    host->release);
	if (!host->conntrack)
		return ezlb_err_set(err, -rc,
				    "the module nf_conntrack is not loaded, or does not describe "
				    "its types (CONFIG_DEBUG_INFO_BTF_MODULES)");
	if (rc == -ENOENT || rc == -ESRCH)
		return ezlb_err_set(err, -rc,
				    "the conntrack of this kernel has no function for BPF "
				    "programs (bpf_skb_ct_lookup)");
	if (rc == -EPERM || rc == -EACCES)
		return ezlb_err_set(err, -rc,
				    "the kernel does not allow this process to load the program");
	return ezlb_err_sys(err, -rc, "the kernel rejected the program");
}
