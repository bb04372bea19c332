// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and messages in the status, one in each piece before a NUL: JSON and metrics stay valid. */
#include "fuzz.h"

#include <jansson.h>

#include <ezlb/status.h>

#include "test/lib/exposition.h"

static char *next(struct fuzz_rest *rest)
{
	struct fuzz_rest piece = fuzz_piece(rest, 0);

	return fuzz_string(piece.at, piece.len);
}

static void copy(char *to, size_t size, struct fuzz_rest *rest)
{
	EZLB_AUTO_FREE char *text = next(rest);

	ezlb_strcpy(to, size, text);
}

static void add_service(struct ezlb_status *status, struct fuzz_rest *rest)
{
	struct ezlb_status_service *service = EZLB_PUSH(&status->services);
	struct ezlb_endpoint listen;
	struct ezlb_status_listener *listener;

	FUZZ_CHECK(ezlb_endpoint_parse("10.0.0.1:80", &listen, NULL) == 0);
	copy(service->name, sizeof(service->name), rest);
	service->file = next(rest);
	service->applied = true;
	service->first_listener = status->listeners.len;
	service->n_listeners = 1;
	service->first = status->backends.len;
	service->n_backends = 1;
	copy(service->scheduler, sizeof(service->scheduler), rest);
	listener = EZLB_PUSH(&status->listeners);
	listener->of = (struct ezlb_listener){ .key.listen = listen, .listen = listen };
	EZLB_PUSH(&status->backends)->address = listen;
}

static void add_file(struct ezlb_status *status, struct fuzz_rest *rest)
{
	EZLB_AUTO_FREE char *message = next(rest);
	struct ezlb_status_file *file = EZLB_PUSH(&status->files);
	struct ezlb_status_dir *dir = EZLB_PUSH(&status->dirs);

	file->path = next(rest);
	ezlb_diags_add(&status->diags, file->path, (struct ezlb_mark){ 1, 1 }, EZLB_E_VALUE, "%s",
		       message);
	dir->path = next(rest);
	dir->problem = next(rest);
}

static void check_metrics(const struct ezlb_status *status)
{
	struct ezlb_text out = { 0 }, faults = { 0 };
	size_t n;

	ezlb_status_metrics(status, &out);
	n = exposition_check(out.items, out.len, &faults);
	if (n > 0)
		fprintf(stderr, "%.*s\n", (int)faults.len, faults.items);
	FUZZ_CHECK(n == 0);
	EZLB_VEC_CLEAR(&out);
	EZLB_VEC_CLEAR(&faults);
}

static void check_json(const struct ezlb_status *status)
{
	struct ezlb_text out = { 0 };
	char line[256];
	json_t *read;

	ezlb_status_json(status, &out);
	FUZZ_CHECK(memchr(out.items, '\n', out.len) == out.items + out.len - 1);
	read = json_loadb(out.items, out.len, JSON_REJECT_DUPLICATES, NULL);
	FUZZ_CHECK(json_is_object(read));
	json_decref(read);
	out.len = 0;
	ezlb_status_health(status, &out);
	EZLB_VEC_CLEAR(&out);
	ezlb_status_summary(status, line, sizeof(line));
	FUZZ_CHECK(!strchr(line, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rest rest = { data, size };
	struct ezlb_status status = { .version = "1",
				      .dataplane = "kernel",
				      .snat_backend = "nftables" };

	copy(status.host, sizeof(status.host), &rest);
	copy(status.pass_error, sizeof(status.pass_error), &rest);
	add_service(&status, &rest);
	add_file(&status, &rest);
	check_metrics(&status);
	check_json(&status);
	ezlb_status_clear(&status);
	return 0;
}
