/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory: a kernel made of arrays. Implements every layer with the kernel's own rules (NEW on an
 * existing object is EEXIST, a dest without its service ESRCH, ...), for the tests and for
 * `--dataplane memory`. Never chosen by itself.
 */
#pragma once

#include <ezlb/layer.h>

struct ezlb_memory;

/* Its SNAT rows are for one backend each, as with iptables, until it is told otherwise. */
struct ezlb_memory *ezlb_memory_new(void);
void ezlb_memory_set_snat_key(struct ezlb_memory *memory, enum ezlb_snat_key_kind kind);
void ezlb_memory_free(struct ezlb_memory *memory);

/* The layers; they belong to `memory`, and their close does nothing. */
void ezlb_memory_dataplane(struct ezlb_memory *memory, struct ezlb_dataplane *out);

/* The whole kernel, foreign rows too, for a test to look at and to tamper with. In any order. */
struct ezlb_table *ezlb_memory_table(struct ezlb_memory *memory);
