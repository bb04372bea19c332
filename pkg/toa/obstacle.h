/* SPDX-License-Identifier: GPL-2.0-or-later */
/* obstacle: why this host or this process cannot load the program. The sentences are pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/err.h>

struct ezlb_toa_host {
	bool built;	/* this ezlb has the program */
	bool rights;	/* CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON */
	bool btf;	/* the kernel describes its types */
	bool conntrack; /* nf_conntrack is loaded or part of the kernel, and describes its types */
	bool mounted;	/* a BPF file system */
	bool read_only; /* it is mounted so */
	bool mounts;	/* this process may mount one */
	char release[32]; /* of the kernel */
};
void ezlb_toa_host_read(struct ezlb_toa_host *out);

/* 0: nothing is known that prevents it. -errno with the reason. */
int ezlb_toa_obstacle(const struct ezlb_toa_host *host, struct ezlb_err *err);
/* The reason for a load that failed with -errno. Returns rc. */
int ezlb_toa_explain(const struct ezlb_toa_host *host, int rc, struct ezlb_err *err);
