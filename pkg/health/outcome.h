/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outcome: the result of a probe as a value. Pure. */
#pragma once

#include <ezlb/verdict.h>

struct ezlb_probe_result {
	enum ezlb_outcome outcome;
	int code; /* HTTP_STATUS: the status; DNS_RCODE: the rcode; LOCAL_ERROR: the errno; else 0
		   */
};

/*
 * Maps a positive errno of socket(), connect(), send() or recv(). LOCAL_ERROR means that this host
 * lacks a resource. With any other error clients cannot use the backend: the probe has failed.
 */
struct ezlb_probe_result ezlb_result_from_errno(int code);
