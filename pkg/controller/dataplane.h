/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dataplane: opens the layers that the options ask for. Chosen at run time, and said aloud. */
#pragma once

#include <ezlb/controller.h>
#include <ezlb/layer.h>

struct ezlb_memory;

struct dataplane {
	struct ezlb_dataplane dp;
	enum ezlb_snat_driver snat; /* never AUTO */
	const char *why;	    /* it was chosen */
	struct ezlb_layer *other;   /* of the driver that was not chosen; NULL: none */
	struct ezlb_err other_err;  /* why not */
	struct ezlb_memory *memory; /* NULL: the kernel */
};

int dataplane_open(struct dataplane *plane, const struct ezlb_options *options,
		   struct ezlb_err *err);
/* The same, but a kernel without ip_vs is an empty one: there is nothing of ours in it. */
int dataplane_open_for_cleanup(struct dataplane *plane, const struct ezlb_options *options,
			       struct ezlb_err *err);
/* In memory backends count as up without a probe, unless the options ask for probes. */
bool dataplane_pretends(const struct ezlb_options *options);
void dataplane_close(struct dataplane *plane);
