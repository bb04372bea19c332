/* SPDX-License-Identifier: GPL-2.0-or-later */
/* commands: what the commands are called with, over directories in the temporary one. */
#pragma once

#include "fixture.h"

#include <ezlb/controller.h>

static struct text config_dir, state_dir;
static const char *dirs[2];
static struct ezlb_options options;

static inline int setup(void **state)
{
	int rc = setup_top(state);

	config_dir = at("config");
	state_dir = at("state");
	dirs[0] = config_dir.s;
	options = (struct ezlb_options){ .config_dirs = dirs,
					 .n_config_dirs = 1,
					 .state_dir = state_dir.s,
					 .dataplane = EZLB_DP_MEMORY,
					 .probe = true,
					 .cleanup_on_exit = true };
	return rc < 0 ? rc : mkdir(config_dir.s, 0755);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup, teardown_top)
