// SPDX-License-Identifier: GPL-2.0-or-later
#include "versions.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/log.h>
#include <ezlb/mem.h>

#include "olddir.h"
#include "versions_file.h"

static int version_cmp(const void *a, const void *b)
{
	const struct version *x = a, *y = b;

	return (x->path > y->path) - (x->path < y->path);
}

/* The later one of a path is behind the earlier one. */
static int version_age_cmp(const void *a, const void *b)
{
	const struct version *x = a, *y = b;
	int rc = version_cmp(a, b);

	return rc ? rc : (x->at > y->at) - (x->at < y->at);
}

static size_t size_of(const struct version *version)
{
	return record_size(version->path_len, version->len);
}

char *versions_copy(const char *bytes, size_t len)
{
	char *copy = ezlb_calloc(1, len + 1);

	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

static struct version version_of(const struct record *rec)
{
	return (struct version){
		.path = ezlb_hash(rec->path, rec->path_len),
		.hash = rec->hash,
		.at = rec->at,
		.len = (uint32_t)rec->len,
		.path_len = (uint16_t)rec->path_len,
		.set = rec->kind == RECORD_SET,
	};
}

/* Of each path the last one counts. */
void versions_settle(struct ezlb_versions *v)
{
	struct version_index *index = &v->index;
	size_t n = 0;

	EZLB_SORT(index, version_age_cmp);
	v->live = RECORD_FIRST_LEN;
	for (size_t i = 0; i < index->len; i++) {
		bool last = i + 1 == index->len || index->items[i].path != index->items[i + 1].path;

		if (!last || !index->items[i].set)
			continue;
		v->live += size_of(&index->items[i]);
		index->items[n++] = index->items[i];
	}
	index->len = n;
}

/* A part of a record at the end is what a kill in the middle of a write leaves: not a damage. */
static void log_damage(const struct ezlb_versions *v, const struct record_scan *scan)
{
	EZLB_AUTO_FREE char *path = NULL;

	if (scan->lost_path)
		path = ezlb_strndup(scan->lost_path, scan->lost_path_len);
	ezlb_log(EZLB_WARN, "config",
		 EZLB_S("msg", "a part of the saved last good versions is damaged: ignored"),
		 EZLB_S("stored", v->path), EZLB_I("bytes", scan->lost), EZLB_S("file", path));
}

void versions_take(struct ezlb_versions *v, const char *text, size_t len)
{
	struct record_scan scan = { .text = text, .len = len };
	struct record rec;

	while (record_next(&scan, &rec))
		*EZLB_PUSH(&v->index) = version_of(&rec);
	versions_settle(v);
	v->size = scan.whole;
	v->tail = scan.whole < len;
	v->damaged = scan.lost > 0;
	if (v->tail && v->writes)
		ezlb_log(EZLB_WARN, "config",
			 EZLB_S("msg", "the end of the saved last good versions is incomplete or "
				       "damaged: what was saved before it counts"),
			 EZLB_S("stored", v->path), EZLB_I("bytes", len - scan.whole));
	if (v->damaged)
		log_damage(v, &scan);
}

void versions_open(struct ezlb_versions *v, const char *dir, const struct dir_kind *kind,
		   bool writes)
{
	*v = (struct ezlb_versions){ .writes = writes, .fd = -1, .dir = kind };
	v->path = ezlb_asprintf("%s/versions", dir);
	versions_load(v);
	if (olddir_list(dir, &v->old))
		v->old_dir = ezlb_strdup(dir);
	if (writes)
		versions_migrate(v);
}

void versions_close(struct ezlb_versions *v)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
	EZLB_VEC_CLEAR(&v->index);
	versions_drop_old(v);
	free(v->path);
	v->path = NULL;
}

/* --- reading ------------------------------------------------------------------------------- */

const struct version *versions_find(const struct ezlb_versions *v, uint64_t path_hash)
{
	const struct version key = { .path = path_hash };

	return EZLB_FIND(&v->index, &key, version_cmp);
}

static const struct ezlb_file *find_old(const struct ezlb_versions *v, const char *path)
{
	EZLB_AUTO_FREE char *copy = v->old.len > 0 ? ezlb_strdup(path) : NULL;
	const struct ezlb_file key = { .path = copy };

	return copy ? EZLB_FIND(&v->old, &key, ezlb_file_cmp) : NULL;
}

bool versions_has(const struct ezlb_versions *v, const char *path, size_t *len, uint64_t *hash)
{
	const struct ezlb_file *old = find_old(v, path);
	const struct version *version = old ? NULL
					    : versions_find(v, ezlb_hash(path, strlen(path)));

	if (old) {
		*len = old->len;
		*hash = old->hash;
	} else if (version) {
		*len = version->len;
		*hash = version->hash;
	}
	return old || version;
}

/* The record in a buffer that the caller frees; NULL: it is not there any more as it was. */
static char *read_record(const struct ezlb_versions *v, const struct version *version,
			 struct record *rec)
{
	size_t size = size_of(version);
	char *buf = ezlb_calloc(1, size + 1);

	if (versions_pread(v->fd, buf, size, version->at) && record_parse(buf, size, 0, rec) &&
	    rec->kind == RECORD_SET && rec->hash == version->hash &&
	    version_of(rec).path == version->path)
		return buf;
	free(buf);
	return NULL;
}

static void log_damaged(const struct ezlb_versions *v, const char *path)
{
	ezlb_log(EZLB_WARN, "config",
		 EZLB_S("msg", "the saved last good version of a file is damaged: ignored"),
		 EZLB_S("file", path), EZLB_S("stored", v->path));
}

char *versions_read(const struct ezlb_versions *v, const char *path, size_t *len)
{
	const struct ezlb_file *old = find_old(v, path);
	const struct version *version = versions_find(v, ezlb_hash(path, strlen(path)));
	EZLB_AUTO_FREE char *buf = NULL;
	struct record rec;

	if (old) {
		*len = old->len;
		return versions_copy(old->bytes, old->len);
	}
	if (!version)
		return NULL;
	buf = read_record(v, version, &rec);
	if (!buf || rec.path_len != strlen(path) || memcmp(rec.path, path, rec.path_len) != 0) {
		log_damaged(v, path);
		return NULL;
	}
	*len = rec.len;
	return versions_copy(rec.bytes, rec.len);
}

char *versions_path(const struct ezlb_versions *v, const struct version *version)
{
	struct record rec;
	EZLB_AUTO_FREE char *buf = read_record(v, version, &rec);

	return buf ? ezlb_strndup(rec.path, rec.path_len) : NULL;
}

/* Skips the paths among the first `known` files, which are sorted. */
static void list_one(struct ezlb_files *files, size_t known, char *path, const char *bytes,
		     size_t len)
{
	struct ezlb_file key = { .path = path }, *file;

	if (ezlb_find(&key, files->items, known, sizeof(key), ezlb_file_cmp)) {
		free(path);
		return;
	}
	file = EZLB_PUSH(files);
	file->path = path;
	file->bytes = versions_copy(bytes, len);
	file->len = len;
	file->hash = ezlb_hash(bytes, len);
}

static void list_file(const struct ezlb_versions *v, struct ezlb_files *files, size_t known)
{
	EZLB_AUTO_FREE char *text = v->index.len > 0 ? ezlb_calloc(1, v->size) : NULL;
	struct record rec;

	if (!text || !versions_pread(v->fd, text, v->size, 0))
		return;
	for (size_t i = 0; i < v->index.len; i++) {
		EZLB_AUTO_FREE char *path = NULL;

		if (!record_parse(text, v->size, v->index.items[i].at, &rec))
			continue;
		path = ezlb_strndup(rec.path, rec.path_len);
		if (!find_old(v, path))
			list_one(files, known, ezlb_strdup(path), rec.bytes, rec.len);
	}
}

void versions_list(const struct ezlb_versions *v, struct ezlb_files *files)
{
	size_t known = files->len;

	for (size_t i = 0; i < v->old.len; i++)
		list_one(files, known, ezlb_strdup(v->old.items[i].path), v->old.items[i].bytes,
			 v->old.items[i].len);
	list_file(v, files, known);
	EZLB_SORT(files, ezlb_file_cmp);
}

/* --- a batch ------------------------------------------------------------------------------- */

void versions_batch_add(struct versions_batch *batch, const char *path, const char *bytes,
			size_t len)
{
	struct record rec = {
		.kind = bytes ? RECORD_SET : RECORD_FORGET,
		.path = path,
		.path_len = strlen(path),
		.bytes = bytes,
		.len = bytes ? len : 0,
		.hash = bytes ? ezlb_hash(bytes, len) : 0,
	};

	if (batch->text.len == 0) {
		memcpy(EZLB_ROOM(&batch->text, RECORD_FIRST_LEN), RECORD_FIRST, RECORD_FIRST_LEN);
		batch->text.len = RECORD_FIRST_LEN;
	}
	record_add(&batch->text, &rec);
	*EZLB_PUSH(&batch->items) = version_of(&rec);
}

void versions_batch_clear(struct versions_batch *batch)
{
	EZLB_VEC_CLEAR(&batch->text);
	EZLB_VEC_CLEAR(&batch->items);
}
