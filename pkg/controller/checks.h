/* SPDX-License-Identifier: GPL-2.0-or-later */
/* checks: the rows that health is to watch, out of the desired set. */
#pragma once

#include <ezlb/health.h>
#include <ezlb/spec.h>

void checks_of(const struct ezlb_desired *desired, struct ezlb_health_rows *out);
