// SPDX-License-Identifier: GPL-2.0-or-later
/* What a spawner and a worker can still do, and what not: asked of the kernel in child processes.
 */
#include "child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include <ezlb/sandbox.h>

static struct ezlb_sandbox_state before;
static const struct ezlb_sandbox_user user = { 64999, 64998 };

static int setup(void **state)
{
	(void)state;
	return ezlb_sandbox_look(0, &before, NULL);
}

static bool had(unsigned cap)
{
	return before.permitted >> cap & 1;
}

static void become_worker(struct child *child)
{
	struct ezlb_err err = { 0 };

	CHILD_EQUAL(child, 0, ezlb_sandbox_worker(&child->out, 1, &user, &err));
	if (err.code)
		child_note(child, err.msg, 1, 0);
}

static int exec_true(void)
{
	char *const argv[] = { (char[]){ "true" }, NULL };

	return execve("/bin/true", argv, NULL);
}

static void refused(struct child *child, void *arg)
{
	(void)arg;
	become_worker(child);
	CHILD_FAILS(child, EPERM, exec_true());
	CHILD_FAILS(child, EPERM, syscall(SYS_execveat, -1, "/bin/true", NULL, NULL, 0));
	CHILD_FAILS(child, EPERM, fork());
	CHILD_FAILS(child, EPERM, ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	CHILD_FAILS(child, EPERM, mount("none", "/", "tmpfs", 0, NULL));
	CHILD_FAILS(child, EPERM, unshare(CLONE_NEWUSER));
	CHILD_FAILS(child, EPERM, syscall(SYS_bpf, 0, NULL, 0));
	CHILD_FAILS(child, EPERM, syscall(SYS_init_module, NULL, 0, ""));
	CHILD_FAILS(child, EPERM, setuid(0));
	CHILD_FAILS(child, EPERM, syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0));
	CHILD_FAILS(child, ENOSYS, kill(getppid(), 0));
	CHILD_FAILS(child, ENOSYS, syscall(SYS_seccomp, 0, 0, NULL));
	CHILD_FAILS(child, ENOSYS, syscall(SYS_clone3, NULL, 0));
	CHILD_FAILS(child, ENOSYS, syscall(100000));
	CHILD_FAILS(child, ENOSYS, syscall(SYS_io_uring_setup, 1, NULL));
}

static void test_refused(void **state)
{
	(void)state;
	in_child(refused, NULL);
}

/* What would reach the spawner, which is of the same user, or have the daemon wait in close(). */
static void against_others(struct child *child, void *arg)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = 1000 };
	const struct f_owner_ex owner = { F_OWNER_PID, getppid() };
	struct rlimit limit = { 0 };
	int fd;

	(void)arg;
	become_worker(child);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHILD_FAILS(child, EPERM, setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	CHILD_FAILS(child, EPERM,
		    syscall(SYS_setsockopt, fd, (1L << 32) | SOL_SOCKET, SO_LINGER, &linger,
			    sizeof(linger)));
	CHILD_FAILS(child, EPERM, fcntl(fd, F_SETOWN, getppid()));
	CHILD_FAILS(child, EPERM, fcntl(fd, F_SETOWN_EX, &owner));
	CHILD_FAILS(child, EPERM, fcntl(fd, F_SETSIG, SIGKILL));
	CHILD_FAILS(child, ENOSYS, prlimit(getppid(), RLIMIT_CPU, NULL, &limit));
	CHILD_FAILS(child, 0, prlimit(0, RLIMIT_CPU, NULL, &limit));
	CHILD_FAILS(child, 0, fcntl(fd, F_SETFL, O_NONBLOCK));
}

static void test_against_others(void **state)
{
	(void)state;
	in_child(against_others, NULL);
}

static void sockets(struct child *child, void *arg)
{
	int pair[2];

	(void)arg;
	become_worker(child);
	CHILD_FAILS(child, EPERM, socket(AF_PACKET, SOCK_RAW, 0));
	CHILD_FAILS(child, EPERM, socket(AF_NETLINK, SOCK_RAW, 0));
	CHILD_FAILS(child, EPERM, socket(AF_UNIX, SOCK_STREAM, 0));
	CHILD_FAILS(child, EPERM, socket(100, SOCK_STREAM, 0));
	CHILD_FAILS(child, ENOSYS, socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
	CHILD_FAILS(child, ENOSYS, socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	CHILD_FAILS(child, ENOSYS, socketpair(AF_INET, SOCK_STREAM, 0, pair));
	CHILD_FAILS(child, 0, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	CHILD_FAILS(child, 0, socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP));
	CHILD_FAILS(child, 0, socket(AF_INET6, SOCK_DGRAM, 0));
	CHILD_FAILS(child, 0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
}

static void test_sockets(void **state)
{
	(void)state;
	in_child(sockets, NULL);
}

static void files(struct child *child, void *arg)
{
	int memory;

	(void)arg;
	become_worker(child);
	CHILD_FAILS(child, EACCES, open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	CHILD_FAILS(child, EACCES, openat(AT_FDCWD, "/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	CHILD_FAILS(child, EACCES, unlink("/etc/passwd"));
	CHILD_FAILS(child, EACCES, mkdir("/tmp/ezlb-sandbox-test", 0700));
	CHILD_FAILS(child, EACCES, access("/etc/passwd", R_OK));
	memory = memfd_create("test", MFD_CLOEXEC);
	CHILD_EQUAL(child, true, memory >= 0);
}

static void test_files(void **state)
{
	(void)state;
	in_child(files, NULL);
}

static void *thread(void *arg)
{
	*(int *)arg = 1;
	return NULL;
}

static void serve_one(struct child *child)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); /* no test waits for ever */
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server, on = 1;
	socklen_t len = sizeof(address);
	char byte = 'x';

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHILD_FAILS(child, 0, bind(listener, (struct sockaddr *)&address, sizeof(address)));
	CHILD_FAILS(child, 0, listen(listener, 1));
	CHILD_FAILS(child, 0, getsockname(listener, (struct sockaddr *)&address, &len));
	CHILD_FAILS(child, 0, connect(client, (struct sockaddr *)&address, sizeof(address)));
	/* The last packet of the handshake may still be on its way on a busy machine. */
	CHILD_EQUAL(child, 1, poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, 60000));
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	CHILD_EQUAL(child, true, server >= 0);
	CHILD_FAILS(child, 0, setsockopt(server, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	CHILD_EQUAL(child, 1, send(client, &byte, 1, MSG_NOSIGNAL));
	CHILD_EQUAL(child, 1, recv(server, &byte, 1, MSG_WAITALL));
	CHILD_FAILS(child, 0, shutdown(server, SHUT_RDWR));
}

static void works(struct child *child, void *arg)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ran = 0, poll, counter;
	pthread_t id;

	(void)arg;
	become_worker(child);
	serve_one(child);
	poll = epoll_create1(EPOLL_CLOEXEC);
	counter = eventfd(1, EFD_CLOEXEC);
	CHILD_FAILS(child, 0, epoll_ctl(poll, EPOLL_CTL_ADD, counter, &event));
	CHILD_EQUAL(child, 1, epoll_wait(poll, &event, 1, -1));
	CHILD_EQUAL(child, 0, pthread_create(&id, NULL, thread, &ran));
	CHILD_EQUAL(child, 0, pthread_join(id, NULL));
	CHILD_EQUAL(child, 1, ran);
	free(malloc(64 << 20));
	signal(SIGUSR1, SIG_IGN);
	CHILD_FAILS(child, 0, raise(SIGUSR1));
}

static void test_works(void **state)
{
	(void)state;
	in_child(works, NULL);
}

/* The state is read by the parent: the worker cannot. */
struct seen {
	struct ezlb_sandbox_state state;
	int (*become)(const int *keep, size_t n, const struct ezlb_sandbox_user *to,
		      struct ezlb_err *err);
};

static void look_at_parent(struct child *child, void *arg)
{
	struct seen *seen = arg;
	int ready[2], hold[2];
	char byte = 0, path[64];
	struct stat st;
	pid_t pid;

	CHILD_FAILS(child, 0, pipe(ready));
	CHILD_FAILS(child, 0, pipe(hold));
	pid = fork();
	if (pid == 0) {
		const int keep[] = { hold[0], ready[1], child->out };

		CHILD_EQUAL(child, 0, seen->become(keep, 3, &user, NULL));
		if (write(ready[1], &byte, 1) != 1 || read(hold[0], &byte, 1) != 0)
			_exit(1);
		_exit(0);
	}
	close(hold[0]);
	CHILD_EQUAL(child, 1, read(ready[0], &byte, 1));
	CHILD_EQUAL(child, 0, ezlb_sandbox_look(pid, &seen->state, NULL));
	CHILD_EQUAL(child, had(CAP_SETUID) ? (long)user.uid : (long)before.uid, seen->state.uid);
	CHILD_EQUAL(child, 0, seen->state.permitted);
	CHILD_EQUAL(child, had(CAP_SETPCAP) ? 0 : (long)before.bounding, seen->state.bounding);
	CHILD_EQUAL(child, true, seen->state.no_new_privs);
	CHILD_EQUAL(child, true, seen->state.filtered);
	/* The files of a process that may not be traced are root's. */
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	CHILD_FAILS(child, 0, stat(path, &st));
	CHILD_EQUAL(child, 0, st.st_uid);
	/* hold[1] is closed in the child: this is the end of it. */
	close(hold[1]);
	waitpid(pid, NULL, 0);
}

static void test_state(void **state)
{
	struct seen worker = { .become = ezlb_sandbox_worker };
	struct seen spawner = { .become = ezlb_sandbox_spawner };

	(void)state;
	in_child(look_at_parent, &worker);
	in_child(look_at_parent, &spawner);
}

static void limits(struct child *child, void *arg)
{
	int keep[3] = { -1, child->out, 0 }, closed = dup(STDERR_FILENO);
	struct rlimit limit;

	(void)arg;
	keep[2] = fcntl(STDERR_FILENO, F_DUPFD, 300);
	CHILD_EQUAL(child, 0, ezlb_sandbox_worker(keep, 3, &user, NULL));
	CHILD_FAILS(child, EBADF, fcntl(closed, F_GETFD));
	CHILD_FAILS(child, 0, fcntl(keep[1], F_GETFD));
	CHILD_FAILS(child, 0, fcntl(keep[2], F_GETFD));
	CHILD_FAILS(child, EBADF, fcntl(keep[2] + 1, F_GETFD));
	CHILD_FAILS(child, EBADF, fcntl(keep[2] - 1, F_GETFD));
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		CHILD_FAILS(child, 0, fcntl(fd, F_GETFD));
	CHILD_FAILS(child, 0, getrlimit(RLIMIT_CORE, &limit));
	CHILD_EQUAL(child, 0, limit.rlim_max);
}

/* A file that is the log can grow; with a pipe there, no file can. */
static void file_size(struct child *child, void *arg)
{
	struct rlimit before_it, after;

	CHILD_FAILS(child, 0, dup2(*(int *)arg, STDERR_FILENO));
	CHILD_FAILS(child, 0, getrlimit(RLIMIT_FSIZE, &before_it));
	become_worker(child);
	CHILD_FAILS(child, 0, getrlimit(RLIMIT_FSIZE, &after));
	CHILD_EQUAL(child, *(int *)arg == child->out ? 0 : (long)before_it.rlim_max,
		    (long)after.rlim_max);
}

static void file_size_with_pipe(struct child *child, void *arg)
{
	(void)arg;
	file_size(child, &child->out);
}

static void test_limits(void **state)
{
	FILE *file = tmpfile();
	int fd = fileno(file);

	(void)state;
	in_child(limits, NULL);
	in_child(file_size, &fd);
	in_child(file_size_with_pipe, NULL);
	fclose(file);
}

/* A spawner may fork; its child becomes a worker, and may not. */
static void spawns(struct child *child, void *arg)
{
	int status = -1;
	pid_t pid;

	(void)arg;
	CHILD_EQUAL(child, 0, ezlb_sandbox_spawner(&child->out, 1, &user, NULL));
	CHILD_FAILS(child, EPERM, exec_true());
	CHILD_FAILS(child, ENOSYS, open("/tmp/ezlb-sandbox-test", O_CREAT | O_WRONLY, 0600));
	CHILD_FAILS(child, 0, open("/proc/self/status", O_RDONLY | O_CLOEXEC));
	pid = fork();
	if (pid == 0) {
		become_worker(child);
		CHILD_FAILS(child, EPERM, fork());
		CHILD_FAILS(child, EACCES, open("/proc/self/status", O_RDONLY | O_CLOEXEC));
		serve_one(child);
		_exit(7);
	}
	CHILD_EQUAL(child, pid, waitpid(pid, &status, 0));
	CHILD_EQUAL(child, 7, WEXITSTATUS(status));
	pid = fork();
	if (pid == 0) {
		become_worker(child);
		pause();
		_exit(0);
	}
	CHILD_FAILS(child, 0, kill(pid, SIGKILL));
	CHILD_EQUAL(child, pid, waitpid(pid, &status, 0));
	CHILD_EQUAL(child, SIGKILL, WTERMSIG(status));
}

static void test_spawner(void **state)
{
	(void)state;
	in_child(spawns, NULL);
}

/* abort() must end a worker: out of memory, and failed assertions. */
static void aborts(struct child *child, void *arg)
{
	int status = -1;
	pid_t pid = fork();

	(void)arg;
	if (pid == 0) {
		become_worker(child);
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	CHILD_EQUAL(child, pid, waitpid(pid, &status, 0));
	CHILD_EQUAL(child, SIGABRT, WTERMSIG(status));
}

static void test_aborts(void **state)
{
	(void)state;
	in_child(aborts, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),	       cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_files),	       cmocka_unit_test(test_works),
		cmocka_unit_test(test_state),	       cmocka_unit_test(test_limits),
		cmocka_unit_test(test_spawner),	       cmocka_unit_test(test_aborts),
		cmocka_unit_test(test_against_others),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
