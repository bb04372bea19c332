// SPDX-License-Identifier: GPL-2.0-or-later
#include "manager.h"

#include <stdio.h>
#include <stdlib.h>

#include <ezlb/duration.h>

#include "sdnotify.h"

static void notify(const struct manager *manager, const char *lines)
{
	if (manager->present)
		sdnotify(lines); /* no harm if the manager does not listen */
}

static void on_watchdog(uv_timer_t *timer)
{
	notify(timer->data, "WATCHDOG=1");
}

void manager_open(struct manager *manager, uv_loop_t *loop)
{
	const char *name = getenv("NOTIFY_SOCKET");
	uint64_t every = sdnotify_watchdog_ms();

	*manager = (struct manager){ .present = name && *name };
	uv_timer_init(loop, &manager->watchdog);
	manager->watchdog.data = manager;
	if (manager->present && every > 0)
		uv_timer_start(&manager->watchdog, on_watchdog, 0, every);
}

void manager_reloading(struct manager *manager)
{
	if (!manager->present || !manager->ready)
		return;
	sdnotify_reloading();
	manager->reloading = true;
}

void manager_notify(struct manager *manager, const struct ezlb_view *view)
{
	char summary[EZLB_MESSAGE_STRLEN], lines[EZLB_MESSAGE_STRLEN + 32];
	bool due = !manager->ready || manager->reloading;

	if (!manager->present || manager->leaving)
		return;
	ezlb_view_summary(view, ezlb_now_ms(), summary, sizeof(summary));
	if (!due && strcmp(summary, manager->last_status) == 0)
		return;
	snprintf(lines, sizeof(lines), "%sSTATUS=%s", due ? "READY=1\n" : "", summary);
	notify(manager, lines);
	memcpy(manager->last_status, summary, sizeof(summary));
	manager->ready = true;
	manager->reloading = false;
}

void manager_leaving(struct manager *manager, const char *what)
{
	char lines[EZLB_MESSAGE_STRLEN];

	snprintf(lines, sizeof(lines), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%d000\nSTATUS=%s",
		 MANAGER_EXTEND_MS, what);
	notify(manager, lines);
	manager->leaving = true;
}

void manager_close(struct manager *manager)
{
	if (manager->closing)
		return;
	manager->closing = true;
	notify(manager, "STOPPING=1");
	uv_close((uv_handle_t *)&manager->watchdog, NULL);
}
