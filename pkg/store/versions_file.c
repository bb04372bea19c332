// SPDX-License-Identifier: GPL-2.0-or-later
#include "versions_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/log.h>

#include "newfile.h"
#include "olddir.h"

#define FILE_MAX     (1 << 30)	 /* a longer one is not read into memory */
#define REWRITE_SIZE (64 * 1024) /* a shorter file is never written again */

/* --- reading ------------------------------------------------------------------------------- */

bool versions_pread(int fd, char *buf, size_t len, uint64_t at)
{
	ssize_t n;

	for (size_t done = 0; done < len; done += (size_t)n) {
		n = pread(fd, buf + done, len - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	return true;
}

static void drop(struct ezlb_versions *v)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
	v->index.len = 0;
	v->size = v->live = v->rewrite_at = 0;
	v->unread = v->fixed = 0;
	v->tail = v->damaged = false;
}

/* "Cannot read" is not "empty": such a file is neither used nor replaced, but tried again. */
static void cannot_read(struct ezlb_versions *v, int code, int before)
{
	drop(v);
	v->unread = code;
	if (before != code)
		ezlb_log(EZLB_WARN, "config",
			 EZLB_S("msg", "cannot read the saved last good versions"),
			 EZLB_S("stored", v->path), EZLB_S("reason", ezlb_errno_str(code)));
}

static void not_a_file(struct ezlb_versions *v)
{
	drop(v);
	ezlb_log(EZLB_WARN, "config",
		 EZLB_S("msg", "the saved last good versions are not a regular file: ignored"),
		 EZLB_S("stored", v->path));
}

static void remember(struct ezlb_versions *v, int fd, const struct stat *st)
{
	v->fd = fd;
	v->dev = st->st_dev;
	v->ino = st->st_ino;
}

/* O_NONBLOCK: do not block on a FIFO with that name. */
static int open_file(const struct ezlb_versions *v, int access)
{
	return open(v->path, access | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
}

/* The whole text, which the caller frees; NULL: it cannot be read, *code says why. */
static char *read_text(struct ezlb_versions *v, int fd, const struct stat *st, int *code)
{
	char *text;

	*code = EFBIG;
	if (st->st_size > FILE_MAX)
		return NULL;
	text = ezlb_calloc(1, (size_t)st->st_size + 1);
	errno = EIO; /* a file that is shorter than it said sets none */
	if (versions_pread(fd, text, (size_t)st->st_size, 0)) {
		remember(v, fd, st);
		return text;
	}
	*code = errno;
	free(text);
	return NULL;
}

static int open_to_load(struct ezlb_versions *v)
{
	int fd = open_file(v, v->writes ? O_RDWR : O_RDONLY);

	if (fd >= 0 || (errno != EROFS && errno != EACCES && errno != EPERM))
		return fd;
	v->fixed = errno;
	return open_file(v, O_RDONLY);
}

void versions_load(struct ezlb_versions *v)
{
	EZLB_AUTO_FREE char *text = NULL;
	int before = v->unread, code = 0, fd;
	struct stat st = { .st_mode = 0 };

	drop(v);
	v->unpruned = true;
	fd = open_to_load(v);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	if (fd < 0 || fstat(fd, &st) < 0)
		code = errno;
	else if (S_ISREG(st.st_mode))
		text = read_text(v, fd, &st, &code);
	if (text) {
		versions_take(v, text, (size_t)st.st_size);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (code == 0 || code == ELOOP || code == EISDIR || code == ENXIO)
		not_a_file(v);
	else
		cannot_read(v, code, before);
}

/* True if the path still is the file that is open, as long as it was after the last write. */
static bool is_ours(const struct ezlb_versions *v)
{
	struct stat st = { .st_dev = 0 };

	return lstat(v->path, &st) == 0 && st.st_dev == v->dev && st.st_ino == v->ino &&
	       (v->tail ? (uint64_t)st.st_size >= v->size : (uint64_t)st.st_size == v->size);
}

static void look(struct ezlb_versions *v)
{
	if (v->unread) {
		versions_load(v);
		v->lost = v->lost || !v->unread;
	} else if (v->fd >= 0 && !is_ours(v)) {
		versions_load(v);
		v->lost = true;
	}
}

bool versions_keep(struct ezlb_versions *v)
{
	bool lost;

	look(v);
	lost = v->lost && !v->unread;
	v->lost = v->lost && !lost;
	return lost;
}

/* --- writing ------------------------------------------------------------------------------- */

/* Writes all of it; 0 or -errno. */
static int put(int fd, const char *text, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, text, len, (off_t)at);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ENOSPC;
		n = n < 0 ? 0 : n;
		text += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int create(struct ezlb_versions *v)
{
	EZLB_AUTO_FREE char *dir = ezlb_strndup(v->path, (size_t)(strrchr(v->path, '/') - v->path));
	struct stat st = { .st_dev = 0 };
	int rc = dir_make(dir, v->dir, NULL), fd;

	if (rc < 0)
		return rc;
	fd = newfile_open(v->path, v->dir, NULL);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	remember(v, fd, &st);
	return 0;
}

/* Of a file that could only be read, as on a file system that is read-only for a while. */
static int open_again(struct ezlb_versions *v)
{
	int fd = open_file(v, O_RDWR);

	if (fd < 0)
		return -errno;
	close(v->fd);
	v->fd = fd;
	v->fixed = 0;
	return 0;
}

/* The next record must not come after a part of one. */
static int cut_tail(struct ezlb_versions *v)
{
	if (v->tail && ftruncate(v->fd, (off_t)v->size) < 0)
		return -errno;
	v->tail = false;
	return 0;
}

/* Makes the file ready for a write at v->size. */
static int prepare(struct ezlb_versions *v)
{
	int rc = 0;

	look(v);
	if (v->unread)
		return -v->unread;
	if (v->fd < 0)
		return create(v);
	if (v->fixed)
		rc = open_again(v);
	return rc < 0 ? rc : cut_tail(v);
}

/* What is in the batch counts now; `from` is the place in the text that went to v->size. */
static void add_to_index(struct ezlb_versions *v, const struct versions_batch *batch, size_t from)
{
	bool sort = false;

	for (size_t i = 0; i < batch->items.len; i++) {
		struct version item = batch->items.items[i];
		const struct version *was = sort ? NULL : versions_find(v, item.path);

		item.at = v->size + item.at - from;
		if (was && item.set) {
			v->live += record_size(item.path_len, item.len);
			v->live -= record_size(was->path_len, was->len);
			v->index.items[was - v->index.items] = item;
			continue;
		}
		*EZLB_PUSH(&v->index) = item;
		sort = true;
	}
	v->size += batch->text.len - from;
	if (sort)
		versions_settle(v);
}

int versions_remove(struct ezlb_versions *v)
{
	int rc = 0;

	if (unlink(v->path) < 0 && errno != ENOENT && errno != ENOTDIR)
		return -errno;
	drop(v);
	if (v->old_dir)
		rc = olddir_remove(v->old_dir);
	versions_drop_old(v);
	return rc;
}

/* The text of a file with the versions that count, and where each is in it. */
static int live_text(const struct ezlb_versions *v, struct record_text *out,
		     struct version_index *index)
{
	EZLB_AUTO_FREE char *text = ezlb_calloc(1, v->size + 1);
	struct record rec;

	if (!versions_pread(v->fd, text, v->size, 0))
		return -EIO;
	memcpy(EZLB_ROOM(out, RECORD_FIRST_LEN), RECORD_FIRST, RECORD_FIRST_LEN);
	out->len = RECORD_FIRST_LEN;
	for (size_t i = 0; i < v->index.len; i++) {
		struct version item = v->index.items[i];

		if (!record_parse(text, v->size, item.at, &rec) || rec.hash != item.hash)
			return -EBADMSG;
		item.at = out->len;
		memcpy(EZLB_ROOM(out, rec.size), text + rec.at, rec.size);
		out->len += rec.size;
		*EZLB_PUSH(index) = item;
	}
	return 0;
}

/* A rename puts the new file in the place of all versions at once: it must be on the disk. */
static int replace(struct ezlb_versions *v, const struct record_text *text)
{
	EZLB_AUTO_FREE char *tmp = ezlb_asprintf("%s.new", v->path);
	int fd = newfile_open(tmp, v->dir, NULL), rc;
	struct stat st = { .st_dev = 0 };

	if (fd < 0)
		return fd;
	rc = put(fd, text->items, text->len, 0);
	if (rc == 0 && (fdatasync(fd) < 0 || fstat(fd, &st) < 0 || rename(tmp, v->path) < 0))
		rc = -errno;
	if (rc < 0) {
		close(fd);
		unlink(tmp); /* frees space on a full disk */
		return rc;
	}
	close(v->fd);
	remember(v, fd, &st);
	return 0;
}

static int rewrite(struct ezlb_versions *v)
{
	struct version_index index = { .len = 0 };
	struct record_text text = { .len = 0 };
	int rc = live_text(v, &text, &index);

	if (rc == 0)
		rc = replace(v, &text);
	if (rc == 0) {
		EZLB_VEC_CLEAR(&v->index);
		v->index = index;
		v->size = v->live = text.len;
		v->damaged = false;
		v->rewrite_at = 0;
	} else {
		EZLB_VEC_CLEAR(&index);
		v->rewrite_at = v->size + v->size / 2 + REWRITE_SIZE;
	}
	EZLB_VEC_CLEAR(&text);
	return rc;
}

/* A failure is no harm: the file only stays longer than it must be. */
static void tidy(struct ezlb_versions *v)
{
	if (v->index.len == 0)
		versions_remove(v);
	else if (v->size >= v->rewrite_at &&
		 (v->damaged || (v->size > REWRITE_SIZE && v->live < v->size / 2)))
		rewrite(v);
}

static int append(struct ezlb_versions *v, const struct versions_batch *batch)
{
	size_t from;
	int rc = prepare(v);

	if (rc < 0)
		return rc;
	from = v->size > 0 ? RECORD_FIRST_LEN : 0;
	rc = put(v->fd, batch->text.items + from, batch->text.len - from, v->size);
	if (rc < 0) {
		v->tail = true;
		cut_tail(v);
		return rc;
	}
	add_to_index(v, batch, from);
	return 0;
}

int versions_append(struct ezlb_versions *v, const struct versions_batch *batch)
{
	int rc = batch->items.len > 0 ? versions_migrate(v) : 0;

	if (rc < 0 || batch->items.len == 0)
		return rc;
	rc = append(v, batch);
	if (rc == 0)
		tidy(v);
	return rc;
}

void versions_drop_old(struct ezlb_versions *v)
{
	for (size_t i = 0; i < v->old.len; i++)
		ezlb_file_clear(&v->old.items[i]);
	EZLB_VEC_CLEAR(&v->old);
	free(v->old_dir);
	v->old_dir = NULL;
}

/* A power cut must not take both the file and the directory: the file is on the disk first. */
int versions_migrate(struct ezlb_versions *v)
{
	struct versions_batch batch = { .text = { 0 } };
	int rc = 0;

	if (!v->old_dir)
		return 0;
	for (size_t i = 0; i < v->old.len; i++)
		versions_batch_add(&batch, v->old.items[i].path, v->old.items[i].bytes,
				   v->old.items[i].len);
	if (batch.items.len > 0)
		rc = append(v, &batch);
	if (rc == 0 && batch.items.len > 0 && fdatasync(v->fd) < 0)
		rc = -errno;
	versions_batch_clear(&batch);
	if (rc < 0)
		return rc;
	rc = olddir_remove(v->old_dir);
	if (rc < 0)
		ezlb_log(EZLB_WARN, "config",
			 EZLB_S("msg", "cannot remove the last good versions of an older ezlb: the "
				       "next start takes them for newer ones"),
			 EZLB_S("dir", v->old_dir), EZLB_S("reason", ezlb_errno_str(-rc)));
	versions_drop_old(v);
	return 0;
}

int versions_spoil(struct ezlb_versions *v, uint64_t path_hash)
{
	static const char kind = RECORD_OUTDATED;
	const struct version *version = versions_find(v, path_hash);
	int rc;

	if (!version)
		return 0;
	rc = put(v->fd, &kind, 1, version->at + RECORD_KIND_AT);
	if (rc < 0)
		return rc;
	v->index.items[version - v->index.items].set = false;
	versions_settle(v);
	return 0;
}
