/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * controller: the daemon's event loop, and the connections between the packages. The packages below
 * do not know that there is a daemon.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/connections.h>
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
	const char *persist_dir; /* for what must survive a reboot; NULL: state_dir */
	enum ezlb_dataplane_kind dataplane;
	bool probe; /* with EZLB_DP_MEMORY: probe backends; otherwise all count as up */
	enum ezlb_adopt adopt;
	enum ezlb_snat_driver snat_driver; /* with EZLB_DP_MEMORY, AUTO means IPTABLES */
	bool firewall_never;		   /* add no accept rules to filters that drop */
	bool host_setup_never;		   /* set no sysctls, load no modules */
	const char *vip_device;		   /* NULL or "": add no addresses */
	enum ezlb_vip_when vip_when;	   /* of services without `vip` */
	uint32_t vip_hold_ms;		   /* before a withdrawn address returns */
	bool vip_guard_never;		   /* any program of this host may answer there */
	const char *sync_interface;	   /* of IPVS's sync daemon; NULL: none */
	uint8_t sync_id;
	uint32_t drain_on_exit_ms; /* run: on SIGTERM drain for at most so long; 0: do not */
	uint32_t ipvs_timeouts[EZLB_TIMEOUTS]; /* seconds; 0: the value of the kernel stays */
	bool cleanup_on_exit;
	uint32_t empty_hold_ms; /* run: keeps the services this long when all files disappear */
	struct ezlb_endpoint
		admin_address;	      /* run: TCP address of the admin server; family 0: none */
	uint32_t traffic_interval_ms; /* run: time between two log lines of traffic_log */
	const char *connection_log;   /* run: file of the connection log; NULL: the log */
	bool sandbox_off;	      /* run: give up nothing, and be one process */
};

/* Each returns 0, or -errno with err set. */

/* Runs until SIGTERM or SIGINT. */
int ezlb_controller_run(const struct ezlb_options *options, struct ezlb_err *err);

/* How ops are printed on stdout (preview.h). */
struct ezlb_print {
	bool json;
	bool colour; /* not in JSON */
};

/*
 * Waits until every backend has a verdict, runs one pass, prints the ops and their results.
 * *converged is false if an op failed, a file was refused, a listener belongs to a foreign virtual
 * service, or a backend still has no verdict.
 */
int ezlb_controller_once(const struct ezlb_options *options, const struct ezlb_print *print,
			 bool *converged, struct ezlb_err *err);

/*
 * Prints what `once` would do with these options, also for directories whose files are not applied,
 * and changes nothing. *pending is the number of ops.
 */
int ezlb_controller_plan(const struct ezlb_options *options, const struct ezlb_print *print,
			 size_t *pending, struct ezlb_err *err);

/*
 * Loads the modules and applies the settings that the services need, prints the settings, and does
 * nothing else: for an init container, or ExecStartPre= of a unit. *done is false if one failed. A
 * refused file is logged and is no failure: it must not stop the other services from starting.
 */
int ezlb_controller_host_setup(const struct ezlb_options *options, bool *done,
			       struct ezlb_err *err);

/*
 * Finds what would stop packets on this host with these options. A refused file is a finding, too.
 * The caller clears *out with EZLB_VEC_CLEAR. Changes nothing.
 */
int ezlb_controller_doctor(const struct ezlb_options *options, struct ezlb_findings *out,
			   struct ezlb_err *err);

/*
 * The services of the files, with the last good version of a file that is refused; *n_without files
 * are refused and have none. The caller clears *index in any case. Asks neither the kernel nor a
 * running ezlb, and changes nothing.
 */
int ezlb_controller_services(const struct ezlb_options *options,
			     struct ezlb_connections_index *index, size_t *n_without,
			     struct ezlb_err *err);

/*
 * Removes everything that the ledger in state_dir records, and restores the host's settings. Then
 * removes the last good versions, also those in persist_dir.
 */
int ezlb_controller_cleanup(const struct ezlb_options *options, struct ezlb_err *err);

struct ezlb_validate_options {
	const char *const *paths; /* files, directories, "-": standard input */
	size_t n;
	bool as_run; /* what is in a directory is a service file, as for `ezlb run` */
	/* The ConfigMaps that count, see manifest.h. n_configmaps is 0: those with service files.
	 */
	const char *const *configmaps;
	size_t n_configmaps;
	/*
	 * The driver that AUTO chooses on the node is unknown here, so what only iptables cannot do
	 * is an error only if this is iptables.
	 */
	enum ezlb_snat_driver driver;
};

struct ezlb_validated {
	struct ezlb_diags diags;		   /* sorted; some may be warnings */
	size_t n_files;				   /* service files */
	size_t n_objects;			   /* of Kubernetes, other than ConfigMaps */
	struct ezlb_names EZLB_VEC(char *) passed; /* ConfigMaps without service files */
	struct ezlb_names
		ignored;   /* what `ezlb run` does not read, in directories and ConfigMaps */
	bool manifest_dir; /* a directory of manifests, which `ezlb run` does not read */
	bool stopped;	   /* after EZLB_VALIDATE_MAX diagnostics; the rest is not read */
};
#define EZLB_VALIDATE_MAX 10000

/*
 * Checks service files and manifests without access to the kernel, each for itself and all of them
 * together: which of two files gets a listener is decided as in `ezlb run` with all in one
 * directory. A file that is given twice counts once. The caller clears *out in any case.
 */
int ezlb_controller_validate(const struct ezlb_validate_options *options,
			     struct ezlb_validated *out, struct ezlb_err *err);
void ezlb_validated_clear(struct ezlb_validated *validated);
