/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dataplane: opens the layers that the options ask for. */
#pragma once

#include <ezlb/controller.h>
#include <ezlb/layer.h>

struct ezlb_memory;

struct dataplane {
	struct ezlb_dataplane dp;
	enum ezlb_snat_driver snat; /* never AUTO */
	const char *why;	    /* that driver */
	struct ezlb_layer *other;   /* of the driver that was not chosen; NULL: none */
	struct ezlb_err other_err;  /* why it could not be opened */
	struct ezlb_memory *memory; /* NULL: the kernel */
};

int dataplane_open(struct dataplane *plane, const struct ezlb_options *options,
		   struct ezlb_err *err);
/* The same, but works without ip_vs in the kernel: then there are no virtual services. */
int dataplane_open_for_cleanup(struct dataplane *plane, const struct ezlb_options *options,
			       struct ezlb_err *err);
/* The driver that --snat-backend means: AUTO looks at the host. *why: the reason, static. */
enum ezlb_snat_driver dataplane_snat_driver(enum ezlb_snat_driver asked, const char **why);
/* Whether only services can answer at the addresses of --vip-device: the kernel has nf_tables. */
bool dataplane_can_guard(const struct ezlb_options *options);
/* Backends count as up without a probe: in-memory data plane, and no --probe. */
bool dataplane_pretends(const struct ezlb_options *options);
void dataplane_close(struct dataplane *plane);
