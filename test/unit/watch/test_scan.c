// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <ezlb/duration.h>

#include "scan.h"

static struct ezlb_snapshot snap;

static void scan_top(void)
{
	const char *dirs[] = { top };

	ezlb_snapshot_clear(&snap);
	ezlb_scan(dirs, 1, &snap);
	assert_int_equal(snap.dirs.len, 1);
}

static int teardown(void **state)
{
	ezlb_snapshot_clear(&snap);
	return teardown_top(state);
}

static void make_socket(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%.40s/%.40s", top, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool read, ignored;
	} table[] = {
		{ "web.yaml", true, false },
		{ "web.yml", true, false },
		{ "a.b.yaml", true, false },
		{ "WEB.YAML", false, true },
		{ "web.yaml~", false, true },
		{ "web.yaml.bak", false, true },
		{ "web.json", false, true },
		{ "yaml", false, true },
		{ "sedAb12Cd", false, true },
		{ ".web.yaml", false, false },
		{ ".yaml", false, false },
		{ ".ansible_tmpx1y2web.yaml", false, false },
		{ "#web.yaml", false, false },
		{ ".web.yaml.swp", false, false },
		{ "..2026_01_01", false, false },
		{ "web.yaml.example", false, false },
		{ "example", false, true },
		{ "web.yaml.example.dpkg-new", false, false },
		{ "web.examples", false, true },
		{ "www.example.com.yaml", true, false },
		{ "web.example.yml", true, false },
		{ "www.example.com", false, true },
		{ "www.example.com.conf", false, true },
		{ "a.example.b.example", false, false },
		{ "web.example.dpkg", false, true },
	};
	struct watch_look look;
	size_t n_read = 0, n_ignored = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		put(table[i].name, "x: 1\n");
		n_read += table[i].read;
		n_ignored += table[i].ignored;
	}
	watch_look(top, NULL, &look);
	assert_null(look.problem);
	assert_int_equal(look.files.len, n_read);
	assert_int_equal(look.ignored.len, n_ignored);
	assert_int_equal(look.mounted.len, 0);
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		bool found = false;

		for (size_t k = 0; k < look.files.len; k++)
			found |= strcmp(look.files.items[k].path, at(table[i].name).s) == 0;
		if (found != table[i].read)
			fail_msg("%s: read is %d", table[i].name, found);
	}
	for (size_t k = 1; k < look.files.len; k++)
		assert_true(strcmp(look.files.items[k - 1].path, look.files.items[k].path) < 0);
	watch_look_clear(&look);
}

static void test_content(void **state)
{
	static const char bytes[] = "a: 1\0b\n";

	(void)state;
	put_bytes("a.yaml", bytes, sizeof(bytes));
	put("b.yaml", "");
	scan_top();
	assert_int_equal(snap.files.len, 2);
	assert_int_equal(snap.files.items[0].len, sizeof(bytes));
	assert_memory_equal(snap.files.items[0].bytes, bytes, sizeof(bytes));
	assert_true(snap.files.items[0].hash == ezlb_hash(bytes, sizeof(bytes)));
	assert_null(snap.files.items[0].problem);
	assert_int_equal(snap.files.items[1].len, 0);
	assert_non_null(snap.files.items[1].bytes);
	assert_null(snap.files.items[1].problem);
	assert_false(snap.dirs.items[0].frozen);
	assert_false(snap.dirs.items[0].configmap);
}

static void test_special_files(void **state)
{
	static const struct {
		const char *name, *want;
	} table[] = {
		{ "dir.yaml", "is a directory, not a regular file" },
		{ "fifo.yaml", "is a FIFO, not a regular file" },
		{ "loop.yaml", "cannot be opened: Too many levels of symbolic links" },
		{ "null.yaml", "is a device, not a regular file" },
		{ "sock.yaml", "is a socket, not a regular file" },
	};

	(void)state;
	make_dir("dir.yaml");
	assert_int_equal(mkfifo(at("fifo.yaml").s, 0644), 0);
	make_link("loop.yaml", "loop.yaml");
	make_link("/dev/null", "null.yaml");
	make_socket("sock.yaml");
	scan_top();
	assert_int_equal(snap.files.len, COUNT_OF(table));
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		const struct ezlb_file *file = file_in(&snap, table[i].name);

		assert_non_null(file);
		assert_null(file->bytes);
		assert_string_equal(file->problem, table[i].want);
		assert_false(file->passing);
	}
}

/* What is not the file's fault may be over by the next look. */
static void test_no_descriptor(void **state)
{
	int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct watch_place place = { .home = dir, .fd = dir, .max = EZLB_FILE_MAX };
	struct rlimit old, none = { 0 };
	struct ezlb_file file = { 0 };
	int rc;

	(void)state;
	put("a.yaml", "x: 1\n");
	assert_true(dir >= 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	rc = watch_file_read(&place, "a.yaml", S_IFREG, &file);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(rc, 0);
	assert_string_equal(file.problem, "cannot be opened: Too many open files");
	assert_true(file.passing);
	ezlb_file_clear(&file);
	close(dir);
}

static void test_links(void **state)
{
	(void)state;
	make_link("nowhere", "dangling.yaml");
	make_link("user@host.1234:5678", ".#web.yaml");
	put("target.txt", "x: 1\n");
	make_link("target.txt", "web.yaml");
	scan_top();
	assert_int_equal(snap.files.len, 1);
	assert_int_equal(file_in(&snap, "web.yaml")->len, 5);
}

static void test_size(void **state)
{
	char *bytes = ezlb_calloc(1, EZLB_FILE_MAX + 1);

	(void)state;
	memset(bytes, 'x', EZLB_FILE_MAX + 1);
	put_bytes("fits.yaml", bytes, EZLB_FILE_MAX);
	put_bytes("large.yaml", bytes, EZLB_FILE_MAX + 1);
	free(bytes);
	scan_top();
	assert_int_equal(file_in(&snap, "fits.yaml")->len, EZLB_FILE_MAX);
	assert_null(file_in(&snap, "large.yaml")->bytes);
	assert_string_equal(file_in(&snap, "large.yaml")->problem,
			    "has 262145 bytes, and the limit is 262144 (256 KiB): put one service "
			    "into each file");
}

static void test_unreadable_file(void **state)
{
	(void)state;
	put("a.yaml", "x: 1\n");
	assert_int_equal(chmod(at("a.yaml").s, 0), 0);
	assert_int_equal(chmod(top, 0755), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	scan_top();
	assert_int_equal(seteuid(getuid()), 0);
	assert_string_equal(file_in(&snap, "a.yaml")->problem,
			    "cannot be opened: Permission denied");
}

static void test_unreadable_dirs(void **state)
{
	struct text missing = at("missing"), file = at("file"), closed = at("closed");
	const char *dirs[] = { missing.s, file.s, closed.s };
	static const char *const want[] = {
		"cannot be opened: No such file or directory",
		"cannot be opened: Not a directory",
		"cannot be opened: Permission denied",
	};

	(void)state;
	put("file", "x");
	make_dir("closed");
	put("closed/a.yaml", "x: 1\n");
	assert_int_equal(chmod(closed.s, 0), 0);
	assert_int_equal(chmod(top, 0755), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	ezlb_scan(dirs, 3, &snap);
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(chmod(closed.s, 0755), 0);
	assert_int_equal(snap.files.len, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_true(snap.dirs.items[i].frozen);
		assert_string_equal(snap.dirs.items[i].problem, want[i]);
	}
}

static void test_too_many_files(void **state)
{
	struct watch_look look;

	(void)state;
	for (int i = 0; i <= WATCH_FILES_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%05d.yaml", i);
		assert_int_equal(mknod(at(name).s, S_IFREG | 0644, 0), 0);
	}
	watch_look(top, NULL, &look);
	assert_string_equal(look.problem, "holds more than 10000 .yaml files: split it");
	assert_int_equal(look.files.len, 0);
	watch_look_clear(&look);
	drop_file("00000.yaml");
	watch_look(top, NULL, &look);
	assert_null(look.problem);
	assert_int_equal(look.files.len, WATCH_FILES_MAX);
	watch_look_clear(&look);
}

static void test_configmap(void **state)
{
	(void)state;
	make_dir("..2026_1");
	put("..2026_1/a.yaml", "a: 1\n");
	put("..2026_1/new.yaml", "n: 1\n");
	put("..2026_1/README", "text\n");
	make_link("..2026_1", "..data");
	/* As the kubelet leaves it in mid-update: new.yaml has no link, gone.yaml's dangles. */
	make_link("..data/a.yaml", "a.yaml");
	make_link("..data/gone.yaml", "gone.yaml");
	scan_top();
	assert_true(snap.dirs.items[0].configmap);
	assert_false(snap.dirs.items[0].frozen);
	assert_int_equal(snap.files.len, 2);
	assert_non_null(file_in(&snap, "a.yaml"));
	assert_non_null(file_in(&snap, "new.yaml"));
}

static void test_configmap_damaged(void **state)
{
	(void)state;
	make_link("..2026_1", "..data");
	scan_top();
	assert_true(snap.dirs.items[0].frozen);
	assert_string_equal(snap.dirs.items[0].problem, "..data points to nothing");
	put("..2026_1", "a file");
	scan_top();
	assert_string_equal(snap.dirs.items[0].problem, "..data cannot be opened: Not a directory");
	drop_file("..2026_1");
	make_dir("..2026_1");
	scan_top();
	assert_false(snap.dirs.items[0].frozen);
	assert_int_equal(snap.files.len, 0);
}

static void test_data_that_is_no_link(void **state)
{
	(void)state;
	make_dir("..data");
	put("..data/a.yaml", "x: 1\n");
	put("b.yaml", "x: 1\n");
	scan_top();
	assert_false(snap.dirs.items[0].configmap);
	assert_int_equal(snap.files.len, 1);
}

static void test_several_dirs(void **state)
{
	struct text b = at("b/"), a = at("a"), alias = at("alias");
	const char *dirs[] = { b.s, a.s, alias.s, a.s };

	(void)state;
	make_dir("a");
	make_dir("b");
	make_link("a", "alias");
	put("a/1.yaml", "x: 1\n");
	put("b/2.yaml", "x: 2\n");
	ezlb_scan(dirs, 4, &snap);
	assert_int_equal(snap.dirs.len, 4);
	assert_string_equal(snap.dirs.items[0].path, b.s);
	assert_int_equal(snap.files.len, 2);
	assert_string_equal(snap.files.items[0].path, at("a/1.yaml").s);
	assert_string_equal(snap.files.items[1].path, at("b/2.yaml").s);
}

static atomic_bool stop;

/* For `check FILE`: any name will do, and what cannot be read is there with its problem. */
static void test_single_files(void **state)
{
	(void)state;
	put("b.txt", "b\n");
	make_dir("a.yaml");
	assert_int_equal(ezlb_scan_file(at("b.txt").s, EZLB_FILE_MAX, &snap), 0);
	assert_int_equal(ezlb_scan_file(at("a.yaml").s, EZLB_FILE_MAX, &snap), 0);
	assert_int_equal(ezlb_scan_file(at("missing.yaml").s, EZLB_FILE_MAX, &snap), -ENOENT);
	assert_int_equal(snap.files.len, 2);
	assert_string_equal(snap.files.items[0].path, at("b.txt").s);
	assert_string_equal(snap.files.items[0].bytes, "b\n");
	assert_string_equal(snap.files.items[1].problem, "is a directory, not a regular file");
}

/* Stands before libc's: as many of the next looks at a regular file as this find it changed. */
static int changes;

int fstat(int fd, struct stat *st)
{
	int rc = fstatat(fd, "", st, AT_EMPTY_PATH);

	if (rc == 0 && S_ISREG(st->st_mode) && changes > 0)
		st->st_mtim.tv_sec += changes--;
	return rc;
}

static void test_change_while_reading(void **state)
{
	static const struct {
		int changes;
		const char *want;
	} table[] = {
		{ 0, NULL },
		{ 1, NULL },
		{ 2, NULL },
		{ 4, NULL },
		{ 6, "changes while it is being read" },
	};

	(void)state;
	put("a.yaml", "1\n");
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		const char *problem;

		changes = table[i].changes;
		scan_top();
		problem = snap.files.items[0].problem;
		assert_int_equal(changes, 0);
		assert_true(!problem == !table[i].want);
		if (problem)
			assert_string_equal(problem, table[i].want);
		else
			assert_int_equal(snap.files.items[0].len, 2);
	}
}

/* As many bytes as it says it has: files in /proc say 0. */
static void test_other_size(void **state)
{
	(void)state;
	make_link("/proc/self/status", "a.yaml");
	scan_top();
	assert_string_equal(snap.files.items[0].problem, "changes while it is being read");
}

static atomic_bool stop;

/* As with the kubelet, no target comes twice (in 500): it is led by another number of slashes. */
static void *keep_swapping(void *arg)
{
	char slashes[501];

	(void)arg;
	memset(slashes, '/', sizeof(slashes));
	for (int i = 0; !stop; i++) {
		char target[512];

		snprintf(target, sizeof(target), ".%.*s%s", 1 + i % 500, slashes,
			 i % 2 ? "..1" : "..2");
		make_link(target, "..data_tmp");
		move("..data_tmp", "..data");
		usleep(50);
	}
	return NULL;
}

/* A link that never stands still is an error after some attempts, never a mixed result. */
static void test_swap_while_reading(void **state)
{
	bool noticed = false;
	pthread_t thread;
	uint64_t end;

	(void)state;
	make_dir("..1");
	make_dir("..2");
	/* So many that the link moves in each attempt. */
	for (int i = 0; i < 1500; i++) {
		char name[32];

		snprintf(name, sizeof(name), "..1/%04d.yaml", i);
		put(name, "1");
		name[2] = '2';
		put(name, "2");
	}
	make_link("..1", "..data");
	stop = false;
	assert_int_equal(pthread_create(&thread, NULL, keep_swapping, NULL), 0);
	end = ezlb_now_ms() + 120000;
	while (!noticed && ezlb_now_ms() < end) {
		scan_top();
		noticed = snap.dirs.items[0].frozen;
		for (size_t k = 1; k < snap.files.len; k++)
			assert_true(snap.files.items[k].hash == snap.files.items[0].hash);
	}
	stop = true;
	pthread_join(thread, NULL);
	assert_true(noticed);
	assert_string_equal(snap.dirs.items[0].problem, "..data changes while it is being read");
	scan_top();
	assert_int_equal(snap.files.len, 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_content, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_special_files, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_no_descriptor, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_size, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable_file, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable_dirs, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_files, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_configmap, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_configmap_damaged, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_data_that_is_no_link, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_several_dirs, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_single_files, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_change_while_reading, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_other_size, setup_top, teardown),
		cmocka_unit_test_setup_teardown(test_swap_while_reading, setup_top, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
