/* SPDX-License-Identifier: GPL-2.0-or-later */
/* local: the local routing table, from a source that a test may replace. */
#pragma once

#include <ezlb/err.h>
#include <ezlb/local.h>
#include <ezlb/netlink.h>

/* As ezlb_host_local. */
int host_local_from(const struct ezlb_nl_source *source, struct ezlb_local *out,
		    struct ezlb_err *err);
