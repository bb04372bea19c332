/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lastgood_place: what lastgood.c and persist.c share: the two places of last good versions. */
#pragma once

#include <unistd.h>

#include <ezlb/store.h>

#include "versions.h"

#define LASTGOOD_PLACES	    2
#define LASTGOOD_PERSISTENT 1 /* the place of the persist directory; 0 is the state directory */

void lastgood_close_place(struct ezlb_lastgood *lastgood, int i);
/* Logs it, unless the write before failed, too. `code` is an errno. */
void lastgood_warn(struct ezlb_lastgood *lastgood, const char *msg, const char *path, int code);
