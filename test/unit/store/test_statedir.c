// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <stdarg.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <ezlb/store.h>

/* In place of the C library's: what comes too seldom to wait for it. */
static int stat_fails; /* once */
static int lock_fails;
static bool pid_hidden;
static uid_t link_owner; /* of a link; 0: as it is */
static uid_t owner;	 /* of what is looked at through a descriptor; 0: as it is */

int lstat(const char *restrict path, struct stat *restrict st)
{
	int rc;

	errno = stat_fails;
	stat_fails = 0;
	rc = errno ? -1 : fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
	if (rc == 0 && link_owner && S_ISLNK(st->st_mode))
		st->st_uid = link_owner;
	return rc;
}

int fstat(int fd, struct stat *st)
{
	int rc = fstatat(fd, "", st, AT_EMPTY_PATH);

	if (owner)
		st->st_uid = owner;
	return rc;
}

int fcntl(int fd, int cmd, ...)
{
	struct flock *lock;
	va_list ap;
	long rc;

	va_start(ap, cmd);
	lock = va_arg(ap, struct flock *);
	va_end(ap);
	errno = lock_fails;
	if (cmd == F_SETLK && lock_fails)
		return -1;
	rc = syscall(SYS_fcntl, fd, cmd, lock);
	if (cmd == F_GETLK && pid_hidden)
		lock->l_pid = 0; /* as of a process in another pid namespace */
	return (int)rc;
}

static void test_makes_the_directory(void **state)
{
	static const struct {
		const char *dir;
		int want;
	} rows[] = {
		{ "a", 0 },
		{ "b/c/d", 0 },
		{ "b/c/d", 0 },
		{ "e//f/", 0 },
		{ "file", -ENOTDIR },
		{ "file/below", -ENOTDIR },
		{ "file/below/it", -ENOTDIR },
		{ "loop", -ELOOP },
	};

	(void)state;
	put("file", "");
	assert_int_equal(symlink("loop", at("loop").s), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_err err = { 0 };
		int fd = ezlb_statedir_lock(at(rows[i].dir).s, &err);

		if (rows[i].want) {
			assert_int_equal(fd, rows[i].want);
			assert_int_equal(err.code, -rows[i].want);
			assert_has(err.msg, top);
		} else {
			assert_true(fd >= 0);
			close(fd);
		}
	}
}

/* What is in it decides what ezlb removes. */
static void test_refuses_what_others_may_write_to(void **state)
{
	static const struct {
		mode_t mode;
		uid_t owner;
		const char *want; /* NULL: it is fine */
	} rows[] = {
		{ 0755, 0, NULL },
		{ 0700, 0, NULL },
		{ 0777, 0, "other users can write to the state directory " },
		{ 0777, 0, " (mode 0777): run chmod go-w on it, or set another one" },
		{ 01777, 0, "(mode 1777)" },
		{ 0775, 0, "(mode 0775)" },
		{ 0702, 0, "(mode 0702)" },
		{ 0755, 4711, "belongs to user 4711: run chown root on it" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_err err = { 0 };
		int fd;

		make_dir("state");
		assert_int_equal(chmod(at("state").s, rows[i].mode), 0);
		owner = rows[i].owner;
		fd = ezlb_statedir_lock(at("state").s, &err);
		owner = 0;
		if (rows[i].want) {
			assert_int_equal(fd, -EPERM);
			assert_has(err.msg, at("state").s);
			assert_has(err.msg, rows[i].want);
			assert_int_equal(access(at("state/lock").s, F_OK), -1);
		} else {
			assert_true(fd >= 0);
			close(fd);
			assert_int_equal(unlink(at("state/lock").s), 0);
		}
		assert_int_equal(rmdir(at("state").s), 0);
	}
}

/* Whoever may write above it can put another one in its place. */
static void test_directories_above(void **state)
{
	static const struct {
		mode_t mode;
		bool exposed;
	} rows[] = {
		{ 0755, false }, { 01777, false }, { 01775, false }, /* as /tmp */
		{ 0777, true },	 { 0775, true },   { 0703, true },
	};

	EZLB_AUTO_FREE char *foreign = NULL;

	(void)state;
	make_dir("above");
	make_dir("above/between");
	make_dir("above/between/state");
	assert_int_equal(symlink("above/between", at("link").s), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		EZLB_AUTO_FREE char *got = NULL, *linked = NULL;

		assert_int_equal(chmod(at("above").s, rows[i].mode), 0);
		got = ezlb_statedir_exposed(at("above/between/state").s);
		linked = ezlb_statedir_exposed(at("link/state").s);
		assert_int_equal(got != NULL, rows[i].exposed);
		assert_int_equal(linked != NULL, rows[i].exposed);
		if (got)
			assert_non_null(strstr(got, "/above"));
	}
	assert_int_equal(chmod(at("above").s, 0755), 0);
	owner = 4711;
	foreign = ezlb_statedir_exposed(at("above/between/state").s);
	owner = 0;
	assert_non_null(foreign);
	assert_string_equal(strrchr(foreign, '/'), "/between");
	assert_null(ezlb_statedir_exposed(at("absent").s));
	assert_null(ezlb_statedir_exposed("/"));
}

/* A link where the lock should be is not followed. */
static void test_a_link_is_no_lock(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	make_dir("state");
	assert_int_equal(symlink(at("target").s, at("state/lock").s), 0);
	assert_int_equal(ezlb_statedir_lock(at("state").s, &err), -ELOOP);
	assert_int_equal(access(at("target").s, F_OK), -1);
}

/* /var/run is a link of root on many hosts. One of somebody else may point anywhere. */
static void test_links_to_the_directory(void **state)
{
	static const char *const paths[] = { "link", "link/", "link///" };
	struct ezlb_err err = { 0 };
	int fd;

	(void)state;
	make_dir("state");
	assert_int_equal(symlink("state", at("link").s), 0);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		link_owner = 0;
		fd = ezlb_statedir_lock(at(paths[i]).s, &err);
		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(unlink(at("state/lock").s), 0);
		link_owner = 4711;
		assert_int_equal(ezlb_statedir_lock(at(paths[i]).s, &err), -EPERM);
		link_owner = 0;
		assert_has(err.msg, "is a link that another user has made: remove it, or set");
		assert_int_equal(access(at("state/lock").s, F_OK), -1);
	}
}

/* The socket in it is for the group of the process, too; what else is there is for nobody. */
static void test_modes(void **state)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(masks); i++) {
		mode_t before = umask(masks[i]);
		int fd = ezlb_statedir_lock(at("made").s, NULL);
		struct stat st;

		umask(before);
		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(fstatat(AT_FDCWD, at("made").s, &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFDIR | 0710);
		assert_int_equal(fstatat(AT_FDCWD, at("made/lock").s, &st, 0), 0);
		assert_int_equal(st.st_mode & 0177, 0);
		remove_tree(at("made").s);
	}
	/* That of a service manager, or of an older ezlb, stays as it is. */
	make_dir("state");
	assert_int_equal(chmod(at("state").s, 0755), 0);
	for (int i = 0; i < 2; i++) {
		int fd = ezlb_statedir_lock(at("state").s, NULL);
		struct stat st;

		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(fstatat(AT_FDCWD, at("state").s, &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFDIR | 0755);
	}
}

static void test_makes_it_without_a_lock(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(ezlb_statedir_make(at("a/b").s, &err), 0);
	assert_int_equal(ezlb_statedir_make(at("a/b").s, &err), 0);
	assert_int_equal(access(at("a/b/lock").s, F_OK), -1);
	put("file", "");
	assert_int_equal(ezlb_statedir_make(at("file/a").s, &err), -ENOTDIR);
	assert_has(err.msg, at("file/a").s);
}

/* --- another process, because a process does not lock itself out --------------------------- */

struct other {
	pid_t pid;
	int go;	 /* closed: it ends, and with it its lock */
	int got; /* 0 or a positive errno */
	struct text message;
};

/* Tries for the lock, and keeps it. */
static struct other other_start(void)
{
	int go[2], answer[2];
	struct other other = { .pid = -1 };

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(answer), 0);
	other.pid = fork();
	if (other.pid == 0) {
		struct ezlb_err err = { 0 };
		int fd = ezlb_statedir_lock(at("state").s, &err), got = fd < 0 ? -fd : 0;

		alarm(60);
		close(go[1]);
		if (write(answer[1], &got, sizeof(got)) < 0 ||
		    write(answer[1], err.msg, strlen(err.msg) + 1) < 0)
			_exit(99);
		_exit(read(go[0], &got, 1) == 0 ? 0 : 98);
	}
	close(go[0]);
	close(answer[1]);
	other.go = go[1];
	assert_int_equal(read(answer[0], &other.got, sizeof(other.got)), sizeof(other.got));
	assert_true(read(answer[0], other.message.s, sizeof(other.message.s)) > 0);
	close(answer[0]);
	return other;
}

static void other_end(struct other *other)
{
	int status;

	close(other->go);
	assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int try_elsewhere(struct text *message)
{
	struct other other = other_start();

	other_end(&other);
	*message = other.message;
	return other.got;
}

static struct text pid_text(pid_t pid)
{
	struct text out;

	snprintf(out.s, sizeof(out.s), "pid %d:", (int)pid);
	return out;
}

/* It is our lock on the file of today. */
static void assert_held(int fd)
{
	struct text message = { "" };
	struct stat held, there;

	assert_int_equal(fstat(fd, &held), 0);
	assert_int_equal(fstatat(AT_FDCWD, at("state/lock").s, &there, 0), 0);
	assert_int_equal(held.st_ino, there.st_ino);
	assert_int_equal(try_elsewhere(&message), EBUSY);
	assert_has(message.s, pid_text(getpid()).s);
}

static int locked(void)
{
	int fd = ezlb_statedir_lock(at("state").s, NULL);

	assert_true(fd >= 0);
	return fd;
}

static void test_one_at_a_time(void **state)
{
	struct text message = { "" };
	int fd = locked();

	(void)state;
	assert_int_equal(try_elsewhere(&message), EBUSY);
	assert_has(message.s, pid_text(getpid()).s);
	assert_has(message.s, at("state/lock").s);
	close(fd);
	assert_int_equal(try_elsewhere(&message), 0);
	/* The one before has ended, and left its file behind. */
	assert_int_equal(try_elsewhere(&message), 0);
}

static void test_holder_unknown(void **state)
{
	struct text message = { "" };
	int fd = locked();

	(void)state;
	pid_hidden = true;
	assert_int_equal(try_elsewhere(&message), EBUSY);
	pid_hidden = false;
	assert_has(message.s, "another ezlb is running: it has locked ");
	assert_has(message.s, at("state/lock").s);
	close(fd);
}

static void test_cannot_lock(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	lock_fails = ENOLCK;
	assert_int_equal(ezlb_statedir_lock(at("state").s, &err), -ENOLCK);
	lock_fails = 0;
	assert_has(err.msg, "cannot lock ");
	assert_has(err.msg, at("state/lock").s);
	close(locked());
}

static void test_keeps(void **state)
{
	struct rlimit was, none;
	int fd = locked(), same = fd;

	(void)state;
	/* No descriptor is to be had, so nothing can be opened. */
	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ezlb_statedir_keep(&same, at("state").s, NULL), 0);
	setrlimit(RLIMIT_NOFILE, &was);
	assert_int_equal(same, fd);
	assert_held(fd);
	close(fd);
}

/* --- the file is taken away ---------------------------------------------------------------- */

static void remove_file(void)
{
	assert_int_equal(unlink(at("state/lock").s), 0);
}

static void replace_file(void)
{
	put("new", "");
	assert_int_equal(rename(at("new").s, at("state/lock").s), 0);
}

static void remove_directory(void)
{
	remove_tree(at("state").s);
}

static void move_directory(void)
{
	assert_int_equal(rename(at("state").s, at("moved").s), 0);
}

static void replace_directory(void)
{
	move_directory();
	make_dir("state");
}

static void replace_both(void)
{
	replace_directory();
	put("state/lock", "");
}

static const struct {
	const char *name;
	void (*take_away)(void);
} losses[] = {
	{ "file removed", remove_file },
	{ "file replaced", replace_file },
	{ "directory removed", remove_directory },
	{ "directory moved away", move_directory },
	{ "directory replaced", replace_directory },
	{ "directory and file replaced", replace_both },
};

static void forget(void)
{
	remove_tree(at("state").s);
	if (access(at("moved").s, F_OK) == 0)
		remove_tree(at("moved").s);
}

static void test_takes_it_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(losses); i++) {
		struct ezlb_err err = { 0 };
		int fd = locked(), was = fd;

		losses[i].take_away();
		if (ezlb_statedir_keep(&fd, at("state").s, &err) != 0)
			fail_msg("%s: %s", losses[i].name, err.msg);
		assert_int_not_equal(fd, was);
		assert_int_equal(fcntl(was, F_GETFD), -1); /* closed */
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		assert_held(fd);
		was = fd;
		assert_int_equal(ezlb_statedir_keep(&fd, at("state").s, &err), 0);
		assert_int_equal(fd, was);
		close(fd);
		forget();
	}
}

static int next_descriptor(void)
{
	int fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

static void test_another_was_quicker(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(losses); i++) {
		struct ezlb_err err = { 0 };
		int fd = locked(), was = fd, next;
		struct other other;

		losses[i].take_away();
		other = other_start();
		next = next_descriptor();
		assert_int_equal(other.got, 0);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(ezlb_statedir_keep(&fd, at("state").s, &err), -EBUSY);
			assert_int_equal(err.code, EBUSY);
			assert_has(err.msg, pid_text(other.pid).s);
			assert_has(err.msg, at("state/lock").s);
			assert_int_equal(fd, was);
			assert_int_not_equal(fcntl(fd, F_GETFD), -1);
			assert_int_equal(next_descriptor(), next); /* none is left open */
		}
		other_end(&other);
		assert_int_equal(ezlb_statedir_keep(&fd, at("state").s, &err), 0);
		assert_held(fd);
		close(fd);
		forget();
	}
}

/* Away when we looked, back when we opened it: a close of it ends the lock that we have. */
static void test_comes_back(void **state)
{
	static const int codes[] = { ENOENT, ENOTDIR };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		int fd = locked(), same = fd;

		stat_fails = codes[i];
		assert_int_equal(ezlb_statedir_keep(&same, at("state").s, NULL), 0);
		assert_int_equal(same, fd);
		assert_held(fd);
		close(fd);
	}
}

static void assert_keep_fails(int *fd, int want)
{
	struct ezlb_err err = { 0 };
	int was = *fd;

	assert_int_equal(ezlb_statedir_keep(fd, at("state").s, &err), want);
	assert_int_equal(err.code, -want);
	assert_has(err.msg, at("state").s);
	assert_int_equal(*fd, was);
}

/* Where it cannot be looked at it may be there still, and so is the lock. */
static void test_cannot_look(void **state)
{
	int fd = locked(), none = -1;

	(void)state;
	stat_fails = EIO;
	assert_keep_fails(&fd, -EIO);
	assert_held(fd);
	assert_keep_fails(&none, -EBADF);
	close(fd);
}

static void test_cannot_make(void **state)
{
	int fd = locked();

	(void)state;
	remove_directory();
	put("state", "");
	assert_keep_fails(&fd, -ENOTDIR);
	assert_int_equal(unlink(at("state").s), 0);
	make_dir("state");
	make_dir("state/lock");
	assert_keep_fails(&fd, -EISDIR);
	assert_int_not_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(rmdir(at("state/lock").s), 0);
	assert_int_equal(ezlb_statedir_keep(&fd, at("state").s, NULL), 0);
	assert_held(fd);
	close(fd);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_makes_the_directory),
		IN_TOP(test_links_to_the_directory),
		IN_TOP(test_modes),
		IN_TOP(test_makes_it_without_a_lock),
		IN_TOP(test_refuses_what_others_may_write_to),
		IN_TOP(test_directories_above),
		IN_TOP(test_a_link_is_no_lock),
		IN_TOP(test_one_at_a_time),
		IN_TOP(test_holder_unknown),
		IN_TOP(test_cannot_lock),
		IN_TOP(test_keeps),
		IN_TOP(test_takes_it_again),
		IN_TOP(test_another_was_quicker),
		IN_TOP(test_comes_back),
		IN_TOP(test_cannot_look),
		IN_TOP(test_cannot_make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
