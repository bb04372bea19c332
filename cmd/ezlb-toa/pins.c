// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "pins.h"
#include "sys.h"

#define LOCK_TRIES 100
#define LOCK_NAP                             \
	(struct timespec)                    \
	{                                    \
		.tv_nsec = 100 * 1000 * 1000 \
	}
#define PATH_ROOM 64

static const char *path_of(const char *name, const char *suffix, char buf[PATH_ROOM])
{
	snprintf(buf, PATH_ROOM, PINS_DIR "/%s%s", name, suffix);
	return buf;
}

static const char *link_path(enum set_program program, const char *suffix, char buf[PATH_ROOM])
{
	char name[32];

	snprintf(name, sizeof(name), "link_%s", set_program_name(program));
	return path_of(name, suffix, buf);
}

static bool is_bpffs(void)
{
	struct statfs fs;

	return statfs(PINS_ROOT, &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

static int need_bpffs(struct ezlb_err *err)
{
	if (is_bpffs())
		return 0;
	if (mount("bpf", PINS_ROOT, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		return ezlb_err_sys(err, errno, "mount the BPF file system at " PINS_ROOT);
	return 0;
}

/* Of the whole file system, because the directory itself comes and goes. Ends with the descriptor.
 */
static int lock(struct ezlb_err *err)
{
	int fd = open(PINS_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == EACCES)
		return ezlb_err_set(err, EACCES,
				    "open " PINS_ROOT ": not permitted; it needs root");
	if (fd < 0)
		return ezlb_err_sys(err, errno, "open " PINS_ROOT);
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		nanosleep(&LOCK_NAP, NULL);
	}
	close(fd);
	return ezlb_err_set(err, EBUSY,
			    "another process, such as an ezlb-toa, has " PINS_ROOT
			    " locked for 10 s");
}

/* Pins under another name first, so that there is always one of them. */
static int replace_pin(int fd, const char *path, const char *fresh, struct ezlb_err *err)
{
	int rc;

	unlink(fresh);
	rc = sys_pin(fd, fresh);
	if (rc == 0 && rename(fresh, path) < 0)
		rc = -errno;
	return rc < 0 ? ezlb_err_sys(err, -rc, "pin %s", path) : 0;
}

static int take_maps(struct set *set, struct ezlb_err *err)
{
	char path[PATH_ROOM], fresh[PATH_ROOM];
	bool old[MAPS] = { false };

	for (enum set_map map = 0; map < MAPS; map++) {
		int fd = sys_open_pin(path_of(set_map_name(map), "", path));

		if (fd < 0 && fd != -ENOENT)
			return ezlb_err_sys(err, -fd, "open %s", path);
		old[map] = fd >= 0 && set_map_fits(map, fd);
		if (old[map])
			set->maps[map] = fd;
		else if (fd >= 0)
			close(fd);
	}
	if (set_make_maps(set, err) < 0)
		return -err->code;
	for (enum set_map map = 0; map < MAPS; map++) {
		path_of(set_map_name(map), "", path);
		path_of(set_map_name(map), "_new", fresh);
		if (!old[map] && replace_pin(set->maps[map], path, fresh, err) < 0)
			return -err->code;
	}
	return 0;
}

static int remove_pin(const char *path, struct ezlb_err *err)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return ezlb_err_sys(err, errno, "remove %s", path);
}

/* Without this it would be attached a little longer than its pin is there. */
static void detach_link(const char *path)
{
	EZLB_AUTO_CLOSE int link = sys_open_pin(path);

	if (link >= 0)
		(void)sys_link_detach(link);
}

static int remove_link(enum set_program program, const char *suffix, struct ezlb_err *err)
{
	char path[PATH_ROOM];

	link_path(program, suffix, path);
	detach_link(path);
	return remove_pin(path, err);
}

static bool is_on(int link, uint64_t cgroup_id)
{
	struct bpf_link_info info;

	return sys_link_info(link, &info) == 0 && info.cgroup.cgroup_id == cgroup_id;
}

static int attach_new(struct set *set, enum set_program program, int cgroup, struct ezlb_err *err)
{
	char path[PATH_ROOM], fresh[PATH_ROOM];

	set->links[program] = set_link(set, program, cgroup, err);
	if (set->links[program] < 0)
		return set->links[program];
	return replace_pin(set->links[program], link_path(program, "", path),
			   link_path(program, "_new", fresh), err);
}

static int attach_one(struct set *set, enum set_program program, int cgroup, uint64_t cgroup_id,
		      struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int other = -1;
	int rc;

	set->links[program] = pins_open_link(program);
	if (set->links[program] >= 0 && is_on(set->links[program], cgroup_id)) {
		rc = sys_link_update(set->links[program], set->programs[program]);
		return rc < 0 ? ezlb_err_sys(err, -rc, "replace %s", set_program_name(program)) : 0;
	}
	if (set->links[program] < 0 && set->links[program] != -ENOENT)
		return ezlb_err_sys(err, -set->links[program], "open the link of %s",
				    set_program_name(program));
	other = set->links[program];
	rc = attach_new(set, program, cgroup, err);
	if (rc == 0 && other >= 0)
		(void)sys_link_detach(
			other); /* of a cgroup that was removed it is detached already */
	return rc;
}

static int attach_all(struct set *set, const struct from_list *list, int cgroup, uint64_t cgroup_id,
		      struct ezlb_err *err)
{
	if (take_maps(set, err) < 0 || set_load(set, err) < 0 || set_believe(set, list, err) < 0)
		return -err->code;
	for (enum set_program program = 0; program < PROGRAMS; program++)
		/* Of one that was killed between pinning and renaming. */
		if (remove_link(program, "_new", err) < 0 ||
		    attach_one(set, program, cgroup, cgroup_id, err) < 0)
			return -err->code;
	return 0;
}

/* Links first, the program that fills the storage before those that read it. */
static int remove_all(struct ezlb_err *err)
{
	static const char *const suffixes[] = { "", "_new" };
	char path[PATH_ROOM];

	for (int i = 0; i < 2; i++) {
		for (int program = PROGRAMS - 1; program >= 0; program--)
			if (remove_link((enum set_program)program, suffixes[i], err) < 0)
				return -err->code;
		for (enum set_map map = 0; map < MAPS; map++)
			if (remove_pin(path_of(set_map_name(map), suffixes[i], path), err) < 0)
				return -err->code;
	}
	if (rmdir(PINS_DIR) < 0 && errno != ENOENT)
		return ezlb_err_sys(err, errno, "remove " PINS_DIR);
	return 0;
}

/* Where others may write into the BPF file system (mode 1777), somebody else may have made it: he
 * could then remove or exchange what is in it. *made: it was not there. */
static int make_dir(bool *made, struct ezlb_err *err)
{
	struct stat dir;

	*made = mkdir(PINS_DIR, 0700) == 0;
	if (!*made && errno != EEXIST)
		return ezlb_err_sys(err, errno, "make " PINS_DIR);
	if (lstat(PINS_DIR, &dir) < 0)
		return ezlb_err_sys(err, errno, "look at " PINS_DIR);
	if (S_ISDIR(dir.st_mode) && (dir.st_uid == 0 || dir.st_uid == geteuid()) &&
	    (dir.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	return ezlb_err_set(err, EPERM,
			    PINS_DIR " is not a directory of root alone (owner %u, mode %04o): "
				     "somebody else has made it; remove it",
			    (unsigned)dir.st_uid, (unsigned)dir.st_mode & 07777);
}

int pins_attach(const struct from_list *list, int cgroup, uint64_t cgroup_id, bool *updated,
		struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int locked = -1;
	struct set set;
	bool made;
	int rc;

	if (need_bpffs(err) < 0)
		return -err->code;
	locked = lock(err);
	if (locked < 0)
		return locked;
	if (make_dir(&made, err) < 0)
		return -err->code;
	*updated = !made;
	set_init(&set);
	rc = attach_all(&set, list, cgroup, cgroup_id, err);
	set_close(&set);
	if (rc < 0 && made)
		(void)remove_all(&(struct ezlb_err){ 0 });
	return rc;
}

int pins_detach(bool *removed, struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int locked = -1;

	*removed = false;
	if (!is_bpffs())
		return 0;
	locked = lock(err);
	if (locked < 0)
		return locked;
	*removed = access(PINS_DIR, F_OK) == 0;
	return *removed ? remove_all(err) : 0;
}

int pins_open_link(enum set_program program)
{
	char path[PATH_ROOM];

	return sys_open_pin(link_path(program, "", path));
}
