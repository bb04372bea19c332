/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf: the bpf() system call, as far as this package needs it. All calls return 0 (or a descriptor)
 * or -errno.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct bpf_prog_info;
struct bpf_map_info;

int ezlb_bpf_pin(int fd, const char *path);
int ezlb_bpf_open_pin(const char *path);
/* Fills *info, which holds the wishes of the caller (pointers and sizes) before. */
int ezlb_bpf_program_info(int fd, struct bpf_prog_info *info);
int ezlb_bpf_map_info(int fd, struct bpf_map_info *info);

int ezlb_bpf_get(int map, const void *key, void *value);
int ezlb_bpf_put(int map, const void *key, const void *value);
int ezlb_bpf_del(int map, const void *key);
/*
 * Reads up to *n entries of a hash map, and sets *n to those that it read. `next` is the place in
 * the map, NULL in the first call for `from`. Returns 1 if there are more, 0 if that was the end.
 */
int ezlb_bpf_get_batch(int map, const uint32_t *from, uint32_t *next, void *keys, void *values,
		       uint32_t *n);
