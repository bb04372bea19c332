/* SPDX-License-Identifier: GPL-2.0-or-later */
/* duration: "500ms", "5s", "1m30s" to milliseconds and back, and the clocks. */
#pragma once

#include <stdint.h>

#include <ezlb/err.h>

#define EZLB_DURATION_STRLEN 32

/*
 * Units ms, s, m, h, largest first, each at most once; no sign, no fraction, no bare number.
 * -EINVAL for bad text, -ERANGE above 24 h.
 */
int ezlb_duration_parse(const char *text, uint32_t *ms, struct ezlb_err *err);
const char *ezlb_duration_format(uint32_t ms, char buf[EZLB_DURATION_STRLEN]);

/* Milliseconds of CLOCK_MONOTONIC. Pure packages take time as a parameter instead. */
uint64_t ezlb_now_ms(void);
/* Milliseconds of CLOCK_REALTIME, which somebody may set. */
int64_t ezlb_wall_ms(void);
/*
 * The wall clock as it was when this was first called, going on by ezlb_now_ms: so that ages and
 * the order of times stay right when somebody sets the wall clock. For one thread.
 */
int64_t ezlb_steady_ms(void);
/* What to add to it for the time that the wall clock says now: 0 until that is set, by 1 s or more.
 */
int64_t ezlb_wall_shift_ms(void);
