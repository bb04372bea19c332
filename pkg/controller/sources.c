// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources.h"

#include <errno.h>
#include <unistd.h>

#include <ezlb/log.h>

int scan_dirs(const char *const *dirs, size_t n, struct ezlb_snapshot *out, struct ezlb_err *err)
{
	ezlb_scan(dirs, n, out);
	for (size_t i = 0; i < out->dirs.len; i++)
		if (out->dirs.items[i].frozen)
			return ezlb_err_set(err, ENOENT, "cannot read the config directory %s: %s",
					    out->dirs.items[i].path, out->dirs.items[i].problem);
	return 0;
}

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
	if (from->catalog->lastgood && from->catalog->lastgood->problem.code)
		ezlb_strcpy(out->persist_error, sizeof(out->persist_error),
			    from->catalog->lastgood->problem.msg);
	out->worker_ends = from->worker ? ezlb_worker_ends(from->worker) : 0;
	out->log_lost = ezlb_log_lines_lost();
	if (from->sandbox) {
		out->sandbox = from->sandbox->state;
		ezlb_strcpy(out->sandbox_error, sizeof(out->sandbox_error), from->sandbox->error);
	}
	EZLB_VEC_CLEAR(&facts.verdicts);
}
