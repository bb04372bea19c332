// SPDX-License-Identifier: GPL-2.0-or-later
/* What a link in a config directory may lead to, and what is never opened. */
#include "fixture.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "scan.h"

static struct ezlb_snapshot snap;
static char other[64]; /* a directory outside of the config directory */

/* These stand before libc's: they count what is opened and not only found (O_PATH). */
static int opened;
static const char *swapped; /* the next open of this name finds a link to `swap_to` */
static char swap_to[128];

static void swap(const char *path)
{
	if (!swapped || strcmp(path, swapped) != 0)
		return;
	drop_file(swapped);
	make_link(swap_to, swapped);
	swapped = NULL;
}

static int open_counted(int dirfd, const char *path, int flags, mode_t mode)
{
	if (!(flags & (O_PATH | O_DIRECTORY))) {
		opened++;
		swap(path);
	}
	return (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open_counted(dirfd, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open_counted(AT_FDCWD, path, flags, mode);
}

/* So many names come before those that the directory has. */
static int listed;
static const char *list_suffix = "";

struct dirent *readdir(DIR *dir)
{
	static struct dirent *(*next)(DIR * dir);
	static struct dirent made;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "readdir");
	if (listed == 0)
		return next(dir);
	snprintf(made.d_name, sizeof(made.d_name), "%05d%s", listed--, list_suffix);
	return &made;
}

static int setup(void **state)
{
	swapped = NULL;
	listed = 0;
	snprintf(other, sizeof(other), "/tmp/ezlb-other-XXXXXX");
	if (!mkdtemp(other) || chmod(other, 0755) < 0)
		return -1;
	return setup_top(state);
}

static int teardown(void **state)
{
	ezlb_snapshot_clear(&snap);
	remove_tree(other);
	return teardown_top(state);
}

static struct text outside(const char *name)
{
	struct text path;

	snprintf(path.s, sizeof(path.s), "%s/%s", other, name);
	return path;
}

static void put_at(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && write(fd, "x: 1\n", 5) == 5);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static const struct ezlb_file *scanned(const char *name)
{
	const char *dirs[] = { top };

	ezlb_snapshot_clear(&snap);
	opened = 0;
	ezlb_scan(dirs, 1, &snap);
	return file_in(&snap, name);
}

static void assert_refused(const struct ezlb_file *file, const char *target)
{
	char want[512];

	snprintf(want, sizeof(want),
		 "leads to %s, which is outside of the config directory and which not every user "
		 "may read: ezlb does not read it. If it is a service file, copy it into the "
		 "directory",
		 target);
	assert_non_null(file);
	assert_null(file->bytes);
	assert_false(file->passing);
	assert_string_equal(file->problem, want);
}

static void assert_read(const struct ezlb_file *file)
{
	assert_non_null(file);
	assert_null(file->problem);
	assert_string_equal(file->bytes, "x: 1\n");
}

/* As /etc/shadow: mode 0640. Nobody opens it, and nobody sees a line of it. */
static void test_secret(void **state)
{
	struct text secret = outside("secret");

	(void)state;
	put_at(secret.s, 0640);
	make_link(secret.s, "a.yaml");
	assert_refused(scanned("a.yaml"), secret.s);
	assert_int_equal(opened, 0);
	make_link("a.yaml", "b.yaml"); /* a link to the link */
	assert_refused(scanned("b.yaml"), secret.s);
	assert_int_equal(opened, 0);
}

/* A file that everybody may read, in a directory that not everybody may enter. */
static void test_closed_dir(void **state)
{
	struct text file = outside("web.yaml");

	(void)state;
	put_at(file.s, 0644);
	make_link(file.s, "a.yaml");
	assert_int_equal(chmod(other, 0700), 0);
	assert_refused(scanned("a.yaml"), file.s);
	assert_int_equal(chmod(other, 0711), 0);
	assert_read(scanned("a.yaml"));
}

/* A directory above both that not everybody may enter: who writes to the config directory may. */
static void test_closed_above(void **state)
{
	struct text dir = at("services.d");
	const char *dirs[] = { dir.s };

	(void)state;
	assert_int_equal(chmod(top, 0700), 0);
	make_dir("services.d");
	make_dir("available");
	put_at(at("available/web.yaml").s, 0644);
	put_at(at("available/api.yaml").s, 0640);
	make_link("../available/web.yaml", "services.d/web.yaml");
	make_link("../available/api.yaml", "services.d/api.yaml");
	ezlb_scan(dirs, 1, &snap);
	assert_read(file_in(&snap, "services.d/web.yaml"));
	assert_refused(file_in(&snap, "services.d/api.yaml"), at("available/api.yaml").s);
	ezlb_snapshot_clear(&snap);
	assert_int_equal(chmod(at("available").s, 0700), 0);
	ezlb_scan(dirs, 1, &snap);
	assert_refused(file_in(&snap, "services.d/web.yaml"), at("available/web.yaml").s);
}

/* As sites-enabled and sites-available. */
static void test_public(void **state)
{
	struct text file = outside("web.yaml");

	(void)state;
	put_at(file.s, 0644);
	make_link(file.s, "a.yaml");
	assert_read(scanned("a.yaml"));
	assert_int_equal(opened, 1);
}

/* What is in the directory or below it needs no such mode; nor does a file that is no link. */
static void test_inside(void **state)
{
	(void)state;
	make_dir("sub");
	put_at(at("sub/web.txt").s, 0600);
	put_at(at("own.yaml").s, 0600);
	make_link("sub/web.txt", "a.yaml");
	make_link(at("own.yaml").s, "b.yaml");
	assert_read(scanned("a.yaml"));
	assert_read(file_in(&snap, "b.yaml"));
	assert_read(file_in(&snap, "own.yaml"));
}

/* The name of a directory beside it begins in the same way. */
static void test_similar_name(void **state)
{
	struct text beside, file;

	(void)state;
	snprintf(beside.s, sizeof(beside.s), "%s-2", top);
	snprintf(file.s, sizeof(file.s), "%.80s/a", beside.s);
	assert_int_equal(mkdir(beside.s, 0755), 0);
	put_at(file.s, 0600);
	make_link(file.s, "a.yaml");
	assert_refused(scanned("a.yaml"), file.s);
	remove_tree(beside.s);
}

/* The kubelet's ..data leads to a directory beside it. One that leads elsewhere is a link, too. */
static void test_data_outside(void **state)
{
	struct text secret = outside("a.yaml");

	(void)state;
	put_at(secret.s, 0640);
	put_at(outside("b.yaml").s, 0644);
	make_link(other, "..data");
	assert_refused(scanned("a.yaml"), secret.s);
	assert_read(file_in(&snap, "b.yaml"));
	drop_file("..data");
	make_dir("..1");
	put_at(at("..1/a.yaml").s, 0400);
	make_link("..1", "..data");
	assert_read(scanned("a.yaml"));
}

/* The open of a device can do something: /dev/watchdog resets the host. */
static void test_never_opened(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(un.sun_path, sizeof(un.sun_path), "%.40s/sock.yaml", top);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	make_link("/dev/null", "a.yaml");
	make_link("/dev/tty", "b.yaml");
	assert_int_equal(mkfifo(at("fifo.yaml").s, 0644), 0);
	make_link("fifo.yaml", "c.yaml");
	make_link("sock.yaml", "d.yaml");
	make_link(other, "e.yaml");
	make_dir("dir.yaml");
	make_link("loop.yaml", "loop.yaml");
	assert_string_equal(scanned("a.yaml")->problem, "is a device, not a regular file");
	assert_string_equal(file_in(&snap, "c.yaml")->problem, "is a FIFO, not a regular file");
	assert_string_equal(file_in(&snap, "d.yaml")->problem, "is a socket, not a regular file");
	assert_string_equal(file_in(&snap, "e.yaml")->problem,
			    "is a directory, not a regular file");
	for (size_t i = 0; i < snap.files.len; i++)
		assert_null(snap.files.items[i].bytes);
	assert_int_equal(snap.files.len, 9);
	assert_int_equal(opened, 0);
}

/* Between the look at a file and its open, somebody makes it a link. */
static void test_swapped(void **state)
{
	struct text secret = outside("secret");

	(void)state;
	put_at(secret.s, 0640);
	put_at(at("a.yaml").s, 0644);
	snprintf(swap_to, sizeof(swap_to), "%.120s", secret.s);
	swapped = "a.yaml";
	assert_refused(scanned("a.yaml"), secret.s);
	assert_null(swapped);
}

/* The same for `ezlb check FILE`, which says what `ezlb run` would say. */
static void test_single_file(void **state)
{
	struct text secret = outside("secret");

	(void)state;
	put_at(secret.s, 0640);
	make_link(secret.s, "a.yaml");
	assert_int_equal(ezlb_scan_file(at("a.yaml").s, EZLB_FILE_MAX, &snap), 0);
	assert_refused(&snap.files.items[0], secret.s);
	assert_int_equal(ezlb_scan_file(secret.s, EZLB_FILE_MAX, &snap), 0);
	assert_read(&snap.files.items[1]);
}

/* A directory that has too many files costs its list, and no look at one of them. */
static void test_too_many(void **state)
{
	(void)state;
	listed = WATCH_FILES_MAX + 1;
	list_suffix = ".yaml";
	assert_null(scanned("00000.yaml"));
	assert_true(snap.dirs.items[0].frozen);
	assert_string_equal(snap.dirs.items[0].problem,
			    "holds more than 10000 .yaml files: split it");
	assert_int_equal(opened, 0);
}

static void test_too_many_names(void **state)
{
	struct watch_look look;

	(void)state;
	put_at(at("a.yaml").s, 0644);
	listed = WATCH_ENTRIES_MAX - 3; /* with ".", ".." and the file as many as may be */
	list_suffix = "";
	watch_look(top, NULL, &look);
	assert_null(look.problem);
	assert_int_equal(look.files.len, 1);
	assert_int_equal(look.ignored.len, WATCH_IGNORED_MAX);
	watch_look_clear(&look);
	listed = WATCH_ENTRIES_MAX - 2;
	watch_look(top, NULL, &look);
	assert_string_equal(look.problem, "holds more than 50000 files of any kind: split it");
	assert_int_equal(look.files.len, 0);
	watch_look_clear(&look);
}

#define FULL	  (WATCH_BYTES_MAX / EZLB_FILE_MAX) /* so many of the largest files are allowed */
#define TOO_LARGE "holds more than 64 MiB of service files: split it"

static void put_full(void)
{
	char name[32];

	for (int i = 0; i < FULL; i++) {
		snprintf(name, sizeof(name), "%03d.yaml", i);
		put_large(name, EZLB_FILE_MAX);
	}
}

/* Neither has one that has too much; a file that is not read because it is too large is none. */
static void test_too_large(void **state)
{
	struct watch_look look;

	(void)state;
	put_full();
	put_large("zz.yaml", EZLB_FILE_MAX + 1);
	watch_look(top, NULL, &look);
	assert_null(look.problem);
	assert_int_equal(look.files.len, FULL + 1);
	watch_look_clear(&look);
	put_at(at("a.yaml").s, 0644);
	opened = 0;
	watch_look(top, NULL, &look);
	assert_string_equal(look.problem, TOO_LARGE);
	assert_int_equal(look.files.len, 0);
	assert_int_equal(opened, 0);
	watch_look_clear(&look);
}

/* What links lead to is known when it is read: nothing more is read than is allowed. */
static void test_too_large_by_links(void **state)
{
	char name[32];

	(void)state;
	put_large("0.yaml", EZLB_FILE_MAX);
	for (int i = 0; i < 2 * FULL; i++) {
		snprintf(name, sizeof(name), "l%03d.yaml", i);
		make_link("0.yaml", name);
	}
	opened = 0;
	assert_null(scanned("0.yaml"));
	assert_true(snap.dirs.items[0].frozen);
	assert_string_equal(snap.dirs.items[0].problem, TOO_LARGE);
	assert_int_equal(opened, FULL + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed_dir, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed_above, setup, teardown),
		cmocka_unit_test_setup_teardown(test_public, setup, teardown),
		cmocka_unit_test_setup_teardown(test_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_similar_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_data_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_opened, setup, teardown),
		cmocka_unit_test_setup_teardown(test_swapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_single_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_large_by_links, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
