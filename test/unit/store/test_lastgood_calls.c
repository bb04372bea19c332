// SPDX-License-Identifier: GPL-2.0-or-later
/* What last good versions cost in system calls, and what is left when one of these is the last. */
#include "fixture.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ezlb/store.h>

static struct calls {
	size_t writes, reads, renames, syncs, unlinks;
} calls;

/* After that many calls that change something the process is dead; the last write may be cut. */
static size_t kill_at = SIZE_MAX, cut;
#define KILLED 2 /* its exit status */
/* Every such call fails with this, once: EINTR only interrupts. */
static int fault;
static size_t fault_at = SIZE_MAX;

static size_t changes(void)
{
	return calls.writes + calls.renames + calls.syncs + calls.unlinks;
}

/* Returns true if the call must fail, with errno set. */
static bool strike(void)
{
	if (changes() == kill_at)
		_exit(KILLED);
	if (changes() != fault_at + 1)
		return false;
	errno = fault;
	return true;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at_byte)
{
	calls.writes++;
	if (changes() == kill_at && cut > 0)
		syscall(SYS_pwrite64, fd, bytes, n < cut ? n : cut, at_byte);
	if (strike())
		return -1;
	return syscall(SYS_pwrite64, fd, bytes, n, at_byte);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at_byte)
{
	calls.reads++;
	return syscall(SYS_pread64, fd, bytes, n, at_byte);
}

int rename(const char *from, const char *to)
{
	calls.renames++;
	return strike() ? -1 : (int)syscall(SYS_rename, from, to);
}

/* Not done: the disk of the test would have to wait 1,000 times. */
int fdatasync(int fd)
{
	(void)fd;
	calls.syncs++;
	return strike() ? -1 : 0;
}

int unlink(const char *path)
{
	calls.unlinks++;
	return strike() ? -1 : (int)syscall(SYS_unlink, path);
}

/* --- what it costs ------------------------------------------------------------------------- */

static void begin(struct ezlb_lastgood *store)
{
	ezlb_lastgood_open(store, at("run").s, true);
	ezlb_lastgood_persist(store, at("lib").s);
	calls = (struct calls){ 0 };
}

/* Versions of 1,000 bytes; returns what commit does. */
static bool write_all(struct ezlb_lastgood *store, int n, int of)
{
	char path[64], bytes[1000];

	ezlb_lastgood_begin(store);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/etc/ezlb/services.d/%05d.yaml", i);
		memset(bytes, 'a' + of, sizeof(bytes));
		assert_true(ezlb_lastgood_write(store, path, bytes, sizeof(bytes)));
	}
	return ezlb_lastgood_commit(store);
}

static void test_counts(void **state)
{
	struct ezlb_lastgood store;
	uint64_t hash;
	size_t len;

	(void)state;
	begin(&store);
	assert_true(write_all(&store, 1000, 0));
	assert_in_range(calls.writes, 2, 4); /* for the two places */
	ezlb_lastgood_close(&store);
	calls = (struct calls){ 0 };
	ezlb_lastgood_open(&store, at("run").s, true);
	assert_in_range(calls.reads, 1, 4);
	ezlb_lastgood_persist(&store, at("lib").s);
	calls = (struct calls){ 0 };
	assert_true(write_all(&store, 1000, 0)); /* the second start: the files are the same */
	assert_true(ezlb_lastgood_find(&store, "/etc/ezlb/services.d/00500.yaml", &len, &hash));
	assert_int_equal(changes() + calls.reads, 0);
	assert_true(write_all(&store, 1, 1)); /* one edit */
	assert_int_equal(calls.writes, 2);
	assert_int_equal(changes() + calls.reads, 2);
	for (int i = 0; i < 60; i++)
		assert_false(ezlb_lastgood_keep(&store));
	assert_true(ezlb_lastgood_commit(&store));
	assert_int_equal(changes() + calls.reads, 2);
	ezlb_lastgood_close(&store);
}

/* The file does not grow without end: at most two times what counts, and a small rest. */
static void test_size(void **state)
{
	struct ezlb_lastgood store;
	struct stat st;

	(void)state;
	begin(&store);
	for (int i = 0; i < 1000; i++)
		assert_true(write_all(&store, 100, i % 20));
	assert_int_equal(stat(at("run/versions").s, &st), 0);
	assert_in_range(st.st_size, 100 * 1000, 2 * 100 * 1100 + 100 * 1100);
	assert_in_range(calls.renames, 2 * 300, 2 * 1000);
	assert_int_equal(calls.syncs, calls.renames);
	ezlb_lastgood_close(&store);
}

/* --- a model of it ------------------------------------------------------------------------- */

#define PATHS 6
#define STEPS 12
#define LIVES 250

/* What each path has: 0 nothing, else a letter and a length. */
struct model {
	int has[PATHS];
};

static unsigned seed;

static int random_below(int n)
{
	seed = seed * 1103515245u + 12345u;
	return (int)(seed >> 16 & 0x7fff) % n;
}

static struct text path_of(int i)
{
	struct text path;

	snprintf(path.s, sizeof(path.s), "/d/%s%d.yaml", i % 2 ? "a\n@+ " : "", i);
	return path;
}

/* Some are long, so that the file is written again at times. */
static char *bytes_of(int version, size_t *len)
{
	char *bytes;

	*len = version % 3 == 0 ? 20000 + (size_t)version : (size_t)version % 7;
	bytes = ezlb_calloc(1, *len + 1);
	memset(bytes, 'a' + version % 26, *len);
	return bytes;
}

static bool has(const struct ezlb_lastgood *store, int i, int version)
{
	size_t len = 0, want = 0;
	EZLB_AUTO_FREE char *got = ezlb_lastgood_read(store, path_of(i).s, &len), *bytes = NULL;

	if (version == 0)
		return !got;
	bytes = bytes_of(version, &want);
	return got && len == want && memcmp(got, bytes, len) == 0;
}

/* Each path has its old version or its new one. Takes what there is into `old`. */
static void assert_old_or_new(struct model *old, const struct model *new)
{
	struct capture capture = capture_begin(STDERR_FILENO);
	struct ezlb_lastgood store;
	bool right = true;

	ezlb_lastgood_open(&store, at("run").s, false);
	for (int i = 0; i < PATHS; i++) {
		bool is_new = has(&store, i, new->has[i]);

		right = right && (is_new || has(&store, i, old->has[i]));
		if (is_new)
			old->has[i] = new->has[i];
	}
	ezlb_lastgood_close(&store);
	free(capture_end(capture));
	assert_true(right);
}

/* One update of the catalog. Sets *next to what it makes of it. */
static bool one_update(struct ezlb_lastgood *store, struct model *next)
{
	ezlb_lastgood_begin(store);
	for (int i = random_below(3); i < PATHS; i += 1 + random_below(4)) {
		EZLB_AUTO_FREE char *bytes = NULL;
		size_t len = 0;

		next->has[i] = random_below(3) ? 1 + random_below(900) : 0;
		if (next->has[i]) {
			bytes = bytes_of(next->has[i], &len);
			ezlb_lastgood_write(store, path_of(i).s, bytes, len);
		} else {
			ezlb_lastgood_forget(store, path_of(i).s);
		}
	}
	return ezlb_lastgood_commit(store);
}

static void open_silently(struct ezlb_lastgood *store)
{
	struct capture capture = capture_begin(STDERR_FILENO);

	ezlb_lastgood_open(store, at("run").s, true);
	free(capture_end(capture));
}

/* What the life of a process has left: shared with it. */
struct life {
	struct model model, next;
};

/* A process that is killed in the middle of one of its updates, or ends after the last one. */
static void live(struct life *life)
{
	struct ezlb_lastgood store;

	open_silently(&store);
	calls = (struct calls){ 0 };
	kill_at = 1 + (size_t)random_below(STEPS * 2);
	cut = (size_t)random_below(3) * (size_t)random_below(400);
	for (int step = 0; step < STEPS; step++) {
		if (!one_update(&store, &life->next))
			_exit(1);
		life->model = life->next;
	}
	_exit(0);
}

/* True if it was killed. */
static bool one_life(struct life *life)
{
	int status;
	pid_t pid;

	life->next = life->model;
	pid = fork();
	if (pid == 0)
		live(life);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
	assert_old_or_new(&life->model, &life->next);
	return WEXITSTATUS(status) == KILLED;
}

static void test_killed_at_random(void **state)
{
	struct life *life = mmap(NULL, sizeof(*life), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int kills = 0;

	(void)state;
	assert_ptr_not_equal(life, MAP_FAILED);
	make_dir("run");
	for (int i = 0; i < LIVES; i++) {
		seed = (unsigned)i + 1;
		kills += one_life(life);
	}
	assert_in_range(kills, LIVES / 2, LIVES);
	munmap(life, sizeof(*life));
}

/* A call fails: the update says so, or nothing is lost. The next update puts all right. */
static void test_faults_at_random(void **state)
{
	static const int codes[] = { ENOSPC, EIO, EINTR, EDQUOT };
	struct model model = { { 0 } }, next;

	(void)state;
	make_dir("run");
	for (int life = 0; life < 400; life++) {
		struct ezlb_lastgood store;
		struct capture capture;
		bool ok = true;

		seed = (unsigned)life + 1;
		open_silently(&store);
		next = model;
		calls = (struct calls){ 0 };
		fault = codes[life % 4];
		fault_at = (size_t)random_below(STEPS);
		capture = capture_begin(STDERR_FILENO);
		for (int step = 0; ok && step < STEPS; step++) {
			ok = one_update(&store, &next);
			model = ok ? next : model;
		}
		free(capture_end(capture));
		fault_at = SIZE_MAX;
		assert_old_or_new(&model, &next);
		next = model;
		assert_true(one_update(&store, &next));
		ezlb_lastgood_close(&store);
		assert_old_or_new(&next, &next);
		model = next;
	}
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_counts),
		IN_TOP(test_size),
		IN_TOP(test_killed_at_random),
		IN_TOP(test_faults_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
