/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * controller: owns the loop and the wiring. Files come in, passes go out, the log tells of
 * transitions. Nothing below it knows that there is a daemon.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/diag.h>
#include <ezlb/doctor.h>
#include <ezlb/err.h>
#include <ezlb/pass.h>
#include <ezlb/snat.h>

enum ezlb_dataplane_kind { EZLB_DP_KERNEL, EZLB_DP_MEMORY };

struct ezlb_options {
	const char **config_dirs; /* borrowed */
	size_t n_config_dirs;
	const char *state_dir;
	enum ezlb_dataplane_kind dataplane;
	bool probe; /* in memory: backends are probed; without it they count as up */
	enum ezlb_adopt adopt;
	enum ezlb_snat_driver snat_driver; /* in memory AUTO is as IPTABLES */
	bool firewall_never;		   /* no accepts where a filter drops */
	bool host_setup_never;		   /* settings and modules are left to the host */
	const char *vip_device;		   /* "": addresses are not kept */
	bool cleanup_on_exit;
	uint32_t empty_hold_ms; /* run: how long no service files at all must last to be believed */
	struct ezlb_endpoint
		admin_address;	      /* run: of the admin server's TCP door; family 0: none */
	uint32_t traffic_interval_ms; /* run: between two lines of traffic_log */
};

/* Each returns 0 or -errno with err set; cmd turns that into an exit status. */

/* Runs until SIGTERM or SIGINT. */
int ezlb_controller_run(const struct ezlb_options *options, struct ezlb_err *err);

/* How ops are printed on stdout (preview.h). */
struct ezlb_print {
	bool json;
	bool colour; /* not in JSON */
};

/*
 * One pass after every backend has a verdict. Prints the ops and what became of them. *converged is
 * false where an op failed, a file was refused or a backend is still without a verdict.
 */
int ezlb_controller_once(const struct ezlb_options *options, const struct ezlb_print *print,
			 bool *converged, struct ezlb_err *err);

/*
 * Prints what `once` would do and does nothing; of a directory whose files are not in force, what
 * it would do if they were. *pending counts the ops.
 */
int ezlb_controller_plan(const struct ezlb_options *options, const struct ezlb_print *print,
			 size_t *pending, struct ezlb_err *err);

/*
 * Loads the modules and sets the settings that the services need, prints the latter, and does
 * nothing else: for an init container, or a unit's ExecStartPre. *done is false where one of them
 * failed. A file that is refused is told, and is no failure: it must not keep others from starting.
 */
int ezlb_controller_host_setup(const struct ezlb_options *options, bool *done,
			       struct ezlb_err *err);

/*
 * What would stop a packet on this host, with the flags as they are. A file that is refused is a
 * finding, too; the caller clears *out with EZLB_VEC_CLEAR. Changes nothing.
 */
int ezlb_controller_doctor(const struct ezlb_options *options, struct ezlb_findings *out,
			   struct ezlb_err *err);

/* Removes all that the ledger in state_dir names, and sets the host's settings back. */
int ezlb_controller_cleanup(const struct ezlb_options *options, struct ezlb_err *err);

/*
 * Checks files and directories without touching the kernel; diagnostics are sorted. Which SNAT
 * backend the node will have is not known here: what only iptables cannot do is an error only where
 * `backend` is iptables.
 */
int ezlb_controller_validate(const char *const *paths, size_t n, enum ezlb_snat_driver driver,
			     struct ezlb_diags *diags, size_t *n_files, struct ezlb_err *err);
