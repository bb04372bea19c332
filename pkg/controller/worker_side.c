// SPDX-License-Identifier: GPL-2.0-or-later
#include "worker_side.h"

#include <stdlib.h>
#include <unistd.h>

#include <ezlb/api.h>
#include <ezlb/health_serve.h>
#include <ezlb/log.h>

#include "sandbox.h"

/* Without libcurl the worker goes on: the daemon says which backends are not probed. */
static int prepare(uint32_t needs, struct ezlb_err *err)
{
	if ((needs & EZLB_WORKER_CURL) != 0)
		ezlb_health_serve_prepare(err);
	return 0;
}

static void serve(struct uv_loop_s *loop, struct ezlb_channel *channel)
{
	static struct ezlb_health_server *health;
	static struct ezlb_api *api;
	struct ezlb_err err;

	ezlb_api_serve(loop, channel, &api);
	if (ezlb_health_serve(loop, channel, &health, &err) == 0)
		return;
	ezlb_log(EZLB_ERROR, "worker", EZLB_S("msg", err.msg));
	_exit(1);
}

const struct ezlb_worker_options worker_side = { .confine_spawner = sandbox_confine_spawner,
						 .prepare = prepare,
						 .confine = sandbox_confine_worker,
						 .serve = serve };
