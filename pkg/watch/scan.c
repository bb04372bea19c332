// SPDX-License-Identifier: GPL-2.0-or-later
#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "link.h"

#define DATA_LINK "..data"
#define TRIES	  10
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC)

struct link {
	char target[PATH_MAX];
};

void watch_names_clear(struct watch_names *names)
{
	for (size_t i = 0; i < names->len; i++)
		free(names->items[i]);
	EZLB_VEC_CLEAR(names);
}

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t watch_names_find(const struct watch_names *names, const char *name)
{
	size_t i = EZLB_FIRST(names, &name, name_cmp);

	return i < names->len && strcmp(names->items[i], name) == 0 ? i : names->len;
}

bool watch_names_add(struct watch_names *names, const char *name)
{
	size_t i = EZLB_FIRST(names, &name, name_cmp);

	if (i < names->len && strcmp(names->items[i], name) == 0)
		return false;
	*EZLB_PUSH(names) = NULL;
	memmove(&names->items[i + 1], &names->items[i], (names->len - 1 - i) * sizeof(char *));
	names->items[i] = ezlb_strdup(name);
	return true;
}

void watch_names_drop(struct watch_names *names, const char *name)
{
	size_t i = watch_names_find(names, name);

	if (i == names->len)
		return;
	free(names->items[i]);
	names->len--;
	memmove(&names->items[i], &names->items[i + 1], (names->len - i) * sizeof(char *));
}

static void contents_clear(struct watch_look *look)
{
	for (size_t i = 0; i < look->files.len; i++)
		ezlb_file_clear(&look->files.items[i]);
	EZLB_VEC_CLEAR(&look->files);
	watch_names_clear(&look->ignored);
	watch_names_clear(&look->mounted);
}

void watch_look_clear(struct watch_look *look)
{
	free(look->generation);
	look->generation = NULL;
	contents_clear(look);
	free(look->marks);
	free(look->problem);
	memset(look, 0, sizeof(*look));
}

/* Temporary files of Ansible and emacs also end in .yaml, but start with '.' or '#'. */
static bool is_hidden(const char *name)
{
	return name[0] == '.' || name[0] == '#';
}

/*
 * A sample, like the web.yaml.example of the packages, is meant to be ignored, and so is the
 * web.yaml.example.dpkg-new of an upgrade: they are worth no line in the log. Not so
 * www.example.com, which somebody may take for the name of a service file.
 */
static bool is_sample(const char *name)
{
	const char *tail = strstr(name, ".example"), *next;

	while (tail && (next = strstr(tail + 1, ".example")))
		tail = next;
	return tail && (tail[8] == '\0' || strncmp(tail + 8, ".dpkg-", 6) == 0);
}

static bool is_yaml(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

char *watch_path_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);

	return ezlb_asprintf("%s%s%s", dir, len > 0 && dir[len - 1] == '/' ? "" : "/", name);
}

/* A directory that is being read. */
struct visit {
	struct watch_place place;
	const char *dir;
	const struct watch_known *known; /* NULL: read every file */
	int64_t now_s;
	struct statx self;
	uint64_t bytes; /* of the files that were read, or need not be read again */
	struct watch_look *out;
};

static void begin(struct visit *visit, int fd)
{
	struct timespec now;

	visit->place.fd = fd;
	visit->place.max = EZLB_FILE_MAX;
	clock_gettime(CLOCK_REALTIME, &now);
	visit->now_s = now.tv_sec;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &visit->self) < 0)
		memset(&visit->self, 0, sizeof(visit->self));
}

/*
 * True if the file is a mount point, such as a subPath volume mount. Linux before 5.8 has no
 * STATX_MNT_ID; there a mount from the same file system is not found.
 */
static bool is_own_mount(const struct statx *dir, const struct statx *file)
{
	if (!S_ISREG(file->stx_mode) || dir->stx_mask == 0)
		return false;
	if (dir->stx_mask & file->stx_mask & STATX_MNT_ID)
		return dir->stx_mnt_id != file->stx_mnt_id;
	return dir->stx_dev_major != file->stx_dev_major ||
	       dir->stx_dev_minor != file->stx_dev_minor;
}

static uint64_t stamp_of(const struct statx *st, int64_t now_s)
{
	const uint64_t parts[] = { st->stx_dev_major,
				   st->stx_dev_minor,
				   st->stx_ino,
				   st->stx_size,
				   (uint64_t)st->stx_mtime.tv_sec,
				   st->stx_mtime.tv_nsec,
				   (uint64_t)st->stx_ctime.tv_sec,
				   st->stx_ctime.tv_nsec };

	if (!S_ISREG(st->stx_mode) || now_s - st->stx_mtime.tv_sec < WATCH_AGE_S ||
	    now_s - st->stx_ctime.tv_sec < WATCH_AGE_S)
		return 0;
	return ezlb_hash(parts, sizeof(parts));
}

/*
 * Returns the mode of the name itself; 0: not known. FORCE_SYNC: a network file system must ask its
 * server, as it does when a file is opened.
 */
static mode_t examine(const struct visit *visit, const char *name, struct ezlb_file *file,
		      bool *mounted)
{
	struct statx st;

	if (statx(visit->place.fd, name, AT_SYMLINK_NOFOLLOW | AT_STATX_FORCE_SYNC,
		  STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0)
		return 0;
	visit->out->links |= S_ISLNK(st.stx_mode) || st.stx_nlink > 1;
	*mounted = !visit->out->configmap && is_own_mount(&visit->self, &st);
	file->stamp = stamp_of(&st, visit->now_s);
	file->same = file->stamp && visit->known &&
		     visit->known->stamp(visit->known->arg, file->path) == file->stamp;
	file->len = file->same ? st.stx_size : 0;
	return st.stx_mode;
}

static void read_yaml(struct visit *visit, const char *name)
{
	struct ezlb_file file = { .path = watch_path_join(visit->dir, name) };
	struct watch_look *out = visit->out;
	bool mounted = false;
	mode_t mode = examine(visit, name, &file, &mounted);

	if (!file.same && watch_file_read(&visit->place, name, mode, &file) == -ENOENT) {
		ezlb_file_clear(&file);
		return;
	}
	visit->bytes += file.len;
	*EZLB_PUSH(&out->files) = file;
	if (mounted)
		*EZLB_PUSH(&out->mounted) = ezlb_strdup(file.path);
}

static void note_ignored(const struct visit *visit, const char *name)
{
	if (!is_hidden(name) && !is_sample(name) && visit->out->ignored.len < WATCH_IGNORED_MAX)
		*EZLB_PUSH(&visit->out->ignored) = watch_path_join(visit->dir, name);
}

static bool is_service_name(const char *name)
{
	return !is_hidden(name) && is_yaml(name);
}

static int too_many(struct ezlb_err *err, int max, const char *what)
{
	return ezlb_err_set(err, E2BIG, "holds more than %d %s: split it", max, what);
}

/* The names of all service files. A directory that has too many costs no look at any of them. */
static int list_names(DIR *stream, const struct visit *visit, struct watch_names *names,
		      struct ezlb_err *err)
{
	for (int n = 0;; n++) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(stream);
		if (!entry && errno)
			return ezlb_err_sys(err, errno, "cannot be listed");
		if (!entry)
			return 0;
		if (n == WATCH_ENTRIES_MAX)
			return too_many(err, WATCH_ENTRIES_MAX, "files of any kind");
		if (!is_service_name(entry->d_name))
			note_ignored(visit, entry->d_name);
		else if (names->len == WATCH_FILES_MAX)
			return too_many(err, WATCH_FILES_MAX, ".yaml files");
		else
			*EZLB_PUSH(names) = ezlb_strdup(entry->d_name);
	}
}

static int too_large(struct ezlb_err *err)
{
	return ezlb_err_set(err, E2BIG, "holds more than %d MiB of service files: split it",
			    WATCH_BYTES_MAX / 1024 / 1024);
}

/*
 * Finds most directories that hold too much before the first file is read, because one that stays
 * frozen is looked at every second. What links lead to is counted when it is read.
 */
static int weigh(const struct visit *visit, const struct watch_names *names, struct ezlb_err *err)
{
	uint64_t sum = 0;
	struct statx st;

	if (names->len <= WATCH_BYTES_MAX / EZLB_FILE_MAX)
		return 0;
	for (size_t i = 0; i < names->len && sum <= WATCH_BYTES_MAX; i++)
		if (statx(visit->place.fd, names->items[i],
			  AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_SIZE,
			  &st) == 0 &&
		    S_ISREG(st.stx_mode) && st.stx_size <= EZLB_FILE_MAX)
			sum += st.stx_size;
	return sum > WATCH_BYTES_MAX ? too_large(err) : 0;
}

static int read_files(struct visit *visit, const struct watch_names *names, struct ezlb_err *err)
{
	for (size_t i = 0; i < names->len; i++) {
		read_yaml(visit, names->items[i]);
		if (visit->bytes > WATCH_BYTES_MAX)
			return too_large(err);
	}
	return 0;
}

/* Reads every file of the directory fd, and closes fd. */
static int read_dir(int fd, struct visit *visit, struct ezlb_err *err)
{
	struct watch_names names = { 0 };
	DIR *stream = fdopendir(fd);
	int rc;

	if (!stream) {
		rc = -errno;
		close(fd);
		return ezlb_err_sys(err, -rc, "cannot be listed");
	}
	begin(visit, fd);
	rc = list_names(stream, visit, &names, err);
	if (rc == 0)
		rc = weigh(visit, &names, err);
	if (rc == 0)
		rc = read_files(visit, &names, err);
	watch_names_clear(&names);
	closedir(stream);
	return rc;
}

/* Returns false if ..data is missing or not a link. */
static bool read_link(int dirfd, struct link *out)
{
	ssize_t len = readlinkat(dirfd, DATA_LINK, out->target, sizeof(out->target) - 1);

	if (len < 0)
		return false;
	out->target[len] = '\0';
	return true;
}

/* Names a generation: where ..data leads to, and the inode, because a name can be used again. */
static char *generation_of(int fd, const struct link *data)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	return ezlb_asprintf("%s %llx:%llx", data->target, (unsigned long long)st.st_dev,
			     (unsigned long long)st.st_ino);
}

/* Reads once. Returns -EAGAIN if ..data changed meanwhile. */
static int try_configmap(int dirfd, const struct visit *of, struct ezlb_err *err)
{
	struct watch_look *out = of->out;
	struct visit visit = *of;
	struct link before, after;
	int rc, fd;

	contents_clear(out);
	if (!read_link(dirfd, &before))
		return ezlb_err_set(err, EAGAIN, DATA_LINK " is missing");
	fd = openat(dirfd, DATA_LINK, DIR_FLAGS);
	if (fd < 0 && errno == ENOENT)
		return ezlb_err_set(err, EAGAIN, DATA_LINK " points to nothing");
	if (fd < 0)
		return ezlb_err_sys(err, errno, DATA_LINK " cannot be opened");
	free(out->generation);
	out->generation = generation_of(fd, &before);
	visit.place.outside = !link_is_below(dirfd, fd);
	if (visit.known && (!out->generation || !visit.known->generation ||
			    strcmp(out->generation, visit.known->generation) != 0))
		visit.known = NULL;
	rc = read_dir(fd, &visit, err);
	/* The kubelet moves ..data before it removes the old generation. */
	if (!read_link(dirfd, &after) || strcmp(before.target, after.target) != 0)
		return ezlb_err_set(err, EAGAIN, DATA_LINK " changes while it is being read");
	return rc;
}

static int look_configmap(int dirfd, const struct visit *visit, struct ezlb_err *err)
{
	int rc = -EAGAIN;

	for (int i = 0; i < TRIES && rc == -EAGAIN; i++)
		rc = try_configmap(dirfd, visit, err);
	return rc;
}

static int open_dir(const char *dir, int *fd, struct watch_look *out, struct ezlb_err *err)
{
	struct link data;
	struct stat st;

	*fd = open(dir, DIR_FLAGS);
	if (*fd < 0)
		return ezlb_err_sys(err, errno, "cannot be opened");
	if (fstat(*fd, &st) < 0)
		return ezlb_err_sys(err, errno, "cannot be examined");
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	out->configmap = read_link(*fd, &data);
	return 0;
}

static int look(const char *dir, const struct watch_known *known, struct watch_look *out,
		struct ezlb_err *err)
{
	struct visit visit = { .dir = dir, .known = known, .out = out };
	EZLB_AUTO_CLOSE int fd = -1;
	int rc = open_dir(dir, &fd, out, err), copy;

	if (rc < 0)
		return rc;
	visit.place.home = fd;
	if (out->configmap)
		return look_configmap(fd, &visit, err);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return ezlb_err_sys(err, errno, "cannot be listed");
	return read_dir(copy, &visit, err);
}

void watch_look(const char *dir, const struct watch_known *known, struct watch_look *out)
{
	struct ezlb_err err;

	memset(out, 0, sizeof(*out));
	if (look(dir, known, out, &err) < 0) {
		contents_clear(out);
		out->problem = ezlb_strdup(err.msg);
	}
	EZLB_SORT(&out->files, ezlb_file_cmp);
}

int watch_look_at(const char *dir, dev_t dev, ino_t ino, struct watch_names *names,
		  struct watch_look *out)
{
	struct visit visit = { .dir = dir, .out = out };
	EZLB_AUTO_CLOSE int fd = -1;
	struct ezlb_err err;
	struct stat st;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = open_dir(dir, &fd, out, &err);
	if (rc < 0 || out->dev != dev || out->ino != ino || out->configmap)
		return -EAGAIN;
	begin(&visit, fd);
	visit.place.home = fd;
	EZLB_SORT(names, name_cmp);
	for (size_t i = 0; i < names->len; i++) {
		const char *name = names->items[i];

		if (is_service_name(name))
			read_yaml(&visit, name);
		/* The temporary files of editors have gone. */
		else if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			note_ignored(&visit, name);
		if (visit.bytes > WATCH_BYTES_MAX)
			return -E2BIG;
	}
	return 0;
}
