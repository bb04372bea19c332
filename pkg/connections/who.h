/* SPDX-License-Identifier: GPL-2.0-or-later */
/* who: the addresses of `ezlb who` in order. */
#pragma once

#include <ezlb/connections.h>

/* Makes who->sorted. */
void ezlb_who_sort(struct ezlb_who *who);
