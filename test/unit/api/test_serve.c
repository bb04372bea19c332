// SPDX-License-Identifier: GPL-2.0-or-later
/* Two processes: the documents that go to the worker, and a daemon that says what is wrong. */
#include "raw_worker.h"

#include "body.h"

/* --- documents ----------------------------------------------------------------------------- */

/* All who get it get the same memory, and nobody can change it. */
static void test_one_file_for_all(void **state)
{
	const char *request = "GET /big HTTP/1.0\r\n\r\n";
	size_t fds_then;
	int fds[4], file = -1;

	(void)state;
	open_api(&patient);
	fds_then = count_fds();
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = dial(i % 2);
		assert_true(put_on(fds[i], request, strlen(request)));
		RUN_UNTIL(seen.calls == i + 1);
		if (i == 0)
			file = big->file;
		assert_true(big->file >= 0 && big->file == file);
	}
	assert_int_equal(write(file, "x", 1), -1);
	assert_int_equal(ftruncate(file, 0), -1);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
	RUN_UNTIL(api->clients.len == 0 && count_fds() == fds_then + 1);
}

/* Made in a thread: the text is in the file only, or, of a short one, in memory only. */
static void test_shared_documents(void **state)
{
	struct ezlb_text plain = { 0 }, gzip = { 0 }, empty = { 0 };
	struct ezlb_api_body *body;

	(void)state;
	ezlb_text_puts(&plain, "short");
	ezlb_text_puts(&gzip, "packed");
	body = ezlb_api_body_share(&plain, &gzip);
	assert_non_null(body);
	assert_true(body->file < 0 && body->gzip_file < 0 && body_has_gzip(body));
	assert_int_equal(body->len, 5);
	assert_memory_equal(body->bytes, "short", 5);
	assert_memory_equal(body->gzip, "packed", 6);
	ezlb_api_body_unref(body);
	for (size_t i = 0; i <= RECORDS_INLINE_MAX; i++)
		ezlb_text_put(&plain, "x", 1);
	ezlb_text_puts(&gzip, "packed");
	body = ezlb_api_body_share(&plain, &gzip);
	assert_non_null(body);
	assert_true(body->file >= 0 && body->bytes == NULL && body->gzip_file < 0);
	assert_int_equal(body->len, RECORDS_INLINE_MAX + 1);
	assert_int_equal(plain.len + gzip.len, 0);
	ezlb_api_body_unref(body);
	ezlb_text_puts(&plain, "alone");
	body = ezlb_api_body_share(&plain, &empty);
	assert_false(body_has_gzip(body));
	ezlb_api_body_unref(body);
	is_closed = true; /* there is no server */
}

/* No new descriptor from here on; returns the limit that was. */
static struct rlimit no_descriptors(void)
{
	struct rlimit before, limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

/* There is no descriptor for the memory: the client is told, and asks again later. */
static void test_no_memory_for_a_document(void **state)
{
	struct ezlb_text plain = { 0 }, gzip = { 0 };
	struct rlimit before;
	uint64_t id;
	int fd;

	(void)state;
	open_raw(&patient);
	for (size_t i = 0; i <= RECORDS_INLINE_MAX; i++)
		ezlb_text_put(&plain, "x", 1);
	id = raw_client(true, &fd);
	before = no_descriptors();
	assert_null(ezlb_api_body_share(&plain, &gzip));
	say_request(id, "/big");
	RUN_UNTIL(heard_by_worker.replies == 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(plain.len, RECORDS_INLINE_MAX + 1);
	assert_int_equal(heard_by_worker.reply.status, 503);
	assert_false(heard_by_worker.reply.is_file);
	EZLB_VEC_CLEAR(&plain);
	close(fd);
}

/* What a worker maps cannot become shorter under it. */
static void test_only_sealed_memory_is_mapped(void **state)
{
	int file = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct ezlb_api_body *body;

	(void)state;
	assert_int_equal(write(file, "four", 4), 4);
	assert_null(body_map(file, 4));
	assert_int_equal(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
	assert_null(body_map(file, 5));
	assert_null(body_map(0, 5));
	body = body_map(file, 4);
	assert_non_null(body);
	assert_memory_equal(body->bytes, "four", 4);
	close(file);
	assert_memory_equal(body->bytes, "four", 4);
	ezlb_api_body_unref(body);
	is_closed = true;
}

/* --- a daemon that says what is wrong ------------------------------------------------------ */

static void tell(enum ezlb_record_kind kind, const struct ezlb_text *text, int fd)
{
	struct ezlb_record record = { .kind = kind, .data = text->items, .len = text->len };

	record.fds[0] = fd;
	record.n_fds = fd >= 0 ? 1 : 0;
	ezlb_channel_send(to_worker, &record);
}

/* A reply to nobody, and the end of nobody, are no mistakes: the client may just have left. */
static void test_worker_is_told_of_nobody(void **state)
{
	struct records_answer answer = { .id = 99, .status = 200, .type = "a", .bytes = "" };
	struct ezlb_text text = { 0 };

	(void)state;
	open_api(&patient);
	records_put_reply(&answer, &text);
	tell(EZLB_RECORD_REPLY, &text, -1);
	EZLB_VEC_CLEAR(&text);
	records_put_id(99, &text);
	tell(EZLB_RECORD_GONE, &text, -1);
	EZLB_VEC_CLEAR(&text);
	assert_int_equal(get(true, "/now"), 200);
	assert_true(ezlb_channel_is_up(to_daemon));
}

static void test_wrong_records_to_the_worker(void **state)
{
	static const enum ezlb_record_kind kinds[] = { EZLB_RECORD_CLIENT, EZLB_RECORD_REPLY,
						       EZLB_RECORD_GONE };
	struct records_answer answer = { .id = 1, .status = 200, .type = "a", .bytes = "" };
	struct records_client client = { .id = 1 };
	struct ezlb_text text = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds) + 2; i++) {
		is_closed = false;
		EZLB_VEC_CLEAR(&text);
		open_api(&patient);
		if (i < COUNT_OF(kinds)) {
			ezlb_text_puts(&text, "x");
			tell(kinds[i], &text, dup(0));
		} else if (i == COUNT_OF(kinds)) {
			records_put_client(&client, &text); /* without a connection */
			tell(EZLB_RECORD_CLIENT, &text, -1);
		} else {
			records_put_reply(&answer, &text); /* inline, and yet with a descriptor */
			tell(EZLB_RECORD_REPLY, &text, dup(0));
		}
		RUN_UNTIL(!ezlb_channel_is_up(to_daemon));
		close_api();
	}
	EZLB_VEC_CLEAR(&text);
}

/* The document is no sealed memory: the client gets an answer all the same. */
static void test_document_that_cannot_be_mapped(void **state)
{
	const char *request = "GET /later HTTP/1.0\r\n\r\n";
	struct records_answer answer = { .status = 200, .type = "a", .is_file = true, .len = 4 };
	struct ezlb_text text = { 0 };
	int fd;

	(void)state;
	open_api(&patient);
	fd = dial(true);
	assert_true(put_on(fd, request, strlen(request)));
	RUN_UNTIL(seen.n_pending == 1);
	answer.id = api->clients.items[0].id;
	records_put_reply(&answer, &text);
	tell(EZLB_RECORD_REPLY, &text, dup(0));
	EZLB_VEC_CLEAR(&text);
	assert_int_equal(finish_hearing(fd), 503);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup_two, teardown)
		T(test_one_file_for_all),
		T(test_shared_documents),
		T(test_no_memory_for_a_document),
		T(test_only_sealed_memory_is_mapped),
		T(test_worker_is_told_of_nobody),
		T(test_wrong_records_to_the_worker),
		T(test_document_that_cannot_be_mapped),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
