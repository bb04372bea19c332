/* SPDX-License-Identifier: GPL-2.0-or-later */
/* portcount: how many source ports are in use, as IPVS has it, and exactly where that matters. */
#pragma once

#include <ezlb/ports.h>

/*
 * As ezlb_ports_count. Then asks conntrack about the backends of which half of the ports of an
 * address may be in use, but about few in one call: a dump takes some 100 ms. `turn` counts the
 * calls: where there are more, each has its turn, and the others keep what `before`, the result of
 * the last call, says of them. What conntrack cannot tell stays as IPVS has it. Any thread may call
 * it.
 */
void portcount_take(const struct ezlb_ports_uses *uses, const struct ezlb_traffic *traffic,
		    const struct ezlb_ports *before, unsigned turn, struct ezlb_ports *out);
