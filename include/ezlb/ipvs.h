/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipvs: virtual services and real servers over the IPVS genetlink family.
 * Source: include/uapi/linux/ip_vs.h, net/netfilter/ipvs/ip_vs_ctl.c.
 */
#pragma once

#include <ezlb/layer.h>

/*
 * Opens the one genetlink socket in the network namespace of the caller. -ENOENT where the kernel
 * has no ip_vs loaded, -EPERM without CAP_NET_ADMIN; err names the remedy. The family id is
 * resolved again when ip_vs was unloaded and loaded since. Every wait ends within 5 s with
 * -ETIMEDOUT. Services and dests are edited in place (SET), never deleted and made again.
 */
int ezlb_ipvs_open(struct ezlb_layer **out, struct ezlb_err *err);
