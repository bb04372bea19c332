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

/* Milliseconds of CLOCK_MONOTONIC. Pure packages get the time as a parameter instead. */
uint64_t ezlb_now_ms(void);
/* Milliseconds of CLOCK_REALTIME, which an operator can set. */
int64_t ezlb_wall_ms(void);
/*
 * The wall clock at the first call, advanced by ezlb_now_ms. Ages and the order of times stay right
 * when an operator sets the wall clock. For one thread only.
 */
int64_t ezlb_steady_ms(void);
/* The wall clock less ezlb_steady_ms. 0 until the wall clock is set by 1 s or more. */
int64_t ezlb_wall_shift_ms(void);
