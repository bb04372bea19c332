/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sandbox: --sandbox: what each process of `ezlb run` gives up, and what of it could not be had. */
#pragma once

#include <ezlb/controller.h>
#include <ezlb/sandbox.h>
#include <ezlb/status.h>

struct sandbox {
	const char *state;		 /* "on", "partial", "off"; static */
	char error[EZLB_MESSAGE_STRLEN]; /* what is missing; "" unless partial */
};

/* Before the spawner is forked: finds the user of spawner and worker. */
void sandbox_prepare(void);

/* What the daemon must be able to do after its start with these options. */
void sandbox_needs(const struct ezlb_options *options, struct ezlb_sandbox_needs *out);
/*
 * For the daemon, before any thread but that of told_ask(). What is missing is logged, and is no
 * failure; so is a user of another program. With --sandbox off it does nothing.
 */
void sandbox_enter(struct sandbox *sandbox, const struct ezlb_options *options);

/*
 * For pkg/worker: the spawner and the worker, with --sandbox auto. They log what is missing and
 * return 0. The spawner closes all descriptors but those in `keep`, the worker none.
 */
int sandbox_confine_spawner(const int *keep, size_t n, struct ezlb_err *err);
int sandbox_confine_worker(struct ezlb_err *err);
