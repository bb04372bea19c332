// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The persist directory: a second place for last good versions, which outlives a reboot. And what
 * others do to both directories.
 */
#include <ezlb/store.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/log.h>
#include <ezlb/mem.h>

#include "lastgood_place.h"
#include "statedir.h"

static const struct dir_kind persist_dir = { "persist directory", "--persist-dir", 0700 };

static bool is_same_dir(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The state directory has versions that an ezlb without a persist directory has stored. */
static void copy_all(struct ezlb_lastgood *lastgood)
{
	struct ezlb_versions *to = lastgood->files[LASTGOOD_PERSISTENT];
	struct ezlb_snapshot stored = { .borrowed = false };
	struct versions_batch batch = { .text = { 0 } };
	int rc;

	versions_list(lastgood->files[0], &stored.files);
	for (size_t i = 0; i < stored.files.len; i++) {
		const struct ezlb_file *file = &stored.files.items[i];
		uint64_t hash = 0;
		size_t len = 0;

		if (!versions_has(to, file->path, &len, &hash) || len != file->len ||
		    hash != file->hash)
			versions_batch_add(&batch, file->path, file->bytes, file->len);
	}
	rc = versions_append(to, &batch);
	if (rc < 0)
		lastgood_warn(lastgood, "cannot copy the last good versions of the service files",
			      to->path, -rc);
	versions_batch_clear(&batch);
	ezlb_snapshot_clear(&stored);
}

/*
 * Returns true if there is a directory to use. The lock of a reader stays unset. Where the lock
 * cannot be opened because the file system is read-only or full, what is stored still counts.
 */
static bool open_dir(struct ezlb_lastgood *lastgood, const char *dir, struct ezlb_err *err)
{
	int rc = lastgood->writes ? dir_make(dir, &persist_dir, err) : 0;

	/* Never open the lock of the state directory again: closing it would end that lock. */
	if (rc < 0 || is_same_dir(dir, lastgood->dir))
		return false;
	rc = lastgood->writes ? dir_lock(dir, &persist_dir, err)
			      : dir_check(dir, &persist_dir, err);
	lastgood->lock = rc;
	lastgood->persist_fixed = lastgood->writes && rc < 0;
	return rc >= 0 || (rc != -EBUSY && dir_check(dir, &persist_dir, NULL) == 0);
}

static void use_dir(struct ezlb_lastgood *lastgood, const char *dir, struct ezlb_err *err)
{
	bool used = open_dir(lastgood, dir, err), writes;

	if (used && ezlb_lastgood_persists(lastgood) && lastgood->persist_fixed)
		return; /* still can only be read */
	lastgood_close_place(lastgood, LASTGOOD_PERSISTENT);
	if (!used)
		return;
	writes = lastgood->writes && !lastgood->persist_fixed;
	lastgood->files[LASTGOOD_PERSISTENT] = ezlb_calloc(1, sizeof(struct ezlb_versions));
	versions_open(lastgood->files[LASTGOOD_PERSISTENT], dir, &persist_dir, writes);
	if (writes)
		copy_all(lastgood);
}

static void warn_of_reboot(const struct ezlb_err *err)
{
	ezlb_log(EZLB_WARN, "config",
		 EZLB_S("msg", "the last good versions of the service files will not survive a "
			       "reboot of this host"),
		 EZLB_S("err", err->msg));
}

void ezlb_lastgood_persist(struct ezlb_lastgood *lastgood, const char *dir)
{
	struct ezlb_err err = { 0 };

	if (!lastgood->dir || !dir)
		return;
	use_dir(lastgood, dir, &err);
	if (!lastgood->writes || (!ezlb_lastgood_persists(lastgood) && !err.code))
		return;
	lastgood->persist_dir = ezlb_strdup(dir);
	lastgood->problem = err;
	if (err.code)
		warn_of_reboot(&err);
}

/* --- what others do to the directories ----------------------------------------------------- */

/* Another process has the directory now: it would delete our versions, and we would delete its. */
static void leave_persist(struct ezlb_lastgood *lastgood)
{
	close(lastgood->lock);
	lastgood_close_place(lastgood, LASTGOOD_PERSISTENT);
}

/* Returns true if the lock of the new directory is taken. */
static bool lock_again(struct ezlb_lastgood *lastgood)
{
	struct ezlb_err err = { 0 };
	int rc = dir_keep(&lastgood->lock, lastgood->persist_dir, &persist_dir, &err);

	if (rc == -EBUSY)
		leave_persist(lastgood);
	if (rc < 0 && !lastgood->lock_lost)
		warn_of_reboot(&err);
	lastgood->problem = err;
	lastgood->lock_lost = rc < 0 && rc != -EBUSY;
	if (rc == 0)
		copy_all(lastgood);
	return rc == 0;
}

/* Returns true if the persist directory, which could not be used, can be used now. */
static bool use_again(struct ezlb_lastgood *lastgood)
{
	struct ezlb_err err = { 0 };

	use_dir(lastgood, lastgood->persist_dir, &err);
	lastgood->problem = err;
	if (!ezlb_lastgood_persists(lastgood) || lastgood->persist_fixed)
		return false;
	ezlb_log(EZLB_INFO, "config",
		 EZLB_S("msg", "the last good versions of the service files survive a reboot of "
			       "this host again"),
		 EZLB_S("persist_dir", lastgood->persist_dir));
	return true;
}

bool ezlb_lastgood_keep(struct ezlb_lastgood *lastgood)
{
	bool again, lost;

	if (!lastgood->dir || !lastgood->writes)
		return false;
	again = versions_keep(lastgood->files[0]);
	if (!lastgood->persist_dir)
		return again;
	if (!ezlb_lastgood_persists(lastgood) || lastgood->persist_fixed)
		return use_again(lastgood) || again;
	lost = versions_keep(lastgood->files[LASTGOOD_PERSISTENT]);
	return ((lost || lastgood->lock_lost) && lock_again(lastgood)) || again;
}
