/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rolelog: a log line for each event about drains, slow starts, fail open, fallbacks, and the
 * addresses of clients. */
#pragma once

#include <ezlb/event.h>

/* Logs those that came after the event number `since`. */
void rolelog_write(const struct ezlb_events *events, uint64_t since);
