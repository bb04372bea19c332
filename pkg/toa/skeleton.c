// SPDX-License-Identifier: GPL-2.0-or-later
#include "skeleton.h"

#include <errno.h>

#include "obstacle.h"

#ifdef EZLB_HAVE_BPF
#include <toa.skel.h>

#define TEXT(x)	   #x
#define NAME(id)   TEXT(toa_##id)
#define EXPAND(id) NAME(id)
#define FIELD2(id) toa_##id
#define FIELD(id)  FIELD2(id)

const char *ezlb_toa_skeleton_name(void)
{
	return EXPAND(EZLB_BPF_ID);
}

int ezlb_toa_skeleton_load(struct ezlb_toa_program *out, struct ezlb_err *err)
{
	struct toa *skel = toa__open();
	struct ezlb_toa_host host;
	int rc;

	if (!skel)
		abort();
	errno = 0;
	rc = toa__load(skel);
	if (rc < 0) {
		ezlb_toa_host_read(&host);
		rc = ezlb_toa_explain(&host, rc, err);
	} else {
		out->program = skel->progs.FIELD(EZLB_BPF_ID).prog_fd;
		out->services = skel->maps.services.map_fd;
		out->connections = skel->maps.connections.map_fd;
		out->counters = skel->maps.counters.map_fd;
		skel->progs.FIELD(EZLB_BPF_ID).prog_fd = skel->maps.services.map_fd =
			skel->maps.connections.map_fd = skel->maps.counters.map_fd = 0;
	}
	toa__destroy(skel);
	return rc;
}
#else
const char *ezlb_toa_skeleton_name(void)
{
	return "";
}

int ezlb_toa_skeleton_load(struct ezlb_toa_program *out, struct ezlb_err *err)
{
	struct ezlb_toa_host host;

	(void)out;
	ezlb_toa_host_read(&host);
	return ezlb_toa_obstacle(&host, err);
}
#endif
