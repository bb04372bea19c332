/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layer: rows, hooks and routes of TOA behind list and peek (layer.c), and apply (apply.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/toa.h>

#include "pins.h"
#include "program.h"
#include "wire.h"

/* The pins of this network namespace, as one look at their directory shows them. */
struct stamp {
	uint64_t inode; /* 0: there are none */
	int64_t changed_s, changed_ns;
};

/* The last load, if it failed for a reason that will not pass by itself. */
struct failed_load {
	char reason[EZLB_TOA_PROBLEM_STRLEN]; /* "": it did not */
	uint64_t at_ms;
	uint64_t modules; /* how many there were */
};

struct toa {
	struct ezlb_layer layer; /* first: a layer is its toa */
	struct ezlb_toa_pins pins;
	bool has_pins;	    /* `pins` is set: the kernel can name the network namespace */
	struct stamp stamp; /* of the pins that were opened last */
	struct ezlb_toa_program program;
	struct failed_load failed;
	struct wire wire;
	struct world world;
	bool wanted; /* there are addresses to find routes to */
	bool looked; /* at all interfaces, for what an ezlb has left there whose pins are gone */
	uint64_t read_at_ms;
};

/* The pins as they are now. */
struct stamp toa_stamp(struct toa *toa);

/* The program that is pinned now. On failure toa->program is none, and err has the reason. */
int toa_open_program(struct toa *toa, struct ezlb_err *err);

/* Notes that the load failed, if the reason will not pass by itself. */
void toa_remember_failure(struct toa *toa, int rc, const struct ezlb_err *err);

/*
 * Only somebody with more rights could pin the program again, so it stays without rows and hooks
 * when nobody asks for it. True also while ezlb uses it.
 */
bool toa_keeps_pins(struct toa *toa);

int toa_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n, struct ezlb_err *err);
