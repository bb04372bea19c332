/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory: an in-memory kernel, for tests and for `--dataplane memory`. Implements every layer with
 * the kernel's own rules: adding an existing object is EEXIST, a dest without its service is ESRCH,
 * and so on.
 */
#pragma once

#include <ezlb/layer.h>

struct ezlb_memory;

/* SNAT rows are per backend, as with iptables, unless set_snat_key changes that. */
struct ezlb_memory *ezlb_memory_new(void);
void ezlb_memory_set_snat_key(struct ezlb_memory *memory, enum ezlb_snat_key_kind kind);
void ezlb_memory_free(struct ezlb_memory *memory);

/* The layers belong to `memory`; their close does nothing. */
void ezlb_memory_dataplane(struct ezlb_memory *memory, struct ezlb_dataplane *out);

/*
 * The whole kernel including foreign rows, in any order, for tests to read and change. A row in
 * `routes` replaces the route to that address, device "": none. With toa_problem there is no TOA.
 */
struct ezlb_table *ezlb_memory_table(struct ezlb_memory *memory);
/* The interfaces with a qdisc clsact, in any order. */
struct ezlb_links *ezlb_memory_clsacts(struct ezlb_memory *memory);
