// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/btf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ezlb/mem.h>

#include "sys.h"

static int sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	long rc = -1;

	/* A signal can interrupt the verifier. */
	for (int i = 0; i < 5 && (i == 0 || (rc < 0 && errno == EAGAIN)); i++)
		rc = syscall(SYS_bpf, cmd, attr, sizeof(*attr));
	return rc < 0 ? -errno : (int)rc;
}

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/*
 * The types of a map in the storage of sockets (kernel: bpf_local_storage_map_check_btf): an int,
 * and a value of the right size, here an array of ints. include/uapi/linux/btf.h.
 */
static int load_types(uint32_t value_size)
{
	static const char names[] = "\0int";
	struct {
		struct btf_header header;
		struct btf_type int_type;
		uint32_t int_bits;
		struct btf_type array_type;
		struct btf_array array;
		char names[sizeof(names)];
	} __attribute__((packed)) types = {
		.header = { .magic = BTF_MAGIC,
			    .version = BTF_VERSION,
			    .hdr_len = sizeof(types.header) },
		.int_type = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = 4 },
		.int_bits = BTF_INT_SIGNED << 24 | 32,
		.array_type = { .info = BTF_KIND_ARRAY << 24 },
		.array = { .type = 1, .index_type = 1, .nelems = value_size / 4 },
	};
	union bpf_attr attr = { 0 };

	types.header.type_len = offsetof(__typeof__(types), names) - sizeof(types.header);
	types.header.str_off = types.header.type_len;
	types.header.str_len = sizeof(names);
	memcpy(types.names, names, sizeof(names));
	attr.btf = pointer(&types);
	attr.btf_size = sizeof(types);
	return sys_bpf(BPF_BTF_LOAD, &attr);
}

int sys_map_create(const struct sys_map *map)
{
	EZLB_AUTO_CLOSE int types = -1;
	union bpf_attr attr = {
		.map_type = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.map_flags = map->flags,
	};

	ezlb_strcpy(attr.map_name, sizeof(attr.map_name), map->name);
	if (map->storage) {
		types = load_types(map->value_size);
		if (types < 0)
			return types;
		attr.btf_fd = (uint32_t)types;
		attr.btf_key_type_id = 1;
		attr.btf_value_type_id = 2;
	}
	return sys_bpf(BPF_MAP_CREATE, &attr);
}

int sys_program_load(const struct sys_program *program)
{
	union bpf_attr attr = {
		.prog_type = program->type,
		.expected_attach_type = program->attach,
		.insns = pointer(program->insns),
		.insn_cnt = (uint32_t)program->n_insns,
		.license = pointer("GPL"),
		.log_level = program->log ? 1 : 0,
		.log_buf = pointer(program->log),
		.log_size = program->log ? (uint32_t)program->log_size : 0,
	};

	ezlb_strcpy(attr.prog_name, sizeof(attr.prog_name), program->name);
	return sys_bpf(BPF_PROG_LOAD, &attr);
}

int sys_lookup(int map, const void *key, void *value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map,
				.key = pointer(key),
				.value = pointer(value) };

	return sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

int sys_update(int map, const void *key, const void *value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map,
				.key = pointer(key),
				.value = pointer(value) };

	return sys_bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int sys_delete(int map, const void *key)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map, .key = pointer(key) };

	return sys_bpf(BPF_MAP_DELETE_ELEM, &attr);
}

int sys_next_key(int map, const void *key, void *next)
{
	union bpf_attr attr = { .map_fd = (uint32_t)map,
				.key = pointer(key),
				.next_key = pointer(next) };

	return sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr);
}

int sys_link_create(int program, int cgroup, enum bpf_attach_type attach)
{
	union bpf_attr attr = { .link_create = { .prog_fd = (uint32_t)program,
						 .target_fd = (uint32_t)cgroup,
						 .attach_type = attach } };

	return sys_bpf(BPF_LINK_CREATE, &attr);
}

int sys_link_update(int link, int program)
{
	union bpf_attr attr = { .link_update = { .link_fd = (uint32_t)link,
						 .new_prog_fd = (uint32_t)program } };

	return sys_bpf(BPF_LINK_UPDATE, &attr);
}

int sys_link_detach(int link)
{
	union bpf_attr attr = { .link_detach = { .link_fd = (uint32_t)link } };

	return sys_bpf(BPF_LINK_DETACH, &attr);
}

int sys_pin(int fd, const char *path)
{
	union bpf_attr attr = { .pathname = pointer(path), .bpf_fd = (uint32_t)fd };

	return sys_bpf(BPF_OBJ_PIN, &attr);
}

int sys_open_pin(const char *path)
{
	union bpf_attr attr = { .pathname = pointer(path) };

	return sys_bpf(BPF_OBJ_GET, &attr);
}

int sys_next_link(uint32_t id, uint32_t *next)
{
	union bpf_attr attr = { .start_id = id };
	int rc = sys_bpf(BPF_LINK_GET_NEXT_ID, &attr);

	*next = attr.next_id;
	return rc;
}

int sys_open_link(uint32_t id)
{
	union bpf_attr attr = { .link_id = id };

	return sys_bpf(BPF_LINK_GET_FD_BY_ID, &attr);
}

int sys_open_program(uint32_t id)
{
	union bpf_attr attr = { .prog_id = id };

	return sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

int sys_open_map(uint32_t id)
{
	union bpf_attr attr = { .map_id = id };

	return sys_bpf(BPF_MAP_GET_FD_BY_ID, &attr);
}

static int get_info(int fd, void *info, size_t size)
{
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd,
					  .info_len = (uint32_t)size,
					  .info = pointer(info) } };

	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int sys_link_info(int fd, struct bpf_link_info *info)
{
	*info = (struct bpf_link_info){ 0 };
	return get_info(fd, info, sizeof(*info));
}

int sys_map_info(int fd, struct bpf_map_info *info)
{
	*info = (struct bpf_map_info){ 0 };
	return get_info(fd, info, sizeof(*info));
}

int sys_program_info(int fd, struct bpf_prog_info *info, uint32_t *ids, uint32_t *n_ids)
{
	int rc;

	*info = (struct bpf_prog_info){ .map_ids = pointer(ids), .nr_map_ids = *n_ids };
	rc = get_info(fd, info, sizeof(*info));
	*n_ids = info->nr_map_ids < *n_ids ? info->nr_map_ids : *n_ids;
	return rc;
}
