/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host: kernel settings that FullNAT needs, as a layer. Never sets one that no service needs. */
#pragma once

#include <ezlb/layer.h>

/*
 * Settings are files under `root`, which is /proc but for tests; borrowed. Reading them is cheap,
 * so peek reads what list reads, and misses nothing.
 */
int ezlb_host_open(const char *root, struct ezlb_layer **out, struct ezlb_err *err);

/*
 * Who is likely to take away what ezlb puts into `layer`, in one sentence with the remedy, as far
 * as the interfaces and processes under `root` tell; false where nobody can be named. Looks once
 * through the processes: not for often. Whoever is in another network namespace is not suspected.
 * `listen` is the address that is concerned, for the remedy; only IPVS asks for it.
 */
#define EZLB_SUSPECT_STRLEN 256
bool ezlb_host_suspect(const char *root, enum ezlb_layer_kind layer, const struct ezlb_addr *listen,
		       char buf[EZLB_SUSPECT_STRLEN]);

/*
 * vip: the services' addresses on a dummy link that is only for them, each as /32 or /128, through
 * rtnetlink, in the network namespace of the caller of open. It knows nothing of services and
 * remembers nothing: who added what is the caller's to remember, and so is to leave alone what is
 * local elsewhere already. It never touches another link, nor on this link an address with another
 * prefix length or with a peer, nor sysctls (arp_ignore, arp_announce).
 *
 * Each call blocks for as long as the kernel takes, which is no time, or fails with -ETIMEDOUT
 * after 5 s without an answer; after any failure the next call may be made. A device of that name
 * which is not a dummy link is refused by every call but open and close, with -EEXIST.
 */
struct ezlb_vip;
struct ezlb_vips EZLB_VEC(struct ezlb_addr); /* sorted by ezlb_addr_cmp */

/* What a call of add really did: what the caller may take away again some day. */
struct ezlb_vip_added {
	bool device; /* made the link */
	bool addr;   /* false: it was there */
};

/* Makes nothing yet. -EINVAL where `device` cannot be the name of a link. */
int ezlb_vip_open(const char *device, struct ezlb_vip **out, struct ezlb_err *err);
void ezlb_vip_close(struct ezlb_vip *vip); /* NULL allowed; leaves link and addresses */

/*
 * Replaces the content of both; the caller clears them, which are empty after a failure.
 * `elsewhere` is every other local address of the namespace, those on our link that are not ours
 * by form included; what is on two links is in it twice.
 */
int ezlb_vip_list(struct ezlb_vip *vip, struct ezlb_vips *on_device, struct ezlb_vips *elsewhere,
		  struct ezlb_err *err);

/*
 * Makes the link where it is missing, sets it up and noarp, and adds the address to it; IPv6
 * without duplicate detection. `added` may be NULL and is valid after a failure too: the link can
 * have been made although the address was refused.
 */
int ezlb_vip_add(struct ezlb_vip *vip, const struct ezlb_addr *addr, struct ezlb_vip_added *added,
		 struct ezlb_err *err);

/* What is gone already, or a device that is, is no failure. */
int ezlb_vip_del(struct ezlb_vip *vip, const struct ezlb_addr *addr, struct ezlb_err *err);

/* -EBUSY where it has an address left but IPv6's link-local ones, even one that ezlb added. */
int ezlb_vip_remove_device(struct ezlb_vip *vip, struct ezlb_err *err);
