// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts what a program asks of the heap, of netlink and of the file system: preloaded (LD_PRELOAD)
 * into it, for test/lab/counts.sh. The file that EZLB_CALLS names holds the counters at any time,
 * as 64-bit numbers in the order of `enum counter`; to read it costs the program nothing, and
 * disturbs nothing.
 *
 * Only calls through the program's and its libraries' own tables of symbols are seen, not those
 * that libc makes itself.
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum counter {
	ALLOCATIONS, /* calls of malloc, calloc and realloc */
	HEAP,	     /* bytes allocated now */
	PEAK,	     /* the most since the start, or since somebody wrote 0 here */
	SENDS,	     /* system calls that send to netlink */
	REQUESTS,    /* messages in them */
	SENT,	     /* bytes in them */
	RECEIVES,    /* calls of recvmsg */
	OPENS,	     /* of files */
	READS,	     /* of files and all else */
	WRITES,	     /* the same */
	WRITTEN,     /* bytes in these */
	N_COUNTERS
};

static _Atomic uint64_t unmapped[N_COUNTERS];
static _Atomic uint64_t *counters = unmapped;

__attribute__((constructor)) static void map_counters(void)
{
	const char *path = getenv("EZLB_CALLS");
	int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)
		      : -1;
	void *map;

	if (fd < 0 || ftruncate(fd, sizeof(unmapped)) < 0)
		abort();
	map = mmap(NULL, sizeof(unmapped), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		abort();
	memcpy(map, unmapped, sizeof(unmapped));
	counters = map;
	close(fd);
}

static void add(enum counter c, uint64_t n)
{
	atomic_fetch_add_explicit(&counters[c], n, memory_order_relaxed);
}

/* --- the heap ---------------------------------------------------------------------------- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static void *allocated(void *p)
{
	uint64_t now, peak;
	size_t size = p ? malloc_usable_size(p) : 0;

	add(ALLOCATIONS, 1);
	now = atomic_fetch_add_explicit(&counters[HEAP], size, memory_order_relaxed) + size;
	peak = atomic_load_explicit(&counters[PEAK], memory_order_relaxed);
	while (now > peak && !atomic_compare_exchange_weak(&counters[PEAK], &peak, now))
		;
	return p;
}

static void freed(void *p)
{
	if (p)
		atomic_fetch_sub_explicit(&counters[HEAP], malloc_usable_size(p),
					  memory_order_relaxed);
}

void *malloc(size_t size)
{
	return allocated(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	return allocated(__libc_calloc(n, size));
}

void *realloc(void *p, size_t size)
{
	freed(p);
	return allocated(__libc_realloc(p, size));
}

void free(void *p)
{
	freed(p);
	__libc_free(p);
}

/* --- netlink ----------------------------------------------------------------------------- */

/* Does the call send to netlink? `to` is NULL for a socket that is connected. */
static bool to_netlink(int fd, const struct sockaddr *to)
{
	struct sockaddr_storage own = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(own);

	if (to)
		return to->sa_family == AF_NETLINK;
	return getsockname(fd, (struct sockaddr *)&own, &len) == 0 && own.ss_family == AF_NETLINK;
}

static void count_requests(const void *bytes, size_t len)
{
	const char *at = bytes;

	add(SENT, len);
	while (len >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h;
		size_t whole;

		memcpy(&h, at, sizeof(h));
		whole = NLMSG_ALIGN(h.nlmsg_len);
		if (h.nlmsg_len < sizeof(h))
			return;
		add(REQUESTS, 1);
		if (whole >= len)
			return;
		at += whole;
		len -= whole;
	}
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (to_netlink(fd, msg->msg_name)) {
		add(SENDS, 1);
		for (size_t i = 0; i < msg->msg_iovlen; i++)
			count_requests(msg->msg_iov[i].iov_base, msg->msg_iov[i].iov_len);
	}
	return syscall(SYS_sendmsg, fd, msg, flags);
}

/* The type of `to` is a union of pointers to all kinds of addresses: that of libc's header. */
ssize_t sendto(int fd, const void *bytes, size_t len, int flags, __CONST_SOCKADDR_ARG to,
	       socklen_t to_len)
{
	const struct sockaddr *address = to.__sockaddr__;

	if (to_netlink(fd, address)) {
		add(SENDS, 1);
		count_requests(bytes, len);
	}
	return syscall(SYS_sendto, fd, bytes, len, flags, address, to_len);
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	return sendto(fd, bytes, len, flags, (const struct sockaddr *)NULL, 0);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	add(RECEIVES, 1);
	return syscall(SYS_recvmsg, fd, msg, flags);
}

/* --- files ------------------------------------------------------------------------------- */

static int opened(int dir, const char *path, int flags, int mode)
{
	add(OPENS, 1);
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

static int mode_in(int flags, va_list args)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, int) : 0;
}

#define OPEN(NAME)                                          \
	int NAME(const char *path, int flags, ...)          \
	{                                                   \
		va_list args;                               \
		int mode;                                   \
                                                            \
		va_start(args, flags);                      \
		mode = mode_in(flags, args);                \
		va_end(args);                               \
		return opened(AT_FDCWD, path, flags, mode); \
	}
#define OPENAT(NAME)                                        \
	int NAME(int dir, const char *path, int flags, ...) \
	{                                                   \
		va_list args;                               \
		int mode;                                   \
                                                            \
		va_start(args, flags);                      \
		mode = mode_in(flags, args);                \
		va_end(args);                               \
		return opened(dir, path, flags, mode);      \
	}

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* What the headers make of these with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
ssize_t __read_chk(int fd, void *bytes, size_t n, size_t size);
ssize_t __pread_chk(int fd, void *bytes, size_t n, off_t at, size_t size);
ssize_t __pread64_chk(int fd, void *bytes, size_t n, off_t at, size_t size);

int __open_2(const char *path, int flags)
{
	return opened(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
	return opened(AT_FDCWD, path, flags, 0);
}

int __openat_2(int dir, const char *path, int flags)
{
	return opened(dir, path, flags, 0);
}

int __openat64_2(int dir, const char *path, int flags)
{
	return opened(dir, path, flags, 0);
}

ssize_t read(int fd, void *bytes, size_t n)
{
	add(READS, 1);
	return syscall(SYS_read, fd, bytes, n);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
	add(READS, 1);
	return syscall(SYS_pread64, fd, bytes, n, at);
}

ssize_t pread64(int fd, void *bytes, size_t n, off_t at)
{
	return pread(fd, bytes, n, at);
}

ssize_t __read_chk(int fd, void *bytes, size_t n, size_t size)
{
	if (n > size)
		abort();
	return read(fd, bytes, n);
}

ssize_t __pread_chk(int fd, void *bytes, size_t n, off_t at, size_t size)
{
	if (n > size)
		abort();
	return pread(fd, bytes, n, at);
}

ssize_t __pread64_chk(int fd, void *bytes, size_t n, off_t at, size_t size)
{
	return __pread_chk(fd, bytes, n, at, size);
}

static ssize_t wrote(ssize_t n)
{
	add(WRITES, 1);
	add(WRITTEN, n > 0 ? (uint64_t)n : 0);
	return n;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	return wrote(syscall(SYS_write, fd, bytes, n));
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	return wrote(syscall(SYS_pwrite64, fd, bytes, n, at));
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t at)
{
	return pwrite(fd, bytes, n, at);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
	return wrote(syscall(SYS_writev, fd, parts, n));
}
