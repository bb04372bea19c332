/* SPDX-License-Identifier: GPL-2.0-or-later */
/* local_source: the local routing table over a source that a test may replace. */
#pragma once

#include <ezlb/local.h>
#include <ezlb/netlink.h>

/* As ezlb_host_local. */
int local_read(const struct ezlb_nl_source *source, struct ezlb_local *out, struct ezlb_err *err);
