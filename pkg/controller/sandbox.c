// SPDX-License-Identifier: GPL-2.0-or-later
#include "sandbox.h"

#include <string.h>
#include <unistd.h>

#include <ezlb/log.h>

#define PORT_UNPRIVILEGED 1024

void sandbox_needs(const struct ezlb_options *options, struct ezlb_sandbox_needs *out)
{
	uint16_t port = options->admin_address.port; /* 0: none */
	bool kernel = options->dataplane == EZLB_DP_KERNEL;

	*out = (struct ezlb_sandbox_needs){
		.kernel = kernel,
		.modules = kernel && !options->host_setup_never,
		.low_port = port > 0 && port < PORT_UNPRIVILEGED,
		.log_file = kernel && options->connection_log,
		.threads = kernel ? 1 : 0, /* of told_ask() */
	};
}

static struct ezlb_sandbox_user user; /* of spawner and worker */
static bool own_user;

void sandbox_prepare(void)
{
	own_user = ezlb_sandbox_find_user("/etc/passwd", &user);
}

static void log_user(void)
{
	if (getuid() == 0 && !own_user)
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "there is no user " EZLB_SANDBOX_USER
				       " in /etc/passwd: the processes that do HTTP run as nobody, "
				       "and so may other programs, which could end them"));
}

static void log_missing(const char *process, const struct ezlb_err *err)
{
	ezlb_log(EZLB_WARN, "controller",
		 EZLB_S("msg", "a part of the sandbox is missing; ezlb works without"),
		 EZLB_S("process", process), EZLB_S("err", err->msg));
}

void sandbox_enter(struct sandbox *sandbox, const struct ezlb_options *options)
{
	struct ezlb_sandbox_needs needs;
	struct ezlb_err err = { 0 };

	*sandbox = (struct sandbox){ .state = options->sandbox_off ? "off" : "on" };
	if (options->sandbox_off)
		return;
	log_user();
	sandbox_needs(options, &needs);
	if (ezlb_sandbox_daemon(&needs, &err) == 0)
		return;
	sandbox->state = "partial";
	ezlb_strcpy(sandbox->error, sizeof(sandbox->error), err.msg);
	log_missing("daemon", &err);
}

/* What the spawner has told; its workers have that, too. */
static struct ezlb_err told;

int sandbox_confine_spawner(const int *keep, size_t n, struct ezlb_err *err)
{
	(void)err;
	if (ezlb_sandbox_spawner(keep, n, &user, &told) < 0)
		log_missing("spawner", &told);
	return 0;
}

int sandbox_confine_worker(struct ezlb_err *err)
{
	struct ezlb_err missing = { 0 };

	(void)err;
	if (ezlb_sandbox_worker(NULL, 0, &user, &missing) < 0 && strcmp(missing.msg, told.msg) != 0)
		log_missing("worker", &missing);
	return 0;
}
