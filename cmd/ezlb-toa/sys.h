/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sys: bpf(2), one function for each command that is needed. All return a descriptor or 0, or
 * -errno. The caller closes descriptors.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sys_map {
	const char *name; /* at most 15 characters */
	enum bpf_map_type type;
	uint32_t key_size, value_size, max_entries, flags;
	bool storage; /* of sockets: the kernel wants to know the types of key and value */
};

struct sys_program {
	const char *name; /* at most 15 characters */
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	const struct bpf_insn *insns;
	size_t n_insns;
	char *log; /* what the verifier says; NULL: nothing */
	size_t log_size;
};

int sys_map_create(const struct sys_map *map);
int sys_program_load(const struct sys_program *program);

int sys_lookup(int map, const void *key, void *value);
int sys_update(int map, const void *key, const void *value);
int sys_delete(int map, const void *key);
/* The key after *key; NULL: the first. -ENOENT: that was the last. */
int sys_next_key(int map, const void *key, void *next);

int sys_link_create(int program, int cgroup, enum bpf_attach_type attach);
int sys_link_update(int link, int program);
/* Done when it returns. A link that only loses its pin is detached a little later (kernel:
 * bpf_free_inode). */
int sys_link_detach(int link);

int sys_pin(int fd, const char *path);
int sys_open_pin(const char *path);

/* The smallest ID above `id`. -ENOENT: there is none. */
int sys_next_link(uint32_t id, uint32_t *next);
int sys_open_link(uint32_t id);
int sys_open_program(uint32_t id);
int sys_open_map(uint32_t id);

int sys_link_info(int fd, struct bpf_link_info *info);
int sys_map_info(int fd, struct bpf_map_info *info);
/* The IDs of its maps go to ids[0..*n_ids); *n_ids becomes how many it has. */
int sys_program_info(int fd, struct bpf_prog_info *info, uint32_t *ids, uint32_t *n_ids);
