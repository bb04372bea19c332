// SPDX-License-Identifier: GPL-2.0-or-later
#include "notify.h"

#include <errno.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define GONE	      (IN_IGNORED | IN_UNMOUNT | IN_MOVE_SELF | IN_DELETE_SELF)
#define PARENT_EVENTS (IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF)
#define DIR_EVENTS    (PARENT_EVENTS | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB)
/* MASK_ADD: if a directory is the parent of another, the second call must keep the first mask. */
#define FLAGS	   (IN_ONLYDIR | IN_MASK_ADD)
#define READ_TURNS 64
/* WRITTEN: the bytes changed. FINISHED: all bytes are there, or it is another file. */
#define WRITTEN	    IN_MODIFY
#define FINISHED    (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVE)
#define NAMES_MAX   250	 /* names of files to look at; with more the whole directory is scanned */
#define WRITING_MAX 1000 /* names; more files that are written at the same time are not tracked */

static void split(const char *path, char **parent, char **base)
{
	size_t end = strlen(path), begin;

	while (end > 1 && path[end - 1] == '/')
		end--;
	begin = end;
	while (begin > 0 && path[begin - 1] != '/')
		begin--;
	*base = ezlb_strndup(path + begin, end - begin);
	while (begin > 1 && path[begin - 1] == '/')
		begin--;
	*parent = begin > 0 ? ezlb_strndup(path, begin) : ezlb_strdup(".");
}

void notify_init(struct notify *notify, const char *const *dirs, size_t n)
{
	memset(notify, 0, sizeof(*notify));
	notify->fd = -1;
	notify->n = n;
	notify->dirs = ezlb_calloc(n, sizeof(*notify->dirs));
	for (size_t i = 0; i < n; i++) {
		struct notify_dir *dir = &notify->dirs[i];

		dir->path = ezlb_strdup(dirs[i]);
		split(dirs[i], &dir->parent, &dir->base);
		dir->wd = dir->parent_wd = -1;
	}
}

void notify_disarm(struct notify *notify)
{
	for (size_t i = 0; i < notify->n; i++) {
		notify->dirs[i].wd = notify->dirs[i].parent_wd = -1;
		notify->dirs[i].whole = true;
		watch_names_clear(&notify->dirs[i].names);
		watch_names_clear(&notify->dirs[i].writing);
	}
	ezlb_close_fd(&notify->fd);
	notify->fd = -1;
}

void notify_clear(struct notify *notify)
{
	notify_disarm(notify);
	for (size_t i = 0; i < notify->n; i++) {
		free(notify->dirs[i].path);
		free(notify->dirs[i].parent);
		free(notify->dirs[i].base);
	}
	free(notify->dirs);
	notify->dirs = NULL;
	notify->n = 0;
}

static int open_inotify(struct notify *notify, struct ezlb_err *err)
{
	if (notify->fd >= 0)
		return 0;
	notify->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (notify->fd >= 0)
		return 0;
	if (errno == EMFILE)
		return ezlb_err_set(err, EMFILE,
				    "too many inotify instances on this node: raise the sysctl "
				    "fs.inotify.max_user_instances (or the limit of open files)");
	return ezlb_err_sys(err, errno, "inotify_init1");
}

/* True if the kernel has no watch left; false if the error is about this path. */
static bool is_shortage(int code)
{
	return code == ENOSPC || code == ENOMEM;
}

static int add_watch(struct notify *notify, const char *path, uint32_t mask, int *wd,
		     struct ezlb_err *err)
{
	if (*wd >= 0)
		return 0;
	*wd = inotify_add_watch(notify->fd, path, mask);
	if (*wd >= 0 || !is_shortage(errno))
		return 0;
	return ezlb_err_set(err, errno,
			    "no inotify watch left on this node: raise the sysctl "
			    "fs.inotify.max_user_watches");
}

static int arm_dir(struct notify *notify, struct notify_dir *dir, struct ezlb_err *err)
{
	struct stat st = { 0 };
	int rc;

	rc = add_watch(notify, dir->parent, PARENT_EVENTS | FLAGS, &dir->parent_wd, err);
	if (rc < 0 || dir->wd >= 0)
		return rc;
	/*
	 * Call stat before adding the watch: if the directory is replaced in between, the next scan
	 * finds another inode and adds the watch again.
	 */
	if (stat(dir->path, &st) < 0)
		return 0;
	dir->dev = st.st_dev;
	dir->ino = st.st_ino;
	return add_watch(notify, dir->path, DIR_EVENTS | FLAGS, &dir->wd, err);
}

int notify_arm(struct notify *notify, struct ezlb_err *err)
{
	int rc = open_inotify(notify, err);

	for (size_t i = 0; i < notify->n && rc == 0; i++)
		rc = arm_dir(notify, &notify->dirs[i], err);
	return rc;
}

/* Every directory with this watch is scanned again: there are no events until it is replaced. */
static void drop(struct notify *notify, int wd)
{
	for (size_t i = 0; i < notify->n; i++) {
		struct notify_dir *dir = &notify->dirs[i];

		if (dir->wd != wd && dir->parent_wd != wd)
			continue;
		dir->touched = dir->whole = true;
		if (dir->wd == wd)
			watch_names_clear(&dir->writing);
		dir->wd = dir->wd == wd ? -1 : dir->wd;
		dir->parent_wd = dir->parent_wd == wd ? -1 : dir->parent_wd;
	}
	/* Fails if the kernel has removed the watch already. The kernel does not reuse numbers. */
	inotify_rm_watch(notify->fd, wd);
}

bool notify_drop_other(struct notify *notify, size_t i, dev_t dev, ino_t ino)
{
	struct notify_dir *dir = &notify->dirs[i];

	if (dir->wd < 0 || (dir->dev == dev && dir->ino == ino))
		return false;
	drop(notify, dir->wd);
	if (dir->parent_wd >= 0)
		drop(notify, dir->parent_wd);
	return true;
}

bool notify_is_elsewhere(const struct notify *notify, size_t i)
{
	const struct notify_dir *dir = &notify->dirs[i];
	struct stat st;

	if (dir->wd < 0)
		return false;
	return stat(dir->path, &st) < 0 || st.st_dev != dir->dev || st.st_ino != dir->ino;
}

static void note_writing(struct notify_dir *dir, const struct inotify_event *event)
{
	struct watch_names *names = &dir->writing;

	if ((event->mask & WRITTEN) && names->len < WRITING_MAX)
		watch_names_add(names, event->name);
	if (event->mask & FINISHED)
		watch_names_drop(names, event->name);
}

static void note_name(struct notify_dir *dir, const struct inotify_event *event)
{
	struct watch_names *names = &dir->names;

	if (event->len == 0 || (event->mask & GONE) || names->len == NAMES_MAX) {
		dir->whole = true;
		return;
	}
	if (!dir->whole)
		watch_names_add(names, event->name);
}

static void on_overflow(struct notify *notify)
{
	notify->overflow = true;
	for (size_t i = 0; i < notify->n; i++) {
		notify->dirs[i].whole = true;
		watch_names_clear(&notify->dirs[i].writing); /* the close events may be lost */
	}
}

static void on_event(struct notify *notify, const struct inotify_event *event)
{
	bool gone = event->mask & GONE;

	if (event->mask & IN_Q_OVERFLOW)
		on_overflow(notify);
	for (size_t i = 0; i < notify->n; i++) {
		struct notify_dir *dir = &notify->dirs[i];
		bool named = event->len > 0 && strcmp(event->name, dir->base) == 0;

		if (event->wd >= 0 &&
		    (dir->wd == event->wd || (dir->parent_wd == event->wd && (gone || named)))) {
			dir->touched = true;
			/* One watch can be that of the directory and of a parent. */
			dir->whole |= dir->parent_wd == event->wd && (gone || named);
		}
		if (event->wd < 0 || dir->wd != event->wd)
			continue;
		note_name(dir, event);
		dir->gone |= gone;
		if (event->len > 0)
			note_writing(dir, event);
	}
	if (gone && event->wd >= 0)
		drop(notify, event->wd);
}

/*
 * Whether the event is whole, with a name that ends in it. The kernel sends no other, nor a part of
 * one.
 */
static bool is_whole(const struct inotify_event *event, size_t left)
{
	return left >= sizeof(*event) && event->len <= left - sizeof(*event) &&
	       event->len % _Alignof(struct inotify_event) == 0 &&
	       (event->len == 0 || memchr(event->name, '\0', event->len));
}

static void on_events(struct notify *notify, const char *buf, size_t len)
{
	for (size_t at = 0; at < len;) {
		const struct inotify_event *event = (const void *)(buf + at);

		if (!is_whole(event, len - at)) {
			on_overflow(notify);
			return;
		}
		on_event(notify, event);
		at += sizeof(*event) + event->len;
	}
}

void notify_read(struct notify *notify)
{
	_Alignas(struct inotify_event) char buf[16384];
	ssize_t len;

	/* Bounded, so that the loop can serve its other handles. The rest triggers another call. */
	for (int i = 0; i < READ_TURNS; i++) {
		len = read(notify->fd, buf, sizeof(buf));
		if (len <= 0)
			return;
		on_events(notify, buf, (size_t)len);
	}
}
