/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layer: the only interface to the kernel. Host settings, firewall, SNAT and IPVS each implement
 * the same four calls; the in-memory data plane implements them all. The implementation is chosen
 * at run time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/err.h>
#include <ezlb/plan.h>
#include <ezlb/table.h>

struct ezlb_layer {
	enum ezlb_snat_key_kind snat_key; /* SNAT only: what its rules distinguish */
	/*
	 * Appends this layer's rows that are in scope to *out, in any order. On failure *out has no
	 * row of this layer. Writes nothing to the kernel and loads no kernel module.
	 */
	int (*list)(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		    struct ezlb_table *out, struct ezlb_err *err);
	/*
	 * A cheap check for changes, for frequent use: *print stays the same while the visible rows
	 * in scope stay the same. It may miss a change (the layer's header says which), and may
	 * differ without one. Connections and counters do not change it. -errno if the layer cannot
	 * be read. Like list it writes nothing and loads no module.
	 */
	int (*peek)(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print);
	/*
	 * Executes ops, all of this layer, in order, and sets the rc of each. One call is one
	 * batch: IPVS packs it into few sends, iptables into one commit. Returns 0 if each op has
	 * its own result in rc, or -errno if the layer as a whole failed; then err has the reason
	 * and the rc of every op is that -errno. Bounded in time.
	 */
	int (*apply)(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		     struct ezlb_err *err);
	/*
	 * TOA only, else NULL: the addresses of the backends, sorted, to which list says by which
	 * interface packets leave. Copied: peek is about those of the last list.
	 */
	void (*towards)(struct ezlb_layer *layer, const struct ezlb_addrs *addrs);
	/*
	 * IPVS only, may be NULL: services, sorted, that ezlb itself has changed since the last
	 * peek. How they differ until the next peek does not change its *print; a change of any
	 * other service does. Copied, and added to those of earlier calls. Without it the print
	 * changes, which leads to a full pass.
	 */
	void (*changed)(struct ezlb_layer *layer, const struct ezlb_scope *services);
	/*
	 * IPVS only, may be NULL: true if it is certain, without reading them, that the rows in
	 * scope are as at the last peek. Costs a system call.
	 */
	bool (*unchanged)(struct ezlb_layer *layer);
	/*
	 * IPVS only, may be NULL: true if it is certain, without reading them, that the services
	 * and dests in scope are those that the last `list` returned, that this was with the same
	 * scope, and that ezlb has changed none since. Costs a system call.
	 */
	bool (*as_listed)(struct ezlb_layer *layer, const struct ezlb_scope *scope);
	/* Frees the layer; changes nothing in the kernel. */
	void (*close)(struct ezlb_layer *layer);
};

/* Borrowed pointers: the code that opened a layer closes it. */
struct ezlb_dataplane {
	struct ezlb_layer *layer[EZLB_LAYERS];
};
