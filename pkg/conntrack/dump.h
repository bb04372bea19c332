/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dump: asks the kernel for the entries of its conntrack table. */
#pragma once

#include <ezlb/connection.h>
#include <ezlb/netlink.h>

/*
 * Passes the entries of a family (0: all) to on_msg: at least those that `select` has (NULL: all).
 * If the kernel can select, fewer of the others. Errors as ezlb_nl_ask; -ENOPROTOOPT: the kernel
 * cannot list its table.
 */
int ezlb_ct_dump(struct ezlb_nl *nl, uint8_t family, const struct ezlb_connection_select *select,
		 ezlb_nl_msg_fn on_msg, void *arg);
