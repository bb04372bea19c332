// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources.h"

#include <unistd.h>

void sources_status(const struct sources *from, int64_t now_ms, uint64_t clock_ms,
		    struct ezlb_status *out)
{
	struct ezlb_view_facts facts = {
		.dataplane = from->options->dataplane == EZLB_DP_MEMORY ? "memory" : "kernel",
		.snat_backend = ezlb_snat_driver_str(from->plane->snat),
		.pid = getpid(),
		.watch = from->watch && ezlb_watch_notified(from->watch) ? EZLB_WATCH_INOTIFY
									 : EZLB_WATCH_POLL,
		.dests = from->pass->left_known ? &from->pass->left.dests : NULL,
		.now_ms = now_ms,
		.clock_ms = clock_ms,
	};

	gethostname(facts.host, sizeof(facts.host) - 1);
	if (from->health) {
		ezlb_health_stats(from->health, &facts.probes);
		ezlb_health_verdicts(from->health, &facts.verdicts);
	}
	ezlb_view_status(from->view, from->catalog, &facts, out);
	EZLB_VEC_CLEAR(&facts.verdicts);
}
