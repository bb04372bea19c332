// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events of inotify, of any length and with any name, through a pipe. The watches have the numbers
 * 1 to 3, and one of them is that of a directory and of the parent of another.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "pkg/watch/notify.h"

#define DIRS	    3
#define GONE	    (IN_IGNORED | IN_UNMOUNT | IN_MOVE_SELF | IN_DELETE_SELF)
#define HEAD	    sizeof(struct inotify_event)
#define NAMES_MAX   250 /* as in notify.c; and of files that are being written: */
#define WRITING_MAX 1000
#define WDS	    5 /* 0 is no watch */

static void start(struct notify *notify)
{
	static const char *const dirs[DIRS] = { "/nowhere/a", "/nowhere/a/b", "/nowhere/c" };
	static const int wds[DIRS] = { 1, 2, 3 }, parents[DIRS] = { 4, 1, 4 };

	notify_init(notify, dirs, DIRS);
	for (size_t i = 0; i < DIRS; i++) {
		notify->dirs[i].wd = wds[i];
		notify->dirs[i].parent_wd = parents[i];
	}
}

/* What the bytes of the input before the first damaged event say, as this target reads them. */
struct told {
	bool damaged, overflow;
	bool dropped[WDS];		/* watches that the kernel has removed */
	bool touched[DIRS], gone[DIRS]; /* by events of the directory's own watch */
};

static void note(struct told *told, const struct inotify_event *event)
{
	told->overflow |= (event->mask & IN_Q_OVERFLOW) != 0;
	if (event->wd < 1 || event->wd >= WDS || told->dropped[event->wd])
		return;
	if (event->wd <= DIRS) {
		told->touched[event->wd - 1] = true;
		told->gone[event->wd - 1] |= (event->mask & GONE) != 0;
	}
	told->dropped[event->wd] = (event->mask & GONE) != 0;
}

static struct told read_input(const uint8_t *data, size_t size)
{
	struct told told = { .damaged = false };
	struct inotify_event event;

	while (size >= HEAD) {
		memcpy(&event, data, HEAD);
		if (event.len > size - HEAD || event.len % _Alignof(struct inotify_event) != 0 ||
		    (event.len > 0 && !memchr(data + HEAD, 0, event.len)))
			break;
		note(&told, &event);
		data += HEAD + event.len;
		size -= HEAD + event.len;
	}
	told.damaged = size > 0;
	return told;
}

static void check_names(const struct watch_names *names, size_t most)
{
	FUZZ_CHECK(names->len <= most);
	for (size_t i = 1; i < names->len; i++)
		FUZZ_CHECK(strcmp(names->items[i - 1], names->items[i]) < 0);
}

static void check_dirs(const struct notify *notify, const struct told *told)
{
	for (size_t i = 0; i < DIRS; i++) {
		const struct notify_dir *dir = &notify->dirs[i];

		/* What may have been lost is looked for in all directories. */
		FUZZ_CHECK(dir->whole || !(told->damaged || told->overflow));
		FUZZ_CHECK(dir->touched || !told->touched[i]);
		FUZZ_CHECK(dir->gone == told->gone[i]);
		FUZZ_CHECK((dir->wd < 0) == told->dropped[i + 1]);
		check_names(&dir->names, NAMES_MAX);
		check_names(&dir->writing, WRITING_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told told = read_input(data, size);
	struct notify notify;
	int ends[2];

	start(&notify);
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0 || write(ends[1], data, size) != (ssize_t)size)
		abort();
	notify.fd = ends[0];
	notify_read(&notify);
	FUZZ_CHECK(notify.overflow == (told.damaged || told.overflow));
	check_dirs(&notify, &told);
	notify_clear(&notify);
	close(ends[1]);
	return 0;
}
