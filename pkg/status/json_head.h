/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json_head: the members of /api/v1/status that are about ezlb itself. */
#pragma once

#include <jansson.h>

#include <ezlb/status.h>

/* All members but services and files; the caller owns the reference. */
json_t *json_head(const struct ezlb_status *status);
