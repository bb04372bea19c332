/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host: what services need of the host, as a layer: settings under /proc, modules, and listeners'
 * addresses on dummy links. It remembers nothing: what was there before, and who added what, is
 * the caller's to know.
 */
#pragma once

#include <ezlb/layer.h>

struct ezlb_host_options {
	const char *root; /* "/proc" but for tests; borrowed until close */
	bool hands_off;	  /* settings and modules are somebody else's: seen, never changed */
};

/*
 * list: a row for each setting of the host, -1 where the kernel does not have it; and one for each
 * interface that has accept_ra 1, while net.ipv6.conf.all.forwarding is 0: later nobody asks. Of
 * managed devices: a link row where it is a dummy link, up and noarp; its addresses with their full
 * prefix length and no peer are vips. All others of the network namespace are elsewhere, one
 * on two links twice. A managed device that is another kind of link has no row.
 *
 * peek sees what list sees, but accept_ra.
 *
 * Without a managed device list and peek speak no rtnetlink, and elsewhere is empty.
 *
 * apply, op by op, each with its own rc:
 *   HOST_SET    Done where the value is that or higher, and is never set lower. -ECANCELED with
 *               hands_off; and for IPv6 forwarding while an interface has accept_ra 1, for it
 *               would lose its default route. -ENOENT where the kernel does not have it.
 *   HOST_RESET  Writes the value only where the present one is ezlb's (ezlb_setting_wanted);
 *               otherwise done, as is -ENOENT, a value below 0, and every module. -ECANCELED with
 *               hands_off.
 *   LINK_ADD    Makes the link where there is none of that name, and sets it up and noarp.
 *               -EEXIST where it is no dummy link, -EOPNOTSUPP where the kernel has none, -EINVAL
 *               where ezlb_host_device_valid() says no.
 *   VIP_ADD     -ENODEV without the link, -EEXIST where the address is on it, -EAFNOSUPPORT where
 *               IPv6 is off there.
 *   VIP_DEL     What is gone is done.
 *   LINK_DEL    The same; -EBUSY where it has an address but IPv6's link-local ones.
 * -ETIMEDOUT after 5 s without an answer to a request over rtnetlink, and then for all that would
 * need one in the same call.
 *
 * A link that is not a dummy link is never touched, nor on one an address with another prefix
 * length or with a peer.
 */
int ezlb_host_open(const struct ezlb_host_options *options, struct ezlb_layer **out,
		   struct ezlb_err *err);

/* A dummy link, that exists or not, whose addresses are to be listed. Twice is fine. */
void ezlb_host_manage(struct ezlb_layer *host, const char *device);

/* Whether a link can have this name. */
bool ezlb_host_device_valid(const char *name);

/*
 * Loads a kernel module with what it depends on; starts no program. 0 also where it is loaded or
 * built in. -ENOENT where the kernel has none, -EPERM where that is not allowed.
 */
int ezlb_host_module_load(const char *name, struct ezlb_err *err);

/*
 * Who is likely to take away what ezlb puts into `layer`, in one sentence with the remedy, as far
 * as the interfaces and processes under `root` tell; false where nobody can be named. Looks once
 * through the processes: not for often. Whoever is in another network namespace is not suspected.
 * `listen` is the address that is concerned, for the remedy; only IPVS asks for it.
 */
#define EZLB_SUSPECT_STRLEN 256
bool ezlb_host_suspect(const char *root, enum ezlb_layer_kind layer, const struct ezlb_addr *listen,
		       char buf[EZLB_SUSPECT_STRLEN]);
