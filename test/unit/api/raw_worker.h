/* SPDX-License-Identifier: GPL-2.0-or-later */
/* raw_worker: two processes, of which the worker is the test's own. */
#pragma once

#include "harness.h"

/* A worker of the test's own, which says what the test wants. */
static struct {
	uint64_t ids[512];
	bool local[512];
	size_t n;
	unsigned replies;
	struct records_answer reply; /* the last one */
	uint64_t gone;
} heard_by_worker;

static inline void on_raw_client(void *arg, struct ezlb_record *record)
{
	struct records_client client;

	(void)arg;
	assert_int_equal(record->n_fds, 1);
	assert_true(records_get_client(record->data, record->len, &client));
	assert_true(heard_by_worker.n < COUNT_OF(heard_by_worker.ids));
	heard_by_worker.ids[heard_by_worker.n] = client.id;
	heard_by_worker.local[heard_by_worker.n++] = client.is_local;
}

static inline void on_raw_reply(void *arg, struct ezlb_record *record)
{
	(void)arg;
	assert_true(records_get_reply(record->data, record->len, &heard_by_worker.reply));
	assert_int_equal(record->n_fds, heard_by_worker.reply.is_file);
	heard_by_worker.replies++;
}

static inline void on_raw_gone(void *arg, struct ezlb_record *record)
{
	(void)arg;
	assert_true(records_get_id(record->data, record->len, &heard_by_worker.gone));
}

static inline void open_raw(const struct api_timing *timing)
{
	memset(&heard_by_worker, 0, sizeof(heard_by_worker));
	open_api(timing);
	ezlb_channel_on(to_daemon, EZLB_RECORD_CLIENT, on_raw_client, NULL);
	ezlb_channel_on(to_daemon, EZLB_RECORD_REPLY, on_raw_reply, NULL);
	ezlb_channel_on(to_daemon, EZLB_RECORD_GONE, on_raw_gone, NULL);
}

static inline void say(enum ezlb_record_kind kind, struct ezlb_text *text)
{
	ezlb_channel_say(to_daemon, kind, text->items, text->len);
	EZLB_VEC_CLEAR(text);
}

static inline void say_request(uint64_t id, const char *path)
{
	struct records_question question = { .path = ezlb_strdup(path) };
	struct ezlb_text text = { 0 };

	records_put_request(id, &question, &text);
	records_question_clear(&question);
	say(EZLB_RECORD_REQUEST, &text);
}

static inline void say_gone(uint64_t id)
{
	struct ezlb_text text = { 0 };

	records_put_id(id, &text);
	say(EZLB_RECORD_GONE, &text);
}

static inline uint64_t raw_client(bool local, int *fd)
{
	size_t before = heard_by_worker.n;

	*fd = dial(local);
	RUN_UNTIL(heard_by_worker.n == before + 1);
	assert_int_equal(heard_by_worker.local[before], local);
	return heard_by_worker.ids[before];
}

static inline int setup_two(void **state)
{
	two = true;
	return setup(state);
}
