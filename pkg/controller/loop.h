/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop: begins an event loop, or says why it cannot. */
#pragma once

#include <uv.h>

#include <ezlb/err.h>

/* -errno, for example where there are no more descriptors: then there is no loop, and nothing to
 * close. */
int loop_begin(uv_loop_t *loop, struct ezlb_err *err);
