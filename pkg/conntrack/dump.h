/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dump: asks the kernel for all entries of its conntrack table. */
#pragma once

#include <ezlb/netlink.h>

/*
 * Passes all entries to on_msg. Errors as ezlb_nl_ask; -ENOPROTOOPT: the kernel cannot list its
 * table.
 */
int ezlb_ct_dump(struct ezlb_nl *nl, ezlb_nl_msg_fn on_msg, void *arg);

/*
 * -ENOPROTOOPT for the errors with which nfnetlink answers if the kernel has no conntrack: the
 * requests themselves are valid. Else rc.
 */
int ezlb_ct_refusal(int rc);
