/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host: the layer for what services need from the host: settings under /proc, modules, and the
 * listeners' addresses on dummy links. It has no memory: the caller records the earlier values and
 * what ezlb added.
 */
#pragma once

#include <ezlb/layer.h>
#include <ezlb/local.h>

struct ezlb_host_options {
	const char *root; /* "/proc" except in tests; borrowed until close */
	bool hands_off;	  /* never change settings and modules, only read them */
};

/*
 * list returns a row for each setting of the host (-1: the kernel does not have it) and, while
 * net.ipv6.conf.all.forwarding is 0, one for each interface with accept_ra 1; with forwarding on
 * these rows are not needed. A managed device has a link row if it is a dummy link, up and noarp.
 * Its addresses with full prefix length and no peer are vips. All other addresses of the network
 * namespace are elsewhere, twice if on two links. A managed device of another kind has no row.
 *
 * peek hashes what list reads, except accept_ra.
 *
 * Without a managed device, list and peek use no rtnetlink, and elsewhere is empty.
 *
 * apply handles op by op, each with its own rc:
 *   HOST_SET    Never lowers a value: succeeds if it is already equal or higher. -ECANCELED with
 *               hands_off, and for IPv6 forwarding while an interface has accept_ra 1, because it
 *               would lose its default route. -ENOENT if the kernel does not have the setting.
 *   HOST_RESET  Writes the value only if the current one is ezlb's (ezlb_setting_wanted). Otherwise
 *               succeeds without a change; likewise for a missing setting, a value below 0, and
 *               every module. -ECANCELED with hands_off.
 *   LINK_ADD    Creates the link if the name is free, and sets it up and noarp. -EEXIST if it is
 *               not a dummy link, -EOPNOTSUPP if the kernel has no dummy links, -EINVAL if
 *               ezlb_host_device_valid() returns false.
 *   VIP_ADD     -ENODEV without the link, -EEXIST if the link has the address, -EAFNOSUPPORT if
 *               IPv6 is off there.
 *   VIP_DEL     Succeeds if the address or the link is missing. If another managed link has the
 *               address, it is announced there again, for FRR.
 *   LINK_DEL    Succeeds if the link is missing; -EBUSY if it has an address that is not IPv6
 *               link-local.
 * A request over rtnetlink without an answer gives -ETIMEDOUT after 5 s; all later ops of the same
 * call that need rtnetlink then fail at once with -ETIMEDOUT.
 *
 * It never changes a link that is not a dummy link, or an address with another prefix length or
 * with a peer.
 */
int ezlb_host_open(const struct ezlb_host_options *options, struct ezlb_layer **out,
		   struct ezlb_err *err);

/* From now on list also lists this dummy link, which need not exist. May be called repeatedly. */
void ezlb_host_manage(struct ezlb_layer *host, const char *device);

/* True if a link can have this name. */
bool ezlb_host_device_valid(const char *name);

/*
 * Loads a kernel module and its dependencies; starts no program. Returns 0 also if it is loaded or
 * built in, -ENOENT if the kernel does not have it, -EPERM if loading is not allowed.
 */
int ezlb_host_module_load(const char *name, struct ezlb_err *err);

/*
 * Names, in one sentence with the fix, the program that probably removes what ezlb puts into
 * `layer`. It searches the interfaces and processes under `root`, which is too slow for frequent
 * calls, and skips processes in another network namespace. Returns false if it finds no program.
 * `listen` is the affected address, for the fix; only IPVS needs it.
 */
#define EZLB_SUSPECT_STRLEN 256
bool ezlb_host_suspect(const char *root, enum ezlb_layer_kind layer, const struct ezlb_addr *listen,
		       char buf[EZLB_SUSPECT_STRLEN]);

/*
 * Reads which addresses are local in the network namespace of the caller. Any thread may call it;
 * it uses its own socket and waits at most 5 s for each answer. On failure *out is empty and not
 * known. The caller clears *out, which must be zero or cleared before.
 */
int ezlb_host_local(struct ezlb_local *out, struct ezlb_err *err);
/*
 * A socket that becomes readable when an address is added or removed; or -errno. drain takes what
 * has arrived; without blocking.
 */
int ezlb_host_watch_open(struct ezlb_err *err);
void ezlb_host_watch_drain(int fd);
