/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layer: what is in ezlb/firewall.h, with its ways to the kernel as parameters, for tests. */
#pragma once

#include <ezlb/firewall.h>
#include <ezlb/netfilter.h>

/* The files list the legacy tables of IPv4 and IPv6 that are loaded; all is borrowed. */
struct ezlb_layer *ezlb_firewall_new(const char *tables, const char *tables6,
				     const struct ezlb_nl_source *source,
				     const struct ezlb_nft_signs *signs);
