/* SPDX-License-Identifier: GPL-2.0-or-later */
/* human: numbers and times as short texts. */
#pragma once

#include <stdint.h>

struct human {
	char s[32];
};

struct human human_rate(double per_second);  /* "5/s", "12.3k/s" */
struct human human_bytes(double per_second); /* "800B/s", "4.5MB/s" */
struct human human_age(int64_t ms);	     /* "45s", "3m", "47h", "12d"; "0s" if negative */

/* RFC 3339 in UTC to ms; 0 if it is something else. */
int64_t human_time_parse(const char *text);
struct human human_time(int64_t ms); /* "2026-11-23 01:00:00", UTC; "-" for 0 */
