/* SPDX-License-Identifier: GPL-2.0-or-later */
/* where: sentences about the addresses of the listeners, with --vip-device. */
#pragma once

#include <ezlb/status.h>

/* "10.0.0.1 is on ezlb0"; "" if it is not known. Returns buf. */
const char *where_is(const struct ezlb_status *status, const struct ezlb_status_listener *listener,
		     char buf[EZLB_MESSAGE_STRLEN]);
/* What becomes of the addresses while this balancer drains. Returns buf. */
const char *where_drained(const struct ezlb_status *status, char buf[EZLB_MESSAGE_STRLEN]);
