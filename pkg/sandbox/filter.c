// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two filters each. The first one refuses what libraries are known to try: in silence. The second
 * one is a list of what is permitted; the kernel logs what it refuses.
 * Source: kernel/seccomp.c (seccomp_run_filters: of two filters that
 * refuse, the younger one decides).
 */
#include "inside.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAMILIES 64 /* more than the kernel has */
#define CLONE_NAMESPACES                                                               \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)
#define TYPE_MASK (~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK))

struct filter {
	scmp_filter_ctx ctx;
	int rc; /* of the first call that failed */
};

static void add(struct filter *f, uint32_t action, const char *name, unsigned n,
		const struct scmp_arg_cmp *cmps)
{
	int nr = seccomp_syscall_resolve_name(name);
	int rc = nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add_array(f->ctx, action, nr, n, cmps);

	if (rc < 0 && rc != -EDOM && f->rc == 0) /* EDOM: this processor does not have it */
		f->rc = rc;
}

static void add_all(struct filter *f, uint32_t action, const char *const *names)
{
	for (; *names; names++)
		add(f, action, *names, 0, NULL);
}

static void allow_value(struct filter *f, const char *name, unsigned arg, uint64_t value)
{
	const struct scmp_arg_cmp cmp = SCMP_CMP64(arg, SCMP_CMP_EQ, value);

	add(f, SCMP_ACT_ALLOW, name, 1, &cmp);
}

static void when_masked(struct filter *f, uint32_t action, const char *name, unsigned arg,
			uint64_t mask, uint64_t value)
{
	const struct scmp_arg_cmp cmp = SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, mask, value);

	add(f, action, name, 1, &cmp);
}

static int begin(struct filter *f, uint32_t otherwise)
{
	*f = (struct filter){ .ctx = seccomp_init(otherwise) };
	if (!f->ctx)
		return -ENOMEM;
	/* 32 bit programs and x32. */
	f->rc = seccomp_attr_set(f->ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (f->rc == 0)
		f->rc = seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	return f->rc;
}

static int finish(struct filter *f)
{
	if (f->rc == 0)
		f->rc = seccomp_load(f->ctx);
	seccomp_release(f->ctx);
	return f->rc;
}

/*
 * A worker and its spawner are of one user, so the kernel would let the one send any signal to the
 * other (F_SETOWN, F_SETSIG). And with SO_LINGER the last close() of a socket waits: a worker that
 * sends such a socket to the daemon would have the daemon wait.
 */
static void tricks(struct filter *f)
{
	static const int commands[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG };
	const struct scmp_arg_cmp linger[] = {
		SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, UINT32_MAX, SOL_SOCKET),
		SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, UINT32_MAX, SO_LINGER)
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		when_masked(f, SCMP_ACT_ERRNO(EPERM), "fcntl", 1, UINT32_MAX,
			    (uint64_t)commands[i]);
		when_masked(f, SCMP_ACT_ERRNO(EPERM), "fcntl64", 1, UINT32_MAX,
			    (uint64_t)commands[i]);
	}
	add(f, SCMP_ACT_ERRNO(EPERM), "setsockopt", 2, linger);
}

/* --- what is refused in silence ----------------------------------------------------------------
 */

static int load_quiet(enum filter_kind kind)
{
	struct filter f;

	if (begin(&f, SCMP_ACT_ALLOW) == 0) {
		/* Its flags are in memory, so a filter cannot see them. libc then uses clone. */
		add(&f, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
		/* It would do system calls that no filter sees. libuv then does without. */
		add(&f, SCMP_ACT_ERRNO(ENOSYS), "io_uring_setup", 0, NULL);
		/* Both write to the terminal that ezlb was started from as if somebody typed. */
		when_masked(&f, SCMP_ACT_ERRNO(EPERM), "ioctl", 1, UINT32_MAX, TIOCSTI);
		when_masked(&f, SCMP_ACT_ERRNO(EPERM), "ioctl", 1, UINT32_MAX, TIOCLINUX);
		if (kind != FILTER_DAEMON)
			tricks(&f);
		/* malloc and libuv look for files below /proc and /sys, and do without. */
		if (kind == FILTER_WORKER)
			add_all(&f, SCMP_ACT_ERRNO(EACCES), calls_paths);
	}
	return finish(&f);
}

/* --- what is permitted -------------------------------------------------------------------------
 */

static void threads_only(struct filter *f)
{
	when_masked(f, SCMP_ACT_ALLOW, "clone", 0, CLONE_THREAD, CLONE_THREAD);
	when_masked(f, SCMP_ACT_ERRNO(EPERM), "clone", 0, CLONE_THREAD, 0);
}

/* Of `socket` the families for which `permitted` has a bit; no rule for these. */
static void refuse_families(struct filter *f, uint64_t permitted)
{
	const struct scmp_arg_cmp rest = SCMP_CMP64(0, SCMP_CMP_GE, FAMILIES);

	for (unsigned family = 0; family < FAMILIES; family++) {
		const struct scmp_arg_cmp cmp = SCMP_CMP64(0, SCMP_CMP_EQ, family);

		if (!(permitted >> family & 1))
			add(f, SCMP_ACT_ERRNO(EPERM), "socket", 1, &cmp);
	}
	add(f, SCMP_ACT_ERRNO(EPERM), "socket", 1, &rest);
}

/* libcurl opens a UDP socket to see whether there is IPv6. No raw sockets, and no ICMP. */
static void inet_sockets(struct filter *f)
{
	static const struct {
		int family, type, protocol;
	} sockets[] = { { AF_INET, SOCK_STREAM, 0 },  { AF_INET, SOCK_STREAM, IPPROTO_TCP },
			{ AF_INET, SOCK_DGRAM, 0 },   { AF_INET, SOCK_DGRAM, IPPROTO_UDP },
			{ AF_INET6, SOCK_STREAM, 0 }, { AF_INET6, SOCK_STREAM, IPPROTO_TCP },
			{ AF_INET6, SOCK_DGRAM, 0 },  { AF_INET6, SOCK_DGRAM, IPPROTO_UDP } };

	for (size_t i = 0; i < sizeof(sockets) / sizeof(*sockets); i++) {
		const struct scmp_arg_cmp cmps[] = {
			SCMP_CMP64(0, SCMP_CMP_EQ, (uint64_t)sockets[i].family),
			SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, TYPE_MASK, (uint64_t)sockets[i].type),
			SCMP_CMP64(2, SCMP_CMP_EQ, (uint64_t)sockets[i].protocol)
		};

		add(f, SCMP_ACT_ALLOW, "socket", 3, cmps);
	}
	refuse_families(f, 1u << AF_INET | UINT64_C(1) << AF_INET6);
}

static void worker_calls(struct filter *f)
{
	inet_sockets(f);
	allow_value(f, "ioctl", 1, FIONBIO);
	allow_value(f, "ioctl", 1, FIONREAD);
	allow_value(f, "prctl", 0, PR_SET_NAME);
	allow_value(f, "prctl", 0, PR_SET_VMA);
	allow_value(f, "prctl", 0, PR_SET_PDEATHSIG);
	/* fstat of libc 2.36 is this, with an empty path. */
	when_masked(f, SCMP_ACT_ALLOW, "newfstatat", 3, AT_EMPTY_PATH, AT_EMPTY_PATH);
	when_masked(f, SCMP_ACT_ALLOW, "statx", 2, AT_EMPTY_PATH, AT_EMPTY_PATH);
	allow_value(f, "tgkill", 0, (uint64_t)getpid());
	allow_value(f, "kill", 0, (uint64_t)getpid());
	threads_only(f);
}

static void spawner_calls(struct filter *f)
{
	inet_sockets(f);
	add_all(f, SCMP_ACT_ALLOW, calls_spawner);
	add(f, SCMP_ACT_ALLOW, "tgkill", 0, NULL); /* of its children to themselves */
	when_masked(f, SCMP_ACT_ALLOW, "openat", 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	when_masked(f, SCMP_ACT_ALLOW, "clone", 0, CLONE_NAMESPACES, 0);
}

/* Those that pkg/toa and pkg/changes need: none that reaches what others have loaded by its number.
 */
static void bpf_calls(struct filter *f)
{
	static const enum bpf_cmd commands[] = { BPF_MAP_CREATE,	BPF_MAP_LOOKUP_ELEM,
						 BPF_MAP_UPDATE_ELEM,	BPF_MAP_DELETE_ELEM,
						 BPF_MAP_GET_NEXT_KEY,	BPF_MAP_LOOKUP_BATCH,
						 BPF_MAP_FREEZE,	BPF_PROG_LOAD,
						 BPF_PROG_TEST_RUN,	BPF_BTF_LOAD,
						 BPF_OBJ_PIN,		BPF_OBJ_GET,
						 BPF_OBJ_GET_INFO_BY_FD };

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		allow_value(f, "bpf", 0, (uint64_t)commands[i]);
}

/* libkmod uses init_module for a compressed module that the kernel cannot unpack. */
static void needed_calls(struct filter *f, const struct ezlb_sandbox_needs *needs)
{
	uint32_t modules = needs && needs->modules ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM);
	bool kernel = needs && needs->kernel;

	add(f, modules, "finit_module", 0, NULL);
	add(f, modules, "init_module", 0, NULL);
	add(f, kernel ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), "perf_event_open", 0, NULL);
	if (kernel)
		bpf_calls(f);
	else
		add(f, SCMP_ACT_ERRNO(EPERM), "bpf", 0, NULL);
}

static void daemon_calls(struct filter *f)
{
	uint64_t families = 1u << AF_UNIX | 1u << AF_INET | 1u << AF_INET6 | 1u << AF_NETLINK;

	for (unsigned family = 0; family < FAMILIES; family++)
		if (families >> family & 1)
			allow_value(f, "socket", 0, family);
	refuse_families(f, families);
	add_all(f, SCMP_ACT_ALLOW, calls_daemon);
	/* The leak check at the end of a sanitizer's build is a process that traces this one. */
	if (SANITIZED) {
		add(f, SCMP_ACT_ALLOW, "clone", 0, NULL);
		add(f, SCMP_ACT_ALLOW, "prctl", 0, NULL);
		add(f, SCMP_ACT_ALLOW, "kill", 0, NULL);
		add(f, SCMP_ACT_ALLOW, "tgkill", 0, NULL);
		return;
	}
	threads_only(f);
	allow_value(f, "tgkill", 0, (uint64_t)getpid()); /* abort() */
	allow_value(f, "prctl", 0, PR_SET_NAME);
	allow_value(f, "prctl", 0, PR_SET_VMA);
}

/* What the quiet filter refuses is permitted here: else this filter, the younger one, would log it.
 */
static void quiet_calls(struct filter *f, enum filter_kind kind)
{
	add(f, SCMP_ACT_ALLOW, "clone3", 0, NULL);
	add(f, SCMP_ACT_ALLOW, "io_uring_setup", 0, NULL);
	if (kind == FILTER_WORKER)
		add_all(f, SCMP_ACT_ALLOW, calls_paths);
}

static int load_list(enum filter_kind kind, const struct ezlb_sandbox_needs *needs)
{
	bool traced = SANITIZED && kind == FILTER_DAEMON;
	struct filter f;

	if (begin(&f, SCMP_ACT_ERRNO(ENOSYS)) < 0)
		return finish(&f);
	seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_LOG, 1); /* Linux before 4.14 cannot */
	add_all(&f, SCMP_ACT_ALLOW, calls_all);
	allow_value(&f, "socketpair", 0, AF_UNIX);
	when_masked(&f, SCMP_ACT_ALLOW, "prlimit64", 0, UINT32_MAX, 0); /* its own limits */
	quiet_calls(&f, kind);
	if (kind == FILTER_WORKER)
		worker_calls(&f);
	else if (kind == FILTER_SPAWNER)
		spawner_calls(&f);
	else
		daemon_calls(&f);
	needed_calls(&f, needs);
	add(&f, traced ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), "ptrace", 0, NULL);
	add_all(&f, SCMP_ACT_ERRNO(EPERM), calls_denied);
	return finish(&f);
}

int filter_load(enum filter_kind kind, const struct ezlb_sandbox_needs *needs)
{
	int rc = load_quiet(kind);

	return rc < 0 ? rc : load_list(kind, needs);
}
