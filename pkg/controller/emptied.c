// SPDX-License-Identifier: GPL-2.0-or-later
#include "emptied.h"

#include <ezlb/log.h>

/*
 * All directories can be read and have no file, and there are services to lose. After a reboot
 * these are known from their last good versions only, and the directory may not be mounted yet.
 */
static bool is_emptied(const struct emptied *emptied, const struct ezlb_snapshot *snapshot)
{
	const struct instance *instance = emptied->instance;

	for (size_t i = 0; i < snapshot->dirs.len; i++)
		if (snapshot->dirs.items[i].frozen)
			return false;
	return snapshot->files.len == 0 && (emptied->catalog->entries.len > 0 ||
					    instance->pass.ledger.content.services.len > 0 ||
					    ezlb_lastgood_any(&instance->lastgood));
}

static void on_empty(uv_timer_t *timer)
{
	const struct ezlb_snapshot nothing = { 0 };
	struct emptied *emptied = timer->data;

	ezlb_log(EZLB_WARN, "controller",
		 EZLB_S("msg", "there are still no service files: removing all services"));
	emptied->take(emptied->arg, &nothing);
}

static void on_held(uv_timer_t *timer)
{
	struct emptied *emptied = timer->data;

	ezlb_log(EZLB_WARN, "controller",
		 EZLB_S("msg", "there are still no service files in a directory: removing its "
			       "services"));
	ezlb_catalog_release(emptied->catalog);
	emptied->released(emptied->arg);
}

/*
 * At the start one of several directories can be empty because it is not mounted yet. The services
 * of the others are applied meanwhile.
 */
static void hold_dirs(struct emptied *emptied, const struct ezlb_snapshot *snapshot, bool loaded)
{
	bool held = emptied->catalog->held > 0;

	if (emptied->hold_ms == 0 || (loaded && !held))
		return;
	ezlb_catalog_hold(emptied->catalog, snapshot);
	if (!held && emptied->catalog->held > 0)
		uv_timer_start(&emptied->held_timer, on_held, emptied->hold_ms, 0);
	if (!held || emptied->catalog->held > 0)
		return;
	uv_timer_stop(&emptied->held_timer);
	ezlb_log(EZLB_INFO, "controller",
		 EZLB_S("msg", "service files are back: nothing was removed"));
}

void emptied_open(struct emptied *emptied, uv_loop_t *loop)
{
	uv_timer_init(loop, &emptied->empty_timer);
	uv_timer_init(loop, &emptied->held_timer);
	emptied->empty_timer.data = emptied->held_timer.data = emptied;
}

void emptied_snapshot(struct emptied *emptied, const struct ezlb_snapshot *snapshot, bool loaded)
{
	bool held = uv_is_active((uv_handle_t *)&emptied->empty_timer);

	if (emptied->hold_ms > 0 && is_emptied(emptied, snapshot)) {
		if (held)
			return;
		uv_timer_start(&emptied->empty_timer, on_empty, emptied->hold_ms, 0);
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "all service files are gone: all services will be "
				       "removed if no file appears"),
			 EZLB_I("in_ms", emptied->hold_ms));
		return;
	}
	uv_timer_stop(&emptied->empty_timer);
	if (held)
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "service files are back: nothing was removed"));
	hold_dirs(emptied, snapshot, loaded);
	emptied->take(emptied->arg, snapshot);
}

void emptied_close(struct emptied *emptied)
{
	uv_close((uv_handle_t *)&emptied->empty_timer, NULL);
	uv_close((uv_handle_t *)&emptied->held_timer, NULL);
}
