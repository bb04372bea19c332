// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The programs are six instructions each and know no type of the kernel, so they are written here
 * as such and need neither a compiler for BPF nor BTF. kprobes and not fentry: fentry needs the BTF
 * of the module, which not every kernel has.
 * Source: kernel/events/core.c (perf_kprobe), kernel/trace/trace_kprobe.c.
 */
#include "kernel.h"

#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ezlb/mem.h>

#define PROBES (2 * EZLB_CHANGES_FUNCTIONS) /* begin and end of each function */
#define PMU    "/sys/bus/event_source/devices/kprobe/"

/* One function, and the setsockopt that reaches it and is refused: its length is wrong. */
struct function {
	const char *name;	   /* NULL: the table has no more */
	int family, level, option; /* family 0: by the function `netlink` */
};

static const struct function functions[][EZLB_CHANGES_FUNCTIONS] = {
	/* The option of IPVS is IP_VS_BASE_CTL, which no command uses. */
	[EZLB_CHANGES_IPVS] = { { "do_ip_vs_set_ctl", AF_INET, SOL_IP, 64 + 1024 + 64 },
				{ "ip_vs_genl_set_cmd", 0, 0, 0 } },
	/* SET_ADD_COUNTERS: one byte is too short for its head. */
	[EZLB_CHANGES_IPTABLES] = { { "do_ipt_set_ctl", AF_INET, SOL_IP, 65 } },
	[EZLB_CHANGES_IP6TABLES] = { { "do_ip6t_set_ctl", AF_INET6, SOL_IPV6, 65 } },
};

struct kernel {
	const struct function *functions;
	unsigned n;
	void (*netlink)(void *arg);
	void *arg;
	int socket; /* -1: none; for the calls */
	int map;
	uint64_t *counts; /* begun and ended of each function; mapped */
	int programs[PROBES], events[PROBES];
	pthread_t thread; /* it attaches */
	enum { IDLE, READY, RUNNING } state;
	pthread_mutex_t lock; /* of `order` */
	pthread_cond_t ordered;
	enum { WAIT, ATTACH, END } order; /* for the thread */
	atomic_bool done;		  /* the thread has nothing more to do */
	int rc;				  /* its result */
	struct ezlb_err err;
};

/* --- system calls ---------------------------------------------------------------------------- */

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long rc = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return rc < 0 ? -errno : (int)rc;
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int create_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = PROBES * sizeof(uint64_t);
	attr.max_entries = 1;
	attr.map_flags = BPF_F_MMAPABLE;
	ezlb_strcpy(attr.map_name, sizeof(attr.map_name), "ezlb_changes");
	return bpf(BPF_MAP_CREATE, &attr);
}

/* counts[index]++, atomically; then "not for perf". */
static int load_program(int map, unsigned index)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW, /* BPF_IMM is 0 */
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE,
		  .imm = map },
		{ .imm = (int)(index * sizeof(uint64_t)) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 1 },
		{ .code = BPF_STX | BPF_DW | BPF_ATOMIC,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_REG_2,
		  .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_KPROBE;
	attr.insns = address(insns);
	attr.insn_cnt = sizeof(insns) / sizeof(*insns);
	attr.license = address("GPL");
	ezlb_strcpy(attr.prog_name, sizeof(attr.prog_name), "ezlb_changes");
	return bpf(BPF_PROG_LOAD, &attr);
}

/* The number at the end of a file of the PMU ("8", "config:0"); -errno if there is none. */
static int read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[32] = "", *end = NULL;
	const char *digits;
	long n;

	if (!file)
		return errno == ENOENT ? -EOPNOTSUPP : -errno;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	digits = line + strcspn(line, "0123456789");
	n = strtol(digits, &end, 10);
	return end == digits || n > INT_MAX ? -EOPNOTSUPP : (int)n;
}

/* One descriptor for all CPUs and processes: the program runs wherever the function is called. */
static int open_event(const char *name, bool at_end)
{
	int type = read_number(PMU "type");
	int bit = read_number(PMU "format/retprobe");
	struct perf_event_attr attr;
	long fd;

	if (type < 0 || bit < 0 || bit > 63)
		return type < 0 ? type : -EOPNOTSUPP;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = (uint32_t)type;
	attr.config = at_end ? 1ull << bit : 0;
	attr.config1 = address(name);
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

/* --- the probes ------------------------------------------------------------------------------ */

static void detach(void *arg)
{
	struct kernel *k = arg;

	for (unsigned i = 0; i < PROBES; i++) {
		ezlb_close_fd(&k->events[i]);
		ezlb_close_fd(&k->programs[i]);
	}
	if (k->counts)
		munmap(k->counts, PROBES * sizeof(uint64_t));
	k->counts = NULL;
	ezlb_close_fd(&k->map);
	ezlb_close_fd(&k->socket);
}

static int open_counts(struct kernel *k, struct ezlb_err *err)
{
	void *counts;

	k->map = create_map();
	if (k->map < 0)
		return ezlb_err_sys(err, -k->map, "cannot create a BPF map");
	counts = mmap(NULL, PROBES * sizeof(uint64_t), PROT_READ, MAP_SHARED, k->map, 0);
	if (counts == MAP_FAILED)
		return ezlb_err_sys(err, errno, "cannot map a BPF map");
	k->counts = counts;
	return 0;
}

static int attach_probe(struct kernel *k, unsigned index, struct ezlb_err *err)
{
	const char *name = k->functions[index / 2].name;
	int fd;

	k->programs[index] = load_program(k->map, index);
	if (k->programs[index] < 0)
		return ezlb_err_sys(err, -k->programs[index], "cannot load a BPF program");
	k->events[index] = fd = open_event(name, index % 2);
	if (fd < 0)
		return ezlb_err_sys(err, -fd, "cannot probe the kernel's function %s", name);
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, k->programs[index]) < 0 ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return ezlb_err_sys(err, errno, "cannot attach a BPF program to %s", name);
	return 0;
}

/* The ends come first: then each call whose begin is counted has its end counted, too. */
static int attach_all(struct kernel *k, struct ezlb_err *err)
{
	int rc = open_counts(k, err);

	for (unsigned i = 0; rc == 0 && i < k->n; i++)
		rc = attach_probe(k, 2 * i + 1, err);
	for (unsigned i = 0; rc == 0 && i < k->n; i++)
		rc = attach_probe(k, 2 * i, err);
	if (rc == 0) {
		k->socket = socket(k->functions[0].family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (k->socket < 0)
			rc = ezlb_err_sys(err, errno, "cannot open a socket");
	}
	if (rc < 0)
		detach(k);
	return rc;
}

static void *run(void *arg)
{
	struct kernel *k = arg;

	pthread_mutex_lock(&k->lock);
	while (k->order == WAIT)
		pthread_cond_wait(&k->ordered, &k->lock);
	pthread_mutex_unlock(&k->lock);
	if (k->order == ATTACH)
		k->rc = attach_all(k, &k->err);
	atomic_store(&k->done, true);
	return NULL;
}

static bool start_thread(struct kernel *k)
{
	sigset_t all, before;
	int rc;

	atomic_store(&k->done, false);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&k->thread, NULL, run, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0;
}

static void give_order(struct kernel *k, int order)
{
	pthread_mutex_lock(&k->lock);
	k->order = order;
	pthread_cond_signal(&k->ordered);
	pthread_mutex_unlock(&k->lock);
}

static void prepare(void *arg)
{
	struct kernel *k = arg;

	if (k->state != IDLE)
		return;
	k->order = WAIT;
	if (start_thread(k))
		k->state = READY;
}

/*
 * The kernel changes its own code for a probe and waits for all CPUs, for as long as a second where
 * these are busy. So a thread of its own attaches: nobody else waits.
 */
static int attach(void *arg, struct ezlb_err *err)
{
	struct kernel *k = arg;

	prepare(k);
	if (k->state == IDLE)
		return attach_all(k, err);
	if (k->state == READY)
		give_order(k, ATTACH);
	k->state = RUNNING;
	if (!atomic_load(&k->done))
		return -EINPROGRESS;
	pthread_join(k->thread, NULL);
	k->state = IDLE;
	*err = k->err;
	return k->rc;
}

static void close_kernel(void *arg)
{
	struct kernel *k = arg;

	if (k->state == READY)
		give_order(k, END);
	if (k->state != IDLE)
		pthread_join(k->thread, NULL);
	if (k->state == RUNNING)
		detach(k);
	free(k);
}

static void read_counts(void *arg, struct ezlb_changes_count counts[EZLB_CHANGES_FUNCTIONS])
{
	const struct kernel *k = arg;

	for (unsigned i = 0; i < k->n; i++) {
		/* The end first, so that there are never more ends than begins. */
		counts[i].ended = __atomic_load_n(&k->counts[2 * i + 1], __ATOMIC_ACQUIRE);
		counts[i].begun = __atomic_load_n(&k->counts[2 * i], __ATOMIC_ACQUIRE);
	}
}

/* Whatever the kernel answers: the counts say whether it has called the function. */
static void call(void *arg, unsigned function)
{
	const struct kernel *k = arg;
	const struct function *f = &k->functions[function];
	const char byte = 0;

	if (f->family)
		setsockopt(k->socket, f->level, f->option, &byte, sizeof(byte));
	else
		k->netlink(k->arg);
}

struct ezlb_changes_source changes_kernel(enum ezlb_changes_table table, void (*netlink)(void *arg),
					  void *arg)
{
	struct kernel *k = ezlb_calloc(1, sizeof(*k));

	*k = (struct kernel){ .functions = functions[table],
			      .netlink = netlink,
			      .arg = arg,
			      .socket = -1,
			      .lock = PTHREAD_MUTEX_INITIALIZER,
			      .ordered = PTHREAD_COND_INITIALIZER,
			      .map = -1 };
	while (k->n < EZLB_CHANGES_FUNCTIONS && k->functions[k->n].name)
		k->n++;
	for (unsigned i = 0; i < PROBES; i++)
		k->programs[i] = k->events[i] = -1;
	return (struct ezlb_changes_source){ .functions = k->n,
					     .prepare = prepare,
					     .attach = attach,
					     .detach = detach,
					     .read = read_counts,
					     .call = call,
					     .close = close_kernel,
					     .arg = k };
}
