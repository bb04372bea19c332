/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nftables: the driver of ezlb/snat.h with its access to the kernel as parameters, for tests. */
#pragma once

#include <ezlb/layer.h>
#include <ezlb/netfilter.h>

/* `signs` is borrowed. */
struct ezlb_layer *ezlb_snat_nftables_new(const struct ezlb_nl_source *source,
					  const struct ezlb_nft_signs *signs);
