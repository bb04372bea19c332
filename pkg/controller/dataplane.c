// SPDX-License-Identifier: GPL-2.0-or-later
#include "dataplane.h"

#include <errno.h>

#include <ezlb/host.h>
#include <ezlb/ipvs.h>
#include <ezlb/log.h>
#include <ezlb/memory.h>
#include <ezlb/snat.h>

static int open_kernel(struct ezlb_dataplane *dp, struct ezlb_err *err)
{
	int rc = ezlb_host_open("/proc", &dp->layer[EZLB_LAYER_HOST], err);

	return rc < 0 ? rc : ezlb_snat_iptables_open(&dp->layer[EZLB_LAYER_SNAT], err);
}

int dataplane_open(struct dataplane *plane, enum ezlb_dataplane_kind kind, struct ezlb_err *err)
{
	int rc;

	*plane = (struct dataplane){ .memory = NULL };
	if (kind == EZLB_DP_MEMORY) {
		plane->memory = ezlb_memory_new();
		ezlb_memory_dataplane(plane->memory, &plane->dp);
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "IN-MEMORY DATA PLANE: the kernel is not touched and no "
				       "traffic is balanced (--dataplane memory)"));
		return 0;
	}
	rc = open_kernel(&plane->dp, err);
	if (rc == 0)
		rc = ezlb_ipvs_open(&plane->dp.layer[EZLB_LAYER_IPVS], err);
	if (rc < 0)
		dataplane_close(plane);
	return rc;
}

int dataplane_open_for_cleanup(struct dataplane *plane, enum ezlb_dataplane_kind kind,
			       struct ezlb_err *err)
{
	struct ezlb_dataplane empty;
	int rc = dataplane_open(plane, kind, err);

	if (rc != -ENOENT)
		return rc;
	rc = open_kernel(&plane->dp, err);
	if (rc < 0) {
		dataplane_close(plane);
		return rc;
	}
	plane->memory = ezlb_memory_new();
	ezlb_memory_dataplane(plane->memory, &empty);
	plane->dp.layer[EZLB_LAYER_IPVS] = empty.layer[EZLB_LAYER_IPVS];
	return 0;
}

void dataplane_close(struct dataplane *plane)
{
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (plane->dp.layer[i])
			plane->dp.layer[i]->close(plane->dp.layer[i]);
	ezlb_memory_free(plane->memory);
	*plane = (struct dataplane){ .memory = NULL };
}
