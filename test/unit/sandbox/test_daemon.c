// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon keeps and gives up, by what it needs. */
#include "child.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <ezlb/sandbox.h>

#define CAP(name) (UINT64_C(1) << CAP_##name)

static struct ezlb_sandbox_state before;

static int setup(void **state)
{
	(void)state;
	return ezlb_sandbox_look(0, &before, NULL);
}

struct row {
	const char *name;
	struct ezlb_sandbox_needs needs;
	uint64_t caps;
};

static const struct row rows[] = {
	{ "nothing", { .kernel = false }, CAP(DAC_READ_SEARCH) },
	{ "kernel",
	  { .kernel = true },
	  CAP(DAC_READ_SEARCH) | CAP(NET_ADMIN) | CAP(NET_RAW) | CAP(BPF) | CAP(PERFMON) },
	{ "modules", { .modules = true }, CAP(DAC_READ_SEARCH) | CAP(SYS_MODULE) },
	{ "port", { .low_port = true }, CAP(DAC_READ_SEARCH) | CAP(NET_BIND_SERVICE) },
	{ "log", { .log_file = true }, CAP(DAC_READ_SEARCH) | CAP(DAC_OVERRIDE) },
};

static void *look(void *arg)
{
	ezlb_sandbox_look(0, arg, NULL);
	return NULL;
}

static void caps(struct child *child, void *arg)
{
	struct row *row = arg;
	struct ezlb_sandbox_state after;
	struct ezlb_err err = { 0 };
	pthread_t thread;

	CHILD_EQUAL(child, 0, ezlb_sandbox_daemon(&row->needs, &err));
	CHILD_EQUAL(child, 0, pthread_create(&thread, NULL, look, &after));
	CHILD_EQUAL(child, 0, pthread_join(thread, NULL));
	CHILD_EQUAL(child, before.uid, after.uid);
	CHILD_EQUAL(child, row->caps & before.permitted, after.permitted);
	if (before.permitted & CAP(SETPCAP))
		CHILD_EQUAL(child, row->caps & before.bounding, after.bounding);
	CHILD_EQUAL(child, true, after.no_new_privs);
	CHILD_EQUAL(child, true, after.filtered);
}

static void test_caps(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct row row = rows[i];

		in_child(caps, &row);
	}
}

static void refused(struct child *child, void *arg)
{
	char *const argv[] = { (char[]){ "true" }, NULL };
	int fd;

	CHILD_EQUAL(child, 0, ezlb_sandbox_daemon(arg, NULL));
	CHILD_FAILS(child, EPERM, execve("/bin/true", argv, NULL));
	CHILD_FAILS(child, EPERM, mount("none", "/", "tmpfs", 0, NULL));
	CHILD_FAILS(child, EPERM, setuid(65534));
	CHILD_FAILS(child, EPERM, chown("/", 0, 0));
	CHILD_FAILS(child, EPERM, socket(AF_PACKET, SOCK_RAW, 0));
	CHILD_FAILS(child, EPERM, socket(AF_ALG, SOCK_SEQPACKET, 0));
	CHILD_FAILS(child, EPERM, syscall(SYS_kexec_load, 0, 0, NULL, 0));
	CHILD_FAILS(child, EPERM, syscall(SYS_process_vm_readv, 0, NULL, 0, NULL, 0, 0));
	CHILD_FAILS(child, EPERM, ioctl(child->out, TIOCSTI, "x"));
	CHILD_FAILS(child, ENOSYS, chmod("/no/file", 04755));
	CHILD_FAILS(child, ENOSYS, symlink("/no/file", "/no/link"));
	CHILD_FAILS(child, ENOSYS, syscall(SYS_pidfd_open, getppid(), 0));
	CHILD_FAILS(child, ENOSYS, syscall(SYS_seccomp, 0, 0, NULL));
#ifndef __SANITIZE_ADDRESS__ /* its leak check is a process that traces */
	CHILD_FAILS(child, EPERM, fork());
	CHILD_FAILS(child, ENOSYS, kill(getppid(), 0));
	CHILD_FAILS(child, ENOSYS, syscall(SYS_tgkill, getppid(), getppid(), 0));
	CHILD_FAILS(child, 0, raise(0));
	CHILD_FAILS(child, EPERM, ptrace(PTRACE_TRACEME, 0, NULL, NULL));
#endif
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	CHILD_EQUAL(child, true, fd >= 0);
	CHILD_FAILS(child, 0, inotify_add_watch(inotify_init1(IN_CLOEXEC), "/tmp", IN_CREATE));
	CHILD_FAILS(child, 0, socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
	CHILD_FAILS(child, 0, socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static void test_refused(void **state)
{
	struct ezlb_sandbox_needs needs = { .kernel = true, .modules = true };

	(void)state;
	in_child(refused, &needs);
}

/* Calls that change nothing whatever the answer is. */
static long ask(int which)
{
	errno = 0;
	if (which == 0)
		syscall(SYS_finit_module, -1, "", 0);
	else if (which == 1)
		syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0);
	else
		syscall(SYS_bpf, BPF_OBJ_GET, 1, 16);
	return errno;
}

/* What is needed is answered by the kernel, as before. */
static void asked(struct child *child, void *arg)
{
	const struct ezlb_sandbox_needs *needs = arg;
	const long was[] = { ask(0), ask(1), ask(2) };

	CHILD_EQUAL(child, 0, ezlb_sandbox_daemon(needs, NULL));
	CHILD_EQUAL(child, needs->modules ? was[0] : EPERM, ask(0));
	CHILD_EQUAL(child, needs->kernel ? was[1] : EPERM, ask(1));
	CHILD_EQUAL(child, needs->kernel ? was[2] : EPERM, ask(2));
	CHILD_FAILS(child, needs->kernel ? ENOSYS : EPERM,
		    syscall(SYS_bpf, BPF_MAP_GET_FD_BY_ID, 1, 16));
}

static void test_needs(void **state)
{
	struct ezlb_sandbox_needs none = { .kernel = false };
	struct ezlb_sandbox_needs all = { .kernel = true, .modules = true };

	(void)state;
	in_child(asked, &none);
	in_child(asked, &all);
}

struct older {
	int pipes[2]; /* the end of it: now */
	int answer;
};

static void *try_after_end(void *arg)
{
	struct older *older = arg;
	char byte;

	if (read(older->pipes[0], &byte, 1) != 0)
		abort();
	older->answer = socket(AF_PACKET, SOCK_RAW, 0) < 0 ? errno : 0;
	return NULL;
}

/* The filter is that of all threads; capabilities are not, and this is said unless it is expected.
 */
static void too_late(struct child *child, void *arg)
{
	struct ezlb_sandbox_needs needs = { .kernel = true, .threads = 1 };
	struct older older = { .answer = -1 };
	struct ezlb_err err = { 0 };
	pthread_t thread;

	(void)arg;
	CHILD_FAILS(child, 0, pipe(older.pipes));
	CHILD_EQUAL(child, 0, pthread_create(&thread, NULL, try_after_end, &older));
	CHILD_EQUAL(child, 0, ezlb_sandbox_daemon(&needs, NULL));
	needs.threads = 0;
	CHILD_EQUAL(child, -EBUSY, ezlb_sandbox_daemon(&needs, &err));
	CHILD_EQUAL(child, 0, strncmp(err.msg, "cannot drop capabilities of all threads: ", 41));
	close(older.pipes[1]);
	pthread_join(thread, NULL);
	CHILD_EQUAL(child, EPERM, older.answer);
}

static void test_too_late(void **state)
{
	(void)state;
	in_child(too_late, NULL);
}

static void test_format(void **state)
{
	static const struct {
		uint64_t caps;
		const char *want;
	} formats[] = {
		{ 0, "none" },
		{ CAP(NET_ADMIN), "net_admin" },
		{ CAP(NET_ADMIN) | CAP(DAC_READ_SEARCH), "dac_read_search,net_admin" },
		{ (CAP(LAST_CAP) << 1) - 1, "all" },
		{ UINT64_MAX, "all" },
	};
	char buf[EZLB_SANDBOX_CAPS_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		assert_string_equal(ezlb_sandbox_caps_format(formats[i].caps, buf),
				    formats[i].want);
	/* The longest text has all but one. */
	ezlb_sandbox_caps_format(((CAP(LAST_CAP) << 1) - 1) & ~CAP(CHOWN), buf);
	assert_true(strstr(buf, "checkpoint_restore") != NULL);
}

static void test_look(void **state)
{
	struct ezlb_sandbox_state seen;
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(ezlb_sandbox_look(getpid(), &seen, &err), 0);
	assert_int_equal(seen.uid, geteuid());
	assert_int_equal(seen.threads, 1);
	assert_true(ezlb_sandbox_look(0x7fffffff, &seen, &err) < 0);
	assert_int_equal(err.code, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caps),   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_needs),  cmocka_unit_test(test_too_late),
		cmocka_unit_test(test_format), cmocka_unit_test(test_look),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
