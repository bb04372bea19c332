/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metrics_rows: the metric families with one sample per service, backend or address. */
#pragma once

#include <ezlb/status.h>

void metrics_put_rows(const struct ezlb_status *status, struct ezlb_text *out);
/* The family of the addresses; nothing without --vip-device. */
void metrics_put_vips(const struct ezlb_status *status, struct ezlb_text *out);
