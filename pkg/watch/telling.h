/* SPDX-License-Identifier: GPL-2.0-or-later */
/* telling: what a watch writes into the log. */
#pragma once

#include <ezlb/log.h>

#include "settle.h"

void tell_line(enum ezlb_log_level level, const char *msg, const char *path, const char *reason);
/* The names of files that are ignored, and of mount points, each once; `logged` remembers them. */
void tell_names(struct watch_names *logged, const struct watch_look *seen);
/* Whether the directory is frozen now; `before` is why it was, or NULL. */
void tell_directory(const struct watch_settle *settle, const char *before);
