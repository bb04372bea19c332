/* SPDX-License-Identifier: GPL-2.0-or-later */
/* requests: the requests of http checks in tests. They are static, so nobody frees them. */
#pragma once

#include <ezlb/check.h>

/* static struct ezlb_request NAME: GET PATH, expects one status. */
#define REQUEST(name, p, status)                                                 \
	static struct ezlb_code_range name##_range = { (status), (status) };     \
	static struct ezlb_request name = { .method = (char[]){ "GET" },         \
					    .path = (char[]){ p },               \
					    .statuses = { &name##_range, 1, 1 }, \
					    .refs = 1 }
