/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hostile: a worker in the hands of a stranger, in place of the real one (worker_side.h). It knows
 * the records, the ids and the states of the channel, and uses them in every way that its dice say.
 * While `board->attack` is not set it is honest: it says "up" of everything, and answers every
 * client with the status.
 */
#pragma once

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include <ezlb/worker.h>

#include "api/records.h"
#include "dice.h"
#include "health/records.h"
#include "worker/spawner.h"
#include "worker_side.h"

#define ACTS_MAX    12	/* of one life */
#define CLIENTS_MAX 256 /* that it remembers */
#define IDS_MAX	    1024

/* What all processes of the test share. */
static struct board {
	atomic_bool attack;
	atomic_uint lives, probes, acts;
	uint64_t seed;
} * board;

/* --- in the worker --------------------------------------------------------------------------- */

static struct {
	struct ezlb_channel *channel;
	int wire; /* the socket to the daemon */
	uv_timer_t tick;
	uint32_t ids[IDS_MAX]; /* of probes, the newest last, in a ring */
	size_t n_ids;
	struct {
		uint64_t id;
		int fd;
	} clients[CLIENTS_MAX];
	size_t n_clients;
	unsigned acts;
	bool was_hostile;
} me;

static int find_wire(void)
{
	for (int fd = 3; fd < 256; fd++) {
		socklen_t len = sizeof(int);
		int type = 0;

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET)
			return fd;
	}
	_exit(1);
}

/* Past the channel, so of any form, and without waiting. Returns false if the pair is full. */
static bool throw(const struct ezlb_record *record)
{
	return ezlb_record_send(me.wire, record) != -EAGAIN;
}

static bool throw_bytes(enum ezlb_record_kind kind, const void *data, size_t len)
{
	const struct ezlb_record record = { .kind = kind, .data = data, .len = len };

	return throw(&record);
}

static void throw_result(uint32_t id, enum ezlb_outcome outcome, int code)
{
	const struct ezlb_result_record what = { .id = id, .result = { outcome, code } };
	struct ezlb_buffer bytes = { 0 };

	ezlb_result_record_put(&what, &bytes);
	throw_bytes(EZLB_RECORD_PROBE_RESULT, bytes.items, bytes.len);
	EZLB_VEC_CLEAR(&bytes);
}

static void throw_request(uint64_t id, const char *path, bool post)
{
	struct records_question question = { .path = ezlb_strdup(path), .is_post = post };
	struct ezlb_text text = { 0 };

	records_put_request(id, &question, &text);
	throw_bytes(EZLB_RECORD_REQUEST, text.items, text.len);
	records_question_clear(&question);
	EZLB_VEC_CLEAR(&text);
}

static void throw_gone(uint64_t id)
{
	throw_bytes(EZLB_RECORD_GONE, &id, sizeof(id));
}

static const unsigned char *noise(void)
{
	static unsigned char bytes[EZLB_RECORD_MAX];

	for (size_t i = 0; i < sizeof(bytes); i += 8) {
		uint64_t word = ((uint64_t)dice(1u << 30) << 32) ^ dice(1u << 30);

		memcpy(bytes + i, &word, sizeof(word));
	}
	return bytes;
}

static size_t some_length(void)
{
	static const size_t lengths[] = { 0, 1, 4, 8, 9, 10, 12, 24, 63, 100, 4096, 60 * 1024 };

	return lengths[dice(sizeof(lengths) / sizeof(lengths[0]))];
}

static uint32_t some_probe(void)
{
	size_t known = me.n_ids < IDS_MAX ? me.n_ids : IDS_MAX;

	return known > 0 && dice(4) ? me.ids[dice((unsigned)known)] : dice(1u << 31);
}

static uint64_t some_client(void)
{
	return me.n_clients > 0 && dice(4) ? me.clients[dice((unsigned)me.n_clients)].id
					   : dice(1000);
}

static enum ezlb_record_kind some_kind(void)
{
	return (enum ezlb_record_kind)dice(EZLB_RECORDS);
}

static void act_noise(void)
{
	const unsigned char *bytes = noise();

	for (unsigned i = dice(20); i > 0; i--)
		send(me.wire, bytes + i, some_length(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void act_form(void)
{
	throw_bytes(some_kind(), noise(), some_length());
}

/* A right record with some bits that are not. */
static void act_nearly(void)
{
	const struct ezlb_result_record what = { .id = some_probe() };
	struct ezlb_buffer bytes = { 0 };

	ezlb_result_record_put(&what, &bytes);
	bytes.items[dice((unsigned)bytes.len)] ^= (unsigned char)(1u << dice(8));
	throw_bytes(EZLB_RECORD_PROBE_RESULT, bytes.items, bytes.len - dice(2));
	EZLB_VEC_CLEAR(&bytes);
}

/* Each outcome that there is, also those that only the daemon may say. */
static void act_lie(void)
{
	throw_result(some_probe(), (enum ezlb_outcome)dice(EZLB_OUTCOMES), (int)dice(1000));
}

static void act_twice(void)
{
	uint32_t id = some_probe();

	throw_result(id, EZLB_PROBE_TLS, 0);
	throw_result(id, EZLB_PROBE_TLS, 0);
}

/* As long as the pair takes it. */
static void act_flood(void)
{
	enum ezlb_record_kind kind = some_kind();
	const unsigned char *bytes = noise();
	size_t len = some_length();

	for (unsigned i = 0; i < 100000 && throw_bytes(kind, bytes, len); i++)
		;
}

static void act_flood_results(void)
{
	for (uint32_t id = 0; id < 3000; id++)
		throw_result(id, EZLB_PROBE_CONNECT_REFUSED, 0);
}

static int some_descriptor(void)
{
	switch (dice(4)) {
	case 0:
		return memfd_create("hostile", MFD_CLOEXEC);
	case 1:
		return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	case 2:
		return eventfd(0, EFD_CLOEXEC);
	default:
		return dup(me.wire);
	}
}

/* With records of every kind, of which no one has asked for a descriptor. */
static void act_descriptors(void)
{
	for (unsigned i = dice(40); i > 0; i--) {
		const uint32_t id = some_probe();
		struct ezlb_record record = { .kind = dice(2) ? EZLB_RECORD_PROBE_RESULT
							      : some_kind(),
					      .data = dice(2) ? (const void *)&id : noise(),
					      .len = dice(2) ? sizeof(id) : some_length(),
					      .fds = { some_descriptor(), some_descriptor() },
					      .n_fds = EZLB_RECORD_FDS_MAX };

		if (record.len > sizeof(id))
			record.data = noise();
		throw(&record);
		ezlb_record_close_fds(&record);
	}
}

/* A right answer, and descriptors with it. */
static void act_answer_with_descriptors(void)
{
	const struct ezlb_result_record what = { .id = some_probe() };
	struct ezlb_buffer bytes = { 0 };
	struct ezlb_record record = { .kind = EZLB_RECORD_PROBE_RESULT,
				      .fds = { some_descriptor(), some_descriptor() },
				      .n_fds = EZLB_RECORD_FDS_MAX };

	ezlb_result_record_put(&what, &bytes);
	record.data = bytes.items;
	record.len = bytes.len;
	throw(&record);
	ezlb_record_close_fds(&record);
	EZLB_VEC_CLEAR(&bytes);
}

/* In the name of whoever has connected, whatever he has asked for. */
static void act_request(void)
{
	static const char *const paths[] = { "/-/drain",       "/-/undrain", "/-/reload",
					     "/-/log-level",   "/metrics",   "/api/v1/status",
					     "/api/v1/events", "/health",    "/nothing" };

	throw_request(some_client(), paths[dice(sizeof(paths) / sizeof(paths[0]))], dice(4) != 0);
}

static void act_long_request(void)
{
	char path[RECORDS_TEXT_MAX + 10];

	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1 - dice(20)] = '\0';
	throw_request(some_client(), path, dice(2));
}

static void act_gone(void)
{
	for (unsigned i = dice(3); i > 0; i--)
		throw_gone(some_client());
}

/* Reads nothing for a while. */
static void act_sleep(void)
{
	usleep(1000 * dice(100));
}

static void act_shutdown(void)
{
	static const int how[] = { SHUT_RD, SHUT_WR, SHUT_RDWR };

	shutdown(me.wire, how[dice(3)]);
}

static void act_end(void)
{
	static const int signals[] = { SIGKILL, SIGSEGV, SIGABRT, SIGALRM };

	if (dice(2))
		raise(signals[dice(4)]);
	_exit((int)dice(256));
}

static void act(void)
{
	static void (*const acts[])(void) = {
		act_noise,	   act_form,	     act_nearly,
		act_lie,	   act_twice,	     act_flood,
		act_flood_results, act_descriptors,  act_answer_with_descriptors,
		act_request,	   act_long_request, act_gone,
		act_sleep,	   act_shutdown,     act_end,
	};

	acts[dice(sizeof(acts) / sizeof(acts[0]))]();
	atomic_fetch_add(&board->acts, 1);
	if (++me.acts >= ACTS_MAX)
		_exit(0);
}

/* Mostly when it knows an id; and the one that was hostile leaves the honest time to another one.
 */
static void on_tick(uv_timer_t *timer)
{
	bool knows = me.n_ids > 0 || me.n_clients > 0;

	(void)timer;
	if (board->attack && (knows || dice(32) == 0))
		act();
	else if (!board->attack && me.was_hostile)
		_exit(0);
	me.was_hostile = board->attack;
}

static void on_probe(void *arg, struct ezlb_record *record)
{
	struct ezlb_probe_record probe;

	(void)arg;
	if (ezlb_probe_record_get(record->data, record->len, &probe) < 0)
		_exit(1);
	atomic_fetch_add(&board->probes, 1);
	me.ids[me.n_ids++ % IDS_MAX] = probe.id;
	if (!board->attack)
		throw_result(probe.id, EZLB_PROBE_OK, 0);
	else if (dice(4) != 0) /* the others get no answer, or one of act_lie() */
		throw_result(probe.id, dice(2) ? EZLB_PROBE_OK : EZLB_PROBE_CONNECT_REFUSED, 0);
}

static void on_cancel(void *arg, struct ezlb_record *record)
{
	uint32_t id;

	(void)arg;
	if (ezlb_id_record_get(record->data, record->len, &id) == 0 && !board->attack)
		throw_result(id, EZLB_PROBE_LOCAL_ERROR, ECANCELED);
}

static void on_client(void *arg, struct ezlb_record *record)
{
	struct records_client client;

	(void)arg;
	if (!records_get_client(record->data, record->len, &client) || me.n_clients == CLIENTS_MAX)
		_exit(1);
	me.clients[me.n_clients].id = client.id;
	me.clients[me.n_clients++].fd = record->fds[0];
	record->fds[0] = -1;
	if (!board->attack)
		throw_request(client.id, "/api/v1/status", false);
}

/* Without a head of HTTP: the test reads only the document. */
static void on_reply(void *arg, struct ezlb_record *record)
{
	struct records_answer answer;
	char *map;

	(void)arg;
	if (board->attack || !records_get_reply(record->data, record->len, &answer))
		return;
	for (size_t i = 0; i < me.n_clients; i++) {
		if (me.clients[i].id != answer.id)
			continue;
		map = answer.is_file
			      ? mmap(NULL, answer.len, PROT_READ, MAP_SHARED, record->fds[0], 0)
			      : NULL;
		if (write(me.clients[i].fd, map ? map : answer.bytes, answer.len) < 0)
			_exit(1);
		close(me.clients[i].fd);
		me.clients[i] = me.clients[--me.n_clients];
		throw_gone(answer.id);
	}
}

static void hostile_serve(struct uv_loop_s *loop, struct ezlb_channel *channel)
{
	static const int signals[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS, SIGABRT };
	const struct rlimit none = { 0 };

	/* Those of cmocka would jump into the test, which would go on in this process. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &none);
	me.channel = channel;
	me.wire = find_wire();
	seed = board->seed * 0x9e3779b97f4a7c15u + atomic_fetch_add(&board->lives, 1) + 1;
	for (int i = 0; i < 16; i++) /* seeds that are alike have first numbers that are alike */
		dice(2);
	ezlb_channel_on(channel, EZLB_RECORD_PROBE, on_probe, NULL);
	ezlb_channel_on(channel, EZLB_RECORD_PROBE_CANCEL, on_cancel, NULL);
	ezlb_channel_on(channel, EZLB_RECORD_CLIENT, on_client, NULL);
	ezlb_channel_on(channel, EZLB_RECORD_REPLY, on_reply, NULL);
	uv_timer_init(loop, &me.tick);
	uv_timer_start(&me.tick, on_tick, 1, 1);
}

const struct ezlb_worker_options worker_side = { .serve = hostile_serve };

/* --- in the spawner -------------------------------------------------------------------------- */

/* In place of the pauses that grow to five seconds (worker/test_worker has these). */
uint32_t spawn_delay(uint32_t failures)
{
	return failures > 0 ? 1 : 0;
}
