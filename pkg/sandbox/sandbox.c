// SPDX-License-Identifier: GPL-2.0-or-later
#include "inside.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ezlb/mem.h>

/* What could not be had: a sentence with all of it. */
struct gaps {
	int code; /* of the first one; 0: none */
	char text[sizeof(((struct ezlb_err *)0)->msg)];
};

static void gap(struct gaps *gaps, int rc, const char *what)
{
	if (rc >= 0)
		return;
	if (gaps->code == 0)
		gaps->code = -rc;
	ezlb_strcatf(gaps->text, sizeof(gaps->text), "%s%s: %s", gaps->text[0] ? "; " : "", what,
		     ezlb_errno_str(-rc));
}

static int report(const struct gaps *gaps, struct ezlb_err *err)
{
	return gaps->code ? ezlb_err_set(err, gaps->code, "%s", gaps->text) : 0;
}

static int of(int rc)
{
	return rc < 0 ? -errno : 0;
}

static void need_one_thread(struct gaps *gaps, unsigned others)
{
	struct ezlb_sandbox_state state;
	int rc = ezlb_sandbox_look(0, &state, NULL);

	if (rc == 0 && state.threads > 1 + others)
		rc = -EBUSY;
	gap(gaps, rc, "cannot drop capabilities of all threads");
}

/* --- the daemon --------------------------------------------------------------------------------
 */

static uint64_t caps_of(const struct ezlb_sandbox_needs *needs)
{
	uint64_t caps = CAP_SET(CAP_DAC_READ_SEARCH);

	if (needs->kernel)
		caps |= CAP_SET(CAP_NET_ADMIN) | CAP_SET(CAP_NET_RAW) | CAP_SET(CAP_BPF) |
			CAP_SET(CAP_PERFMON);
	if (needs->modules)
		caps |= CAP_SET(CAP_SYS_MODULE);
	if (needs->low_port)
		caps |= CAP_SET(CAP_NET_BIND_SERVICE);
	if (needs->log_file)
		caps |= CAP_SET(CAP_DAC_OVERRIDE);
	return caps;
}

int ezlb_sandbox_daemon(const struct ezlb_sandbox_needs *needs, struct ezlb_err *err)
{
	struct gaps gaps = { .code = 0 };
	uint64_t caps = caps_of(needs);

	need_one_thread(&gaps, needs->threads);
	gap(&gaps, of(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)), "cannot set no_new_privs");
	gap(&gaps, caps_bound(caps), "cannot drop capabilities of the bounding set");
	gap(&gaps, caps_keep(caps), "cannot drop capabilities");
	gap(&gaps, filter_load(FILTER_DAEMON, needs), "cannot filter system calls (seccomp)");
	return report(&gaps, err);
}

/* The sanitizer asks: a worker cannot have its leaks checked. */
#if SANITIZED
static bool confined;

int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return confined;
}
#endif

/* --- spawner and worker ------------------------------------------------------------------------
 */

static int cmp_int(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* Descriptors from `first` to `last`. Before Linux 5.9 there is no close_range. */
static void close_between(int first, int last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	for (int fd = first; fd <= last && fd < sysconf(_SC_OPEN_MAX); fd++)
		close(fd);
}

static void close_others(const int *keep, size_t n)
{
	EZLB_AUTO_FREE int *sorted = ezlb_calloc(n + 1, sizeof(*sorted));
	int next = STDERR_FILENO + 1;

	if (n > 0)
		memcpy(sorted, keep, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), cmp_int);
	for (size_t i = 0; i < n; i++) {
		if (sorted[i] < next)
			continue;
		close_between(next, sorted[i] - 1);
		next = sorted[i] + 1;
	}
	close_between(next, INT_MAX);
}

static int limit(int resource)
{
	const struct rlimit none = { .rlim_cur = 0 };

	return of(setrlimit(resource, &none));
}

/* A log line of a worker must not be lost because stderr is a file. */
static int limit_files(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode))
		return 0;
	signal(SIGXFSZ, SIG_IGN);
	return limit(RLIMIT_FSIZE);
}

/* A worker has no right to do it if the spawner had none, and is not to try. */
static int become(const struct ezlb_sandbox_user *user)
{
	if (getuid() == 0 && (!caps_has(CAP_SETGID) || !caps_has(CAP_SETUID)))
		return -EPERM;
	if (getuid() == 0 && setgroups(0, NULL) < 0)
		return -errno;
	if (getuid() == 0 && setresgid(user->gid, user->gid, user->gid) < 0)
		return -errno;
	if (getuid() == 0 && setresuid(user->uid, user->uid, user->uid) < 0)
		return -errno;
	return 0;
}

/* Capabilities are needed to drop others and to change the user, and go last. */
static int confine(enum filter_kind kind, const int *keep, size_t n,
		   const struct ezlb_sandbox_user *user, struct ezlb_err *err)
{
	struct gaps gaps = { .code = 0 };

#if SANITIZED
	confined = true;
#endif
	need_one_thread(&gaps, 0);
	if (keep)
		close_others(keep, n);
	gap(&gaps, limit(RLIMIT_CORE), "cannot forbid core dumps");
	gap(&gaps, limit_files(), "cannot forbid to write files");
	gap(&gaps, of(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)), "cannot set no_new_privs");
	gap(&gaps, caps_bound(0), "cannot drop capabilities of the bounding set");
	gap(&gaps, become(user), "cannot become another user");
	gap(&gaps, caps_keep(0), "cannot drop capabilities");
	/* After the change of the user, which sets it anew. */
	gap(&gaps, of(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)), "cannot forbid to be traced");
	gap(&gaps, filter_load(kind, NULL), "cannot filter system calls (seccomp)");
	return report(&gaps, err);
}

int ezlb_sandbox_spawner(const int *keep, size_t n, const struct ezlb_sandbox_user *user,
			 struct ezlb_err *err)
{
	return confine(FILTER_SPAWNER, keep, n, user, err);
}

int ezlb_sandbox_worker(const int *keep, size_t n, const struct ezlb_sandbox_user *user,
			struct ezlb_err *err)
{
	return confine(FILTER_WORKER, keep, n, user, err);
}
