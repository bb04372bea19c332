/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trafficlog: one line an interval for each service with traffic_log, with what has passed since
 * the line before.
 */
#pragma once

#include <ezlb/status.h>

struct trafficlog {
	struct ezlb_traffic before; /* the services' rows of the last time; sorted */
	int64_t before_ms;	    /* wall clock; 0: there was none */
};

/* Logs. The first time there is nothing to compare with, and so no line. */
void trafficlog_write(struct trafficlog *log, const struct ezlb_status *status);
void trafficlog_clear(struct trafficlog *log);
/* What has been counted since. A number that went back has begun again at 0. */
uint64_t trafficlog_delta(uint64_t before, uint64_t now);
