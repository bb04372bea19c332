/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostsetup: the modules and settings that the services need, and nothing else. */
#pragma once

#include "pass.h"

/* As pass_plan and pass_apply, for settings alone. True where every one is as it should be. */
bool hostsetup_settings(struct pass_world *world, const struct ezlb_desired *desired,
			struct pass_result *result);
