/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outcome: how a probe ended, as a value. Pure. */
#pragma once

#include <ezlb/verdict.h>

struct ezlb_probe_result {
	enum ezlb_outcome outcome;
	int code; /* HTTP_STATUS: the status; LOCAL_ERROR: the errno; else 0 */
};

/*
 * What an errno (positive) of socket(), connect(), recv() means. Only shortages of our own are
 * LOCAL_ERROR: a backend behind any other error cannot be used, so that is a failure.
 */
struct ezlb_probe_result ezlb_result_from_errno(int code);
