// SPDX-License-Identifier: GPL-2.0-or-later
#include "inside.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>

/* The sets that libcap-ng writes next: `wanted`, as far as it is permitted. */
static int prepare(uint64_t wanted)
{
	uint64_t keep = 0;

	capng_clear(CAPNG_SELECT_ALL);
	if (capng_get_caps_process() < 0)
		return -EIO;
	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++)
		if ((wanted & CAP_SET(cap)) && capng_have_capability(CAPNG_PERMITTED, cap))
			keep |= CAP_SET(cap);
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (wanted & CAP_SET(cap))
			capng_update(CAPNG_ADD, CAPNG_BOUNDING_SET, cap);
		if (keep & CAP_SET(cap))
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, cap);
	}
	return 0;
}

bool caps_has(unsigned cap)
{
	capng_clear(CAPNG_SELECT_ALL);
	return capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, cap);
}

int caps_bound(uint64_t wanted)
{
	int rc;

	if (!caps_has(CAP_SETPCAP))
		return 0;
	rc = prepare(wanted);
	if (rc < 0)
		return rc;
	return capng_apply(CAPNG_SELECT_BOUNDS) < 0 ? -EPERM : 0;
}

int caps_keep(uint64_t wanted)
{
	int rc = prepare(wanted), ambient;

	if (rc < 0)
		return rc;
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return -EPERM;
	/* An older kernel has no ambient set, and without inheritable ones it is empty. */
	ambient = capng_apply(CAPNG_SELECT_AMBIENT);
	(void)ambient;
	return 0;
}
