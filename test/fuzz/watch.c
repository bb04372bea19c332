// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A config directory as anybody may have made it who may write there: names, links, directories,
 * pipes, what is behind them, and modes. A secret outside of it is never read, whatever leads
 * there.
 */
#include "tempdir.h"

#include <dirent.h>
#include <limits.h>

#include <ezlb/utf8.h>
#include <ezlb/watch.h>

#include "pkg/watch/scan.h"

#define ENTRIES_MAX 24
#define SECRET	    "what nobody may see"

/* Where links lead to; seen from the config directory. Never to a file of the host. */
static const char *const targets[] = {
	"../secret.yaml",
	"../public.yaml",
	"../closed/open.yaml",
	"web.yaml",
	"..data",
	"..data/web.yaml",
	"sub/web.yaml",
	"sub",
	".",
	"..",
	"self.yaml",
	"../config",
	"missing",
	"pipe",
	"../pipe",
	"..1",
	"..data/../secret.yaml",
	"../closed",
	"a.yaml",
	"sub/../../secret.yaml",
	"b.yml",
};

static void put_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (write(fd, bytes, len) != (ssize_t)len || fchmod(fd, mode) < 0)
		abort();
	close(fd);
}

/* What is outside of the config directory. */
static void make_outside(void)
{
	fuzz_make_dir("config");
	fuzz_make_dir("closed");
	put_file(fuzz_at("secret.yaml").s, SECRET, strlen(SECRET), 0600);
	put_file(fuzz_at("public.yaml").s, "listen: 10.0.0.1:80\n", 20, 0644);
	put_file(fuzz_at("closed/open.yaml").s, SECRET, strlen(SECRET), 0644);
	if (chmod(fuzz_top, 0755) < 0 || chmod(fuzz_at("config").s, 0755) < 0 ||
	    mkfifo(fuzz_at("pipe").s, 0666) < 0)
		abort();
}

static bool is_name(const char *name)
{
	return name[0] && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* One entry: a byte for its kind, its name up to a NUL, its content up to a NUL. */
static void make_entry(const char *dir, struct fuzz_rest *rest)
{
	uint8_t kind = fuzz_byte(rest);
	struct fuzz_rest piece = fuzz_piece(rest, 0), content = fuzz_piece(rest, 0);
	char *name = fuzz_string(piece.at, piece.len), path[PATH_MAX];
	const char *to =
		targets[(content.len ? content.at[0] : 0) % (sizeof(targets) / sizeof(targets[0]))];
	int rc = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!is_name(name) || strlen(name) > NAME_MAX ||
	    memmem(content.at, content.len, SECRET, strlen(SECRET)))
		kind = UINT8_MAX;
	switch (kind % 8) {
	case 0:
	case 1:
		put_file(path, content.at, content.len, kind & 16 ? 0600 : 0644);
		break;
	case 2:
	case 3:
		rc = symlink(to, path);
		break;
	case 4:
		rc = mkdir(path, kind & 16 ? 0700 : 0755);
		break;
	case 5:
		rc = mkfifo(path, 0644);
		break;
	case 6:
		rc = rename(fuzz_at("config/web.yaml").s, path);
		break;
	default:
		break;
	}
	(void)rc; /* it may be there already */
	free(name);
}

static void check_plain(const char *text)
{
	uint32_t c;
	size_t n;

	for (; *text; text += n) {
		n = ezlb_utf8_decode(text, SIZE_MAX, &c);
		FUZZ_CHECK(n > 0 && ezlb_utf8_is_plain(c));
	}
}

static void check_file(const struct ezlb_file *file)
{
	FUZZ_CHECK(file->path && !file->bytes != !file->problem);
	if (file->problem)
		check_plain(file->problem);
	else
		FUZZ_CHECK(file->hash == ezlb_hash(file->bytes, file->len) &&
			   !memmem(file->bytes, file->len, SECRET, strlen(SECRET)));
}

static void check_snapshot(const struct ezlb_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->files.len; i++) {
		check_file(&snapshot->files.items[i]);
		FUZZ_CHECK(i == 0 || ezlb_file_cmp(&snapshot->files.items[i - 1],
						   &snapshot->files.items[i]) < 0);
	}
	FUZZ_CHECK(snapshot->dirs.len == 1);
	FUZZ_CHECK(!snapshot->dirs.items[0].problem || snapshot->files.len == 0);
}

static void list_names(const char *dir, struct watch_names *names)
{
	DIR *stream = opendir(dir);
	const struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		watch_names_add(names, entry->d_name);
	if (stream)
		closedir(stream);
}

/* Events about all names of a directory lead to the same files as a scan of it. */
static void check_look(const char *dir)
{
	struct watch_names names = { 0 };
	struct watch_look all, some;

	watch_look(dir, NULL, &all);
	list_names(dir, &names);
	if (watch_look_at(dir, all.dev, all.ino, &names, &some) == 0) {
		FUZZ_CHECK(!all.configmap && !all.problem);
		FUZZ_CHECK(some.files.len == all.files.len);
		for (size_t i = 0; i < some.files.len; i++) {
			check_file(&some.files.items[i]);
			FUZZ_CHECK(ezlb_file_cmp(&some.files.items[i], &all.files.items[i]) == 0);
			FUZZ_CHECK(some.files.items[i].hash == all.files.items[i].hash);
		}
	} else {
		FUZZ_CHECK(all.configmap || all.problem);
	}
	watch_look_clear(&some);
	watch_look_clear(&all);
	watch_names_clear(&names);
}

static void fill(struct fuzz_rest *rest)
{
	static const char *const dirs[] = { "config", "config/sub", "config/..1" };
	uint8_t place = fuzz_byte(rest);

	if (place & 1)
		fuzz_make_dir("config/sub");
	if (place & 2)
		fuzz_make_dir("config/..1");
	for (int i = 0; i < ENTRIES_MAX && rest->len > 0; i++)
		make_entry(fuzz_at(dirs[fuzz_byte(rest) % 3]).s, rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rest rest = { data, size };
	struct ezlb_snapshot snapshot = { .borrowed = false };
	struct fuzz_path config;
	const char *dir;

	fuzz_make_top();
	make_outside();
	fill(&rest);
	config = fuzz_at("config");
	dir = config.s;
	ezlb_scan(&dir, 1, &snapshot);
	check_snapshot(&snapshot);
	ezlb_snapshot_clear(&snapshot);
	check_look(dir);
	fuzz_empty();
	return 0;
}
