/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink: sends requests to IPVS over one genetlink socket: packs several into one send, and keeps
 * the family id current. The codec builds and reads the messages.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/err.h>
#include <ezlb/netlink.h>
#include <ezlb/plan.h>
#include <ezlb/table.h>

#define EZLB_IPVS_NO_INDEX   UINT32_MAX
#define EZLB_IPVS_TIMEOUT_MS 5000
#define EZLB_IPVS_SEND_OPS   256 /* most messages in one send: 64 KiB */

/* Where the socket, the family id and the procfs text come from: the kernel, or a test. */
struct ezlb_ipvs_source {
	struct ezlb_nl_source nl;
	/* `load`: the kernel may load the module. -ENOENT: the family does not exist. */
	int (*resolve)(void *arg, bool load, uint16_t *family, struct ezlb_err *err);
	void *arg;
	/*
	 * The index of the interface; 0: there is none; EZLB_IPVS_NO_INDEX: cannot be found out.
	 * *up is set if it is known.
	 */
	unsigned (*index_of)(const char *device, bool *up);
	const char *procfs; /* path of /proc/net/ip_vs; borrowed */
	/* NULL: ezlb_now_ms, and the CPU time of the thread. */
	uint64_t (*now_ms)(void);
	uint64_t (*cpu_ns)(void);
};

struct ezlb_ipvs_nl;

/*
 * Resolves the family (`load`: the kernel may load the module) and sends one request to find out
 * whether this process has the permission. The time limit of the first call begins here.
 */
int ezlb_ipvs_nl_open(const struct ezlb_ipvs_source *source, bool load, struct ezlb_ipvs_nl **out,
		      struct ezlb_err *err);
void ezlb_ipvs_nl_close(struct ezlb_ipvs_nl *nl); /* NULL is fine */

/* Starts the time limit of one call with any number of requests; resolves an unknown family id. */
int ezlb_ipvs_nl_begin(struct ezlb_ipvs_nl *nl, struct ezlb_err *err);

/*
 * Dumps the dests of a service, or with NULL all services. -EAGAIN: the table changed meanwhile, so
 * what fn received is not reliable. Other errors: those of begin, or the kernel's own -errno.
 */
int ezlb_ipvs_nl_dump(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
		      ezlb_nl_msg_fn fn, void *arg, struct ezlb_err *err);

/* Reads one service, without its dests. -ESRCH: there is none; else the errors of begin. */
int ezlb_ipvs_nl_service(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
			 ezlb_nl_msg_fn fn, void *arg, struct ezlb_err *err);

/* Reads the timeouts. The same errors as of dump, except -EAGAIN. */
int ezlb_ipvs_nl_timeouts(struct ezlb_ipvs_nl *nl, uint32_t out[EZLB_TIMEOUTS],
			  struct ezlb_err *err);

/* Dumps the sync daemons, of which there are two at most. The same errors. */
int ezlb_ipvs_nl_syncs(struct ezlb_ipvs_nl *nl, ezlb_nl_msg_fn fn, void *arg, struct ezlb_err *err);

/* Calls the kernel's function for commands that change IPVS, with one that it refuses. */
void ezlb_ipvs_nl_no_service(struct ezlb_ipvs_nl *nl);

/* As apply in ezlb/layer.h; rc is the kernel's own answer to each op. */
int ezlb_ipvs_nl_apply(struct ezlb_ipvs_nl *nl, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err);
