// SPDX-License-Identifier: GPL-2.0-or-later
#include "remote.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ezlb/mem.h>

#include "probe_kind.h"
#include "records.h"
#include "source.h"

#define uthash_malloc(size) ezlb_calloc(1, size)
#include <uthash.h>
#include <utlist.h>

#define GRACE_MS       10000 /* after the timeout of a probe, until the worker must have answered */
#define NO_WORKER_MS   5000  /* a probe waits so long for a worker */
#define REPLACED_MS    10000 /* a worker that is replaced ends within this time */
#define SILENT_MS      30000 /* a worker that says nothing for so long, */
#define SILENT_MAX     3     /* and not about so many probes, is stuck */
#define UNANSWERED_MAX (4 * 1024 * 1024) /* bytes of checks on their way; the channel has 16 MB */
#define ABANDONED_MAX  100000		 /* probes that were cancelled and not answered */

struct check_key {
	const struct ezlb_request *request;
	uintptr_t type;
};

/* What the worker knows as one check. In use by targets and probes. */
struct ezlb_remote_check {
	struct check_key key;
	struct ezlb_request *request; /* one reference */
	uint32_t id;
	unsigned refs;
	bool sent;
	struct stat ca; /* of the file that was sent */
	UT_hash_handle hh;
};

/* A probe that the worker has not answered yet. */
struct ezlb_remote_entry {
	uint32_t id;
	struct ezlb_probe *probe; /* NULL: it was cancelled */
	size_t bytes;		  /* of the check that was sent for it */
	UT_hash_handle hh;
};

struct ezlb_remote {
	struct ezlb_prober *prober;
	struct ezlb_remote_options options;
	struct ezlb_channel *channel;
	struct ezlb_remote_check *checks;
	struct ezlb_remote_entry *entries;
	struct ezlb_probe *waiting; /* for a worker, or until it has read more */
	bool asked;		    /* for libcurl */
	uint64_t replaced_until;    /* loop time; the worker gets no more probes. 0: it stays */
	uint32_t next_check, next_probe;
	size_t unanswered; /* bytes */
	size_t abandoned;
	uint64_t heard;	 /* loop time of the last result; or since when one is to come */
	unsigned silent; /* probes in a row that it has not answered in time */
	uint64_t ready;	 /* loop time since when there is a worker that answers */
	struct ezlb_buffer buffer;
};

static uint64_t now_of(const struct ezlb_remote *remote)
{
	return uv_now(remote->prober->loop);
}

struct ezlb_remote_check *ezlb_remote_hold(struct ezlb_remote *remote,
					   const struct ezlb_check *check)
{
	struct ezlb_remote_check *held;
	struct check_key key;

	memset(&key, 0, sizeof(key)); /* all bytes are hashed */
	key.request = check->request;
	key.type = check->type;
	HASH_FIND(hh, remote->checks, &key, sizeof(key), held);
	if (!held) {
		held = ezlb_calloc(1, sizeof(*held));
		held->key = key;
		held->request = ezlb_request_ref(check->request);
		held->id = remote->next_check++;
		HASH_ADD(hh, remote->checks, key, sizeof(key), held);
	}
	held->refs++;
	return held;
}

static void say(struct ezlb_remote *remote, enum ezlb_record_kind kind)
{
	(void)ezlb_channel_say(remote->channel, kind, remote->buffer.items, remote->buffer.len);
}

void ezlb_remote_release(struct ezlb_remote *remote, struct ezlb_remote_check *check)
{
	if (--check->refs > 0)
		return;
	if (check->sent) {
		ezlb_id_record_put(check->id, &remote->buffer);
		say(remote, EZLB_RECORD_CHECK_FORGET);
	}
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): only the last item frees the table. */
	HASH_DEL(remote->checks, check);
	ezlb_request_unref(check->request);
	free(check);
}

static bool needs_ca(const struct ezlb_remote_check *check)
{
	return check->key.type == EZLB_CHECK_HTTPS && check->request->verify;
}

static const char *ca_path(const struct ezlb_remote_check *check)
{
	return check->request->ca_file ? check->request->ca_file : ezlb_ca_hosts_file();
}

/* The worker does not read files, so it is told when one has changed. */
static bool is_known(const struct ezlb_remote_check *check)
{
	struct stat st;

	if (!check->sent || !needs_ca(check))
		return check->sent;
	return stat(ca_path(check), &st) == 0 && ezlb_ca_is_same(&st, &check->ca);
}

/* The bytes as a file in memory. Returns the descriptor or -errno. */
static int to_memory(const struct ezlb_buffer *buffer)
{
	int fd = memfd_create("ezlb check", MFD_CLOEXEC);
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < buffer->len) {
		ssize_t n = write(fd, buffer->items + done, buffer->len - done);

		if (n < 0 && errno != EINTR) {
			int code = errno;

			close(fd);
			return -code;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	return fd;
}

/* Returns 0 or an errno: what this host lacks. */
static int send_check(struct ezlb_remote *remote, struct ezlb_remote_check *check)
{
	const struct ezlb_check_record what = { .id = check->id,
						.type = (enum ezlb_check_type)check->key.type,
						.has_ca = needs_ca(check),
						.request = check->request };
	struct ezlb_record record = { .kind = EZLB_RECORD_CHECK };
	int fd;

	if (what.has_ca) {
		fd = ezlb_ca_open(ca_path(check), &check->ca);
		if (fd < 0)
			return -fd;
		record.fds[record.n_fds++] = fd;
	}
	ezlb_check_record_put(&what, &remote->buffer);
	if (remote->buffer.len <= EZLB_RECORD_MAX) {
		record.data = remote->buffer.items;
		record.len = remote->buffer.len;
	} else {
		fd = to_memory(&remote->buffer);
		if (fd < 0) {
			if (what.has_ca)
				close(record.fds[0]);
			return -fd;
		}
		record.fds[record.n_fds++] = fd;
	}
	check->sent = ezlb_channel_send(remote->channel, &record);
	return 0;
}

static void wait_for_worker(struct ezlb_probe *probe)
{
	if (probe->waiting)
		return;
	probe->waiting = true;
	DL_APPEND(probe->prober->remote->waiting, probe);
	ezlb_probe_set_deadline(probe, NO_WORKER_MS);
}

static void wait_no_more(struct ezlb_probe *probe)
{
	if (!probe->waiting)
		return;
	probe->waiting = false;
	DL_DELETE(probe->prober->remote->waiting, probe);
}

static bool send_probe(struct ezlb_remote *remote, const struct ezlb_probe *probe, uint32_t id)
{
	const struct ezlb_probe_record record = {
		.id = id,
		.check = probe->remote_check->id,
		.timeout_ms = probe->check->timeout_ms,
		.target = probe->target,
		.source = ezlb_probe_source(&probe->check->source, probe->turn),
	};

	ezlb_probe_record_put(&record, &remote->buffer);
	return ezlb_channel_say(remote->channel, EZLB_RECORD_PROBE, remote->buffer.items,
				remote->buffer.len);
}

static void add_entry(struct ezlb_remote *remote, struct ezlb_probe *probe, size_t bytes)
{
	struct ezlb_remote_entry *entry = ezlb_calloc(1, sizeof(*entry));

	if (!remote->entries)
		remote->heard = now_of(remote);
	*entry = (struct ezlb_remote_entry){ .id = remote->next_probe++,
					     .probe = probe,
					     .bytes = bytes };
	HASH_ADD(hh, remote->entries, id, sizeof(entry->id), entry);
	remote->unanswered += bytes;
	probe->entry = entry;
}

static void drop_entry(struct ezlb_remote *remote, struct ezlb_remote_entry *entry)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): only the last item frees the table. */
	HASH_DEL(remote->entries, entry);
	remote->unanswered -= entry->bytes;
	remote->abandoned -= !entry->probe;
	if (entry->probe)
		entry->probe->entry = NULL;
	free(entry);
}

static bool has_worker(const struct ezlb_remote *remote)
{
	return ezlb_channel_is_up(remote->channel) && now_of(remote) >= remote->replaced_until;
}

/* False if it must wait. */
static bool begin(struct ezlb_remote *remote, struct ezlb_probe *probe)
{
	size_t bytes = 0;
	int code;

	if (!has_worker(remote) || remote->unanswered > UNANSWERED_MAX)
		return false;
	if (!is_known(probe->remote_check)) {
		code = send_check(remote, probe->remote_check);
		if (code != 0) {
			wait_no_more(probe);
			ezlb_probe_end_soon(
				probe, (struct ezlb_probe_result){ EZLB_PROBE_LOCAL_ERROR, code });
			return true;
		}
		bytes = remote->buffer.len;
	}
	if (!send_probe(remote, probe, remote->next_probe))
		return false;
	wait_no_more(probe);
	add_entry(remote, probe, bytes);
	ezlb_probe_set_deadline(probe, (uint64_t)probe->check->timeout_ms + GRACE_MS);
	return true;
}

void ezlb_remote_start(struct ezlb_probe *probe)
{
	struct ezlb_remote *remote = probe->prober->remote;

	probe->remote_check = ezlb_remote_hold(remote, probe->check);
	if (remote->waiting || !begin(remote, probe))
		wait_for_worker(probe);
}

static void begin_waiting(struct ezlb_remote *remote)
{
	struct ezlb_probe *probe, *next;

	DL_FOREACH_SAFE(remote->waiting, probe, next)
	{
		if (!begin(remote, probe))
			return;
	}
}

void ezlb_remote_stop(struct ezlb_probe *probe)
{
	struct ezlb_remote *remote = probe->prober->remote;

	wait_no_more(probe);
	if (probe->entry) {
		probe->entry->probe = NULL;
		remote->abandoned++;
		ezlb_id_record_put(probe->entry->id, &remote->buffer);
		say(remote, EZLB_RECORD_PROBE_CANCEL);
		probe->entry = NULL;
		if (remote->abandoned > ABANDONED_MAX)
			ezlb_channel_refuse(remote->channel, "it leaves probes without a result");
	}
	ezlb_remote_release(remote, probe->remote_check);
}

/* One probe may be lost with a worker that is busy. A stuck one answers nothing at all. */
struct ezlb_probe_result ezlb_remote_late(const struct ezlb_probe *probe)
{
	struct ezlb_remote *remote = probe->prober->remote;

	if (probe->waiting)
		return (struct ezlb_probe_result){ EZLB_PROBE_LOCAL_ERROR, ENOTCONN };
	remote->silent++;
	if (remote->silent >= SILENT_MAX && now_of(remote) - remote->heard >= SILENT_MS)
		ezlb_channel_refuse(remote->channel, "it does not answer");
	return (struct ezlb_probe_result){ EZLB_PROBE_LOCAL_ERROR, ETIME };
}

static void on_result(void *arg, struct ezlb_record *record)
{
	struct ezlb_remote *remote = arg;
	struct ezlb_result_record what;
	struct ezlb_remote_entry *entry = NULL;
	struct ezlb_probe *probe;

	if (ezlb_result_record_get(record->data, record->len, &what) == 0)
		HASH_FIND(hh, remote->entries, &what.id, sizeof(what.id), entry);
	/* Only what was cancelled may end so. */
	if (!entry || (entry->probe && what.result.outcome == EZLB_PROBE_LOCAL_ERROR &&
		       what.result.code == ECANCELED)) {
		ezlb_channel_refuse(remote->channel, "its result belongs to no probe");
		return;
	}
	remote->heard = now_of(remote);
	if (remote->silent > 0)
		remote->ready = remote->heard;
	remote->silent = 0;
	probe = entry->probe;
	drop_entry(remote, entry);
	begin_waiting(remote);
	if (probe)
		ezlb_probe_end(probe, what.result);
}

static void forget_worker(struct ezlb_remote *remote)
{
	struct ezlb_remote_check *check, *next;

	HASH_ITER(hh, remote->checks, check, next)
		check->sent = false;
	remote->silent = 0;
	remote->replaced_until = 0;
}

/* The end of a probe may start others, which wait, as the channel is down. */
static void end_all(struct ezlb_remote *remote)
{
	struct ezlb_remote_entry *entry;

	while ((entry = remote->entries)) {
		struct ezlb_probe *probe = entry->probe;

		drop_entry(remote, entry);
		if (probe)
			ezlb_probe_end(probe, (struct ezlb_probe_result){ EZLB_PROBE_LOCAL_ERROR,
									  EOWNERDEAD });
	}
}

static void on_channel(void *arg, bool up)
{
	struct ezlb_remote *remote = arg;

	if (up) {
		remote->ready = now_of(remote);
		begin_waiting(remote);
		return;
	}
	forget_worker(remote);
	end_all(remote);
}

uint64_t ezlb_remote_ready_since(const struct ezlb_remote *remote)
{
	return has_worker(remote) && remote->silent == 0 ? remote->ready : UINT64_MAX;
}

/* False: nobody replaces the worker. */
static bool need_curl(struct ezlb_remote *remote)
{
	if (!remote->options.need_curl || !remote->options.need_curl(remote->options.arg))
		return false;
	remote->replaced_until = now_of(remote) + REPLACED_MS;
	return true;
}

void ezlb_remote_prepare(struct ezlb_remote *remote)
{
	if (!remote->asked)
		(void)need_curl(remote);
	remote->asked = true;
}

/* A worker can load nothing any more; its successor can. */
void ezlb_remote_retry(struct ezlb_remote *remote)
{
	if (!need_curl(remote))
		ezlb_channel_refuse(remote->channel, "it has no libcurl, which the probes need");
}

void ezlb_remote_open(struct ezlb_prober *prober, const struct ezlb_remote_options *options)
{
	struct ezlb_remote *remote = ezlb_calloc(1, sizeof(*remote));

	remote->prober = prober;
	remote->options = *options;
	remote->channel = options->channel;
	ezlb_channel_on(remote->channel, EZLB_RECORD_PROBE_RESULT, on_result, remote);
	ezlb_channel_watch(remote->channel, on_channel, remote);
	prober->remote = remote;
}

void ezlb_remote_close(struct ezlb_remote *remote)
{
	struct ezlb_remote_entry *entry, *next;

	if (!remote)
		return;
	ezlb_channel_on(remote->channel, EZLB_RECORD_PROBE_RESULT, NULL, NULL);
	ezlb_channel_watch(remote->channel, NULL, remote);
	HASH_ITER(hh, remote->entries, entry, next)
		drop_entry(remote, entry);
	EZLB_VEC_CLEAR(&remote->buffer);
	free(remote);
}
