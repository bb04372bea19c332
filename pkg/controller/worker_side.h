/* SPDX-License-Identifier: GPL-2.0-or-later */
/* worker_side: what the worker process of `ezlb run` does: http probes and the admin server. */
#pragma once

#include <ezlb/worker.h>

extern const struct ezlb_worker_options worker_side;
