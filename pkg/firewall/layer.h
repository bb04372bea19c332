/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layer: the layer of ezlb/firewall.h with its access to the kernel as parameters, for tests. */
#pragma once

#include <ezlb/firewall.h>
#include <ezlb/netfilter.h>

/* tables and tables6: the files that list the loaded legacy tables. All is borrowed. */
struct ezlb_layer *ezlb_firewall_new(const char *tables, const char *tables6,
				     const struct ezlb_nl_source *source,
				     const struct ezlb_nft_signs *signs);
