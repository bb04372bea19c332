/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syncs: the sync daemon of IPVS, with --sync-interface. */
#pragma once

#include <ezlb/view.h>

/* Takes it over from a pass. What runs stays as it was if the pass could not read IPVS. */
void syncs_take(struct ezlb_view *view, const struct ezlb_view_pass *pass);
