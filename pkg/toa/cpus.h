/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpus: the list of CPUs in sysfs. Pure. */
#pragma once

/* The number of CPUs in a list like "0-3,8\n"; 0 if it is damaged. */
int ezlb_toa_cpus_count(const char *list);
