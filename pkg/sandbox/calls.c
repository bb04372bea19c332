// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generous with what does no harm: libc and libuv use other calls on other processors and in later
 * versions. A name that libseccomp or the processor does not know is left out.
 */
#include "inside.h"

#define END NULL

const char *const calls_all[] = {
	/* descriptors that are open; for fcntl see filter.c */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
	"pwritev2", "close", "close_range", "lseek", "_llseek", "dup", "dup2", "dup3", "fcntl",
	"fcntl64", "fstat", "fstat64", "sendfile", "sendfile64", "pipe", "pipe2", "eventfd",
	"eventfd2", "memfd_create", "ftruncate", "ftruncate64",
	/* waiting */
	"poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64",
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
	"nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "restart_syscall",
	/* sockets; socket and socketpair have rules of their own */
	"bind", "listen", "connect", "accept", "accept4", "shutdown", "getsockname", "getpeername",
	"getsockopt", "setsockopt", "recv", "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64",
	"send", "sendto", "sendmsg", "sendmmsg",
	/* memory */
	"brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "membarrier", "mseal",
	"map_shadow_stack",
	/* threads; clone has a rule of its own */
	"futex", "futex_time64", "futex_waitv", "futex_wait", "futex_wake", "futex_requeue",
	"set_robust_list", "set_tid_address", "set_thread_area", "arch_prctl", "rseq", "getcpu",
	"sched_yield", "sched_getaffinity", "sched_get_priority_max", "sched_get_priority_min",
	"exit", "exit_group",
	/* clocks */
	"clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "gettimeofday",
	"time", "setitimer", "alarm", "timer_create", "timer_settime", "timer_gettime",
	"timer_delete", "timer_getoverrun",
	/* signals; tgkill has a rule of its own */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend",
	"rt_sigtimedwait", "rt_sigtimedwait_time64", "sigaltstack", "sigreturn", "pause",
	/* what a process may know of itself */
	"getpid", "getppid", "gettid", "getuid", "getuid32", "geteuid", "geteuid32", "getgid",
	"getgid32", "getegid", "getegid32", "getresuid", "getresuid32", "getresgid", "getresgid32",
	"getgroups", "getgroups32", "capget", "getrusage", "getrlimit", "ugetrlimit", "setrlimit",
	"sysinfo", "uname", "getrandom", END
};

/* fork and openat have rules of their own; the others are what ezlb_sandbox_worker() does. */
const char *const calls_spawner[] = { "wait4",	    "waitid",	 "waitpid",    "kill",
				      "prctl",	    "seccomp",	 "capset",     "statx",
				      "newfstatat", "fstatat64", "readlink",   "readlinkat",
				      "access",	    "faccessat", "faccessat2", "getdents64",
				      "ioctl",	    END };

const char *const calls_daemon[] = { "open",
				     "openat",
				     "openat2",
				     "access",
				     "faccessat",
				     "faccessat2",
				     "stat",
				     "stat64",
				     "lstat",
				     "lstat64",
				     "newfstatat",
				     "fstatat64",
				     "statx",
				     "statfs",
				     "statfs64",
				     "fstatfs",
				     "fstatfs64",
				     "readlink",
				     "readlinkat",
				     "getdents",
				     "getdents64",
				     "mkdir",
				     "mkdirat",
				     "rmdir",
				     "unlink",
				     "unlinkat",
				     "rename",
				     "renameat",
				     "renameat2",
				     "fchmodat",
				     "fchmodat2",
				     "fsync",
				     "fdatasync",
				     "flock",
				     "getcwd",
				     "inotify_init1",
				     "inotify_add_watch",
				     "inotify_rm_watch",
				     "ioctl",
				     "wait4",
				     "waitid",
				     "waitpid",
				     END };

const char *const calls_paths[] = {
	"open",		 "openat", "openat2",  "creat",	    "access",	 "faccessat", "faccessat2",
	"stat",		 "stat64", "lstat",    "lstat64",   "statfs",	 "statfs64",  "readlink",
	"readlinkat",	 "getcwd", "chdir",    "mkdir",	    "mkdirat",	 "rmdir",     "unlink",
	"unlinkat",	 "rename", "renameat", "renameat2", "link",	 "linkat",    "symlink",
	"symlinkat",	 "chmod",  "fchmod",   "fchmodat",  "fchmodat2", "truncate",  "truncate64",
	"inotify_init1", END
};

const char *const calls_denied[] = {
	/* other programs, and other processes */
	"execve", "execveat", "fork", "vfork", "process_vm_readv", "process_vm_writev",
	"process_madvise", "process_mrelease", "pidfd_getfd", "kcmp", "rt_sigqueueinfo",
	"rt_tgsigqueueinfo", "migrate_pages", "move_pages",
	/* what it may be */
	"setuid", "setuid32", "setgid", "setgid32", "setreuid", "setreuid32", "setregid",
	"setregid32", "setresuid", "setresuid32", "setresgid", "setresgid32", "setgroups",
	"setgroups32", "setfsuid", "setfsuid32", "setfsgid", "setfsgid32", "personality", "keyctl",
	"add_key", "request_key",
	/* where it is */
	"mount", "umount", "umount2", "mount_setattr", "move_mount", "open_tree", "fsopen",
	"fsconfig", "fsmount", "fspick", "pivot_root", "chroot", "setns", "unshare",
	/* the kernel and the machine */
	"delete_module", "create_module", "kexec_load", "kexec_file_load", "reboot", "swapon",
	"swapoff", "acct", "syslog", "quotactl", "quotactl_fd", "sethostname", "setdomainname",
	"settimeofday", "stime", "clock_settime", "clock_settime64", "adjtimex", "clock_adjtime",
	"clock_adjtime64", "iopl", "ioperm", "modify_ldt", "userfaultfd", "lookup_dcookie",
	"nfsservctl", "vhangup", "uselib", "ustat", "sysfs", "_sysctl",
	/* files of a kind that ezlb never makes */
	"mknod", "mknodat", "chown", "chown32", "fchown", "fchown32", "lchown", "lchown32",
	"fchownat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr",
	"fremovexattr", "name_to_handle_at", "open_by_handle_at", "fanotify_init", "fanotify_mark",
	END
};
