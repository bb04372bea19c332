// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "object.h"
#include "set.h"
#include "sys.h"

#define LOG_SIZE 65536
/* The kernel writes a value for each processor that there could be: CONFIG_NR_CPUS, at most 8192.
 */
#define MAX_PROCESSORS 8192
#define ENTRIES \
	(3 * TOA_FROM_MAX) /* the current list, the one before, and one that is being written */

static const struct sys_map map_table[MAPS] = {
	[MAP_CLIENTS] = { "toa_clients", BPF_MAP_TYPE_SK_STORAGE, sizeof(int),
			  sizeof(struct toa_client), 0, BPF_F_NO_PREALLOC, true },
	[MAP_FROM] = { "toa_from", BPF_MAP_TYPE_LPM_TRIE, sizeof(struct toa_from), sizeof(uint32_t),
		       ENTRIES, BPF_F_NO_PREALLOC, false },
	[MAP_CONFIG] = { "toa_config", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t),
			 sizeof(struct toa_config), 1, 0, false },
	[MAP_COUNTERS] = { "toa_counters", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t),
			   sizeof(uint64_t), TOA_COUNTERS, 0, false },
	[MAP_SCRATCH] = { "toa_scratch", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t),
			  sizeof(struct toa_scratch), 1, 0, false },
};

static const struct {
	const char *name, *section;
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
} program_table[PROGRAMS] = {
	[PROGRAM_PEER4] = { "toa_peer4", "cgroup/getpeername4", BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
			    BPF_CGROUP_INET4_GETPEERNAME },
	[PROGRAM_PEER6] = { "toa_peer6", "cgroup/getpeername6", BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
			    BPF_CGROUP_INET6_GETPEERNAME },
	[PROGRAM_SOCKOPS] = { "toa_sockops", "sockops", BPF_PROG_TYPE_SOCK_OPS,
			      BPF_CGROUP_SOCK_OPS },
};

void set_init(struct set *set)
{
	memset(set, 0xff, sizeof(*set)); /* all -1 */
}

static void close_all(int *fds, int n)
{
	for (int i = 0; i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

void set_close(struct set *set)
{
	close_all(set->links, PROGRAMS);
	close_all(set->programs, PROGRAMS);
	close_all(set->maps, MAPS);
}

const char *set_map_name(enum set_map map)
{
	return map_table[map].name;
}

const char *set_program_name(enum set_program program)
{
	return program_table[program].name;
}

/* What to do about it, where the number says that. */
static int explain(struct ezlb_err *err, int rc, const char *what)
{
	struct utsname host;

	if (rc == -EPERM)
		return ezlb_err_set(err, EPERM,
				    "%s: not permitted; it needs root (CAP_BPF, "
				    "CAP_NET_ADMIN and CAP_PERFMON)",
				    what);
	if (rc != -EINVAL && rc != -ENOSYS && rc != -EOPNOTSUPP)
		return ezlb_err_sys(err, -rc, "%s", what);
	uname(&host);
	return ezlb_err_sys(err, -rc,
			    "%s: kernel %.40s does not know it; it needs 5.10 or later with "
			    "CONFIG_CGROUP_BPF and CONFIG_BPF_SYSCALL",
			    what, host.release);
}

int set_make_maps(struct set *set, struct ezlb_err *err)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	/* Before 5.11 the kernel counts maps as locked memory. */
	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
	for (enum set_map map = 0; map < MAPS; map++) {
		if (set->maps[map] >= 0)
			continue;
		set->maps[map] = sys_map_create(&map_table[map]);
		if (set->maps[map] < 0)
			return explain(err, set->maps[map], "create BPF maps");
	}
	return 0;
}

bool set_map_fits(enum set_map map, int fd)
{
	const struct sys_map *want = &map_table[map];
	struct bpf_map_info info;

	return sys_map_info(fd, &info) == 0 && info.type == want->type &&
	       info.key_size == want->key_size && info.value_size == want->value_size &&
	       info.max_entries == want->max_entries && info.map_flags == want->flags;
}

static int map_called(const struct set *set, const char *name)
{
	for (enum set_map map = 0; map < MAPS; map++)
		if (strcmp(map_table[map].name, name) == 0)
			return set->maps[map];
	return -1;
}

static int give_maps(const struct set *set, struct object_program *code, struct ezlb_err *err)
{
	for (size_t i = 0; i < code->uses.len; i++) {
		struct bpf_insn *insn = &code->insns[code->uses.items[i].insn];
		int map = map_called(set, code->uses.items[i].map);

		if (map < 0)
			return ezlb_err_set(err, EINVAL, "the BPF programs use an unknown map '%s'",
					    code->uses.items[i].map);
		insn->src_reg = BPF_PSEUDO_MAP_FD;
		insn->imm = map;
	}
	return 0;
}

/* The verifier ends with its reason and a line of numbers. */
static const char *last_reason(char *log)
{
	char *end = strstr(log, "\nprocessed "), *line;

	if (end)
		*end = '\0';
	line = strrchr(log, '\n');
	return line ? line + 1 : log;
}

static int refused(struct sys_program *program, int rc, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *log = ezlb_calloc(1, LOG_SIZE);

	program->log = log;
	program->log_size = LOG_SIZE;
	if (rc == -EPERM || sys_program_load(program) != rc || log[0] == '\0')
		return explain(err, rc, "load the BPF programs");
	return ezlb_err_sys(err, -rc, "the kernel refuses the program %s: %.120s", program->name,
			    last_reason(log));
}

static int load(const struct set *set, enum set_program which, struct ezlb_err *err)
{
	struct object_program code;
	struct sys_program program;
	int rc;

	rc = object_read(object_bytes, object_size, program_table[which].section, &code, err);
	if (rc == 0)
		rc = give_maps(set, &code, err);
	if (rc == 0) {
		program = (struct sys_program){
			.name = program_table[which].name,
			.type = program_table[which].type,
			.attach = program_table[which].attach,
			.insns = code.insns,
			.n_insns = code.n_insns,
		};
		rc = sys_program_load(&program);
		if (rc < 0)
			refused(&program, rc, err);
	}
	object_clear(&code);
	return rc;
}

int set_load(struct set *set, struct ezlb_err *err)
{
	for (enum set_program program = 0; program < PROGRAMS; program++) {
		set->programs[program] = load(set, program, err);
		if (set->programs[program] < 0)
			return set->programs[program];
	}
	return 0;
}

struct keys EZLB_VEC(struct toa_from);

static int read_keys(int map, struct keys *keys)
{
	const struct toa_from *last = NULL;
	struct toa_from key;
	int rc;

	while ((rc = sys_next_key(map, last, &key)) == 0 && keys->len <= ENTRIES) {
		*EZLB_PUSH(keys) = key;
		last = &keys->items[keys->len - 1];
	}
	return rc == -ENOENT ? 0 : rc;
}

static int current(const struct set *set, uint32_t *generation)
{
	struct toa_config config;
	int rc = sys_lookup(set->maps[MAP_CONFIG], &(uint32_t){ 0 }, &config);

	*generation = rc == 0 ? config.generation : 0;
	return rc;
}

/* Programs that have just looked for the generation look for its entries now, so the last list
 * stays until the next. */
static int forget_others(const struct set *set, uint32_t generation)
{
	struct keys keys = { 0 };
	int rc = read_keys(set->maps[MAP_FROM], &keys);

	for (size_t i = 0; i < keys.len && rc == 0; i++)
		if (keys.items[i].generation != generation)
			rc = sys_delete(set->maps[MAP_FROM], &keys.items[i]);
	EZLB_VEC_CLEAR(&keys);
	return rc;
}

static int write_list(const struct set *set, const struct from_list *list)
{
	struct toa_config config;
	int rc = current(set, &config.generation);

	if (rc == 0)
		rc = forget_others(set, config.generation);
	config.generation++;
	for (size_t i = 0; i < list->len && rc == 0; i++) {
		struct toa_from key = from_to_key(&list->items[i], config.generation);

		rc = sys_update(set->maps[MAP_FROM], &key, &(uint32_t){ 1 });
	}
	return rc < 0 ? rc : sys_update(set->maps[MAP_CONFIG], &(uint32_t){ 0 }, &config);
}

int set_believe(struct set *set, const struct from_list *list, struct ezlb_err *err)
{
	int rc = write_list(set, list);

	return rc < 0 ? ezlb_err_sys(err, -rc, "write the list of balancers") : 0;
}

int set_read_list(const struct set *set, struct from_list *list, struct ezlb_err *err)
{
	struct keys keys = { 0 };
	uint32_t generation;
	int rc = current(set, &generation);

	if (rc == 0)
		rc = read_keys(set->maps[MAP_FROM], &keys);
	for (size_t i = 0; i < keys.len && rc == 0; i++)
		if (keys.items[i].generation == generation)
			*EZLB_PUSH(list) = from_of_key(&keys.items[i]);
	EZLB_VEC_CLEAR(&keys);
	EZLB_SORT(list, from_cmp);
	return rc < 0 ? ezlb_err_sys(err, -rc, "read the list of balancers") : 0;
}

int set_read_counters(const struct set *set, uint64_t counters[TOA_COUNTERS], struct ezlb_err *err)
{
	EZLB_AUTO_FREE uint64_t *values = ezlb_calloc(MAX_PROCESSORS, sizeof(*values));

	for (uint32_t i = 0; i < TOA_COUNTERS; i++) {
		int rc = sys_lookup(set->maps[MAP_COUNTERS], &i, values);

		if (rc < 0)
			return ezlb_err_sys(err, -rc, "read the counters");
		counters[i] = 0;
		for (size_t cpu = 0; cpu < MAX_PROCESSORS; cpu++)
			counters[i] += values[cpu];
	}
	return 0;
}

int set_link(const struct set *set, enum set_program program, int cgroup, struct ezlb_err *err)
{
	int link = sys_link_create(set->programs[program], cgroup, program_table[program].attach);

	if (link == -EPERM)
		return ezlb_err_set(err, EPERM,
				    "attach %s to the cgroup: not permitted; another program "
				    "there or above tolerates none beside it (`bpftool cgroup "
				    "tree` shows it)",
				    program_table[program].name);
	if (link < 0)
		return explain(err, link, "attach the BPF programs to the cgroup");
	return link;
}
