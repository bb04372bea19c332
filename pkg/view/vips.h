/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vips: where the addresses of the listeners are, with --vip-device. */
#pragma once

#include "view_inside.h"

/*
 * Takes them over from a pass, after the roles of all services, and adds events. Does nothing if
 * the pass could not read the links.
 */
void vips_take(struct ezlb_view *view, const struct ezlb_view_pass *pass, int64_t now_ms);
/*
 * The same for a pass over a part: it has read no links, and changes none. Only whether backends
 * serve may have changed, on addresses of these services.
 */
void vips_take_part(struct ezlb_view *view, const struct ezlb_catalog *catalog,
		    const struct view_some *some, int64_t now_ms);
/* UNKNOWN if there is no --vip-device, or if no pass has seen the address. */
enum ezlb_vip_state vips_state(const struct ezlb_view_vips *vips, const struct ezlb_addr *addr);
