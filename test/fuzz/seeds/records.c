// SPDX-License-Identifier: GPL-2.0-or-later
#include "seeds.h"

#include <errno.h>
#include <sys/socket.h>

#include <ezlb/record.h>

#include "pkg/api/records.h"
#include "pkg/health/records.h"

static struct ezlb_text seed;

/* As test/fuzz/records.h reads it. */
static void add(enum ezlb_record_kind kind, const void *bytes, size_t len, unsigned fds)
{
	const char head[] = { (char)kind, (char)len, (char)(len >> 8 << 2 | fds) };

	ezlb_text_put(&seed, head, sizeof(head));
	ezlb_text_put(&seed, bytes, len);
}

static void add_buffer(enum ezlb_record_kind kind, struct ezlb_buffer *bytes)
{
	add(kind, bytes->items, bytes->len, 0);
	EZLB_VEC_CLEAR(bytes);
}

static void add_text(enum ezlb_record_kind kind, struct ezlb_text *text, unsigned fds)
{
	add(kind, text->items, text->len, fds);
	EZLB_VEC_CLEAR(text);
}

static void add_result(uint32_t id, enum ezlb_outcome outcome, int code)
{
	const struct ezlb_result_record record = { id, { outcome, code } };
	struct ezlb_buffer bytes = { 0 };

	ezlb_result_record_put(&record, &bytes);
	add_buffer(EZLB_RECORD_PROBE_RESULT, &bytes);
}

static void add_request(uint64_t id, char *path)
{
	struct records_question question = { .path = path, .takes_gzip = true };
	struct records_argument since = { (char *)(uintptr_t) "since", (char *)(uintptr_t) "7" };
	struct ezlb_text text = { 0 };

	*EZLB_PUSH(&question.arguments) = since;
	records_put_request(id, &question, &text);
	EZLB_VEC_CLEAR(&question.arguments);
	add_text(EZLB_RECORD_REQUEST, &text, 0);
}

static void add_gone(uint64_t id)
{
	struct ezlb_text text = { 0 };

	records_put_id(id, &text);
	add_text(EZLB_RECORD_GONE, &text, 0);
}

/* What a worker says. */
static void put_worker(void)
{
	char path[] = "/events", deferred = 0, at_once = 1;

	ezlb_text_put(&seed, &at_once, 1);
	add_result(0, EZLB_PROBE_OK, 0);
	add_result(2, EZLB_PROBE_LOCAL_ERROR, ECANCELED);
	add_result(1, EZLB_PROBE_HTTP_STATUS, 503);
	add_request(1, path);
	add_gone(1);
	seed_put("worker", "right", &seed);
	ezlb_text_put(&seed, &deferred, 1);
	add_request(2, path);
	add_gone(2);
	add_gone(1);
	seed_put("worker", "gone", &seed);
	ezlb_text_put(&seed, &deferred, 1);
	add_request(1, path);
	add_request(2, path);
	add_request(1, path);
	seed_put("worker", "twice", &seed);
	ezlb_text_put(&seed, &deferred, 1);
	add_result(0, EZLB_PROBE_LOCAL_ERROR, ECANCELED);
	seed_put("worker", "lie", &seed);
}

static void add_check(uint32_t id, enum ezlb_check_type type, bool has_ca)
{
	struct ezlb_request *request = ezlb_request_new();
	const struct ezlb_check_record record = { id, type, has_ca, request };
	struct ezlb_buffer bytes = { 0 };

	request->method = ezlb_strdup("GET");
	request->path = ezlb_strdup("/healthz");
	*EZLB_PUSH(&request->headers) = ezlb_strdup("X-Probe: 1");
	*EZLB_PUSH(&request->statuses) = (struct ezlb_code_range){ 200, 299 };
	request->verify = has_ca;
	ezlb_check_record_put(&record, &bytes);
	add(EZLB_RECORD_CHECK, bytes.items, bytes.len, has_ca ? 1 : 0);
	EZLB_VEC_CLEAR(&bytes);
	ezlb_request_unref(request);
}

static void add_probe(uint32_t id, uint32_t check)
{
	struct ezlb_probe_record record = { .id = id, .check = check, .timeout_ms = 50 };
	struct ezlb_buffer bytes = { 0 };

	record.target.addr = (struct ezlb_addr){ .family = AF_INET, .bytes = { 192, 0, 2, 7 } };
	record.target.port = 80;
	ezlb_probe_record_put(&record, &bytes);
	add_buffer(EZLB_RECORD_PROBE, &bytes);
}

static void add_id(enum ezlb_record_kind kind, uint32_t id)
{
	struct ezlb_buffer bytes = { 0 };

	ezlb_id_record_put(id, &bytes);
	add_buffer(kind, &bytes);
}

static void add_client(uint64_t id)
{
	const struct records_client client = { id, true };
	struct ezlb_text text = { 0 };

	records_put_client(&client, &text);
	add_text(EZLB_RECORD_CLIENT, &text, 1);
}

static void add_reply(uint64_t id)
{
	struct records_answer answer = { .id = id, .status = 200, .len = 3, .bytes = "ok\n" };
	struct ezlb_text text = { 0 };

	ezlb_strcpy(answer.type, sizeof(answer.type), "text/plain");
	records_put_reply(&answer, &text);
	add_text(EZLB_RECORD_REPLY, &text, 0);
}

/* What a daemon says. */
static void put_serve(void)
{
	add_check(1, EZLB_CHECK_HTTP, false);
	add_probe(0, 1);
	add_probe(1, 1);
	add_id(EZLB_RECORD_PROBE_CANCEL, 1);
	add_id(EZLB_RECORD_CHECK_FORGET, 1);
	seed_put("serve", "probes", &seed);
	add_check(2, EZLB_CHECK_HTTPS, true);
	add_probe(0, 2);
	add_probe(0, 2);
	seed_put("serve", "https", &seed);
	add_client(1);
	add_client(2);
	add_reply(1);
	add_gone(2);
	seed_put("serve", "clients", &seed);
	add_reply(1);
	add(EZLB_RECORD_CLIENT, "", 0, 2);
	seed_put("serve", "wrong", &seed);
}

void seeds_records(void)
{
	put_worker();
	put_serve();
}
