// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/store.h>

#include <errno.h>

#include <ezlb/log.h>
#include <ezlb/mem.h>

#include "lastgood_place.h"

/* Of a batch, in memory: 1,000 new versions are one or two writes, 10,000 need no more room. */
#define BATCH_MAX (1024 * 1024)

static const char not_stored[] =
	"cannot store the last good version of a file: if the file is broken when ezlb restarts, "
	"its service gets an older version or is lost";
static const char not_removed[] =
	"cannot remove the last good version of a removed file: a broken file with that name would "
	"bring its service back";

void ezlb_lastgood_open(struct ezlb_lastgood *lastgood, const char *dir, bool writes)
{
	*lastgood = (struct ezlb_lastgood){ .writes = writes };
	if (!dir)
		return;
	lastgood->dir = ezlb_strdup(dir);
	lastgood->files[0] = ezlb_calloc(1, sizeof(struct ezlb_versions));
	versions_open(lastgood->files[0], dir, &state_dir_kind, writes);
	lastgood->batch = ezlb_calloc(1, sizeof(*lastgood->batch));
}

void lastgood_close_place(struct ezlb_lastgood *lastgood, int i)
{
	if (lastgood->files[i])
		versions_close(lastgood->files[i]);
	free(lastgood->files[i]);
	lastgood->files[i] = NULL;
}

static bool writes_to(const struct ezlb_lastgood *lastgood, int i)
{
	return lastgood->writes && lastgood->files[i] && lastgood->files[i]->writes;
}

void ezlb_lastgood_close(struct ezlb_lastgood *lastgood)
{
	if (writes_to(lastgood, LASTGOOD_PERSISTENT))
		close(lastgood->lock);
	for (int i = 0; i < LASTGOOD_PLACES; i++)
		lastgood_close_place(lastgood, i);
	if (lastgood->batch)
		versions_batch_clear(lastgood->batch);
	free(lastgood->batch);
	free(lastgood->dir);
	free(lastgood->persist_dir);
	lastgood->batch = NULL;
	lastgood->dir = lastgood->persist_dir = NULL;
}

bool ezlb_lastgood_persists(const struct ezlb_lastgood *lastgood)
{
	return lastgood->files[LASTGOOD_PERSISTENT] != NULL;
}

/* --- reading ------------------------------------------------------------------------------- */

bool ezlb_lastgood_find(const struct ezlb_lastgood *lastgood, const char *path, size_t *len,
			uint64_t *hash)
{
	for (int i = 0; i < LASTGOOD_PLACES; i++)
		if (lastgood->files[i] && versions_has(lastgood->files[i], path, len, hash))
			return true;
	return false;
}

char *ezlb_lastgood_read(const struct ezlb_lastgood *lastgood, const char *path, size_t *len)
{
	char *bytes = NULL;

	for (int i = 0; !bytes && i < LASTGOOD_PLACES; i++)
		if (lastgood->files[i])
			bytes = versions_read(lastgood->files[i], path, len);
	return bytes;
}

bool ezlb_lastgood_is_of(const char *path, const char *dir)
{
	size_t len = strlen(dir);
	bool slash = len > 0 && dir[len - 1] == '/';

	return strncmp(path, dir, len) == 0 && (slash || path[len] == '/') &&
	       !strchr(path + len + !slash, '/');
}

bool ezlb_lastgood_any(const struct ezlb_lastgood *lastgood)
{
	bool any = false;

	for (int i = 0; i < LASTGOOD_PLACES; i++) {
		const struct ezlb_versions *v = lastgood->files[i];

		any = any || (v && (v->index.len > 0 || v->old.len > 0 || v->unread));
	}
	return any;
}

bool ezlb_lastgood_any_of(const struct ezlb_lastgood *lastgood, const char *dir)
{
	struct ezlb_snapshot stored = { .borrowed = false };
	bool any = false;

	for (int i = 0; i < LASTGOOD_PLACES; i++)
		any = any || (lastgood->files[i] && lastgood->files[i]->unread);
	if (!any)
		ezlb_lastgood_list(lastgood, &stored.files);
	for (size_t i = 0; !any && i < stored.files.len; i++)
		any = ezlb_lastgood_is_of(stored.files.items[i].path, dir);
	ezlb_snapshot_clear(&stored);
	return any;
}

void ezlb_lastgood_list(const struct ezlb_lastgood *lastgood, struct ezlb_files *files)
{
	for (int i = 0; i < LASTGOOD_PLACES; i++)
		if (lastgood->files[i])
			versions_list(lastgood->files[i], files);
}

/* --- writing ------------------------------------------------------------------------------- */

void lastgood_warn(struct ezlb_lastgood *lastgood, const char *msg, const char *path, int code)
{
	if (!lastgood->warned)
		ezlb_log(EZLB_WARN, "config", EZLB_S("msg", msg), EZLB_S("file", path),
			 EZLB_S("reason", ezlb_errno_str(code)));
	lastgood->warned = true;
}

/*
 * The batch could not be appended. Versions of removed files must go, and so must outdated ones of
 * the persist directory, if the state directory has the newer ones: after a reboot they would be
 * served as the last good ones. Returns 0 if nothing is wrong any more.
 */
static int spoil(struct ezlb_versions *v, const struct version_index *items, bool outdated, int rc)
{
	bool only_forgets = !v->unread && !v->old_dir;

	for (size_t i = 0; i < items->len; i++) {
		int failed = 0;

		if (!items->items[i].set || outdated)
			failed = versions_spoil(v, items->items[i].path);
		only_forgets = only_forgets && !items->items[i].set && failed == 0;
	}
	return only_forgets ? 0 : rc;
}

/* The path of the first record in the batch, which the caller frees. */
static char *first_path(const struct versions_batch *batch)
{
	const struct version *first = &batch->items.items[0];

	return ezlb_strndup(batch->text.items + first->at + RECORD_HEAD, first->path_len);
}

static void warn_of_batch(struct ezlb_lastgood *lastgood, int code)
{
	const struct versions_batch *batch = lastgood->batch;
	EZLB_AUTO_FREE char *path = first_path(batch);

	lastgood_warn(lastgood, batch->items.items[0].set ? not_stored : not_removed, path, code);
}

static void flush(struct ezlb_lastgood *lastgood)
{
	struct versions_batch *batch = lastgood->batch;
	int failed = 0;

	for (int i = 0; batch->items.len > 0 && i < LASTGOOD_PLACES; i++) {
		struct ezlb_versions *v = lastgood->files[i];
		bool outdated = i == LASTGOOD_PERSISTENT && failed == 0;
		int rc = writes_to(lastgood, i) ? versions_append(v, batch) : 0;

		if (rc < 0)
			rc = spoil(v, &batch->items, outdated, rc);
		if (rc < 0)
			v->unpruned = true; /* it may have versions that were to be forgotten */
		failed = rc < 0 ? rc : failed;
	}
	if (failed)
		warn_of_batch(lastgood, -failed);
	lastgood->failed = lastgood->failed || failed;
	batch->text.len = batch->items.len = 0;
}

void ezlb_lastgood_begin(struct ezlb_lastgood *lastgood)
{
	if (lastgood->open)
		return;
	lastgood->open = true;
	lastgood->failed = false;
	lastgood->wrote = false;
}

bool ezlb_lastgood_commit(struct ezlb_lastgood *lastgood)
{
	lastgood->open = false;
	if (!lastgood->batch)
		return true;
	if (lastgood->batch->items.len > 0)
		flush(lastgood);
	versions_batch_clear(lastgood->batch);
	if (lastgood->wrote && !lastgood->failed)
		lastgood->warned = false;
	return !lastgood->failed;
}

/* One change, in the batch or as one of its own. */
static bool add(struct ezlb_lastgood *lastgood, const char *path, const char *bytes, size_t len)
{
	bool alone = !lastgood->open;

	if (alone)
		ezlb_lastgood_begin(lastgood);
	lastgood->wrote = lastgood->wrote || bytes;
	versions_batch_add(lastgood->batch, path, bytes, len);
	if (lastgood->batch->text.len > BATCH_MAX)
		flush(lastgood);
	return alone ? ezlb_lastgood_commit(lastgood) : true;
}

/* Will the batch change what is stored of this file? */
static bool is_in_batch(const struct ezlb_lastgood *lastgood, const char *path)
{
	uint64_t hash = ezlb_hash(path, strlen(path));

	for (size_t i = 0; i < lastgood->batch->items.len; i++)
		if (lastgood->batch->items.items[i].path == hash)
			return true;
	return false;
}

/* Does every place to write to have these bytes? */
static bool is_stored(const struct ezlb_lastgood *lastgood, const char *path, size_t len,
		      uint64_t hash)
{
	for (int i = 0; i < LASTGOOD_PLACES; i++) {
		size_t there = 0;
		uint64_t what = 0;

		if (writes_to(lastgood, i) &&
		    (!versions_has(lastgood->files[i], path, &there, &what) || there != len ||
		     what != hash))
			return false;
	}
	return true;
}

bool ezlb_lastgood_write(struct ezlb_lastgood *lastgood, const char *path, const char *bytes,
			 size_t len)
{
	if (!lastgood->dir || !lastgood->writes || strlen(path) > RECORD_PATH_MAX)
		return true;
	if (len > EZLB_FILE_MAX) {
		ezlb_lastgood_forget(lastgood, path);
		return true;
	}
	if (is_stored(lastgood, path, len, ezlb_hash(bytes, len)) && !is_in_batch(lastgood, path))
		return true;
	return add(lastgood, path, bytes, len);
}

void ezlb_lastgood_forget(struct ezlb_lastgood *lastgood, const char *path)
{
	bool stored = false;
	size_t len;
	uint64_t hash;

	for (int i = 0; i < LASTGOOD_PLACES; i++)
		stored = stored || (writes_to(lastgood, i) &&
				    versions_has(lastgood->files[i], path, &len, &hash));
	if (stored || (lastgood->batch && is_in_batch(lastgood, path)))
		add(lastgood, path, NULL, 0);
}

static int hash_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The paths are collected first: forgetting changes the index. */
struct stale EZLB_VEC(char *);

static void find_stale(struct ezlb_versions *v, const uint64_t *hashes, size_t n, struct stale *out)
{
	v->unpruned = false;
	for (size_t i = 0; i < v->index.len; i++) {
		char *path;

		if (ezlb_find(&v->index.items[i].path, hashes, n, sizeof(*hashes), hash_cmp))
			continue;
		path = versions_path(v, &v->index.items[i]);
		if (path)
			*EZLB_PUSH(out) = path;
	}
	for (size_t i = 0; i < v->old.len; i++) {
		uint64_t hash = ezlb_hash(v->old.items[i].path, strlen(v->old.items[i].path));

		if (!ezlb_find(&hash, hashes, n, sizeof(*hashes), hash_cmp))
			*EZLB_PUSH(out) = ezlb_strdup(v->old.items[i].path);
	}
}

static int path_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void forget_stale(struct ezlb_lastgood *lastgood, struct stale *stale)
{
	EZLB_SORT(stale, path_cmp);
	for (size_t i = 0; i < stale->len; i++) {
		if (i == 0 || strcmp(stale->items[i], stale->items[i - 1]) != 0)
			ezlb_lastgood_forget(lastgood, stale->items[i]);
	}
	for (size_t i = 0; i < stale->len; i++)
		free(stale->items[i]);
	EZLB_VEC_CLEAR(stale);
}

bool ezlb_lastgood_may_have_more(const struct ezlb_lastgood *lastgood)
{
	bool more = false;

	for (int i = 0; i < LASTGOOD_PLACES; i++)
		more = more || (writes_to(lastgood, i) && lastgood->files[i]->unpruned);
	return more;
}

static void remove_all(struct ezlb_lastgood *lastgood)
{
	if (lastgood->batch)
		lastgood->batch->text.len = lastgood->batch->items.len = 0;
	for (int i = 0; i < LASTGOOD_PLACES; i++) {
		int rc = writes_to(lastgood, i) ? versions_remove(lastgood->files[i]) : 0;

		if (rc < 0)
			lastgood_warn(lastgood, not_removed, lastgood->files[i]->path, -rc);
	}
}

void ezlb_lastgood_prune(struct ezlb_lastgood *lastgood, const char *const *paths, size_t n)
{
	EZLB_AUTO_FREE uint64_t *hashes = ezlb_calloc(n, sizeof(*hashes));
	struct stale stale = { .len = 0 };
	bool alone = !lastgood->open;

	if (n == 0) {
		remove_all(lastgood);
		return;
	}
	for (size_t i = 0; i < n; i++)
		hashes[i] = ezlb_hash(paths[i], strlen(paths[i]));
	ezlb_sort(hashes, n, sizeof(*hashes), hash_cmp);
	for (int i = 0; i < LASTGOOD_PLACES; i++)
		if (writes_to(lastgood, i))
			find_stale(lastgood->files[i], hashes, n, &stale);
	if (alone)
		ezlb_lastgood_begin(lastgood);
	forget_stale(lastgood, &stale);
	if (alone)
		ezlb_lastgood_commit(lastgood);
}
