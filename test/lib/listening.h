/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listening: listeners of the services of a status. */
#pragma once

#include "cm.h"

#include <ezlb/status.h>

/* One more listener of the service that was added last. The pointer is valid until the next. */
static inline struct ezlb_status_listener *listen_on(struct ezlb_status *status,
						     enum ezlb_proto proto, const char *listen)
{
	struct ezlb_status_service *service = &status->services.items[status->services.len - 1];
	struct ezlb_status_listener *to;
	struct ezlb_endpoint ep;

	assert_int_equal(ezlb_endpoint_parse(listen, &ep, NULL), 0);
	if (service->n_listeners++ == 0)
		service->first_listener = status->listeners.len;
	to = EZLB_PUSH(&status->listeners);
	to->of = (struct ezlb_listener){ .key = { .proto = proto, .listen = ep },
					 .proto = proto,
					 .listen = ep };
	return to;
}
