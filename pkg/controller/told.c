// SPDX-License-Identifier: GPL-2.0-or-later
#include "told.h"

#include <ezlb/ipvs.h>
#include <ezlb/log.h>

void told_ask(struct told *told, const struct dataplane *plane)
{
	if (!plane->memory && !told->asked)
		ezlb_ipvs_count_changes(plane->dp.layer[EZLB_LAYER_IPVS]);
	told->asked = true;
}

void told_look(struct told *told, const struct dataplane *plane)
{
	struct ezlb_layer *ipvs = plane->dp.layer[EZLB_LAYER_IPVS];
	struct ezlb_err why;
	bool counts;

	if (plane->memory)
		return;
	told_ask(told, plane);
	counts = ezlb_ipvs_counts_changes(ipvs, &why);
	if (!counts && why.code == 0)
		return; /* not tried yet */
	if (told->known && told->counts == counts)
		return;
	told->known = true;
	told->counts = counts;
	ezlb_log(EZLB_INFO, "controller",
		 EZLB_S("msg", "how changes of IPVS by other programs are found"),
		 EZLB_S("by", counts ? "BPF programs that count the kernel's calls"
				     : "reading the rows again and again"),
		 EZLB_S("why", counts ? NULL : why.msg));
}
