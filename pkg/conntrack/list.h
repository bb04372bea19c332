/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list: ezlb_conntrack_list and _find with any netlink socket, for tests. */
#pragma once

#include <ezlb/conntrack.h>
#include <ezlb/netlink.h>

int ezlb_ct_list(const struct ezlb_nl_source *source, ezlb_connection_fn fn, void *arg,
		 struct ezlb_err *err);
int ezlb_ct_find(const struct ezlb_nl_source *source, const struct ezlb_connection_answers *answers,
		 ezlb_connection_fn fn, void *arg, struct ezlb_err *err);
