/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * object: reads what clang made of receive.bpf.c: the instructions of a program, and which of them
 * want the number of a map. Pure. Not libbpf and not its light skeleton, because an upgrade has to
 * give the new programs the maps that the old ones have filled.
 */
#pragma once

#include <linux/bpf.h>

#include <ezlb/err.h>
#include <ezlb/mem.h>

struct object_use {
	size_t insn;
	const char *map; /* points into the object */
};

struct object_program {
	struct bpf_insn *insns; /* owned */
	size_t n_insns;
	struct EZLB_VEC(struct object_use) uses;
};

/* The object that is part of the program. */
extern const unsigned char object_bytes[];
extern const size_t object_size;

/* -EINVAL with err set: no such section, or not an object for BPF of this machine's byte order. */
int object_read(const void *bytes, size_t size, const char *section, struct object_program *out,
		struct ezlb_err *err);
void object_clear(struct object_program *program);
