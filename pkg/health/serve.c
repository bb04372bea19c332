// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/health_serve.h>

#include <errno.h>
#include <gnutls/gnutls.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>
#include <uv.h>

#include <ezlb/channel.h>
#include <ezlb/curl.h>
#include <ezlb/mem.h>

#include "guard.h"
#include "probe.h"
#include "records.h"
#include "trust.h"

#include <uthash.h>

/* A check of the daemon. In use by the daemon, and by probes that it has replaced it under. */
struct known {
	uint32_t id;
	unsigned refs;
	enum ezlb_check_type type;
	struct ezlb_request *request;
	struct ezlb_ca *ca; /* NULL: it needs none, or it cannot be used */
	int code;	    /* the errno for which it cannot be used */
	UT_hash_handle hh;
};

struct under_way {
	struct ezlb_health_server *server;
	uint32_t id;
	struct known *known;
	struct ezlb_check check; /* its request is that of `known` */
	struct ezlb_probe *probe;
	UT_hash_handle hh;
};

struct ezlb_health_server {
	uv_loop_t *loop;
	struct ezlb_channel *channel;
	struct ezlb_prober *prober;
	struct known *checks;
	struct under_way *probes;
	struct ezlb_buffer buffer;
	void (*closed)(void *arg);
	void *arg;
};

static bool prepared; /* libcurl is loaded: this process could not load it now */

int ezlb_health_serve_prepare(struct ezlb_err *err)
{
	gnutls_session_t session;
	int rc = ezlb_curl_load(err);

	if (rc < 0)
		return rc;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ezlb_err_set(err, ENOMEM, "cannot initialise libcurl");
	/* GnuTLS reads its configuration, and finds out what the processor can. */
	if (gnutls_init(&session, GNUTLS_CLIENT) == 0) {
		(void)gnutls_set_default_priority(session);
		gnutls_deinit(session);
	}
	ezlb_guard_open();
	prepared = true;
	return 0;
}

static void release(struct known *known)
{
	if (--known->refs > 0)
		return;
	ezlb_request_unref(known->request);
	ezlb_ca_unref(known->ca);
	free(known);
}

static void forget(struct ezlb_health_server *server, uint32_t id)
{
	struct known *known;

	HASH_FIND(hh, server->checks, &id, sizeof(id), known);
	if (!known)
		return;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): only the last item frees the table. */
	HASH_DEL(server->checks, known);
	release(known);
}

/* Returns 0 or -errno. */
static int read_file(int fd, struct ezlb_buffer *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || st.st_size > EZLB_CHECK_RECORD_MAX)
		return -EBADMSG;
	out->len = 0;
	(void)EZLB_ROOM(out, (size_t)st.st_size);
	while (out->len < (size_t)st.st_size) {
		ssize_t n = pread(fd, out->items + out->len, (size_t)st.st_size - out->len,
				  (off_t)out->len);

		if (n == 0)
			return -EBADMSG;
		if (n < 0 && errno != EINTR)
			return -errno;
		out->len += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* From the bytes of the record, or of the last of its files. */
static int read_check(struct ezlb_health_server *server, const struct ezlb_record *record,
		      struct ezlb_check_record *out)
{
	size_t files = record->n_fds;
	int rc;

	if (record->len > 0) {
		rc = ezlb_check_record_get(record->data, record->len, out);
	} else {
		if (files == 0)
			return -EBADMSG;
		rc = read_file(record->fds[--files], &server->buffer);
		if (rc == 0)
			rc = ezlb_check_record_get(server->buffer.items, server->buffer.len, out);
	}
	if (rc < 0)
		return rc;
	if (files == (out->has_ca ? 1 : 0))
		return 0;
	ezlb_request_unref(out->request);
	return -EBADMSG;
}

static void on_check(void *arg, struct ezlb_record *record)
{
	struct ezlb_health_server *server = arg;
	struct ezlb_check_record what = { 0 };
	struct known *known;

	if (read_check(server, record, &what) < 0) {
		ezlb_channel_refuse(server->channel, "it has sent what is no check");
		return;
	}
	forget(server, what.id);
	known = ezlb_calloc(1, sizeof(*known));
	*known = (struct known){
		.id = what.id, .refs = 1, .type = what.type, .request = what.request
	};
	if (what.has_ca && prepared)
		known->code = -ezlb_prober_take_ca(server->prober, record->fds[0], &known->ca);
	HASH_ADD(hh, server->checks, id, sizeof(known->id), known);
}

static void on_check_forget(void *arg, struct ezlb_record *record)
{
	struct ezlb_health_server *server = arg;
	uint32_t id;

	if (ezlb_id_record_get(record->data, record->len, &id) == 0)
		forget(server, id);
}

static void answer(struct ezlb_health_server *server, uint32_t id,
		   const struct ezlb_probe_result *result)
{
	const struct ezlb_result_record what = { .id = id, .result = *result };

	ezlb_result_record_put(&what, &server->buffer);
	(void)ezlb_channel_say(server->channel, EZLB_RECORD_PROBE_RESULT, server->buffer.items,
			       server->buffer.len);
}

static void answer_local(struct ezlb_health_server *server, uint32_t id, int code)
{
	const struct ezlb_probe_result result = { EZLB_PROBE_LOCAL_ERROR, code };

	answer(server, id, &result);
}

static void drop(struct under_way *way)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): only the last item frees the table. */
	HASH_DEL(way->server->probes, way);
	release(way->known);
	free(way);
}

static void on_end(void *arg, const struct ezlb_probe_result *result)
{
	struct under_way *way = arg;

	answer(way->server, way->id, result);
	drop(way);
}

static void start(struct ezlb_health_server *server, struct known *known,
		  const struct ezlb_probe_record *what)
{
	struct under_way *way = ezlb_calloc(1, sizeof(*way));
	const struct ezlb_probe_job job = { .target = what->target,
					    .check = &way->check,
					    .ca = known->ca };

	*way = (struct under_way){
		.server = server,
		.id = what->id,
		.known = known,
		.check = { .type = known->type,
			   .timeout_ms = what->timeout_ms,
			   .source = { what->source, what->source },
			   .request = known->request },
	};
	known->refs++;
	HASH_ADD(hh, server->probes, id, sizeof(way->id), way);
	/* The time of the probe starts here, not at the start of this iteration of the loop. */
	uv_update_time(server->loop);
	way->probe = ezlb_probe_start(server->prober, &job, on_end, way);
}

static void on_probe(void *arg, struct ezlb_record *record)
{
	struct ezlb_health_server *server = arg;
	struct ezlb_probe_record what;
	struct under_way *twin = NULL;
	struct known *known = NULL;

	if (ezlb_probe_record_get(record->data, record->len, &what) == 0) {
		HASH_FIND(hh, server->checks, &what.check, sizeof(what.check), known);
		HASH_FIND(hh, server->probes, &what.id, sizeof(what.id), twin);
	}
	if (!known || twin)
		ezlb_channel_refuse(server->channel, "it has sent what is no probe");
	else if (known->code != 0)
		answer_local(server, what.id, known->code);
	else
		start(server, known, &what);
}

static void on_cancel(void *arg, struct ezlb_record *record)
{
	struct ezlb_health_server *server = arg;
	struct under_way *way = NULL;
	uint32_t id;

	if (ezlb_id_record_get(record->data, record->len, &id) == 0)
		HASH_FIND(hh, server->probes, &id, sizeof(id), way);
	if (!way)
		return; /* its result is on the way */
	ezlb_probe_cancel(way->probe);
	drop(way);
	answer_local(server, id, ECANCELED);
}

static void receive(struct ezlb_health_server *server, bool on)
{
	const struct {
		enum ezlb_record_kind kind;
		ezlb_channel_fn fn;
	} receivers[] = { { EZLB_RECORD_CHECK, on_check },
			  { EZLB_RECORD_CHECK_FORGET, on_check_forget },
			  { EZLB_RECORD_PROBE, on_probe },
			  { EZLB_RECORD_PROBE_CANCEL, on_cancel } };

	for (size_t i = 0; i < sizeof(receivers) / sizeof(receivers[0]); i++)
		ezlb_channel_on(server->channel, receivers[i].kind, on ? receivers[i].fn : NULL,
				server);
}

int ezlb_health_serve(struct uv_loop_s *loop, struct ezlb_channel *channel,
		      struct ezlb_health_server **out, struct ezlb_err *err)
{
	struct ezlb_health_server *server = ezlb_calloc(1, sizeof(*server));
	int rc;

	server->loop = loop;
	server->channel = channel;
	rc = ezlb_prober_open(loop, &server->prober, err);
	if (rc == 0 && prepared)
		rc = ezlb_prober_prepare(server->prober, EZLB_CHECK_HTTP, err);
	if (rc < 0) {
		if (server->prober)
			ezlb_health_serve_end(server, NULL, NULL);
		else
			free(server);
		return rc;
	}
	receive(server, true);
	*out = server;
	return 0;
}

static void on_closed(void *arg)
{
	struct ezlb_health_server *server = arg;
	void (*closed)(void *arg) = server->closed;

	arg = server->arg;
	EZLB_VEC_CLEAR(&server->buffer);
	free(server);
	if (closed)
		closed(arg);
}

void ezlb_health_serve_end(struct ezlb_health_server *server, void (*closed)(void *arg), void *arg)
{
	struct under_way *way, *next;

	receive(server, false);
	server->closed = closed;
	server->arg = arg;
	HASH_ITER(hh, server->probes, way, next) {
		ezlb_probe_cancel(way->probe);
		drop(way);
	}
	while (server->checks)
		forget(server, server->checks->id);
	ezlb_prober_close(server->prober, on_closed, server);
}
