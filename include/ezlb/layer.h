/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layer: the one door to the kernel. Host settings, firewall, SNAT and IPVS each stand behind the
 * same four calls; the in-memory data plane implements them all. Chosen at run time, never when
 * building.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/err.h>
#include <ezlb/plan.h>
#include <ezlb/table.h>

struct ezlb_layer {
	enum ezlb_snat_key_kind snat_key; /* SNAT only: what its rules can tell apart */
	/*
	 * Adds this layer's rows to *out (only those in scope; rows need not be sorted yet). On
	 * failure *out has no row of this layer. Makes no write, and does not load a kernel module
	 * merely to look.
	 */
	int (*list)(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		    struct ezlb_table *out, struct ezlb_err *err);
	/*
	 * A cheap look, for often: *print stays the same while nothing changes of what it can see
	 * of the rows in scope. It may miss a change (the layer's header says which) and may tell
	 * of one that is none. Connections and counters do not change it. -errno where there is
	 * nothing to look at. Like list it makes no write and loads no module.
	 */
	int (*peek)(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print);
	/*
	 * Carries out ops, all of this layer, in their order, and sets the rc of each. One call is
	 * one batch: IPVS packs it into few sends, iptables into one commit. Returns 0 when every
	 * op has its own verdict in rc, or -errno where the layer as a whole failed; then err says
	 * why and the rc of every op is that -errno too. Bounded in time.
	 */
	int (*apply)(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		     struct ezlb_err *err);
	/* Frees; changes nothing in the kernel. */
	void (*close)(struct ezlb_layer *layer);
};

/* Borrowed pointers: whoever opened a layer closes it. */
struct ezlb_dataplane {
	struct ezlb_layer *layer[EZLB_LAYERS];
};
