/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: what `ezlb-toa status` prints. Pure. */
#pragma once

#include "find.h"

/* Whether all programs of each are attached, and there is one. */
bool report_sound(const struct receivers *receivers);

void report_text(const struct receivers *receivers, struct ezlb_text *text);
void report_json(const struct receivers *receivers, struct ezlb_text *text);
