/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop: begins an event loop, or says why it cannot. */
#pragma once

#include <ezlb/err.h>

struct uv_loop_s;

/*
 * Returns -errno, for example where there are no more descriptors: then there is no loop, and
 * nothing to close. uv_loop_init() alone would end the process by abort() in some of these cases.
 */
int ezlb_loop_begin(struct uv_loop_s *loop, struct ezlb_err *err);
